"""What is somebody's own: their devices, and their account with everything in it."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from redis import Redis

from schemas.tag import TextTag
from service.app import create_app
from service.passwords import Passwords
from service.settings import ServiceSettings
from store.media.sandbox import Sandbox
from store.opening import Store
from store.wake_ups import CHANNEL, RedisWakeUps, connect
from tests.conftest import FakeClock
from tests.making import make_transcript, settle
from tests.service.conftest import PASSWORD, Phone
from tests.waiting import wait_until
from workers.exports import make_due_exports

Problem = Callable[[Response], str]

EMAIL = "kim@example.org"
CALM = TextTag(kind="feeling", label="peaceful", start=7, end=11, confidence=0.9, reason="")
TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
METADATA = "id {id},recorded_at MjAyNi0wMy0wMVQwODozMDowMFo=,time_zone VVRD"


def sign_in(client: TestClient, *, email: str = EMAIL, device: str = "tablet") -> Phone:
    """Another device."""
    answer = client.post("/v1/sessions", json={"email": email, "password": PASSWORD, "device_name": device})
    assert answer.status_code == 201, answer.text
    return Phone(client, answer.json())


def forget_account(phone: Phone, password: str | None = PASSWORD) -> Response:
    """Delete the account of a phone."""
    body: dict[str, Any] = {} if password is None else {"password": password}
    return phone.client.request("DELETE", "/v1/accounts/me", headers=phone.headers, json=body)


def session_of(phone: Phone) -> str:
    """The id of its own session."""
    found = [session["id"] for session in phone.get("/sessions").json()["items"] if session["current"]]
    assert len(found) == 1
    return str(found[0])


def test_every_device_shows_and_which_one_asks(phone: Phone, stranger: Phone, client: TestClient) -> None:
    """The one that was active last first; those signed out, and other people's, do not."""
    tablet = sign_in(client, device="Kim's tablet")
    sign_in(client, device="watch").delete("/sessions/current")

    shown = tablet.get("/sessions").json()["items"]

    assert {(session["device_name"], session["current"]) for session in shown} == {
        ("Kim's tablet", True),
        ("phone", False),
    }
    assert [session["device_name"] for session in stranger.get("/sessions").json()["items"]] == ["phone"]
    assert session_of(phone) != session_of(tablet)


def test_a_device_that_is_revoked_is_out_at_once(phone: Phone, client: TestClient, problem: Problem) -> None:
    """Neither of its tokens works any more; the others stay; a second time there is no such session."""
    tablet = sign_in(client)
    lost = session_of(tablet)
    assert phone.delete(f"/sessions/{lost}").status_code == 204

    assert (tablet.get("/accounts/me").status_code, phone.get("/accounts/me").status_code) == (401, 200)
    refreshed = client.post("/v1/sessions/refresh", json={"refresh_token": tablet.tokens["refresh_token"]})
    assert (refreshed.status_code, problem(refreshed)) == (401, "refresh-token-invalid")
    again = phone.delete(f"/sessions/{lost}")
    assert (again.status_code, problem(again)) == (404, "session-not-found")
    assert [session["id"] for session in phone.get("/sessions").json()["items"]] == [session_of(phone)]


def test_another_account_revokes_nobody(phone: Phone, stranger: Phone, problem: Problem) -> None:
    """The same answer as for an id that never was."""
    for id_ in (session_of(phone), str(uuid4())):
        answer = stranger.delete(f"/sessions/{id_}")
        assert (answer.status_code, problem(answer)) == (404, "session-not-found")

    assert phone.get("/accounts/me").status_code == 200


@pytest.fixture
def telling(
    settings: ServiceSettings, sqlite_store: Store, sandbox: Sandbox, passwords: Passwords, redis: Redis
) -> Iterator[TestClient]:
    """The API with real wake-ups: whoever waits is told at once."""
    store = replace(sqlite_store, wake_ups=RedisWakeUps(connect(settings.resolved_redis_url)))
    app = create_app(settings, store=store, sandbox=sandbox, passwords=passwords)
    with TestClient(app, raise_server_exceptions=False) as client:
        wait_until(lambda: redis.pubsub_numsub(CHANNEL)[0][1] == 1, description="the API listens")
        yield client


@pytest.mark.parametrize("ending", ["revoked", "account deleted", "signed out"])
@pytest.mark.parametrize("path", ["/changes", "/check-ins/{id}", "/events"])
def test_what_a_device_waits_for_ends_without_content(telling: TestClient, ending: str, path: str) -> None:
    """A long poll answers 401 and a stream just ends, long before it would have looked again by itself."""
    telling.post("/v1/accounts", json={"email": EMAIL, "password": PASSWORD})
    phone, lost = sign_in(telling), sign_in(telling)
    id_ = phone.send().json()["id"]
    lost_session = session_of(lost)
    assert isinstance(telling.app, FastAPI)
    readers = telling.app.state.news._readers

    with ThreadPoolExecutor(1) as thread:
        after = phone.get("/changes").json()["cursor"]
        waiting = thread.submit(lost.get, path.format(id=id_), params={"wait": 9, "after": after})
        wait_until(lambda: bool(readers), description="the device waits")
        if ending == "revoked":
            phone.delete(f"/sessions/{lost_session}")
        elif ending == "account deleted":
            assert forget_account(phone).status_code == 200
        else:
            lost.delete("/sessions/current")
        answer = waiting.result(timeout=5)

    if path == "/events":
        assert (answer.status_code, "data:" in answer.text) == (200, False)
    else:
        assert (answer.status_code, "items" in answer.text, id_ in answer.text) == (401, False, False)


