"""Claims: one worker at a time, and results are written once."""

from uuid import UUID

import pytest

from schemas.check_in import CheckInState, FailureReason
from schemas.errors import LeaseLost
from store.claims import Claim
from store.opening import Store
from store.stages import TAG, TRANSCRIBE
from store.sweep import release_left_by, sweep
from store.tables import CheckIn
from tests.conftest import FakeClock
from tests.making import make_account, make_check_in, make_transcript
from tests.memory import MemoryWakeUps


@pytest.fixture
def check_in_id(store: Store) -> UUID:
    """A check-in that waits to be transcribed."""
    return make_check_in(store, make_account(store))


def take(store: Store, check_in_id: UUID, *, worker: str = "first") -> Claim | None:
    """Try to take it up."""
    with store.unit_of_work() as work:
        return work.claims.take(TRANSCRIBE, check_in_id, worker=worker, now=store.clock())


def taken(store: Store, check_in_id: UUID, *, worker: str = "first") -> Claim:
    """Take it up."""
    claim = take(store, check_in_id, worker=worker)
    assert claim is not None
    return claim


def finish(store: Store, claim: Claim) -> None:
    """Write a transcript."""
    with store.unit_of_work() as work:
        work.claims.finish(claim, CheckInState.TRANSCRIBED, now=store.clock())
        work.results.save_transcript(claim.check_in_id, make_transcript(), now=store.clock())


def row(store: Store, check_in_id: UUID) -> CheckIn:
    """The check-in as it stands."""
    with store.database.reading() as session:
        return session.get_one(CheckIn, check_in_id)


def test_only_one_worker_takes_a_check_in(store: Store, check_in_id: UUID) -> None:
    """The second finds nothing to do."""
    assert take(store, check_in_id) is not None
    assert take(store, check_in_id, worker="second") is None


def test_a_job_that_runs_twice_does_its_work_once(store: Store, check_in_id: UUID) -> None:
    """After the end there is nothing to take up."""
    finish(store, taken(store, check_in_id))

    assert take(store, check_in_id) is None
    assert row(store, check_in_id).state is CheckInState.TRANSCRIBED


def test_a_lease_that_is_renewed_does_not_run_out(store: Store, check_in_id: UUID, clock: FakeClock) -> None:
    """The sweep leaves a worker alone that shows signs of life."""
    claim = taken(store, check_in_id)
    for _ in range(5):
        clock.advance(seconds=10)
        with store.unit_of_work() as work:
            assert work.claims.renew(claim, now=clock())
        sweep(store)

    assert row(store, check_in_id).state is CheckInState.TRANSCRIBING


def test_a_worker_that_was_away_past_its_lease_is_fenced(store: Store, check_in_id: UUID, clock: FakeClock) -> None:
    """Another attempt takes over; what the first brings afterwards is dropped, renewal included."""
    away = taken(store, check_in_id)
    clock.advance(seconds=13)
    sweep(store)
    second = taken(store, check_in_id, worker="second")

    with pytest.raises(LeaseLost):
        finish(store, away)
    with store.unit_of_work() as work:
        assert not work.claims.renew(away, now=clock())
    finish(store, second)
    assert row(store, check_in_id).attempt == 2


def test_a_lost_worker_counts_as_an_attempt_and_the_third_is_the_last(
    store: Store, check_in_id: UUID, clock: FakeClock
) -> None:
    """Three workers die of it: the check-in fails with a reason, and can be run again."""
    for _ in range(3):
        taken(store, check_in_id)
        clock.advance(seconds=13)
        sweep(store)

    lost = row(store, check_in_id)
    assert (lost.state, lost.failure_reason) == (CheckInState.FAILED, FailureReason.WORKER_LOST)
    assert take(store, check_in_id) is None
    with store.unit_of_work() as work:
        work.check_ins.run_again(lost.account_id, check_in_id, now=clock())
    assert take(store, check_in_id) is not None


def test_a_restarted_worker_takes_back_at_once_what_it_held(store: Store, check_in_id: UUID) -> None:
    """Its predecessor of the same name is known to be dead, so nobody waits for the lease."""
    taken(store, check_in_id, worker="transcription-1")

    release_left_by(store, "transcription-1")

    assert row(store, check_in_id).state is CheckInState.RECEIVED


def test_a_temporary_failure_waits_longer_each_time_and_then_is_final(
    store: Store, check_in_id: UUID, clock: FakeClock
) -> None:
    """5 s, 10 s, failed."""
    pauses = []
    for _ in range(3):
        claim = taken(store, check_in_id)
        with store.unit_of_work() as work:
            work.claims.give_back(claim, FailureReason.TRANSCRIPTION_FAILED, now=clock())
        given_back = row(store, check_in_id)
        if given_back.due_at:
            pauses.append((given_back.due_at - clock()).total_seconds())
            assert take(store, check_in_id) is None
            clock.advance(seconds=pauses[-1])

    assert pauses == [5, 10]
    assert row(store, check_in_id).failure_reason is FailureReason.TRANSCRIPTION_FAILED


def test_an_attempt_that_was_handed_back_does_not_count(store: Store, check_in_id: UUID) -> None:
    """A worker that has to stop is not the recording's fault."""
    for _ in range(5):
        claim = taken(store, check_in_id)
        with store.unit_of_work() as work:
            work.claims.hand_back(claim, now=store.clock())

    assert row(store, check_in_id).tries == 0


def test_the_next_stage_begins_with_all_its_attempts(store: Store, check_in_id: UUID) -> None:
    """Attempts grow for ever; tries are counted by stage."""
    finish(store, taken(store, check_in_id))
    with store.unit_of_work() as work:
        claim = work.claims.take(TAG, check_in_id, worker="light", now=store.clock())

    tagging = row(store, check_in_id)
    assert claim is not None
    assert (tagging.attempt, tagging.tries) == (2, 1)


def test_a_deleted_check_in_does_not_come_back(store: Store, check_in_id: UUID) -> None:
    """A worker that finishes after the deletion writes nothing."""
    claim = taken(store, check_in_id)
    account_id = row(store, check_in_id).account_id
    with store.unit_of_work() as work:
        work.check_ins.delete_for(account_id, check_in_id, now=store.clock())

    with pytest.raises(LeaseLost):
        finish(store, claim)
    with store.reading() as reading:
        assert reading.results.transcript(check_in_id) is None


def test_the_sweep_queues_what_waits_without_a_job(store: Store, check_in_id: UUID, clock: FakeClock) -> None:
    """The API died between commit and nudge, or the queue was wiped: the job is queued again, once."""
    assert isinstance(store.wake_ups, MemoryWakeUps)
    store.wake_ups.nudges.clear()
    clock.advance(seconds=2)

    sweep(store)
    sweep(store)

    assert store.wake_ups.nudges == [(TRANSCRIBE, check_in_id, 1)]


def test_the_sweep_leaves_work_alone_that_has_just_been_queued(store: Store, check_in_id: UUID) -> None:
    """Whoever made it has queued it."""
    assert isinstance(store.wake_ups, MemoryWakeUps)
    store.wake_ups.nudges.clear()

    sweep(store)

    assert store.wake_ups.nudges == []
