"""Erasure of an account: its key is destroyed, its rows and files go, and a receipt stays that tells of nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import delete, select

from schemas.errors import AccountNotFound
from store.database import DatabaseSession
from store.tables import Account, AccountKey, CheckIn, DeletionReceipt, Export, Upload, UploadPart


@dataclass(frozen=True)
class Erased:
    """What went, and the files that are the caller's to delete after the commit."""

    receipt: DeletionReceipt
    recordings: Sequence[str]
    """Keys of recordings and exports."""
    parts: Sequence[str]
    """Keys of parts of uploads."""


class Erasure:
    """A job that is still at work finds neither row nor key: whatever it brings is dropped."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    def erase(self, account_id: UUID, *, now: datetime) -> Erased:
        """Everything of an account, in this transaction. Raises AccountNotFound."""
        self._wait_for_others(account_id)
        account = self._session.get(Account, account_id, with_for_update=True)
        if account is None:
            raise AccountNotFound
        check_ins = self._session.execute(
            select(CheckIn.audio_key, CheckIn.audio_deleted_at).where(CheckIn.account_id == account_id)
        ).all()
        kept = [key for key, deleted_at in check_ins if deleted_at is None]
        exports = self._session.scalars(
            select(Export.audio_key).where(Export.account_id == account_id, Export.audio_key.is_not(None))
        )
        parts = self._session.scalars(
            select(UploadPart.key)
            .join(Upload, Upload.id == UploadPart.upload_id)
            .where(Upload.account_id == account_id)
        ).all()
        files = [*kept, *(key for key in exports if key)]
        receipt = DeletionReceipt(id=uuid4(), deleted_at=now, check_ins=len(check_ins), recordings=len(kept))
        self._session.execute(delete(AccountKey).where(AccountKey.account_id == account_id))
        self._session.execute(delete(Account).where(Account.id == account_id))
        self._session.add(receipt)
        self._session.flush()
        return Erased(receipt, files, parts)

    def _wait_for_others(self, account_id: UUID) -> None:
        """Whoever writes locks first what they work on, then the account: in another order both would wait for ever."""
        for worked_on in (CheckIn, Upload):
            query = select(worked_on.id).where(worked_on.account_id == account_id).order_by(worked_on.id)
            self._session.execute(query.with_for_update()).all()

    def receipt(self, receipt_id: UUID) -> DeletionReceipt | None:
        """A receipt, for whoever holds its id."""
        return self._session.get(DeletionReceipt, receipt_id)
