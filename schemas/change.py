"""Changes: the one feed that long poll, server-sent events and push all tell of."""

from enum import StrEnum
from uuid import UUID

from schemas.base import Schema, UtcDatetime
from schemas.check_in import CheckInState
from schemas.progress import ProgressRead


class ChangeType(StrEnum):
    """What happened."""

    CHECK_IN_MOVED = "check_in.moved"
    """A check-in came into being or into another state."""
    CHECK_IN_PROGRESSED = "check_in.progressed"
    """More of its recording has been listened to. Gone from the feed once its transcription is over."""
    CHECK_IN_CORRECTED = "check_in.corrected"
    """Its speaker corrected its tags."""
    RECORDING_DELETED = "recording.deleted"
    """Its recording is kept no longer, as its speaker had chosen; the transcript stays."""
    CHECK_IN_DELETED = "check_in.deleted"


class ChangeRead(Schema):
    """One change. It tells that something happened; of what was said only the words of a progress, while it lasts."""

    cursor: int
    """Grows by at least one with each change of an account."""
    type: ChangeType
    at: UtcDatetime
    check_in_id: UUID
    state: CheckInState | None
    """The new state; null for a deletion."""
    progress: ProgressRead | None = None
    """Of `check_in.progressed` alone: the percentage, and the segments that are new since the progress before. Those
    told before that begin where the first of them does, or later, count no more. Null where the transcription has just
    come to its end."""


class ChangePage(Schema):
    """Changes after the cursor that was asked for, oldest first."""

    items: tuple[ChangeRead, ...]
    cursor: int
    """Send it as `after` next time."""
