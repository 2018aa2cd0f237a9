"""The access log: who did what with what is somebody's own, each entry chained to the one before it.

An entry that is changed, or taken out of the middle, no longer fits the digests after it. Ids alone, never content.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy import select, update

from schemas.access import AccessAction
from schemas.errors import AccountNotFound
from store.database import DatabaseSession
from store.tables import Access, Account

ONCE_WITHIN = timedelta(minutes=10)
"""Reading the same thing again from the same device within this is one access: players ask for many ranges."""
READING = frozenset({AccessAction.CHECK_IN_READ, AccessAction.RECORDING_PLAYED, AccessAction.EXPORT_READ})
_BEGINNING = bytes(32)


class Accesses:
    """The log of each account."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    def record(
        self,
        account_id: UUID,
        action: AccessAction,
        *,
        now: datetime,
        session_id: UUID | None = None,
        subject_id: UUID | None = None,
    ) -> None:
        """Add an entry. The account's row is locked until the commit, so that each has one before it.

        Raises AccountNotFound where it has been deleted.
        """
        number = self._session.execute(
            update(Account)
            .where(Account.id == account_id)
            .values(last_access=Account.last_access + 1)
            .returning(Account.last_access)
        ).scalar_one_or_none()
        if number is None:
            raise AccountNotFound
        before = self._session.get(Access, (account_id, number - 1))
        entry = Access(
            account_id=account_id, number=number, at=now, action=action, session_id=session_id, subject_id=subject_id
        )
        entry.digest = digest(entry, before.digest if before else _BEGINNING)
        self._session.add(entry)
        self._session.flush()

    def is_known(
        self, account_id: UUID, action: AccessAction, *, session_id: UUID, subject_id: UUID, now: datetime
    ) -> bool:
        """Whether this reading stands in the log already."""
        query = select(Access.number).where(
            Access.account_id == account_id,
            Access.subject_id == subject_id,
            Access.session_id == session_id,
            Access.action == action,
            Access.at > now - ONCE_WITHIN,
        )
        return self._session.scalar(query.limit(1)) is not None

    def before(self, account_id: UUID, number: int | None, *, limit: int | None = None) -> Sequence[Access]:
        """Newest first, from just before a number; all of them without a limit."""
        query = select(Access).where(Access.account_id == account_id)
        if number is not None:
            query = query.where(Access.number < number)
        return self._session.scalars(query.order_by(Access.number.desc()).limit(limit)).all()

    def first_broken(self, account_id: UUID) -> int | None:
        """Number of the first entry that does not fit the one before it; None where all of them do."""
        expected, previous = 1, _BEGINNING
        query = select(Access).where(Access.account_id == account_id).order_by(Access.number)
        with self._session.scalars(query.execution_options(yield_per=500)) as entries:
            for entry in entries:
                if entry.number != expected or entry.digest != digest(entry, previous):
                    return expected
                expected, previous = expected + 1, entry.digest
        last = self._session.scalar(select(Account.last_access).where(Account.id == account_id)) or 0
        return None if last == expected - 1 else expected


def digest(entry: Access, before: bytes) -> bytes:
    """SHA-256 of the digest before it and of what the entry says."""
    said = [
        str(entry.account_id),
        entry.number,
        entry.at.astimezone(UTC).isoformat(),
        entry.action.value,
        str(entry.session_id),
        str(entry.subject_id),
    ]
    return sha256(before + json.dumps(said).encode()).digest()
