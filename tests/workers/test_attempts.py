"""The edge of every job: each way in which an attempt can end."""

from collections.abc import Callable
from uuid import UUID

import pytest

from schemas.check_in import CheckInState, FailureReason
from schemas.errors import (
    DecoderUnavailable,
    RecordingMissing,
    RecordingTooLong,
    RecordingUnreadable,
    ServerKeyMissing,
    StorageUnavailable,
)
from store.opening import Store
from store.stages import TAG, TRANSCRIBE
from store.tables import CheckIn
from tests.conftest import FakeClock
from tests.making import RECORDED_AT, make_account, make_check_in, make_transcript
from tests.memory import MemoryWakeUps
from workers.attempts import Outcome, attempt
from workers.shift import Shift, ShiftEnded

TRANSCRIPT = make_transcript()


@pytest.fixture
def check_in_id(sqlite_store: Store) -> UUID:
    """A check-in that waits; nothing is queued."""
    check_in_id = make_check_in(sqlite_store, make_account(sqlite_store))
    assert isinstance(sqlite_store.wake_ups, MemoryWakeUps)
    sqlite_store.wake_ups.nudges.clear()
    return check_in_id


def transcribed(check_in: CheckIn) -> Outcome:
    """A stage that goes well."""
    return Outcome(
        CheckInState.TRANSCRIBED, lambda work: work.results.save_transcript(check_in.id, TRANSCRIPT, now=RECORDED_AT)
    )


def failing(error: BaseException) -> Callable[[CheckIn], Outcome]:
    """A stage that fails."""

    def work(_check_in: CheckIn) -> Outcome:
        raise error

    return work


def run(shift: Shift, check_in_id: UUID, work: Callable[[CheckIn], Outcome]) -> CheckIn | None:
    """Attempt to transcribe; the check-in as it stands afterwards."""
    attempt(shift, TRANSCRIBE, check_in_id, work, otherwise=FailureReason.TRANSCRIPTION_FAILED)
    with shift.store.database.reading() as session:
        return session.get(CheckIn, check_in_id)


def test_a_result_moves_on_and_queues_the_next_stage(shift: Shift, check_in_id: UUID) -> None:
    """State, result, count and job in one transaction."""
    check_in = run(shift, check_in_id, transcribed)

    assert check_in is not None
    assert check_in.state is CheckInState.TRANSCRIBED
    assert isinstance(shift.store.wake_ups, MemoryWakeUps)
    assert shift.store.wake_ups.nudges == [(TAG, check_in_id, 2)]
    with shift.store.reading() as reading:
        assert reading.results.transcript(check_in_id) == TRANSCRIPT
        assert [total.outcome for total in reading.stage_totals.all()] == ["transcribed"]


def test_a_job_that_comes_twice_works_once(shift: Shift, check_in_id: UUID) -> None:
    """The second finds nothing to do."""
    run(shift, check_in_id, transcribed)

    check_in = run(shift, check_in_id, lambda _: pytest.fail("worked twice"))

    assert check_in is not None
    assert check_in.attempt == 1


def test_a_job_of_a_check_in_that_is_gone_does_nothing(shift: Shift) -> None:
    """It was deleted meanwhile."""
    assert run(shift, UUID(int=7), lambda _: pytest.fail("worked on nothing")) is None


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RecordingUnreadable(), FailureReason.UNDECODABLE),
        (RecordingTooLong(), FailureReason.RECORDING_TOO_LONG),
        (RecordingMissing(), FailureReason.RECORDING_MISSING),
    ],
)
def test_an_error_that_stays_fails_at_once(
    shift: Shift, check_in_id: UUID, error: Exception, reason: FailureReason
) -> None:
    """With the reason the person is told."""
    check_in = run(shift, check_in_id, failing(error))

    assert check_in is not None
    assert (check_in.state, check_in.failure_reason) == (CheckInState.FAILED, reason)


@pytest.mark.parametrize("error", [DecoderUnavailable(), MemoryError(), ValueError("what was said")])
def test_any_other_error_is_tried_again_and_then_fails(
    shift: Shift, check_in_id: UUID, clock: FakeClock, error: Exception
) -> None:
    """Three attempts, with pauses."""
    seen = []
    for _ in range(3):
        check_in = run(shift, check_in_id, failing(error))
        assert check_in is not None
        seen.append((check_in.state, check_in.failure_reason))
        clock.advance(seconds=30)

    last = CheckInState.FAILED, FailureReason.TRANSCRIPTION_FAILED
    assert seen == [(CheckInState.RECEIVED, None), (CheckInState.RECEIVED, None), last]


@pytest.mark.parametrize("error", [StorageUnavailable(), ServerKeyMissing()])
def test_what_is_not_the_recordings_fault_does_not_count(
    shift: Shift, check_in_id: UUID, clock: FakeClock, error: Exception
) -> None:
    """The store of recordings is away for longer than three attempts take: it is tried until it is back."""
    for _ in range(5):
        check_in = run(shift, check_in_id, failing(error))
        assert check_in is not None
        assert (check_in.state, check_in.tries) == (CheckInState.RECEIVED, 0)
        clock.advance(seconds=6)

    check_in = run(shift, check_in_id, transcribed)
    assert check_in is not None
    assert check_in.state is CheckInState.TRANSCRIBED


def test_a_worker_that_has_to_stop_hands_its_check_in_back(shift: Shift, check_in_id: UUID) -> None:
    """Uncounted, and queued for whoever is next."""
    with pytest.raises(ShiftEnded):
        run(shift, check_in_id, failing(ShiftEnded()))

    assert isinstance(shift.store.wake_ups, MemoryWakeUps)
    assert shift.store.wake_ups.nudges == [(TRANSCRIBE, check_in_id, 2)]
    check_in = run(shift, check_in_id, transcribed)
    assert check_in is not None
    assert check_in.state is CheckInState.TRANSCRIBED


def test_a_check_in_deleted_in_the_middle_leaves_nothing(shift: Shift, check_in_id: UUID) -> None:
    """The result is dropped, and the attempt ends quietly."""

    def delete_meanwhile(check_in: CheckIn) -> Outcome:
        with shift.store.unit_of_work() as work:
            work.check_ins.delete_for(check_in.account_id, check_in.id, now=shift.store.clock())
        return transcribed(check_in)

    assert run(shift, check_in_id, delete_meanwhile) is None
    with shift.store.reading() as reading:
        assert reading.results.transcript(check_in_id) is None


def test_a_stop_waits_for_the_claim_and_comes_before_the_work(shift: Shift, check_in_id: UUID) -> None:
    """Between claim and stage nothing is interrupted, so nothing is left claimed."""
    shift.gate.end()

    with pytest.raises(ShiftEnded):
        run(shift, check_in_id, lambda _: pytest.fail("worked although the shift had ended"))

    with shift.store.database.reading() as session:
        left = session.get_one(CheckIn, check_in_id)
    assert (left.state, left.tries) == (CheckInState.RECEIVED, 0)


def test_a_second_signal_does_not_interrupt_what_the_first_set_off(shift: Shift) -> None:
    """While a stage is left, it is left in peace."""
    with pytest.raises(ShiftEnded), shift.gate.opened():
        try:
            shift.gate.end()
        finally:
            shift.gate.end()


def test_a_stop_in_the_middle_ends_the_stage(shift: Shift, check_in_id: UUID) -> None:
    """As a signal does it."""

    def be_stopped(_check_in: CheckIn) -> Outcome:
        shift.gate.end()
        return pytest.fail("went on")

    with pytest.raises(ShiftEnded):
        run(shift, check_in_id, be_stopped)
