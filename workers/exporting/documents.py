"""What stands in an export, as JSON: the schemas travel with it."""

from uuid import UUID

from schemas.access import AccessRead
from schemas.account import AccountRead
from schemas.base import Schema, UtcDatetime
from schemas.check_in import CheckInSummary
from schemas.correction import CorrectionRead
from schemas.tag import Tag
from schemas.transcript import Transcript, TranscriptVersionRead

FORMAT = "tandem-export-1"


class ExportedCheckIn(Schema):
    """`check-ins/<id>.json`: a check-in and all that came of it."""

    check_in: CheckInSummary
    audio: str | None
    """Path of the recording in this ZIP, byte for byte as it was sent. Null where it was deleted, as
    `check_in.recording.deleted_at` tells, or cannot be read any more."""
    transcript: Transcript | None
    """As it reads now, with every word and its times. Null where nothing was heard, or not yet."""
    versions: tuple[TranscriptVersionRead, ...]
    """How it read, as text, oldest first; the last one is the present one, where there is one."""
    tags: tuple[Tag, ...]
    """With the speaker's corrections."""
    corrections: tuple[CorrectionRead, ...]


class ExportedEntry(Schema):
    """Where a check-in lies in this ZIP."""

    id: UUID
    document: str
    audio: str | None


class ExportedSession(Schema):
    """A device that is signed in."""

    id: UUID
    device_name: str
    created_at: UtcDatetime
    refreshed_at: UtcDatetime


class ExportManifest(Schema):
    """`export.json`: what this is, whose it is, and what is in it."""

    format: str
    made_at: UtcDatetime
    account: AccountRead
    identities: tuple[str, ...]
    """Issuers of OpenID Connect by which somebody signs in."""
    sessions: tuple[ExportedSession, ...]
    check_ins: tuple[ExportedEntry, ...]
    accesses: tuple[AccessRead, ...]
    """The access log, newest first."""
