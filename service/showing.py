"""Check-ins as their owner reads them."""

from typing import Any
from uuid import UUID

from schemas.access import AccessAction
from schemas.check_in import CheckInRead, StageTimes
from service.corrections import corrected_tags
from service.dependencies import SignedIn
from store.opening import Store
from store.showing import summary_of
from store.tables import CheckIn
from store.unit_of_work import UnitOfWork


def read(store: Store, account_id: UUID, check_in_id: UUID) -> CheckInRead:
    """With its result so far. Raises CheckInNotFound."""
    with store.reading() as reading:
        check_in = reading.check_ins.get_for(account_id, check_in_id)
        return CheckInRead(**summary_of(check_in), **_result(reading, check_in))


def show(store: Store, signed_in: SignedIn, check_in_id: UUID) -> CheckInRead:
    """The same, and the access log tells of it. Raises CheckInNotFound."""
    found = read(store, signed_in.account_id, check_in_id)
    note(signed_in, found)
    return found


def note(signed_in: SignedIn, shown: CheckInRead) -> None:
    """Write into the access log that a check-in is shown, if anything of what was said is."""
    if shown.transcript or shown.progress:
        signed_in.note_reading(AccessAction.CHECK_IN_READ, shown.id)


def _result(reading: UnitOfWork, check_in: CheckIn) -> dict[str, Any]:
    transcript = reading.results.transcript(check_in.id)
    return {
        "progress": reading.progress.of(check_in),
        "transcript": transcript,
        "tags": corrected_tags(reading, check_in.id, transcript),
        "stage_seconds": StageTimes(
            waiting=check_in.waiting_seconds,
            decoding=check_in.decoding_seconds,
            transcribing=check_in.transcribing_seconds,
            tagging=check_in.tagging_seconds,
        ),
    }
