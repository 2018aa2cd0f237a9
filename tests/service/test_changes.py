"""The feed: pages, long poll, server-sent events."""

import threading
from uuid import UUID

from store.opening import Store
from tests.conftest import FakeClock
from tests.making import make_transcript, settle
from tests.service.conftest import Phone


def test_the_feed_tells_every_step_once_and_in_order(phone: Phone, sqlite_store: Store) -> None:
    """And a reader goes on from the cursor it was given."""
    id_ = phone.send().json()["id"]
    first = phone.get("/changes").json()
    settle(sqlite_store, UUID(id_), transcript=make_transcript())
    rest = phone.get("/changes", params={"after": first["cursor"]}).json()

    states = [change["state"] for change in first["items"] + rest["items"]]
    assert states == ["received", "transcribing", "transcribed", "tagging", "ready"]
    assert [change["cursor"] for change in first["items"] + rest["items"]] == [1, 2, 3, 4, 5]
    assert phone.get("/changes", params={"after": rest["cursor"]}).json() == {"items": [], "cursor": 5}


def test_a_feed_is_its_owners_alone(phone: Phone, stranger: Phone) -> None:
    """Somebody else's stays empty."""
    phone.send()

    assert stranger.get("/changes").json() == {"items": [], "cursor": 0}


def test_a_long_poll_answers_as_soon_as_there_is_news(phone: Phone, sqlite_store: Store) -> None:
    """Also where Redis does not tell it: it looks by itself."""
    id_ = phone.send().json()["id"]
    worker = threading.Timer(0.3, settle, (sqlite_store, UUID(id_)), {"transcript": make_transcript()})
    worker.start()
    answer = phone.get(f"/check-ins/{id_}", params={"wait": 20}).json()
    worker.join()

    assert answer["state"] == "ready"
    assert answer["transcript"]["text"] == "I feel calm today."
    assert answer["tags"] == []


def test_a_long_poll_without_news_ends_in_its_time(phone: Phone) -> None:
    """With what there is."""
    id_ = phone.send().json()["id"]

    assert phone.get(f"/check-ins/{id_}", params={"wait": 0.2}).json()["state"] == "received"
    assert phone.get("/changes", params={"after": 1, "wait": 0.2}).json() == {"items": [], "cursor": 1}


def test_the_event_stream_resumes_after_the_last_event_and_ends_with_the_session(
    phone: Phone, sqlite_store: Store, clock: FakeClock
) -> None:
    """Events carry their cursor as id; once the access token has expired the stream is over."""
    settle(sqlite_store, UUID(phone.send().json()["id"]), transcript=make_transcript())
    expire = threading.Timer(0.5, clock.advance, kwargs={"minutes": 16})
    expire.start()
    answer = phone.get("/events", headers={"Last-Event-ID": "3"})
    expire.join()

    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [block.splitlines() for block in answer.text.split("\n\n") if "data:" in block]
    assert [line for event in events for line in event if line.startswith("id:")] == ["id: 4", "id: 5"]
    assert "event: check_in.moved" in events[0]
    assert '"state":"tagging"' in answer.text.replace(" ", "")


def test_a_run_takes_another_language_none_or_the_one_before(phone: Phone, sqlite_store: Store) -> None:
    """Left out, it stays; null goes back to detection."""
    id_ = phone.send(language="es").json()["id"]
    taken = []
    for body in ({"language": "de"}, {}, {"language": None}):
        settle(sqlite_store, UUID(id_), transcript=make_transcript())
        taken.append(phone.post(f"/check-ins/{id_}/runs", json=body).json()["language"])

    assert taken == ["de", "de", None]
