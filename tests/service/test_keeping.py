"""How long recordings are kept, how a transcript read before, and who looked: as their speaker sees it."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import Response

from schemas.access import AccessAction
from schemas.tag import TextTag
from service.accesses import PAGE_SIZE
from store import results
from store.janitor import expire
from store.opening import Store
from tests.conftest import FakeClock
from tests.making import make_transcript, make_wav, settle
from tests.service.conftest import PASSWORD, Phone
from workers.exports import make_due_exports

Problem = Callable[[Response], str]

CALM = TextTag(kind="feeling", label="peaceful", start=7, end=11, confidence=0.9, reason="")


def sign_in_again(phone: Phone) -> None:
    """Time has passed: its access token is not good any more."""
    given = {"email": "kim@example.org", "password": PASSWORD}
    phone.tokens.update(phone.client.post("/v1/sessions", json=given).json())


@pytest.fixture
def ready(phone: Phone, sqlite_store: Store) -> str:
    """A check-in with its result."""
    id_ = phone.send().json()["id"]
    settle(sqlite_store, UUID(id_), transcript=make_transcript("I feel calm today."), tags=[CALM])
    return str(id_)


def keep(phone: Phone, days: int | None) -> Response:
    """Say how long recordings are to be kept."""
    return phone.patch("/accounts/me", json={"keep_audio_days": days})


def test_how_long_is_set_left_and_taken_back(phone: Phone) -> None:
    """Null means for ever, and what is left out stays as it is."""
    assert phone.get("/accounts/me").json()["keep_audio_days"] is None
    assert keep(phone, 30).json()["keep_audio_days"] == 30
    assert phone.patch("/accounts/me", json={"languages": ["en"]}).json()["keep_audio_days"] == 30
    assert phone.patch("/accounts/me", json={}).json()["keep_audio_days"] == 30
    assert keep(phone, None).json()["keep_audio_days"] is None
    assert phone.get("/accounts/me").json()["keep_audio_days"] is None


@pytest.mark.parametrize("days", [-1, 36_501, 1.5, "soon", [7]])
def test_what_is_no_number_of_days_is_refused(phone: Phone, problem: Problem, days: Any) -> None:
    """And what was set before stays."""
    keep(phone, 7)
    answer = keep(phone, days)

    assert (answer.status_code, problem(answer)) == (422, "invalid-input")
    assert phone.get("/accounts/me").json()["keep_audio_days"] == 7


def test_after_its_days_the_words_stay_and_the_voice_is_gone(
    phone: Phone, ready: str, sqlite_store: Store, clock: FakeClock, problem: Problem
) -> None:
    """410 for the recording and for another run; the transcript, its tags, the room it took and the feed tell."""
    waits = phone.send(make_wav(hertz=220)).json()["id"]
    keep(phone, 7)
    cursor = phone.get("/changes").json()["cursor"]
    clock.advance(days=7)
    expire(sqlite_store)
    sign_in_again(phone)

    for answer in (phone.get(f"/check-ins/{ready}/audio"), phone.post(f"/check-ins/{ready}/runs")):
        assert (answer.status_code, problem(answer)) == (410, "recording-deleted")
    check_in = phone.get(f"/check-ins/{ready}").json()
    assert check_in["transcript"]["text"] == "I feel calm today."
    assert [tag["quote"] for tag in check_in["tags"]] == ["calm"]
    assert check_in["recording"]["deleted_at"] == clock().isoformat().replace("+00:00", "Z")
    changes = phone.get("/changes", params={"after": cursor}).json()["items"]
    assert [(change["type"], change["check_in_id"], change["state"]) for change in changes] == [
        ("recording.deleted", ready, "ready")
    ]
    assert phone.get(f"/check-ins/{waits}/audio").status_code == 200


def test_an_edit_works_without_the_voice(phone: Phone, ready: str, sqlite_store: Store, clock: FakeClock) -> None:
    """And sending the recording once more does not bring it back."""
    keep(phone, 0)
    expire(sqlite_store)
    assert phone.get(f"/check-ins/{ready}/audio").status_code == 410

    assert phone.put(f"/check-ins/{ready}/transcript", json={"text": "I feel calm now."}).status_code == 202
    settle(sqlite_store, UUID(ready), transcript=make_transcript())
    assert phone.get(f"/check-ins/{ready}").json()["transcript"]["text"] == "I feel calm now."
    again = phone.send(id=ready)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert phone.get(f"/check-ins/{ready}/audio").status_code == 410


@pytest.mark.parametrize("how", ["deleted", "expired"])
def test_what_has_gone_is_in_no_export_either(phone: Phone, ready: str, sqlite_store: Store, how: str) -> None:
    """One that was ready holds it, so its file goes as well; another can be asked for."""
    export = phone.post("/exports").json()["id"]
    make_due_exports(sqlite_store)
    assert len(list(sqlite_store.recordings.old_keys(minimum_age=-1))) == 2
    if how == "deleted":
        phone.delete(f"/check-ins/{ready}")
    else:
        keep(phone, 0)
        expire(sqlite_store)

    assert phone.get(f"/exports/{export}").status_code == 404
    assert list(sqlite_store.recordings.old_keys(minimum_age=-1)) == []
    assert phone.post("/exports").json()["state"] == "waiting"


def versions(phone: Phone, id_: str) -> list[tuple[int, str, bool]]:
    """(version, text, edited) of each."""
    answer = phone.get(f"/check-ins/{id_}/transcript/versions")
    assert answer.status_code == 200
    read = answer.json()["items"]
    assert all(item["made_at"] for item in read)
    assert {frozenset(item) for item in read} <= {frozenset({"version", "made_at", "text", "language", "edited"})}
    return [(item["version"], item["text"], item["edited"]) for item in read]


def test_every_version_of_a_transcript_can_be_read(phone: Phone, ready: str, sqlite_store: Store) -> None:
    """After an edit, after a run that hears it anew, after one that hears nothing."""
    first = [(1, "I feel calm today.", False)]
    assert versions(phone, ready) == first
    phone.put(f"/check-ins/{ready}/transcript", json={"text": "I feel calm today."})
    assert versions(phone, ready) == first, "the same words are no edit"

    phone.put(f"/check-ins/{ready}/transcript", json={"text": "I feel calm now."})
    settle(sqlite_store, UUID(ready), transcript=make_transcript())
    assert versions(phone, ready) == [*first, (2, "I feel calm now.", True)]

    phone.post(f"/check-ins/{ready}/runs")
    assert versions(phone, ready) == [*first, (2, "I feel calm now.", True)], "until there is something newer"
    settle(sqlite_store, UUID(ready), transcript=make_transcript("I feel calm tonight."))
    assert versions(phone, ready) == [*first, (2, "I feel calm now.", True), (3, "I feel calm tonight.", False)]
    assert phone.get(f"/check-ins/{ready}").json()["transcript"]["text"] == "I feel calm tonight."

    with sqlite_store.unit_of_work() as work:
        work.results.save_transcript(UUID(ready), None, now=sqlite_store.clock())
    assert [number for number, _, _ in versions(phone, ready)] == [1, 2, 3]


def test_a_transcript_is_edited_only_so_often(
    phone: Phone, ready: str, sqlite_store: Store, problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it stays as it reads, and so does the state; the same words are no edit, and a run is never refused."""
    monkeypatch.setattr(results, "MOST_VERSIONS", 2)
    assert phone.put(f"/check-ins/{ready}/transcript", json={"text": "I feel calm now."}).status_code == 202
    settle(sqlite_store, UUID(ready), transcript=make_transcript())
    until_now = versions(phone, ready)

    refused = phone.put(f"/check-ins/{ready}/transcript", json={"text": "I feel calm again."})
    assert (refused.status_code, problem(refused)) == (409, "transcript-versions-full")
    assert phone.put(f"/check-ins/{ready}/transcript", json={"text": "I feel calm now."}).status_code == 202
    assert versions(phone, ready) == until_now
    assert phone.get(f"/check-ins/{ready}").json()["state"] == "ready"

    assert phone.post(f"/check-ins/{ready}/runs").status_code == 202
    settle(sqlite_store, UUID(ready), transcript=make_transcript("I feel calm tonight."))
    assert versions(phone, ready) == [*until_now, (3, "I feel calm tonight.", False)]


