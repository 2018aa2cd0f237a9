"""Setting a new password by a letter, and changing it."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import anyio
import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from httpx2 import Response
from pydantic import SecretStr
from redis import Redis

from schemas.errors import ResetTokenInvalid
from service.app import create_app
from service.password_resets import ANSWER_SECONDS, _reset
from service.passwords import Passwords
from service.settings import ServiceSettings
from store.media.sandbox import Sandbox
from store.opening import Store
from store.tables import PasswordReset
from tests.conftest import FakeClock
from tests.making import make_account
from tests.service.conftest import PASSWORD, Phone

Problem = Callable[[Response], str]
NEW = "another correct horse"


@pytest.fixture
def client(
    settings: ServiceSettings, sqlite_store: Store, sandbox: Sandbox, passwords: Passwords, redis: Redis
) -> Iterator[TestClient]:
    """The API with a mail server, which only the worker speaks to."""
    known = settings.model_copy(update={"smtp_url": SecretStr("smtp://127.0.0.1:1")})
    app = create_app(known, store=sqlite_store, sandbox=sandbox, passwords=passwords)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def ask(client: TestClient, email: str = "kim@example.org") -> Response:
    """I forgot mine."""
    return client.post("/v1/password-resets", json={"email": email})


def rows(store: Store) -> list[PasswordReset]:
    """Letters that were asked for."""
    with store.database.reading() as session:
        return list(session.query(PasswordReset))


def send(store: Store) -> str:
    """Do what the worker does; returns what stands in the letter."""
    with store.unit_of_work() as work:
        reset_id = work.password_resets.next_due(now=store.clock())
        assert reset_id is not None
        letter = work.password_resets.claim(reset_id, now=store.clock())
        assert letter is not None
        work.password_resets.finish(letter)
        return letter.token


def confirm(client: TestClient, token: str, password: str = NEW) -> Response:
    """With the code of the letter."""
    return client.post("/v1/password-resets/confirm", json={"token": token, "password": password})


def sign_in(client: TestClient, password: str) -> Response:
    """As Kim."""
    return client.post("/v1/sessions", json={"email": "kim@example.org", "password": password})


def test_a_new_password_replaces_the_old_one(phone: Phone, client: TestClient, sqlite_store: Store) -> None:
    """From the letter to signing in."""
    assert ask(client, " KIM@example.org").status_code == 202
    assert confirm(client, send(sqlite_store)).status_code == 204

    assert (sign_in(client, PASSWORD).status_code, sign_in(client, NEW).status_code) == (401, 201)


def test_asking_tells_nobody_whether_there_is_an_account(phone: Phone, client: TestClient, sqlite_store: Store) -> None:
    """The same words after the same time; only the row differs, and there is one only where there is an account."""
    answers, seconds = [], []
    for email in ("kim@example.org", "nobody@example.org"):
        began = time.monotonic()
        answers.append(ask(client, email))
        seconds.append(time.monotonic() - began)

    known, unknown = answers
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (202, b'{"minutes":30}')
    assert set(known.headers.items()) == set(unknown.headers.items())
    assert min(seconds) >= ANSWER_SECONDS
    assert [(row.account_id.hex, row.digest) for row in rows(sqlite_store)] == [
        (phone.tokens["account_id"].replace("-", ""), None)
    ]


def test_asking_too_often_is_refused_whether_or_not_there_is_an_account(
    phone: Phone, client: TestClient, problem: Problem
) -> None:
    """Five an hour for each e-mail."""
    for email in ("kim@example.org", "nobody@example.org"):
        assert [ask(client, email).status_code for _ in range(6)] == [202] * 5 + [429]
    assert problem(ask(client)) == "too-many-requests"


def test_a_server_without_letters_says_so(
    settings: ServiceSettings,
    sqlite_store: Store,
    sandbox: Sandbox,
    passwords: Passwords,
    redis: Redis,
    problem: Problem,
) -> None:
    """To everybody alike, and keeps nothing."""
    make_account(sqlite_store)
    app = create_app(settings, store=sqlite_store, sandbox=sandbox, passwords=passwords)
    with TestClient(app) as client:
        answers = [ask(client, email) for email in ("kim@example.org", "nobody@example.org")]

    assert [(answer.status_code, problem(answer)) for answer in answers] == [(404, "letters-off")] * 2
    assert rows(sqlite_store) == []


def test_a_code_works_once(phone: Phone, client: TestClient, sqlite_store: Store, problem: Problem) -> None:
    """Whoever finds the letter later changes nothing with it."""
    ask(client)
    token = send(sqlite_store)
    assert confirm(client, token).status_code == 204

    again = confirm(client, token, "yet another horse")

    assert (again.status_code, problem(again)) == (401, "reset-token-invalid")
    assert sign_in(client, NEW).status_code == 201


def test_a_code_works_for_half_an_hour(
    phone: Phone, client: TestClient, sqlite_store: Store, clock: FakeClock, problem: Problem
) -> None:
    """From when it was sent, however long that took."""
    ask(client)
    clock.advance(minutes=20)
    first = send(sqlite_store)
    clock.advance(minutes=29)
    assert confirm(client, first).status_code == 204

    ask(client)
    second = send(sqlite_store)
    clock.advance(minutes=30)
    assert problem(confirm(client, second)) == "reset-token-invalid"


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "\0", "ü"])
def test_a_code_of_no_letter_is_refused(phone: Phone, client: TestClient, problem: Problem, token: str) -> None:
    """A letter that was not sent yet has none."""
    ask(client)

    answer = confirm(client, token)

    assert (answer.status_code, problem(answer)) == (401, "reset-token-invalid")
    assert sign_in(client, PASSWORD).status_code == 201


def test_a_password_that_is_too_short_uses_no_code_up(
    phone: Phone, client: TestClient, sqlite_store: Store, problem: Problem
) -> None:
    """The person types another one."""
    ask(client)
    token = send(sqlite_store)
    assert problem(confirm(client, token, "short")) == "invalid-input"

    assert confirm(client, token).status_code == 204


def test_a_new_password_ends_everything_that_was_before(
    phone: Phone, stranger: Phone, client: TestClient, sqlite_store: Store, problem: Problem
) -> None:
    """All devices, all other letters, all linked identities of this account: any of them may be somebody else's."""
    with sqlite_store.unit_of_work() as work:
        mine = work.accounts.find("kim@example.org")
        assert mine is not None
        work.identities.link(mine.id, "https://id.example.org", "subject-7", now=sqlite_store.clock())
    second = Phone(client, sign_in(client, PASSWORD).json())
    ask(client)
    earlier = send(sqlite_store)
    ask(client)
    ask(client, "sam@example.org")

    assert confirm(client, send(sqlite_store)).status_code == 204

    assert [device.get("/accounts/me").status_code for device in (phone, second, stranger)] == [401, 401, 200]
    refreshed = client.post("/v1/sessions/refresh", json={"refresh_token": phone.tokens["refresh_token"]})
    assert problem(refreshed) == "refresh-token-invalid"
    assert problem(confirm(client, earlier)) == "reset-token-invalid"
    assert [row.account_id.hex for row in rows(sqlite_store)] == [stranger.tokens["account_id"].replace("-", "")]
    assert Phone(client, sign_in(client, NEW).json()).get("/accounts/me/identities").json() == []


