"""Progress: what was heard so far is told once, by whoever holds the claim, and is gone when it is over."""

from datetime import timedelta
from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select

from schemas.change import ChangeType
from schemas.check_in import CheckInState, FailureReason
from schemas.errors import LeaseLost
from schemas.progress import ProgressRead
from schemas.transcript import Transcript
from store.claims import Claim
from store.opening import Store
from store.stages import TRANSCRIBE
from store.sweep import sweep
from store.tables import Change, CheckIn, PartialTranscript
from tests.conftest import FakeClock
from tests.making import make_account, make_check_in, make_partial, make_transcript
from tests.memory import MemoryWakeUps

FIRST, SECOND, THIRD = "I feel calm.", "You were late.", "I need rest."


@pytest.fixture
def account_id(store: Store) -> UUID:
    """Somebody."""
    return make_account(store)


@pytest.fixture
def check_in_id(store: Store, account_id: UUID) -> UUID:
    """A check-in that waits to be transcribed."""
    return make_check_in(store, account_id)


def taken(store: Store, check_in_id: UUID) -> Claim:
    """Take it up."""
    with store.unit_of_work() as work:
        claim = work.claims.take(TRANSCRIBE, check_in_id, worker="w", now=store.clock())
    assert claim is not None
    return claim


def progress(store: Store, claim: Claim, *sentences: str, percent: int = 10) -> None:
    """Tell how far a transcription has come."""
    partial = make_partial(*sentences)
    with store.unit_of_work() as work:
        work.claims.progress(claim, partial, seconds=percent / 2, percent=percent, now=store.clock())


def fail(store: Store, claim: Claim) -> None:
    """End the attempt for good."""
    with store.unit_of_work() as work:
        work.claims.fail(claim, FailureReason.TRANSCRIPTION_FAILED, now=store.clock())


def told(store: Store, account_id: UUID) -> list[tuple[int, list[str]]]:
    """What the feed tells of progress: percentages and texts."""
    with store.reading() as reading:
        steps = reading.progress.told_by(reading.changes.after(account_id, 0, limit=100))
    return [(step.percent, [segment.text for segment in step.segments]) for step in steps.values()]


def partial(store: Store, check_in_id: UUID) -> tuple[Transcript, float] | None:
    """From where another attempt may go on."""
    with store.reading() as reading:
        return reading.results.partial(check_in_id)


def rows_of(store: Store, table: type[Change] | type[PartialTranscript]) -> int:
    """How many rows speak of progress."""
    query = select(func.count()).select_from(table)
    if table is Change:
        query = query.where(Change.type == ChangeType.CHECK_IN_PROGRESSED)
    with store.database.reading() as session:
        return session.scalar(query) or 0


def test_each_progress_tells_the_segments_that_are_new(store: Store, account_id: UUID, check_in_id: UUID) -> None:
    """With their words, times and the percentage; one without new words tells the percentage alone."""
    claim = taken(store, check_in_id)
    progress(store, claim, FIRST, percent=30)
    progress(store, claim, FIRST, percent=60)
    progress(store, claim, FIRST, SECOND, THIRD, percent=90)

    assert told(store, account_id) == [(30, [FIRST]), (60, []), (90, [SECOND, THIRD])]
    with store.reading() as reading:
        changes = reading.changes.after(account_id, 0, limit=100)
        last = reading.progress.told_by(changes)[changes[-1].cursor]
    assert [(segment.start, segment.end) for segment in last.segments] == [(1.5, 3.0), (3.0, 4.5)]
    assert [(change.type, change.state) for change in changes][-1] == (
        ChangeType.CHECK_IN_PROGRESSED,
        CheckInState.TRANSCRIBING,
    )


def test_words_that_were_heard_otherwise_are_told_again(store: Store, account_id: UUID, check_in_id: UUID) -> None:
    """From the first that differs: an attempt that began anew may hear other words."""
    claim = taken(store, check_in_id)
    progress(store, claim, FIRST, SECOND)
    progress(store, claim, FIRST, THIRD)

    assert told(store, account_id)[-1] == (10, [THIRD])


def test_an_attempt_that_begins_anew_and_has_heard_less_leaves_the_feed_readable(
    store: Store, account_id: UUID, check_in_id: UUID
) -> None:
    """Earlier steps tell what still stands."""
    claim = taken(store, check_in_id)
    progress(store, claim, FIRST)
    progress(store, claim, FIRST, SECOND, THIRD)
    progress(store, claim, FIRST)

    assert told(store, account_id) == [(10, [FIRST]), (10, []), (10, [])]


def test_progress_is_news_and_a_sign_of_life(store: Store, check_in_id: UUID, clock: FakeClock) -> None:
    """Readers are told, and the lease is as long as it was."""
    claim = taken(store, check_in_id)
    assert isinstance(store.wake_ups, MemoryWakeUps)
    store.wake_ups.announced.clear()
    clock.advance(seconds=10)
    progress(store, claim, FIRST)

    assert len(store.wake_ups.announced) == 1
    with store.database.reading() as session:
        assert session.get_one(CheckIn, check_in_id).due_at == clock() + timedelta(seconds=12)


