"""Check-ins as their owner reads them."""

from typing import Any
from uuid import UUID

from schemas.check_in import CheckInRead, StageTimes
from service.corrections import corrected_tags
from store.opening import Store
from store.showing import summary_of
from store.tables import CheckIn
from store.unit_of_work import UnitOfWork


def read(store: Store, account_id: UUID, check_in_id: UUID) -> CheckInRead:
    """With its result so far. Raises CheckInNotFound."""
    with store.reading() as reading:
        check_in = reading.check_ins.get_for(account_id, check_in_id)
        return CheckInRead(**summary_of(check_in), **_result(reading, check_in))


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
