"""Check-ins as their owner sees them, and the one way in which their state moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, delete, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from schemas.change import ChangeType
from schemas.check_in import ALLOWED_TRANSITIONS, SETTLED_STATES, CheckInCreate, CheckInState
from schemas.errors import (
    CheckInDeleted,
    CheckInIdTaken,
    CheckInNotFound,
    CheckInUnsettled,
    RecordingDeleted,
    TransitionNotAllowed,
)
from schemas.recording import RecordingFormat
from store.changes import Changes
from store.database import DatabaseSession
from store.stages import TAG, TRANSCRIBE, Stage
from store.tables import CheckIn, PartialTranscript, Tombstone


@dataclass(frozen=True)
class StoredRecording:
    """A recording that is durable in the audio store."""

    key: str
    format: RecordingFormat
    size: int
    sha256: str
    seconds: float | None


class CheckIns:
    """Every read is on behalf of an account: what is not theirs is not there."""

    def __init__(self, session: DatabaseSession, changes: Changes) -> None:
        self._session = session
        self._changes = changes

    def add(
        self, account_id: UUID, create: CheckInCreate, recording: StoredRecording, *, now: datetime
    ) -> tuple[CheckIn, bool]:
        """Accept a recording, once: (check-in, whether it is new).

        Raises CheckInIdTaken where the id has other bytes (or another owner, which looks the same), CheckInDeleted
        where it was deleted before.
        """
        if (known := self._session.get(CheckIn, create.id)) is not None:
            return _same(known, account_id, recording), False
        # In this order: PostgreSQL lets each look see what was committed in between, a deletion for one.
        if (tombstone := self._session.get(Tombstone, create.id)) is not None:
            raise CheckInDeleted if tombstone.account_id == account_id else CheckInIdTaken
        check_in = _new(account_id, create, recording, now=now)
        try:
            with self._session.begin_nested():
                self._session.add(check_in)
        except IntegrityError:  # another request with this id was faster
            known = self._session.get(CheckIn, create.id, populate_existing=True)
            if known is None:  # and has deleted it since
                raise CheckInDeleted from None
            return _same(known, account_id, recording), False
        self._changes.record(
            account_id, ChangeType.CHECK_IN_MOVED, check_in_id=check_in.id, state=check_in.state, at=now
        )
        return check_in, True

    def check_free(self, account_id: UUID, check_in_id: UUID) -> None:
        """Whether the account may send a recording under this id. Raises CheckInIdTaken, CheckInDeleted."""
        known = self._session.get(CheckIn, check_in_id)
        tombstone = None if known else self._session.get(Tombstone, check_in_id)
        if tombstone is not None:
            raise CheckInDeleted if tombstone.account_id == account_id else CheckInIdTaken
        if known is not None and known.account_id != account_id:
            raise CheckInIdTaken

    def get_for(self, account_id: UUID, check_in_id: UUID, *, lock: bool = False) -> CheckIn:
        """Raises CheckInNotFound for what is not there and for what is another's. `lock`: nobody else writes it now."""
        check_in = self._session.get(CheckIn, check_in_id, with_for_update=lock or None)
        if check_in is None or check_in.account_id != account_id:
            raise CheckInNotFound
        return check_in

    def list_for(self, account_id: UUID, *, before: tuple[datetime, UUID] | None, limit: int) -> Sequence[CheckIn]:
        """Newest recording first, from just before a place in that order."""
        query = select(CheckIn).where(CheckIn.account_id == account_id)
        if before is not None:
            query = query.where(tuple_(CheckIn.recorded_at, CheckIn.id) < tuple_(*before))
        query = query.order_by(CheckIn.recorded_at.desc(), CheckIn.id.desc())
        return self._session.scalars(query.limit(limit)).all()

    def all_ids(self, account_id: UUID) -> Sequence[UUID]:
        """Ids of all of an account, oldest recording first."""
        query = select(CheckIn.id).where(CheckIn.account_id == account_id)
        return self._session.scalars(query.order_by(CheckIn.recorded_at, CheckIn.id)).all()

    def with_recording(self, account_id: UUID) -> Sequence[UUID]:
        """Ids of those of an account whose recording has not been deleted."""
        query = select(CheckIn.id).where(CheckIn.account_id == account_id, CheckIn.audio_deleted_at.is_(None))
        return self._session.scalars(query).all()

    def delete_for(self, account_id: UUID, check_in_id: UUID, *, now: datetime) -> CheckIn:
        """Remove all rows of a check-in and leave a tombstone. Its file is the caller's to delete afterwards."""
        check_in = self.get_for(account_id, check_in_id)
        gone = delete(CheckIn).where(CheckIn.id == check_in_id).returning(CheckIn.id)
        if self._session.execute(gone.execution_options(synchronize_session=False)).one_or_none() is None:
            raise CheckInNotFound  # somebody else was faster
        self._session.add(Tombstone(check_in_id=check_in_id, account_id=account_id, deleted_at=now))
        self._changes.record(account_id, ChangeType.CHECK_IN_DELETED, check_in_id=check_in_id, state=None, at=now)
        return check_in

    def run_again(self, account_id: UUID, check_in_id: UUID, *, now: datetime, **changed: str | None) -> CheckIn:
        """Back to the beginning. What was heard before stays readable until there is something newer.

        `changed` holds a new `language` (None: detect it) where it is another: what was heard before a failure is then
        heard anew. Raises CheckInUnsettled while a run is still going on, RecordingDeleted.
        """
        if self.get_for(account_id, check_in_id).audio_deleted_at:
            raise RecordingDeleted
        check_in = self._start_again(TRANSCRIBE, SETTLED_STATES, account_id, check_in_id, now=now, **changed)
        if "language" in changed:
            self._session.execute(delete(PartialTranscript).where(PartialTranscript.check_in_id == check_in_id))
        return check_in

    def tag_again(self, account_id: UUID, check_in_id: UUID, *, now: datetime) -> CheckIn:
        """Back to where tags are made: the transcript was edited. Raises CheckInUnsettled while a run is going on."""
        with_transcript = frozenset({CheckInState.READY, CheckInState.FAILED})
        return self._start_again(TAG, with_transcript, account_id, check_in_id, now=now)

    def _start_again(
        self,
        stage: Stage,
        states: frozenset[CheckInState],
        account_id: UUID,
        check_in_id: UUID,
        *,
        now: datetime,
        **changed: str | None,
    ) -> CheckIn:
        check_in = self.get_for(account_id, check_in_id)
        same = CheckIn.state == check_in.state
        if stage is TRANSCRIBE:  # it may be expiring at this moment
            same &= CheckIn.audio_deleted_at.is_(None)
        moved = check_in.state in states and self.move_to(
            stage.waiting,
            check_in,
            where=same,
            now=now,
            due_at=now,
            requested_at=now,
            tries=0,
            failure_reason=None,
            **changed,
        )
        if not moved:
            raise CheckInUnsettled
        return check_in

    def move_to(
        self,
        state: CheckInState,
        check_in: CheckIn,
        *,
        where: ColumnElement[bool],
        now: datetime,
        **values: Any,
    ) -> bool:
        """Move a check-in along the allowed graph if `where` still holds in the database, and tell of it.

        False where it no longer holds. Raises TransitionNotAllowed for a way that is not on the graph.
        """
        if state not in ALLOWED_TRANSITIONS[check_in.state]:
            raise TransitionNotAllowed(f"{check_in.state} to {state}")
        check_in_id, account_id = check_in.id, check_in.account_id
        moved = self._session.execute(
            update(CheckIn)
            .where(CheckIn.id == check_in_id, CheckIn.state == check_in.state, where)
            .values(state=state, updated_at=now, **values)
            .returning(CheckIn.id)
            .execution_options(synchronize_session=False)
        ).one_or_none()
        if moved is None:
            return False
        self._session.expire(check_in)
        self._changes.record(account_id, ChangeType.CHECK_IN_MOVED, check_in_id=check_in_id, state=state, at=now)
        return True


def _new(account_id: UUID, create: CheckInCreate, recording: StoredRecording, *, now: datetime) -> CheckIn:
    return CheckIn(
        id=create.id,
        account_id=account_id,
        kind=create.kind,
        state=TRANSCRIBE.waiting,
        recorded_at=create.recorded_at,
        time_zone=create.time_zone,
        local_day=create.recorded_at.astimezone(ZoneInfo(create.time_zone)).date(),
        language=create.language,
        audio_key=recording.key,
        audio_format=recording.format,
        audio_size=recording.size,
        audio_sha256=recording.sha256,
        audio_seconds=recording.seconds,
        attempt=0,
        tries=0,
        due_at=now,
        requested_at=now,
        created_at=now,
        updated_at=now,
    )


def _same(known: CheckIn, account_id: UUID, recording: StoredRecording) -> CheckIn:
    if known.account_id != account_id or known.audio_sha256 != recording.sha256:
        raise CheckInIdTaken
    return known