def test_versions_are_their_speakers(phone: Phone, stranger: Phone, ready: str) -> None:
    """For anybody else they are not there; where nothing was heard there are none."""
    assert stranger.get(f"/check-ins/{ready}/transcript/versions").status_code == 404
    assert versions(phone, phone.send().json()["id"]) == []


def log(phone: Phone, **params: int) -> list[dict[str, Any]]:
    """A page of the access log."""
    found: list[dict[str, Any]] = phone.get("/accounts/me/accesses", params=params).json()["items"]
    return found


def actions(phone: Phone, subject: str | None = None) -> list[str]:
    """What was done, oldest first."""
    return [entry["action"] for entry in log(phone)[::-1] if subject in (None, entry["subject_id"])]


def test_looking_again_within_ten_minutes_is_one_look(phone: Phone, ready: str, clock: FakeClock) -> None:
    """A player asks for many ranges. From another device it is another look."""
    for start in (0, 100, 200):
        phone.get(f"/check-ins/{ready}/audio", headers={"Range": f"bytes={start}-{start + 99}"})
        phone.get(f"/check-ins/{ready}")
    looked = ["check_in.sent", "recording.played", "check_in.read"]
    assert actions(phone, ready) == looked

    clock.advance(minutes=10)
    phone.get(f"/check-ins/{ready}")
    assert actions(phone, ready) == [*looked, "check_in.read"]
    sign_in_again(phone)
    phone.get(f"/check-ins/{ready}")
    assert actions(phone, ready) == [*looked, "check_in.read", "check_in.read"]


