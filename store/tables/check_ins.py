"""Check-ins and what came of them. Columns named `sealed` hold what a person said, encrypted."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from schemas.check_in import CheckInKind, CheckInState, FailureReason
from schemas.recording import RecordingFormat
from store.tables.base import Table

_IS_KEPT = text("audio_deleted_at IS NULL")


class CheckIn(Table):
    """A recording and how far it has come.

    `attempt` counts every time a worker took it up and fences their results; `tries` counts those at the present
    stage that have not ended well. `due_at` is when somebody has to look again: waiting, from when it may be
    worked on; being worked on, when the lease runs out; settled, never.
    """

    __tablename__ = "check_ins"
    __table_args__ = (
        Index("ix_check_ins_due", "state", "due_at"),
        Index("ix_check_ins_listed", "account_id", "recorded_at", "id"),
        Index("ix_check_ins_kept", "transcribed_at", postgresql_where=_IS_KEPT, sqlite_where=_IS_KEPT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    kind: Mapped[CheckInKind]
    state: Mapped[CheckInState]
    failure_reason: Mapped[FailureReason | None]
    recorded_at: Mapped[datetime]
    time_zone: Mapped[str] = mapped_column(String(64))
    local_day: Mapped[date]
    language: Mapped[str | None] = mapped_column(String(8))
    audio_key: Mapped[str] = mapped_column(String(64), index=True)
    audio_format: Mapped[RecordingFormat]
    audio_size: Mapped[int]
    audio_sha256: Mapped[str] = mapped_column(String(64))
    audio_seconds: Mapped[float | None]
    attempt: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    leased_by: Mapped[str | None]
    due_at: Mapped[datetime | None]
    requested_at: Mapped[datetime]
    waiting_seconds: Mapped[float | None]
    decoding_seconds: Mapped[float | None]
    transcribing_seconds: Mapped[float | None]
    tagging_seconds: Mapped[float | None]
    transcribed_at: Mapped[datetime | None]
    """When its first transcript was there."""
    audio_deleted_at: Mapped[datetime | None]
    """When its recording was deleted, as its speaker wanted it kept no longer."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class TranscriptRow(Table):
    """What was heard in a check-in, as it reads now."""

    __tablename__ = "transcripts"

    check_in_id: Mapped[UUID] = mapped_column(ForeignKey("check_ins.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    made_at: Mapped[datetime | None]
    """Null where it was made before this was kept."""
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class TranscriptVersion(Table):
    """How a transcript read before it was edited, or heard anew."""

    __tablename__ = "transcript_versions"

    check_in_id: Mapped[UUID] = mapped_column(ForeignKey("check_ins.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    made_at: Mapped[datetime | None]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class PartialTranscript(Table):
    """What was heard so far of a recording that is being transcribed; gone once its transcription is over."""

    __tablename__ = "partial_transcripts"

    check_in_id: Mapped[UUID] = mapped_column(ForeignKey("check_ins.id", ondelete="CASCADE"), primary_key=True)
    seconds: Mapped[float]
    """How much of the recording has been listened to."""
    percent: Mapped[int]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class Tagging(Table):
    """The tags of a check-in, with the name of what made them."""

    __tablename__ = "taggings"

    check_in_id: Mapped[UUID] = mapped_column(ForeignKey("check_ins.id", ondelete="CASCADE"), primary_key=True)
    tagger: Mapped[str] = mapped_column(String(64))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class CorrectionRow(Table):
    """What the speaker said about the tags; `number` grows within a check-in."""

    __tablename__ = "corrections"
    __table_args__ = (UniqueConstraint("check_in_id", "number"),)

    check_in_id: Mapped[UUID] = mapped_column(ForeignKey("check_ins.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int]
    created_at: Mapped[datetime]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class Tombstone(Table):
    """A check-in that was deleted: an upload that arrives late does not bring it back."""

    __tablename__ = "tombstones"

    check_in_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    deleted_at: Mapped[datetime]
