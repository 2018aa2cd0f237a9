"""Exports: everything of an account in one file, to take along."""

from enum import StrEnum
from uuid import UUID

from schemas.base import Schema, UtcDatetime


class ExportState(StrEnum):
    """How far an export has come."""

    WAITING = "waiting"
    MAKING = "making"
    READY = "ready"
    FAILED = "failed"


class ExportRead(Schema):
    """An export. Its file is a ZIP, at `/v1/exports/{id}/file` once it is ready."""

    id: UUID
    state: ExportState
    percent: int
    asked_at: UtcDatetime
    ready_at: UtcDatetime | None
    expires_at: UtcDatetime | None
    """When its file goes."""
    size: int | None
    """Bytes."""


class ExportList(Schema):
    """Newest first."""

    items: tuple[ExportRead, ...]