def use_all_of_it(phone: Phone, store: Store) -> dict[str, str]:
    """Have something of everything; returns paths at which it can be read."""
    id_ = phone.send().json()["id"]
    settle(store, UUID(id_), transcript=make_transcript("I feel calm today."), tags=[CALM])
    removal = {"kind": "feeling", "label": "peaceful", "start": 7, "end": 11}
    assert phone.post(f"/check-ins/{id_}/corrections", json={"id": str(uuid4()), "before": removal}).is_success
    assert phone.put(f"/check-ins/{id_}/transcript", json={"text": "I feel calm now."}).is_success
    phone.send()
    export = phone.post("/exports", headers={"Idempotency-Key": "one"}).json()["id"]
    make_due_exports(store)
    begun = phone.post(
        "/uploads", headers=TUS | {"Upload-Length": "9000", "Upload-Metadata": METADATA.format(id=_encoded())}
    )
    upload = begun.headers["location"].removeprefix("/v1")
    part = phone.client.patch(
        f"/v1{upload}", headers=phone.headers | TUS | {"Upload-Offset": "0"}, content=b"RIFF" * 500
    )
    assert part.status_code == 204, part.text
    return {"check-in": f"/check-ins/{id_}", "audio": f"/check-ins/{id_}/audio", "export": f"/exports/{export}/file"}


def _encoded() -> str:
    return b64encode(str(uuid4()).encode()).decode()


def files(folder: Path) -> set[Path]:
    """What is stored of people, beside the database."""
    return {path for name in ("audio", "incoming", "uploads") for path in (folder / name).rglob("*") if path.is_file()}


@pytest.mark.parametrize("password", ["not the password", "", None])
def test_an_account_is_not_deleted_without_its_password(phone: Phone, problem: Problem, password: str | None) -> None:
    """A phone that lies about unlocked is not enough."""
    answer = forget_account(phone, password)

    assert (answer.status_code, problem(answer)) == (403, "password-wrong")
    assert phone.get("/accounts/me").status_code == 200


def test_deleting_an_account_leaves_a_receipt_and_nothing_else(
    phone: Phone, stranger: Phone, client: TestClient, sqlite_store: Store, tmp_path: Path, problem: Problem
) -> None:
    """Tokens, files and the e-mail are gone at once; somebody else notices nothing."""
    theirs = use_all_of_it(stranger, sqlite_store)
    before = files(tmp_path)
    mine = use_all_of_it(phone, sqlite_store)
    tablet = sign_in(client)
    assert len(files(tmp_path) - before) == 4, "two recordings, an export, a part of an upload"

    answer = forget_account(phone)

    assert answer.status_code == 200
    receipt = answer.json()
    assert (receipt["check_ins"], receipt["recordings"]) == (2, 2)
    assert files(tmp_path) == before
    assert not any(EMAIL.encode() in path.read_bytes() for path in tmp_path.glob("tandem.sqlite3*"))
    assert client.get(f"/v1/deletions/{receipt['id']}").json() == receipt
    assert problem(client.get(f"/v1/deletions/{uuid4()}")) == "receipt-not-found"
    for path in ("/accounts/me", "/sessions", "/changes", "/exports", "/accounts/me/accesses", *mine.values()):
        for device in (phone, tablet):
            assert device.get(path).status_code == 401, path
    assert forget_account(phone).status_code == 401
    for path in theirs.values():
        assert stranger.get(path).status_code == 200
    for path in mine.values():
        assert stranger.get(path).status_code == 404


def test_the_email_can_sign_up_again_and_finds_nothing(phone: Phone, client: TestClient, sqlite_store: Store) -> None:
    """Signing in is over; signing up begins anew, and ids that were used are free again."""
    used = use_all_of_it(phone, sqlite_store)["check-in"]
    forget_account(phone)
    refused = client.post("/v1/sessions", json={"email": EMAIL, "password": PASSWORD})
    again = Phone(client, client.post("/v1/accounts", json={"email": EMAIL, "password": PASSWORD}).json())

    assert refused.status_code == 401
    assert again.tokens["account_id"] != phone.tokens["account_id"]
    assert again.get("/check-ins").json()["items"] == again.get("/exports").json()["items"] == []
    assert again.get(used).status_code == 404
    assert again.send(id=used.rpartition("/")[2]).status_code == 201


def test_an_account_without_a_password_needs_a_fresh_sign_in(
    phone: Phone, sqlite_store: Store, clock: FakeClock, problem: Problem
) -> None:
    """Who signs in by Apple or Google alone has nothing to type: they show who they are by signing in."""
    with sqlite_store.unit_of_work() as work:
        work.accounts.get(UUID(phone.tokens["account_id"])).password_hash = ""
    clock.advance(minutes=10, seconds=1)
    refused = forget_account(phone, None)
    assert (refused.status_code, problem(refused)) == (403, "sign-in-too-old")

    with sqlite_store.unit_of_work() as work:
        opened = work.sessions.open(UUID(phone.tokens["account_id"]), device_name="phone", now=clock())
    fresh = Phone(phone.client, {"access_token": opened.access_token})
    assert forget_account(fresh, None).status_code == 200
    assert phone.get("/accounts/me").status_code == 401
