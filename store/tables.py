"""The tables. Names are those of the domain; every moment is in UTC."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Enum, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from schemas.change import ChangeType
from schemas.check_in import CheckInKind, CheckInState, FailureReason
from schemas.recording import RecordingFormat
from store.columns import Said, UtcDateTime


def _values(kinds: type[StrEnum]) -> list[str]:
    """Stored as their values: what stands in the database is what travels."""
    return [kind.value for kind in kinds]


class Table(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's way
        datetime: UtcDateTime,
        str: String(255),
        StrEnum: Enum(StrEnum, native_enum=False, length=64, values_callable=_values),
    }


class Account(Table):
    """Somebody who can sign in. `last_cursor` is the cursor of the newest change.

    `languages` are codes with a space between; `vocabulary` is a list of names, none where it is null.
    """

    __tablename__ = "accounts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    created_at: Mapped[datetime]
    last_cursor: Mapped[int] = mapped_column(default=0)
    languages: Mapped[str] = mapped_column(default="", server_default="")
    vocabulary: Mapped[Any | None] = mapped_column(Said)


class Session(Table):
    """A device signed in: the family of all tokens that grew from one sign-in."""

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    device_name: Mapped[str]
    created_at: Mapped[datetime]
    refreshed_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class TokenPurpose(StrEnum):
    """What a token is for."""

    ACCESS = "access"
    REFRESH = "refresh"


class Token(Table):
    """A bearer token, known by its SHA-256 alone. `replaced_at` is set when it has been exchanged."""

    __tablename__ = "tokens"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[TokenPurpose]
    parent: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    replaced_at: Mapped[datetime | None]


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
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class TranscriptRow(Table):
    """What was heard in a check-in."""

    __tablename__ = "transcripts"

    check_in_id: Mapped[UUID] = mapped_column(ForeignKey("check_ins.id", ondelete="CASCADE"), primary_key=True)
    transcript: Mapped[Any] = mapped_column(Said)


class PartialTranscript(Table):
    """What was heard so far of a recording that is being transcribed; gone once its transcription is over."""

    __tablename__ = "partial_transcripts"

    check_in_id: Mapped[UUID] = mapped_column(ForeignKey("check_ins.id", ondelete="CASCADE"), primary_key=True)
    seconds: Mapped[float]
    """How much of the recording has been listened to."""
    percent: Mapped[int]
    transcript: Mapped[Any] = mapped_column(Said)


class Tagging(Table):
    """The tags of a check-in, with the name of what made them."""

    __tablename__ = "taggings"

    check_in_id: Mapped[UUID] = mapped_column(ForeignKey("check_ins.id", ondelete="CASCADE"), primary_key=True)
    tagger: Mapped[str] = mapped_column(String(64))
    tags: Mapped[Any] = mapped_column(Said)


class CorrectionRow(Table):
    """What the speaker said about the tags; `number` grows within a check-in."""

    __tablename__ = "corrections"
    __table_args__ = (UniqueConstraint("check_in_id", "number"),)

    check_in_id: Mapped[UUID] = mapped_column(ForeignKey("check_ins.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int]
    created_at: Mapped[datetime]
    correction: Mapped[Any] = mapped_column(Said)


class Change(Table):
    """One entry of an account's feed.

    A progress has numbers alone: which segments of the partial transcript were new with it, `end_segment` exclusive.
    It goes with that transcript.
    """

    __tablename__ = "changes"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    cursor: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[ChangeType]
    at: Mapped[datetime]
    check_in_id: Mapped[UUID]
    state: Mapped[CheckInState | None]
    partial_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("partial_transcripts.check_in_id", ondelete="CASCADE"), index=True
    )
    percent: Mapped[int | None]
    first_segment: Mapped[int | None]
    end_segment: Mapped[int | None]


class Identity(Table):
    """One row that tells this database from any other: a folder of recordings belongs to one database."""

    __tablename__ = "identity"

    id: Mapped[UUID] = mapped_column(primary_key=True)


class Tombstone(Table):
    """A check-in that was deleted: an upload that arrives late does not bring it back."""

    __tablename__ = "tombstones"

    check_in_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    deleted_at: Mapped[datetime]


class StageTotal(Table):
    """Runs of a stage by outcome and by how long they took: the rows of a histogram."""

    __tablename__ = "stage_totals"
    __table_args__ = (UniqueConstraint("stage", "outcome", "at_most"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    stage: Mapped[str] = mapped_column(String(32))
    outcome: Mapped[str] = mapped_column(String(64))
    at_most: Mapped[float]
    """Upper bound of the bucket, in seconds."""
    runs: Mapped[int] = mapped_column(default=0)
    seconds: Mapped[float] = mapped_column(default=0.0)