def test_an_account_without_a_password_gets_one_by_a_letter(
    client: TestClient, sqlite_store: Store, problem: Problem
) -> None:
    """Whoever signed up with Apple can sign in without."""
    with sqlite_store.unit_of_work() as work:
        account = work.accounts.add("kim@example.org", password_hash="", now=sqlite_store.clock())
        issued = work.sessions.open(account.id, device_name="phone", now=sqlite_store.clock())
    phone = Phone(client, {"access_token": issued.access_token})
    refused = phone.put("/accounts/me/password", json={"current_password": "", "password": NEW})
    assert (refused.status_code, problem(refused)) == (403, "password-wrong")

    ask(client)
    confirm(client, send(sqlite_store))

    assert sign_in(client, NEW).status_code == 201


def test_a_changed_password_signs_the_other_devices_out(
    phone: Phone, client: TestClient, sqlite_store: Store, problem: Problem
) -> None:
    """This one stays; a letter that is on its way is void."""
    other = Phone(client, sign_in(client, PASSWORD).json())
    ask(client)
    token = send(sqlite_store)

    answer = phone.put("/accounts/me/password", json={"current_password": PASSWORD, "password": NEW})

    assert answer.status_code == 204
    assert [device.get("/accounts/me").status_code for device in (phone, other)] == [200, 401]
    assert (sign_in(client, PASSWORD).status_code, sign_in(client, NEW).status_code) == (401, 201)
    assert problem(confirm(client, token)) == "reset-token-invalid"


