"""The changes feed: every account has a cursor that only grows."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from schemas.change import ChangeType
from schemas.check_in import CheckInState
from store.database import DatabaseSession
from store.tables import Account, Change


@dataclass(frozen=True)
class Progressed:
    """A step of a transcription in numbers: how far it has come, and which segments of its partial are new."""

    partial_id: UUID
    percent: int
    first_segment: int
    end_segment: int
    """Exclusive."""


class Changes:
    """Reading and writing the feed. `on_change` learns of every account whose feed has grown."""

    def __init__(self, session: DatabaseSession, on_change: Callable[[UUID], None]) -> None:
        self._session = session
        self._on_change = on_change

    def record(
        self,
        account_id: UUID,
        type_: ChangeType,
        *,
        check_in_id: UUID,
        state: CheckInState | None,
        at: datetime,
        progressed: Progressed | None = None,
    ) -> None:
        """Add to the feed. The account's row is locked until the commit, so cursors appear in their order."""
        cursor = self._session.execute(
            update(Account)
            .where(Account.id == account_id)
            .values(last_cursor=Account.last_cursor + 1)
            .returning(Account.last_cursor)
        ).scalar_one()
        numbers = asdict(progressed) if progressed else {}
        self._session.add(
            Change(
                account_id=account_id, cursor=cursor, type=type_, at=at, check_in_id=check_in_id, state=state, **numbers
            )
        )
        self._on_change(account_id)

    def after(self, account_id: UUID, cursor: int, *, limit: int) -> Sequence[Change]:
        """Changes with a greater cursor, oldest first."""
        query = select(Change).where(Change.account_id == account_id, Change.cursor > cursor)
        return self._session.scalars(query.order_by(Change.cursor).limit(limit)).all()

    def last_cursor(self, account_id: UUID) -> int:
        """Cursor of the newest change; 0 where there is none."""
        return self._session.scalar(select(Account.last_cursor).where(Account.id == account_id)) or 0
