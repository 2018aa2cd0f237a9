"""Exports: everything of an account as one file. Claimed like check-ins: by an attempt that fences, with a lease."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, or_, select, update

from schemas.errors import ExportNotFound
from schemas.export import ExportState
from store.database import DatabaseSession
from store.tables import Export

LEASE = timedelta(seconds=60)
KEEPING = timedelta(minutes=15)
"""The least lease while its file goes to where recordings are kept, which may be a bucket far away."""
BYTES_A_SECOND = 1_000_000
"""That go to and fro at least: what is larger has a longer lease."""
LIFETIME = timedelta(days=7)
"""How long the file of an export stays."""
MAX_ATTEMPTS = 3
_OPEN = (ExportState.WAITING, ExportState.MAKING)


@dataclass(frozen=True)
class ExportClaim:
    """The right to make an export, as the attempt-th to do so."""

    export_id: UUID
    account_id: UUID
    attempt: int


class Exports:
    """Every read is on behalf of an account: what is not theirs is not there."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    def open_for(self, account_id: UUID) -> Export | None:
        """One that was asked for and is not there yet."""
        query = select(Export).where(Export.account_id == account_id, Export.state.in_(_OPEN))
        return self._session.scalar(query.limit(1))

    def ask(self, account_id: UUID, *, export_id: UUID, now: datetime) -> Export:
        """One that is open already is the one that was asked for. Call with the account locked."""
        if (open_ := self.open_for(account_id)) is not None:
            return open_
        export = Export(
            id=export_id,
            account_id=account_id,
            state=ExportState.WAITING,
            percent=0,
            asked_at=now,
            attempt=0,
            due_at=now,
        )
        self._session.add(export)
        self._session.flush()
        return export

    def get_for(self, account_id: UUID, export_id: UUID, *, now: datetime) -> Export:
        """Raises ExportNotFound for what is not there, has expired, or is another's."""
        export = self.find_for(account_id, export_id, now=now)
        if export is None:
            raise ExportNotFound
        return export

    def find_for(self, account_id: UUID, export_id: UUID, *, now: datetime) -> Export | None:
        """The same; None where there is none."""
        export = self._session.get(Export, export_id)
        if export is None or export.account_id != account_id or (export.expires_at and export.expires_at <= now):
            return None
        return export

    def list_for(self, account_id: UUID, *, now: datetime) -> Sequence[Export]:
        """Newest first, without those that have expired."""
        alive = or_(Export.expires_at.is_(None), Export.expires_at > now)
        query = select(Export).where(Export.account_id == account_id, alive).order_by(Export.asked_at.desc())
        return self._session.scalars(query.limit(50)).all()

    def take(self, *, now: datetime) -> ExportClaim | None:
        """Take up the one that waits longest; one whose worker was lost too often is failed on the way."""
        due = select(Export).where(Export.due_at <= now, Export.state.in_(_OPEN)).order_by(Export.due_at)
        export = self._session.scalar(due.limit(1))
        if export is None:
            return None
        same = (Export.attempt == export.attempt) & (Export.due_at <= now)
        if export.attempt >= MAX_ATTEMPTS:
            self._fail(export.id, same, now=now)
            return None
        attempt = export.attempt + 1
        taken = self._update(export.id, same, state=ExportState.MAKING, attempt=attempt, percent=0, due_at=now + LEASE)
        return ExportClaim(export.id, export.account_id, attempt) if taken else None

    def progress(self, claim: ExportClaim, *, percent: int, now: datetime, lease: timedelta = LEASE) -> bool:
        """A sign of life. False where the claim is over: another has it, or the account is gone."""
        return self._update(claim.export_id, _held(claim), percent=percent, due_at=now + lease)

    def finish(self, claim: ExportClaim, *, key: str, size: int, now: datetime) -> bool:
        """Its file is there. False where the claim is over, and then the file is the caller's to delete."""
        return self._update(
            claim.export_id,
            _held(claim),
            state=ExportState.READY,
            percent=100,
            due_at=None,
            audio_key=key,
            size=size,
            ready_at=now,
            expires_at=now + LIFETIME,
        )

    def give_back(self, claim: ExportClaim, *, now: datetime) -> None:
        """It could not be made: again in a minute, or failed after the last attempt."""
        if claim.attempt >= MAX_ATTEMPTS:
            self._fail(claim.export_id, _held(claim), now=now)
        else:
            self._update(claim.export_id, _held(claim), state=ExportState.WAITING, due_at=now + LEASE)

    def delete_for(self, account_id: UUID, export_id: UUID, *, now: datetime) -> str | None:
        """Forget an export; returns the key of its file, if it has one. Raises ExportNotFound."""
        self.get_for(account_id, export_id, now=now)
        gone = delete(Export).where(Export.id == export_id).returning(Export.audio_key)
        return self._session.execute(gone.execution_options(synchronize_session=False)).scalar()

    def delete_all(self, account_id: UUID, *, but: UUID | None = None) -> Sequence[str]:
        """Forget those that are ready: they hold what is to be deleted now, or there is a newer one.

        Returns the keys of their files.
        """
        ready = (Export.account_id == account_id) & (Export.state == ExportState.READY)
        if but is not None:
            ready &= Export.id != but
        gone = self._session.execute(delete(Export).where(ready).returning(Export.audio_key))
        return [key for (key,) in gone if key]

    def delete_expired(self, *, now: datetime) -> Sequence[str]:
        """Forget those whose time is over; returns the keys of their files."""
        gone = self._session.execute(delete(Export).where(Export.expires_at <= now).returning(Export.audio_key))
        return [key for (key,) in gone if key]

    def _fail(self, export_id: UUID, condition: ColumnElement[bool], *, now: datetime) -> None:
        """It is shown as failed for as long as a file would stay."""
        self._update(export_id, condition, state=ExportState.FAILED, due_at=None, expires_at=now + LIFETIME)

    def _update(self, export_id: UUID, condition: ColumnElement[bool], **values: object) -> bool:
        moved = self._session.execute(
            update(Export)
            .where(Export.id == export_id, condition)
            .values(**values)
            .returning(Export.id)
            .execution_options(synchronize_session=False)
        ).one_or_none()
        return moved is not None


def lease_for(size: int, *, least: timedelta = LEASE) -> timedelta:
    """The lease of a step that moves so many bytes."""
    return least + timedelta(seconds=size / BYTES_A_SECOND)


def _held(claim: ExportClaim) -> ColumnElement[bool]:
    return (Export.attempt == claim.attempt) & (Export.state == ExportState.MAKING)
