"""The access log: who did what with what is somebody's own. Never what was said."""

from enum import StrEnum
from uuid import UUID

from schemas.base import Schema, UtcDatetime


class AccessAction(StrEnum):
    """What was done."""

    SIGNED_UP = "account.signed_up"
    SIGNED_IN = "session.signed_in"
    SIGNED_OUT = "session.signed_out"
    SESSION_REVOKED = "session.revoked"
    """By another device of the same account, or because a refresh token was used twice."""
    PASSWORD_CHANGED = "password.changed"  # noqa: S105 - an action
    IDENTITY_LINKED = "identity.linked"
    IDENTITY_UNLINKED = "identity.unlinked"
    ACCOUNT_CHANGED = "account.changed"
    CHECK_IN_SENT = "check_in.sent"
    CHECK_IN_READ = "check_in.read"
    RECORDING_PLAYED = "recording.played"
    CHECK_IN_CORRECTED = "check_in.corrected"
    TRANSCRIPT_EDITED = "transcript.edited"
    CHECK_IN_RUN_AGAIN = "check_in.run_again"
    CHECK_IN_DELETED = "check_in.deleted"
    RECORDING_EXPIRED = "recording.expired"
    """Deleted as its speaker wanted it kept no longer."""
    EXPORT_ASKED = "export.asked"
    EXPORT_MADE = "export.made"
    EXPORT_READ = "export.read"


class AccessRead(Schema):
    """One entry."""

    number: int
    """Grows by one."""
    at: UtcDatetime
    action: AccessAction
    session_id: UUID | None
    """The device's session; null for the server's own work."""
    subject_id: UUID | None
    """The check-in, session or export it was about."""
    digest: str
    """SHA-256, in hex, of this entry and the digest before it: an entry that was changed or taken out shows."""


class AccessPage(Schema):
    """Newest first."""

    items: tuple[AccessRead, ...]
    next: int | None
    """Send it as `before` for the following page; null at the end."""
