"""Rate limits: guesses and floods end, people do not notice, and Redis may be away."""

import asyncio
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from httpx2 import Response
from limits import parse
from redis import Redis

from schemas.errors import LimitsUnavailable, TooManyRequests
from service.app import create_app
from service.passwords import Passwords
from service.rate_limits import RULES, Guarded, Per, RateLimits, Rule, counted_address
from service.settings import ServiceSettings
from service.windows import MemoryWindows, RedisWindows
from store.media.sandbox import Sandbox
from store.opening import Store
from tandem.embedded import redis_answers, valkey_argv
from tests.service.conftest import PASSWORD, Phone
from tests.waiting import wait_until

EMAIL = "kim@example.org"
WRONG = "not the password"
SUBJECTS = {Per.ADDRESS: "192.0.2.1", Per.EMAIL: EMAIL, Per.ACCOUNT: "5"}

OpenClient = Callable[[RateLimits], AbstractContextManager[TestClient]]


class CountingPasswords(Passwords):
    """Counts how often a password was looked at."""

    def __init__(self) -> None:
        super().__init__(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self.verified = 0

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """As it does, and count."""
        self.verified += 1
        return await super().verify(password_hash, password)


@dataclass
class OwnValkey:
    """A Valkey that a test may harm."""

    settings: ServiceSettings
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.settings.resolved_redis_url

    def start(self) -> None:
        """Start, and wait until it answers."""
        self.process = subprocess.Popen(
            valkey_argv(self.settings), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(lambda: redis_answers(self.url), description="Valkey answers")

    def stop(self) -> None:
        """Kill it."""
        if self.process:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def own_valkey(short_folder: Path) -> Iterator[OwnValkey]:
    """One that runs."""
    valkey = OwnValkey(ServiceSettings(data_folder=short_folder))
    valkey.start()
    yield valkey
    valkey.stop()


@pytest.fixture
def counting() -> CountingPasswords:
    """Passwords that are counted."""
    return CountingPasswords()


@pytest.fixture
def open_client(
    settings: ServiceSettings, sqlite_store: Store, sandbox: Sandbox, counting: CountingPasswords, redis: Redis
) -> OpenClient:
    """The API with limits of the test's own."""

    @contextmanager
    def open_it(rate_limits: RateLimits) -> Iterator[TestClient]:
        app = create_app(settings, store=sqlite_store, sandbox=sandbox, passwords=counting, rate_limits=rate_limits)
        with TestClient(app, raise_server_exceptions=False) as client:
            yield client

    return open_it


def sign_up(client: TestClient, email: str = EMAIL) -> Response:
    """Somebody signs up."""
    return client.post("/v1/accounts", json={"email": email, "password": PASSWORD})


def sign_in(client: TestClient, password: str = WRONG, email: str = EMAIL) -> Response:
    """Somebody signs in, or tries."""
    return client.post("/v1/sessions", json={"email": email, "password": password})


@contextmanager
def limits_of(redis_url: str, **rules: tuple[Per, str]) -> Iterator[RateLimits]:
    """Limits with other rules: by the names of what they guard, for whom and how often."""
    given = {Guarded[name.upper()]: (Rule(per, parse(often)),) for name, (per, often) in rules.items()}
    limits = RateLimits(redis_url, rules=given or RULES)
    yield limits
    limits.close()


def take(limits: RateLimits, guarded: Guarded) -> int:
    """Ask once: 0, or the seconds to wait."""
    try:
        asyncio.run(limits.take(guarded, SUBJECTS))
    except TooManyRequests as error:
        return error.retry_after
    return 0


def test_ten_wrong_passwords_are_enough(
    open_client: OpenClient, counting: CountingPasswords, valkey_url: str, problem: Callable[[Response], str]
) -> None:
    """The eleventh is not looked at, nor is the right one, for at most a quarter of an hour; others can sign in."""
    with open_client(RateLimits(valkey_url)) as client:
        sign_up(client)
        sign_up(client, "sam@example.org")
        assert [sign_in(client).status_code for _ in range(10)] == [401] * 10

        refused = sign_in(client), sign_in(client, PASSWORD), sign_in(client, email=EMAIL.upper())

        assert {problem(answer) for answer in refused} == {"too-many-requests"}
        assert {answer.status_code for answer in refused} == {429}
        assert all(800 < int(answer.headers["retry-after"]) <= 901 for answer in refused)
        assert counting.verified == 10
        assert sign_in(client, PASSWORD, "sam@example.org").status_code == 201


def test_an_unknown_email_has_the_same_limit(open_client: OpenClient, valkey_url: str) -> None:
    """So the limit does not tell who has an account."""
    with open_client(RateLimits(valkey_url)) as client:
        answers = [sign_in(client, email="nobody@example.org").status_code for _ in range(11)]

    assert answers == [401] * 10 + [429]


def test_a_right_password_does_not_count(open_client: OpenClient, valkey_url: str) -> None:
    """However often somebody signs in; the wrong ones before still count."""
    with open_client(RateLimits(valkey_url)) as client:
        sign_up(client)
        wrong = [sign_in(client).status_code for _ in range(9)]
        right = [sign_in(client, PASSWORD).status_code for _ in range(12)]

        assert (set(wrong), set(right)) == ({401}, {201})
        assert [sign_in(client).status_code for _ in range(2)] == [401, 429]


def test_guesses_that_come_all_at_once_are_no_more(
    open_client: OpenClient, counting: CountingPasswords, valkey_url: str
) -> None:
    """Each is counted before it is looked at."""
    with open_client(RateLimits(valkey_url)) as client, ThreadPoolExecutor(20) as pool:
        answers = [answer.status_code for answer in pool.map(lambda _: sign_in(client), range(40))]

    assert sorted(answers) == [401] * 10 + [429] * 30
    assert counting.verified == 10


def test_an_address_may_guess_at_a_hundred_emails(open_client: OpenClient, valkey_url: str) -> None:
    """Then it is refused for any other."""
    with open_client(RateLimits(valkey_url)) as client:
        answers = [sign_in(client, email=f"{number}@example.org").status_code for number in range(101)]

    assert answers == [401] * 100 + [429]


def test_what_one_rule_refuses_counts_for_no_other(redis: Redis, valkey_url: str) -> None:
    """Guesses at an e-mail that is closed leave the address what it has."""
    with limits_of(valkey_url) as limits:
        assert [take(limits, Guarded.SIGN_IN) > 0 for _ in range(130)] == [False] * 10 + [True] * 120
        asyncio.run(limits.take(Guarded.SIGN_IN, SUBJECTS | {Per.EMAIL: "sam@example.org"}))


@pytest.mark.parametrize(
    ("guarded", "times", "seconds"),
    [
        (Guarded.SIGN_UP, 200, 3600),
        (Guarded.REFRESH, 600, 3600),
        (Guarded.PASSWORD_RESET, 5, 3600),
        (Guarded.UPLOAD, 2000, 3600),
    ],
)
def test_a_rule_lets_so_many_through(redis: Redis, valkey_url: str, guarded: Guarded, times: int, seconds: int) -> None:
    """And not one more, until the first of them is as old as the window."""

    async def ask() -> int:
        for _ in range(times):
            await limits.take(guarded, SUBJECTS)
        with pytest.raises(TooManyRequests) as refused:
            await limits.take(guarded, SUBJECTS)
        return refused.value.retry_after

    with limits_of(valkey_url) as limits:
        assert seconds - 60 < asyncio.run(ask()) <= seconds + 1


def test_routes_of_strangers_have_their_limits(open_client: OpenClient, valkey_url: str) -> None:
    """Sign-up and refresh, for each address."""
    once = (Per.ADDRESS, "1 per hour")
    with limits_of(valkey_url, sign_up=once, refresh=once) as limits, open_client(limits) as client:
        tokens = sign_up(client).json()
        given = {"refresh_token": tokens["refresh_token"]}

        assert client.post("/v1/sessions/refresh", json=given).status_code == 200
        assert client.post("/v1/sessions/refresh", json=given).status_code == 429
        assert sign_up(client, "sam@example.org").status_code == 429


def test_no_route_forgets_the_limit_of_an_account(
    open_client: OpenClient, valkey_url: str, problem: Callable[[Response], str]
) -> None:
    """Whatever asks for an access token answers 429, once the account has asked too often; others do not."""
    with limits_of(valkey_url, signed_in=(Per.ACCOUNT, "1 per hour")) as limits, open_client(limits) as client:
        phone, stranger = (Phone(client, sign_up(client, email).json()) for email in (EMAIL, "sam@example.org"))
        assert phone.get("/accounts/me").status_code == 200
        paths = client.get("/openapi.json").json()["paths"]
        signed_in = [
            (method, re.sub(r"\{\w+\}", str(uuid4()), path), operation)
            for path, operations in paths.items()
            for method, operation in operations.items()
            if operation.get("security")
        ]

        answers = [
            client.request(method, path, headers=phone.headers | {"Tus-Resumable": "1.0.0"})
            for method, path, _ in signed_in
        ]

        assert len(signed_in) > 10
        assert {answer.status_code for answer in answers} == {429}
        assert {problem(answer) for answer in answers if answer.content} == {"too-many-requests"}
        assert all("429" in operation["responses"] for _, _, operation in signed_in)
        assert stranger.get("/accounts/me").status_code == 200


def test_uploads_have_a_limit_of_their_own(open_client: OpenClient, valkey_url: str) -> None:
    """What is there can still be read."""
    with limits_of(valkey_url, upload=(Per.ACCOUNT, "2 per hour")) as limits, open_client(limits) as client:
        phone = Phone(client, sign_up(client).json())

        assert [phone.send().status_code for _ in range(3)] == [201, 201, 429]
        assert phone.get("/check-ins").status_code == 200


def test_limits_can_be_switched_off(redis: Redis, valkey_url: str) -> None:
    """Where something in front counts."""
    limits = RateLimits(valkey_url, enabled="off")

    assert {take(limits, Guarded.SIGN_IN) for _ in range(20)} == {0}
    assert redis.dbsize() == 0
    limits.close()


def test_redis_holds_nobody(redis: Redis, valkey_url: str) -> None:
    """Neither in its keys nor in what they hold, and every key goes by itself."""
    with limits_of(valkey_url) as limits:
        for guarded in Guarded:
            take(limits, guarded)
    keys = list(redis.scan_iter())
    held = b" ".join(keys + [item for key in keys for item in redis.lrange(key, 0, -1)])

    assert len(keys) == sum(len(rules) for rules in RULES.values())
    assert not any(subject.encode() in held for subject in (EMAIL, "kim", "192.0.2.1"))
    assert all(redis.ttl(key) > 0 for key in keys)


@pytest.mark.parametrize("kind", ["redis", "memory"])
def test_a_window_tells_when_it_frees(redis: Redis, valkey_url: str, kind: str) -> None:
    """So many pass; the next is told the seconds, after which, and not before, one passes again."""
    shared = RedisWindows(valkey_url)
    windows = shared if kind == "redis" else MemoryWindows()
    limit = parse("2 per 2 seconds")

    def again() -> float | None:
        return asyncio.run(windows.take(limit, "key"))

    passed = 0
    while not (told := again()):
        passed += 1
    began = time.monotonic()
    wait_until(lambda: again() == 0, description="one passes again")
    waited = time.monotonic() - began
    shared.close()

    assert passed in {2, 3}  # memory may turn to its next window in between
    assert 0 < told <= 3
    assert told - 0.1 < waited < told + 0.5


def test_without_redis_nobody_signs_in_and_everybody_sends(
    open_client: OpenClient, own_valkey: OwnValkey, counting: CountingPasswords, problem: Callable[[Response], str]
) -> None:
    """Guesses cannot be counted, so there are none; recordings are taken in; with Redis back all is as before."""
    with open_client(RateLimits(own_valkey.url)) as client:
        phone = Phone(client, sign_up(client).json())
        own_valkey.stop()

        closed = [sign_in(client, PASSWORD), sign_up(client, "sam@example.org")]

        assert {(answer.status_code, problem(answer)) for answer in closed} == {(503, "limits-unavailable")}
        assert all(int(answer.headers["retry-after"]) > 0 for answer in closed)
        assert counting.verified == 0
        assert {phone.send().status_code for _ in range(5)} == {201}
        refreshed = client.post("/v1/sessions/refresh", json={"refresh_token": phone.tokens["refresh_token"]})
        assert refreshed.status_code == 200

        own_valkey.start()
        wait_until(lambda: sign_in(client, PASSWORD).status_code == 201, description="one can sign in again")


def test_password_resets_are_closed_without_redis(own_valkey: OwnValkey) -> None:
    """They send letters to people."""
    own_valkey.stop()

    with limits_of(own_valkey.url) as limits, pytest.raises(LimitsUnavailable):
        asyncio.run(limits.take(Guarded.PASSWORD_RESET, SUBJECTS))


def test_without_redis_a_process_counts_by_itself(own_valkey: OwnValkey) -> None:
    """A flood ends there too."""
    own_valkey.stop()

    with limits_of(own_valkey.url, signed_in=(Per.ACCOUNT, "3 per hour")) as limits:
        waits = [take(limits, Guarded.SIGNED_IN) for _ in range(5)]

    assert [wait > 0 for wait in waits] == [False, False, False, True, True]
    assert all(wait <= 3601 for wait in waits)


def test_a_redis_that_hangs_is_waited_for_once(own_valkey: OwnValkey) -> None:
    """For 0.3 s; the next requests leave it alone, also those that come at the same time."""

    async def ask() -> float:
        began = time.monotonic()
        await asyncio.gather(*(limits.take(Guarded.SIGNED_IN, SUBJECTS) for _ in range(100)))
        return time.monotonic() - began

    with limits_of(own_valkey.url) as limits:
        assert take(limits, Guarded.SIGNED_IN) == 0
        assert own_valkey.process
        own_valkey.process.send_signal(signal.SIGSTOP)

        assert 0.25 < asyncio.run(ask()) < 0.9
        own_valkey.process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_an_address_counts_with_its_neighbours(host: str, counted: str) -> None:
    """One customer has a /64 of IPv6, and one address of IPv4 however it is written."""
    assert counted_address(host) == counted
