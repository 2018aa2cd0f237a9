"""Retention: recordings go when their speaker wants them kept no longer, and never before their transcript is safe."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select, update

from schemas.access import AccessAction
from schemas.change import ChangeType
from schemas.check_in import SETTLED_STATES
from store.accesses import Accesses
from store.changes import Changes
from store.columns import days_before
from store.database import DatabaseSession
from store.exports import Exports
from store.tables import Account, CheckIn, TranscriptRow


class Retention:
    """What is over, and how it goes."""

    def __init__(self, session: DatabaseSession, changes: Changes, accesses: Accesses, exports: Exports) -> None:
        self._session = session
        self._changes = changes
        self._accesses = accesses
        self._exports = exports

    def due(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """Check-ins whose recording is to go, those first that were transcribed first."""
        latest = days_before(now, Account.keep_audio_days, dialect=self._session.get_bind().dialect.name)
        over = (
            select(CheckIn.id)
            .join(Account, CheckIn.account_id == Account.id)
            .where(Account.keep_audio_days.is_not(None), _over(latest))
            .order_by(CheckIn.transcribed_at)
        )
        return self._session.scalars(over.limit(limit)).all()

    def expire(self, check_in_id: UUID, *, now: datetime) -> Sequence[str]:
        """Let go of a recording, and of exports that hold it: keys of files, to be deleted after the commit.

        None where it is to stay after all: its speaker has changed their mind, or had it run again, since.
        """
        account = self._session.scalar(
            select(Account).join(CheckIn, CheckIn.account_id == Account.id).where(CheckIn.id == check_in_id)
        )
        if account is None or account.keep_audio_days is None:
            return ()
        gone = self._session.execute(
            update(CheckIn)
            .where(CheckIn.id == check_in_id, _over(now - timedelta(days=account.keep_audio_days)))
            .values(audio_deleted_at=now, updated_at=now)
            .returning(CheckIn.account_id, CheckIn.audio_key, CheckIn.state)
            .execution_options(synchronize_session=False)
        ).one_or_none()
        if gone is None:
            return ()
        account_id, key, state = gone
        self._changes.record(account_id, ChangeType.RECORDING_DELETED, check_in_id=check_in_id, state=state, at=now)
        self._accesses.record(account_id, AccessAction.RECORDING_EXPIRED, subject_id=check_in_id, now=now)
        return [str(key), *self._exports.delete_all(account_id)]


def _over(latest: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """It was transcribed then or earlier, and its transcript is safe."""
    return (
        (CheckIn.transcribed_at <= latest)
        & CheckIn.audio_deleted_at.is_(None)
        & CheckIn.state.in_(SETTLED_STATES)
        & exists().where(TranscriptRow.check_in_id == CheckIn.id)
    )
