"""Idempotency-Key on whatever makes something: sent again, it makes nothing more."""

from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from httpx2 import Response

from service.settings import ServiceSettings
from store.opening import Store
from tests.conftest import FakeClock
from tests.making import make_transcript, make_wav, settle
from tests.service.conftest import PASSWORD, Phone
from workers.exports import make_due_exports

Problem = Callable[[Response], str]

KEY = {"Idempotency-Key": "b6a1c7f0-4d0e"}
AUDIO, OTHER_AUDIO = make_wav(), make_wav(hertz=220)
ID, OTHER_ID, CORRECTION_ID = (str(uuid4()) for _ in range(3))


def upload(check_in_id: str, *, length: int) -> dict[str, str]:
    """Headers that begin an upload."""
    fields = {"id": check_in_id, "recorded_at": "2026-03-01T08:30:00Z", "time_zone": "UTC"}
    pairs = (f"{name} {b64encode(value.encode()).decode()}" for name, value in fields.items())
    return {"Tus-Resumable": "1.0.0", "Upload-Length": str(length), "Upload-Metadata": ",".join(pairs)}


def send(phone: Phone, audio: bytes = AUDIO, *, id_: str = ID, headers: dict[str, str]) -> Response:
    """A recording."""
    fields = {"id": id_, "recorded_at": "2026-03-01T08:30:00Z", "time_zone": "UTC"}
    return phone.post("/check-ins", params=fields, content=audio, headers=headers)


def correct(phone: Phone, check_in_id: str, *, end: int, headers: dict[str, str]) -> Response:
    """Add a tag."""
    after = {"kind": "feeling", "label": "peaceful", "start": 7, "end": end}
    return phone.post(
        f"/check-ins/{check_in_id}/corrections", json={"id": CORRECTION_ID, "after": after}, headers=headers
    )


Ask = Callable[[Phone, str, dict[str, str]], Response]
POSTS: dict[str, tuple[Ask, Ask]] = {
    "check-ins": (
        lambda phone, _, headers: send(phone, headers=headers),
        lambda phone, _, headers: send(phone, OTHER_AUDIO, id_=OTHER_ID, headers=headers),
    ),
    "runs": (
        lambda phone, id_, headers: phone.post(f"/check-ins/{id_}/runs", headers=headers),
        lambda phone, id_, headers: phone.post(f"/check-ins/{id_}/runs", json={"language": "de"}, headers=headers),
    ),
    "corrections": (
        lambda phone, id_, headers: correct(phone, id_, end=11, headers=headers),
        lambda phone, id_, headers: correct(phone, id_, end=17, headers=headers),
    ),
    "uploads": (
        lambda phone, _, headers: phone.post("/uploads", headers=upload(OTHER_ID, length=1_000) | headers),
        lambda phone, _, headers: phone.post("/uploads", headers=upload(OTHER_ID, length=1_001) | headers),
    ),
    "exports": (
        lambda phone, _, headers: phone.post("/exports", headers=headers),
        lambda phone, _, headers: phone.post("/uploads", headers=upload(OTHER_ID, length=1_000) | headers),
    ),
}
"""Each with another request that may not have its key."""
BELONGS_TO_A_TOKEN = {
    "/v1/sessions/refresh",
    "/v1/password-resets",
    "/v1/password-resets/confirm",
    "/v1/accounts/me/identities",
}
"""Their tokens are good once, or their being sent twice changes nothing: there is nothing for a key to do."""


@pytest.fixture
def ready(phone: Phone, sqlite_store: Store) -> str:
    """A check-in with its result."""
    id_ = phone.send().json()["id"]
    settle(sqlite_store, UUID(id_), transcript=make_transcript("I feel calm today."))
    return str(id_)


def made(phone: Phone, sqlite_store: Store) -> Any:
    """All that could have been made."""
    exports = [export["id"] for export in phone.get("/exports").json()["items"]]
    check_ins = [check_in["id"] for check_in in phone.get("/check-ins").json()["items"]]
    with sqlite_store.reading() as reading:
        corrections = [kept.id for id_ in check_ins for kept in reading.corrections.of(UUID(id_))]
        open_ = reading.uploads.bytes_of(UUID(phone.tokens["account_id"]))
    return exports, check_ins, corrections, open_, phone.get("/changes").json()["cursor"]


def test_every_post_that_makes_something_takes_a_key(phone: Phone) -> None:
    """As its documentation says; the others are listed with the reason."""
    paths = phone.client.get("/openapi.json").json()["paths"]
    without = {
        path
        for path, operations in paths.items()
        if "post" in operations
        and not any(parameter["name"] == "Idempotency-Key" for parameter in operations["post"].get("parameters", ()))
    }

    assert without == BELONGS_TO_A_TOKEN


