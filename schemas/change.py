"""Changes: the one feed that long poll, server-sent events and push all tell of."""

from enum import StrEnum
from uuid import UUID

from schemas.base import Schema, UtcDatetime
from schemas.check_in import CheckInState


class ChangeType(StrEnum):
    """What happened."""

    CHECK_IN_MOVED = "check_in.moved"
    """A check-in came into being or into another state."""
    CHECK_IN_CORRECTED = "check_in.corrected"
    """Its speaker corrected its tags."""
    CHECK_IN_DELETED = "check_in.deleted"


class ChangeRead(Schema):
    """One change. It tells that something happened, never what was said: read the check-in for that."""

    cursor: int
    """Grows by at least one with each change of an account."""
    type: ChangeType
    at: UtcDatetime
    check_in_id: UUID
    state: CheckInState | None
    """The new state; null for a deletion."""


class ChangePage(Schema):
    """Changes after the cursor that was asked for, oldest first."""

    items: tuple[ChangeRead, ...]
    cursor: int
    """Send it as `after` next time."""