SHOWING: dict[str, Callable[[Phone, str], Response]] = {
    "read": lambda phone, id_: phone.get(f"/check-ins/{id_}"),
    "long poll": lambda phone, id_: phone.get(f"/check-ins/{id_}", params={"wait": 0.1}),
    "corrections": lambda phone, id_: phone.get(f"/check-ins/{id_}/corrections"),
    "versions": lambda phone, id_: phone.get(f"/check-ins/{id_}/transcript/versions"),
    "sent again": lambda phone, id_: phone.send(id=id_),
    "edited to the same": lambda phone, id_: phone.put(
        f"/check-ins/{id_}/transcript", json={"text": "I feel calm today."}
    ),
    "run": lambda phone, id_: phone.post(f"/check-ins/{id_}/runs"),
    "corrected": lambda phone, id_: phone.post(
        f"/check-ins/{id_}/corrections",
        json={"id": str(uuid4()), "after": {"kind": "need", "label": "rest", "start": 7, "end": 11}},
    ),
}


@pytest.mark.parametrize("way", SHOWING)
def test_nothing_that_was_said_is_shown_without_a_note(phone: Phone, ready: str, way: str) -> None:
    """Whichever request the words come back with."""
    answer = SHOWING[way](phone, ready)

    assert answer.is_success, answer.text
    assert "check_in.read" in actions(phone, ready)


def test_a_check_in_without_words_is_no_look(phone: Phone) -> None:
    """There is nothing to see yet, and in a list there never is."""
    id_ = phone.send().json()["id"]
    phone.get(f"/check-ins/{id_}")
    phone.get("/check-ins")

    assert actions(phone, id_) == ["check_in.sent"]


def test_the_log_tells_each_thing_that_was_done(phone: Phone, ready: str, sqlite_store: Store) -> None:
    """With the device that did it; what the server does by itself has none."""
    keep(phone, 7)
    phone.put(f"/check-ins/{ready}/transcript", json={"text": "I feel calm now."})
    settle(sqlite_store, UUID(ready), transcript=make_transcript())
    export = phone.post("/exports").json()["id"]
    make_due_exports(sqlite_store)
    phone.get(f"/exports/{export}/file")
    sign_in_again(phone)
    own = next(session["id"] for session in phone.get("/sessions").json()["items"] if session["current"])
    phone.delete(f"/check-ins/{ready}")

    assert actions(phone) == [
        *("account.signed_up", "session.signed_in", "check_in.sent", "account.changed", "transcript.edited"),
        *("export.asked", "export.made", "export.read", "session.signed_in", "check_in.deleted"),
    ]
    by_action = {entry["action"]: entry for entry in log(phone)}
    assert by_action["export.made"]["session_id"] is None
    assert by_action["check_in.deleted"]["session_id"] == own != by_action["check_in.sent"]["session_id"]


def test_the_log_has_pages(phone: Phone, stranger: Phone, sqlite_store: Store) -> None:
    """Newest first, each entry once, and only one's own; `next` is null at the end."""
    with sqlite_store.unit_of_work() as work:
        for _ in range(PAGE_SIZE):
            account_id = UUID(phone.tokens["account_id"])
            work.accesses.record(account_id, AccessAction.CHECK_IN_READ, now=sqlite_store.clock())
    first = phone.get("/accounts/me/accesses").json()
    last = phone.get("/accounts/me/accesses", params={"before": first["next"]}).json()

    numbers = [entry["number"] for entry in first["items"] + last["items"]]
    assert (len(first["items"]), first["next"], last["next"]) == (PAGE_SIZE, numbers[PAGE_SIZE - 1], None)
    assert numbers[-1] == 1
    assert all(later == earlier + 1 for later, earlier in pairwise(numbers))
    assert len(log(stranger)) == 2
    assert phone.get("/accounts/me/accesses", params={"before": 0}).status_code == 422
