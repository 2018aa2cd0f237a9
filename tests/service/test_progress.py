"""Progress through HTTP: in the check-in, in the feed, in the stream; for its owner alone."""

import json
import threading
from uuid import UUID

import pytest

from schemas.check_in import CheckInState
from store.claims import Claim
from store.opening import Store
from store.stages import TRANSCRIBE
from tests.conftest import FakeClock
from tests.making import make_partial, make_transcript
from tests.service.conftest import Phone

FIRST, SECOND = "I feel calm.", "You were late."


@pytest.fixture
def claim(phone: Phone, sqlite_store: Store) -> Claim:
    """A recording of which two thirds have been heard, in two steps."""
    check_in_id = UUID(phone.send().json()["id"])
    with sqlite_store.unit_of_work() as work:
        claim = work.claims.take(TRANSCRIBE, check_in_id, worker="w", now=sqlite_store.clock())
    assert claim is not None
    for percent, sentences in ((33, (FIRST,)), (67, (FIRST, SECOND))):
        with sqlite_store.unit_of_work() as work:
            partial = make_partial(*sentences)
            work.claims.progress(claim, partial, seconds=percent, percent=percent, now=sqlite_store.clock())
    return claim


def test_a_check_in_shows_what_was_heard_so_far(phone: Phone, claim: Claim, sqlite_store: Store) -> None:
    """All of it while it lasts, then the transcript in its place."""
    during = phone.get(f"/check-ins/{claim.check_in_id}").json()
    with sqlite_store.unit_of_work() as work:
        work.claims.finish(claim, CheckInState.TRANSCRIBED, now=sqlite_store.clock())
        work.results.save_transcript(claim.check_in_id, make_transcript(), now=sqlite_store.clock())
    after = phone.get(f"/check-ins/{claim.check_in_id}").json()

    assert (during["state"], during["transcript"]) == ("transcribing", None)
    assert during["progress"] == {
        "percent": 67,
        "segments": [{"start": 0.0, "end": 1.5, "text": FIRST}, {"start": 1.5, "end": 3.0, "text": SECOND}],
    }
    assert (after["state"], after["progress"]) == ("transcribed", None)


def test_the_feed_tells_only_what_is_new(phone: Phone, claim: Claim) -> None:
    """And nothing of it in other changes."""
    changes = phone.get("/changes").json()["items"]

    assert [change["type"] for change in changes] == ["check_in.moved"] * 2 + ["check_in.progressed"] * 2
    assert [change["progress"] for change in changes] == [
        None,
        None,
        {"percent": 33, "segments": [{"start": 0.0, "end": 1.5, "text": FIRST}]},
        {"percent": 67, "segments": [{"start": 1.5, "end": 3.0, "text": SECOND}]},
    ]
    assert {change["state"] for change in changes[2:]} == {"transcribing"}


def test_the_feed_keeps_no_progress_of_what_is_over(phone: Phone, claim: Claim, sqlite_store: Store) -> None:
    """Cursors have a gap there, and a reader goes on from whichever it holds."""
    with sqlite_store.unit_of_work() as work:
        work.claims.finish(claim, CheckInState.NO_SPEECH, now=sqlite_store.clock())
        work.results.save_transcript(claim.check_in_id, None, now=sqlite_store.clock())

    assert [change["cursor"] for change in phone.get("/changes").json()["items"]] == [1, 2, 5]
    for cursor in (3, 4):
        assert phone.get("/changes", params={"after": cursor}).json()["items"][0]["state"] == "no_speech"


def test_nobody_else_sees_it(stranger: Phone, claim: Claim) -> None:
    """Neither the check-in nor its changes."""
    assert stranger.get(f"/check-ins/{claim.check_in_id}").status_code == 404
    assert stranger.get("/changes").json() == {"items": [], "cursor": 0}


def test_the_stream_carries_it(phone: Phone, claim: Claim, clock: FakeClock) -> None:
    """As an event of its own kind, with the words that are new."""
    expire = threading.Timer(0.5, clock.advance, kwargs={"minutes": 16})
    expire.start()
    answer = phone.get("/events", headers={"Last-Event-ID": "3"})
    expire.join()

    event = next(block.splitlines() for block in answer.text.split("\n\n") if "data:" in block)
    fields = {name: value.strip() for name, _, value in (line.partition(":") for line in event)}
    assert (fields["id"], fields["event"]) == ("4", "check_in.progressed")
    assert json.loads(fields["data"])["progress"] == {
        "percent": 67,
        "segments": [{"start": 1.5, "end": 3.0, "text": SECOND}],
    }


def test_what_is_deleted_is_told_no_more(phone: Phone, claim: Claim) -> None:
    """The deletion itself is."""
    phone.delete(f"/check-ins/{claim.check_in_id}")

    changes = phone.get("/changes").json()["items"]
    assert [change["type"] for change in changes] == ["check_in.moved"] * 2 + ["check_in.deleted"]