@pytest.mark.parametrize("post", POSTS)
def test_the_same_request_makes_nothing_more(phone: Phone, ready: str, sqlite_store: Store, post: str) -> None:
    """It is answered like the first, however often it comes."""
    ask, _ = POSTS[post]
    first = ask(phone, ready, KEY)
    there = made(phone, sqlite_store)
    again = [ask(phone, ready, KEY) for _ in range(3)]

    assert first.is_success, first.text
    assert {answer.status_code for answer in again} == {first.status_code}
    assert {answer.headers.get("location") for answer in again} == {first.headers.get("location")}
    assert made(phone, sqlite_store) == there


@pytest.mark.parametrize("post", POSTS)
def test_another_request_with_the_key_is_refused(
    phone: Phone, ready: str, sqlite_store: Store, problem: Problem, post: str
) -> None:
    """Nothing is changed, and no file is left lying about."""
    ask, ask_otherwise = POSTS[post]
    ask(phone, ready, KEY)
    there = made(phone, sqlite_store), sorted(sqlite_store.recordings.old_keys(minimum_age=-1))
    answer = ask_otherwise(phone, ready, KEY)

    assert (answer.status_code, problem(answer)) == (422, "idempotency-key-reused")
    assert (made(phone, sqlite_store), sorted(sqlite_store.recordings.old_keys(minimum_age=-1))) == there


def test_the_key_of_somebody_else_is_another(phone: Phone, stranger: Phone) -> None:
    """Two phones may choose alike."""
    mine = phone.post("/exports", headers=KEY).json()["id"]

    assert stranger.post("/exports", headers=KEY).json()["id"] != mine


@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
def test_what_is_no_key_is_refused(phone: Phone, problem: Problem, key: str) -> None:
    """Before anything is made."""
    answer = phone.post("/exports", headers={"Idempotency-Key": key})

    assert (answer.status_code, problem(answer)) == (422, "invalid-input")
    assert phone.get("/exports").json()["items"] == []


def test_a_run_happens_once_for_its_key(phone: Phone, ready: str, sqlite_store: Store) -> None:
    """Even when the first is over: the phone that asks again has only lost the answer."""
    phone.post(f"/check-ins/{ready}/runs", headers=KEY)
    settle(sqlite_store, UUID(ready), transcript=make_transcript())
    answer = phone.post(f"/check-ins/{ready}/runs", headers=KEY)

    assert (answer.status_code, answer.json()["state"]) == (202, "ready")
    other = phone.post(f"/check-ins/{ready}/runs", headers={"Idempotency-Key": "another"})
    assert other.json()["state"] == "received"


def test_the_export_of_a_key_is_the_one_that_was_given(phone: Phone, sqlite_store: Store) -> None:
    """Where one was open already, that one; once it is made, it still is; once it is deleted, another is made."""
    opened = phone.post("/exports").json()["id"]
    assert [phone.post("/exports", headers=KEY).json()["id"] for _ in range(2)] == [opened] * 2
    make_due_exports(sqlite_store)
    assert phone.post("/exports", headers=KEY).json()["id"] == opened
    assert phone.post("/exports").json()["id"] != opened

    phone.delete(f"/exports/{opened}")
    again = phone.post("/exports", headers=KEY).json()["id"]
    assert again != opened
    assert phone.post("/exports", headers=KEY).json()["id"] == again


def test_an_upload_is_found_again_in_an_account_that_is_full(
    phone: Phone, settings: ServiceSettings, problem: Problem
) -> None:
    """Its recording took the last room: a phone that lost the answer is told where it went, a new one is refused."""
    assert isinstance(phone.client.app, FastAPI)
    room = {"max_account_gigabytes": (len(AUDIO) + 1) / 1e9}
    phone.client.app.state.settings = settings.model_copy(update=room)
    headers = upload(ID, length=len(AUDIO)) | KEY | {"Content-Type": "application/offset+octet-stream"}
    first = phone.post("/uploads", headers=headers, content=AUDIO)
    assert first.headers["upload-offset"] == str(len(AUDIO))

    again = phone.post("/uploads", headers=upload(ID, length=len(AUDIO)) | KEY)
    new = phone.post("/uploads", headers=upload(OTHER_ID, length=len(AUDIO)))

    assert (again.status_code, again.headers["location"]) == (201, first.headers["location"])
    assert (new.status_code, problem(new)) == (507, "storage-quota-reached")


def test_a_key_is_free_again_after_two_days(phone: Phone, clock: FakeClock) -> None:
    """For another request, too."""
    phone.post("/exports", headers=KEY)
    clock.advance(hours=48)
    given = {"email": "kim@example.org", "password": PASSWORD}
    phone.tokens.update(phone.client.post("/v1/sessions", json=given).json())

    assert send(phone, headers=KEY).status_code == 201


def test_many_at_once_make_one(phone: Phone, sqlite_store: Store) -> None:
    """The phone sends it again while the first is still under way."""
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: send(phone, headers=KEY), range(8)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(list(sqlite_store.recordings.old_keys(minimum_age=-1))) == 1
