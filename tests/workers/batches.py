"""Check-ins that are worked on together, and how they come out."""

from collections.abc import Generator, Sequence
from uuid import UUID

from schemas.check_in import CheckInState, FailureReason
from store.opening import Store
from store.stages import TRANSCRIBE
from store.tables import CheckIn
from tests.conftest import FakeClock
from tests.making import RECORDED_AT, make_account, make_check_in, make_recording, make_transcript
from tests.memory import MemoryWakeUps
from workers.attempts import Outcome, Progress, Work, attempt_together
from workers.shift import Shift

News = Generator[tuple[UUID, Outcome | Progress | Exception]]

LENGTHS = (30.0, 40.0, 50.0)
"""Seconds of the recordings of most tests."""
RECEIVED, TRANSCRIBED, FAILED = CheckInState.RECEIVED, CheckInState.TRANSCRIBED, CheckInState.FAILED


def waiting(store: Store, *lengths: float | None) -> list[UUID]:
    """Check-ins of as many people, the longest waiting first; nothing is queued."""
    assert isinstance(store.clock, FakeClock)
    check_in_ids = []
    for number, seconds in enumerate(lengths):
        account_id = make_account(store, f"{number}-{seconds}-{store.clock.now.timestamp()}@example.org")
        check_in_ids.append(make_check_in(store, account_id, recording=make_recording(seconds=seconds)))
        store.clock.advance(seconds=1)
    assert isinstance(store.wake_ups, MemoryWakeUps)
    store.wake_ups.nudges.clear()
    return check_in_ids


def transcribed(check_in_id: UUID, text: str = "I feel calm.") -> Outcome:
    """It went well."""
    return Outcome(
        TRANSCRIBED, lambda work: work.results.save_transcript(check_in_id, make_transcript(text), now=RECORDED_AT)
    )


def attempt(shift: Shift, check_in_id: UUID, work: Work, *, seconds: float = 1000) -> None:
    """At transcribing it, with others of up to so many seconds."""
    reason = FailureReason.TRANSCRIPTION_FAILED
    attempt_together(shift, TRANSCRIBE, check_in_id, work, seconds=seconds, otherwise=reason)


def check_in_of(store: Store, check_in_id: UUID) -> CheckIn:
    """As it stands."""
    with store.database.reading() as session:
        return session.get_one(CheckIn, check_in_id)


def states(store: Store, check_in_ids: Sequence[UUID]) -> list[CheckInState]:
    """Where each stands."""
    return [check_in_of(store, check_in_id).state for check_in_id in check_in_ids]
