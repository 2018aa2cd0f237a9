"""Recordings on their way, and requests that were sent before."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from schemas.check_in import CheckInKind
from store.tables.base import Table


class Upload(Table):
    """A recording that arrives in parts. `received` equals `length` once its check-in is there, and never before."""

    __tablename__ = "uploads"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    check_in_id: Mapped[UUID] = mapped_column(index=True)
    kind: Mapped[CheckInKind]
    recorded_at: Mapped[datetime]
    time_zone: Mapped[str] = mapped_column(String(64))
    language: Mapped[str | None] = mapped_column(String(8))
    length: Mapped[int]
    """Bytes of the whole."""
    received: Mapped[int] = mapped_column(default=0)
    """Bytes that are safe."""
    lease: Mapped[UUID | None]
    """Of the one request that may write now."""
    leased_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class UploadPart(Table):
    """What one request brought: a sealed file of its own, of which `size` bytes of content count."""

    __tablename__ = "upload_parts"

    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True)
    start: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int]


class IdempotencyKey(Table):
    """A request that made something (Idempotency-Key): sent again, it makes nothing more."""

    __tablename__ = "idempotency_keys"

    scope: Mapped[str] = mapped_column(String(80), primary_key=True)
    """The account, or what is asked for by people who are not signed in."""
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))
    made: Mapped[UUID]
    """Id of what came of it."""
    made_at: Mapped[datetime] = mapped_column(index=True)