def test_progress_of_a_worker_that_was_away_is_dropped(
    store: Store, account_id: UUID, check_in_id: UUID, clock: FakeClock
) -> None:
    """What the present attempt has told stays as it is."""
    away = taken(store, check_in_id)
    clock.advance(seconds=13)
    sweep(store)
    progress(store, taken(store, check_in_id), FIRST)

    with pytest.raises(LeaseLost):
        progress(store, away, SECOND, THIRD)
    assert told(store, account_id) == [(10, [FIRST])]
    kept = partial(store, check_in_id)
    assert kept is not None
    assert kept[0] == make_partial(FIRST)


def test_a_percentage_that_is_none_is_refused_when_it_is_told(
    store: Store, account_id: UUID, check_in_id: UUID
) -> None:
    """Not when it is read: that never fails."""
    with pytest.raises(ValidationError):
        progress(store, taken(store, check_in_id), FIRST, percent=101)

    assert told(store, account_id) == []


def test_the_next_attempt_goes_on_from_what_was_heard(
    store: Store, account_id: UUID, check_in_id: UUID, clock: FakeClock
) -> None:
    """After a crash the words and the seconds are there, and only what is new is told."""
    assert partial(store, check_in_id) is None
    progress(store, taken(store, check_in_id), FIRST, percent=40)
    clock.advance(seconds=13)
    sweep(store)

    claim = taken(store, check_in_id)
    assert partial(store, check_in_id) == (make_partial(FIRST), 20.0)
    progress(store, claim, FIRST, SECOND, percent=80)
    assert told(store, account_id) == [(40, [FIRST]), (80, [SECOND])]


@pytest.mark.parametrize("heard", [make_transcript(), None], ids=["transcribed", "no speech"])
def test_once_transcription_is_over_nothing_is_left_of_its_progress(
    store: Store, account_id: UUID, check_in_id: UUID, heard: Transcript | None
) -> None:
    """Neither words nor changes. A reader goes on from the cursor it had."""
    other = make_check_in(store, account_id)
    progress(store, taken(store, other), THIRD)
    claim = taken(store, check_in_id)
    progress(store, claim, FIRST)
    with store.reading() as reading:
        cursor = reading.changes.last_cursor(account_id)
    with store.unit_of_work() as work:
        state = CheckInState.TRANSCRIBED if heard else CheckInState.NO_SPEECH
        work.claims.finish(claim, state, now=store.clock())
        work.results.save_transcript(check_in_id, heard, now=store.clock())

    assert partial(store, check_in_id) is None
    assert told(store, account_id) == [(10, [THIRD])]
    assert (rows_of(store, PartialTranscript), rows_of(store, Change)) == (1, 1)
    with store.reading() as reading:
        assert [change.state for change in reading.changes.after(account_id, cursor, limit=9)] == [state]


def test_with_a_check_in_its_progress_is_deleted(store: Store, account_id: UUID, check_in_id: UUID) -> None:
    """And a worker that goes on brings none of it back."""
    claim = taken(store, check_in_id)
    progress(store, claim, FIRST)
    with store.unit_of_work() as work:
        work.check_ins.delete_for(account_id, check_in_id, now=store.clock())

    with pytest.raises(LeaseLost):
        progress(store, claim, FIRST, SECOND)
    assert (rows_of(store, PartialTranscript), rows_of(store, Change)) == (0, 0)


def test_a_failed_check_in_goes_on_from_there_unless_its_language_is_changed(
    store: Store, account_id: UUID, check_in_id: UUID
) -> None:
    """Words heard in another language are of no use."""
    claim = taken(store, check_in_id)
    progress(store, claim, FIRST)
    fail(store, claim)
    with store.unit_of_work() as work:
        work.check_ins.run_again(account_id, check_in_id, now=store.clock())
    assert partial(store, check_in_id) is not None

    fail(store, taken(store, check_in_id))
    with store.unit_of_work() as work:
        work.check_ins.run_again(account_id, check_in_id, now=store.clock(), language="de")
    assert partial(store, check_in_id) is None
    assert told(store, account_id) == []


def test_all_that_was_heard_is_read_while_it_is_being_transcribed(
    store: Store, account_id: UUID, check_in_id: UUID
) -> None:
    """Waiting for another attempt too, but not once it has failed."""

    def read() -> ProgressRead | None:
        with store.reading() as reading:
            return reading.progress.of(reading.check_ins.get_for(account_id, check_in_id))

    assert read() is None
    claim = taken(store, check_in_id)
    progress(store, claim, FIRST, percent=30)
    progress(store, claim, FIRST, SECOND, percent=60)
    transcribing = read()
    with store.unit_of_work() as work:
        work.claims.hand_back(claim, now=store.clock())
    waiting = read()
    fail(store, taken(store, check_in_id))

    assert transcribing is not None
    assert (transcribing.percent, [segment.text for segment in transcribing.segments]) == (60, [FIRST, SECOND])
    assert waiting == transcribing
    assert read() is None


def test_a_progress_whose_words_have_just_gone_is_left_untold(
    store: Store, account_id: UUID, check_in_id: UUID
) -> None:
    """A reader that holds the change finds no words, and no error."""
    claim = taken(store, check_in_id)
    progress(store, claim, FIRST)
    with store.reading() as reading:
        changes = reading.changes.after(account_id, 0, limit=100)
    with store.unit_of_work() as work:
        work.claims.finish(claim, CheckInState.TRANSCRIBED, now=store.clock())
        work.results.save_transcript(check_in_id, make_transcript(), now=store.clock())

    with store.reading() as reading:
        assert reading.progress.told_by(changes) == {}
