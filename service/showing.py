"""Check-ins as their owner reads them."""

from typing import Any
from uuid import UUID

from schemas.check_in import FAILURE_ACTIONS, CheckInRead, Failure, StageTimes
from schemas.recording import RecordingRead
from service.corrections import corrected_tags
from store.opening import Store
from store.tables import CheckIn
from store.unit_of_work import UnitOfWork


def read(store: Store, account_id: UUID, check_in_id: UUID) -> CheckInRead:
    """With its result so far. Raises CheckInNotFound."""
    with store.reading() as reading:
        check_in = reading.check_ins.get_for(account_id, check_in_id)
        return CheckInRead(**summary(check_in), **_result(reading, check_in))


def summary(check_in: CheckIn) -> dict[str, Any]:
    """Fields of a CheckInSummary: without what was said."""
    reason = check_in.failure_reason
    return {
        "id": check_in.id,
        "kind": check_in.kind,
        "state": check_in.state,
        "failure": Failure(reason=reason, action=FAILURE_ACTIONS[reason]) if reason else None,
        "recorded_at": check_in.recorded_at,
        "time_zone": check_in.time_zone,
        "local_day": check_in.local_day,
        "language": check_in.language,
        "recording": RecordingRead(
            media_type=check_in.audio_format.media_type,
            size=check_in.audio_size,
            sha256=check_in.audio_sha256,
            seconds=check_in.audio_seconds,
        ),
        "attempt": check_in.attempt,
        "created_at": check_in.created_at,
        "updated_at": check_in.updated_at,
    }


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