def test_a_password_is_changed_by_whoever_knows_it(phone: Phone, client: TestClient, problem: Problem) -> None:
    """A phone left lying about is not enough, and guesses are counted as those at the door are."""
    answers = [
        phone.put("/accounts/me/password", json={"current_password": f"a guess {number}", "password": NEW})
        for number in range(11)
    ]

    assert [answer.status_code for answer in answers] == [403] * 10 + [429]
    assert problem(answers[0]) == "password-wrong"
    assert sign_in(client, PASSWORD).status_code == 429


def test_what_was_done_to_the_password_stands_in_the_access_log(
    phone: Phone, client: TestClient, sqlite_store: Store
) -> None:
    """With the device, or none where it came by a letter."""
    phone.put("/accounts/me/password", json={"current_password": PASSWORD, "password": NEW})
    ask(client)
    confirm(client, send(sqlite_store), PASSWORD)

    entries = Phone(client, sign_in(client, PASSWORD).json()).get("/accounts/me/accesses").json()["items"]
    changes = [entry for entry in entries if entry["action"] == "password.changed"]
    assert [entry["session_id"] is None for entry in changes] == [True, False]


def test_a_code_used_at_once_sets_one_password(store: Store) -> None:
    """On each database: with two letters out, too, nobody waits for ever."""
    account_id = make_account(store)
    tokens = []
    for _ in range(2):
        with store.unit_of_work() as work:
            work.password_resets.ask(account_id, now=store.clock())
        tokens.append(send(store))

    def attempt(number: int) -> str:
        try:
            _reset(store, tokens[number % 2], f"hash {number}")
        except ResetTokenInvalid:
            return ""
        return f"hash {number}"

    with ThreadPoolExecutor(4) as pool:
        done = [outcome for outcome in pool.map(attempt, range(4)) if outcome]

    with store.reading() as reading:
        assert [reading.accounts.get(account_id).password_hash] == done
    assert rows(store) == []


def test_a_sign_in_that_began_before_the_new_password_comes_to_nothing(
    phone: Phone, settings: ServiceSettings, sqlite_store: Store, sandbox: Sandbox, problem: Problem
) -> None:
    """Its password was right when it was looked at, and is not any more."""

    class ChangedMeanwhile(Passwords):
        async def verify(self, password_hash: str | None, password: str) -> bool:
            right = await super().verify(password_hash, password)
            with sqlite_store.unit_of_work() as work:
                work.accounts.lock(UUID(phone.tokens["account_id"])).password_hash = await self.hash(NEW)
            return right

    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    app = create_app(settings, store=sqlite_store, sandbox=sandbox, passwords=ChangedMeanwhile(hasher))
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = sign_in(client, PASSWORD)
        changed = Phone(client, phone.tokens).put(
            "/accounts/me/password", json={"current_password": NEW, "password": PASSWORD}
        )

    assert (answer.status_code, problem(answer)) == (401, "credentials-wrong")
    assert (changed.status_code, problem(changed)) == (403, "password-wrong")


async def hashed(passwords: Passwords) -> list[bool]:
    """What is right of what no account could have."""
    return [await passwords.verify(known, "") for known in (None, "", "-", "$argon2id$")]


def test_a_hash_that_is_none_is_never_right(passwords: Passwords) -> None:
    """And never an error."""
    assert anyio.run(hashed, passwords) == [False] * 4
