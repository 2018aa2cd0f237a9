"""What happened, what was asked for, and how much was done."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from schemas.access import AccessAction
from schemas.change import ChangeType
from schemas.check_in import CheckInState
from schemas.export import ExportState
from store.tables.base import Table


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


class Access(Table):
    """One entry of an account's access log: who did what to what. Each holds the digest of the one before it."""

    __tablename__ = "accesses"
    __table_args__ = (Index("ix_accesses_subject", "account_id", "subject_id"),)

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    action: Mapped[AccessAction]
    session_id: Mapped[UUID | None]
    """Whose request it was; null for the system's own work."""
    subject_id: Mapped[UUID | None]
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))


class Export(Table):
    """Everything of an account as one file, asked for by its owner."""

    __tablename__ = "exports"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    state: Mapped[ExportState]
    percent: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime]
    attempt: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    """When somebody has to look again, as for check-ins."""
    audio_key: Mapped[str | None] = mapped_column(String(64), index=True)
    """Its file among the recordings."""
    size: Mapped[int | None]
    ready_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None] = mapped_column(index=True)


class DeletionReceipt(Table):
    """That an account was deleted, and what of it. Nothing in it tells whose it was."""

    __tablename__ = "deletion_receipts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    deleted_at: Mapped[datetime]
    check_ins: Mapped[int]
    recordings: Mapped[int]


class Identity(Table):
    """One row that tells this database from any other: a folder of recordings belongs to one database."""

    __tablename__ = "identity"

    id: Mapped[UUID] = mapped_column(primary_key=True)


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
