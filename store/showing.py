"""Rows as those who own them read them: fields of schemas."""

from typing import Any

from schemas.check_in import FAILURE_ACTIONS, Failure
from schemas.recording import RecordingRead
from store.accounts import Accounts
from store.tables import Access, Account, CheckIn


def summary_of(check_in: CheckIn) -> dict[str, Any]:
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
            deleted_at=check_in.audio_deleted_at,
            seconds=check_in.audio_seconds,
        ),
        "attempt": check_in.attempt,
        "created_at": check_in.created_at,
        "updated_at": check_in.updated_at,
    }


def account_of(account: Account, accounts: Accounts) -> dict[str, Any]:
    """Fields of an AccountRead."""
    speech = accounts.speech_of(account.id)
    return {
        "id": account.id,
        "email": account.email,
        "created_at": account.created_at,
        "languages": speech.languages,
        "vocabulary": speech.vocabulary,
        "keep_audio_days": account.keep_audio_days,
    }


def access_of(entry: Access) -> dict[str, Any]:
    """Fields of an AccessRead."""
    return {
        "number": entry.number,
        "at": entry.at,
        "action": entry.action,
        "session_id": entry.session_id,
        "subject_id": entry.subject_id,
        "digest": entry.digest.hex(),
    }
