"""The vault: the key of each account, wrapped by the server's. Without it nothing a person said can be read."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from schemas.errors import AccountNotFound, ServerKeyMissing
from store.database import DatabaseSession
from store.sealing import Cipher, new_key
from store.server_keys import ServerKeys, WrappedKey
from store.tables import Account, AccountKey, CheckIn


class Vault:
    """Within one transaction: a key that has been destroyed is destroyed for whoever reads after its commit."""

    def __init__(self, session: DatabaseSession, keys: ServerKeys) -> None:
        self._session = session
        self._keys = keys
        self._ciphers: dict[UUID, Cipher] = {}

    def make(self, account_id: UUID, *, now: datetime) -> None:
        """Give a new account its key. Raises ServerKeyMissing, also where another's is: these are not our keys then."""
        self.check_all_there()
        wrapped = self._keys.wrap(new_key(), bound_to=account_id.bytes)
        self._session.add(
            AccountKey(account_id=account_id, server_key_id=wrapped.server_key_id, wrapped=wrapped.wrapped, made_at=now)
        )
        self._session.flush()

    def of(self, account_id: UUID) -> Cipher:
        """Raises AccountNotFound where it is gone, ServerKeyMissing, SealBroken."""
        if account_id not in self._ciphers:
            row = self._session.get(AccountKey, account_id)
            if row is None:
                raise AccountNotFound
            key = self._keys.unwrap(WrappedKey(row.server_key_id, row.wrapped), bound_to=account_id.bytes)
            self._ciphers[account_id] = Cipher(account_id, key)
        return self._ciphers[account_id]

    def of_check_in(self, check_in_id: UUID) -> Cipher:
        """That of the account a check-in belongs to. Raises as `of` does."""
        account_id = self._session.scalar(select(CheckIn.account_id).where(CheckIn.id == check_in_id))
        if account_id is None:
            raise AccountNotFound
        return self.of(account_id)

    def without_key(self, *, limit: int) -> Sequence[UUID]:
        """Accounts from before there were keys."""
        query = select(Account.id).outerjoin(AccountKey).where(AccountKey.account_id.is_(None))
        return self._session.scalars(query.limit(limit)).all()

    def wrapped_by_others(self, *, limit: int) -> Sequence[UUID]:
        """Accounts whose key is wrapped by another than the current server key."""
        query = select(AccountKey.account_id).where(AccountKey.server_key_id != self._keys.current_id())
        return self._session.scalars(query.limit(limit)).all()

    def check_all_there(self) -> None:
        """Whether every server key that is needed can be had. Raises ServerKeyMissing."""
        known = self._keys.known_ids()
        for server_key_id in self.server_key_ids() if known is not None else ():
            if server_key_id not in (known or ()):
                raise ServerKeyMissing(f"Server key {server_key_id} is not there")

    def server_key_ids(self) -> Sequence[str]:
        """Server keys that wrap the key of any account."""
        return self._session.scalars(select(AccountKey.server_key_id).distinct()).all()

    def wrap_again(self, account_id: UUID) -> None:
        """Wrap the key of an account with the current server key. Raises as `of` does."""
        row = self._session.get(AccountKey, account_id, with_for_update=True)
        if row is None:
            return
        bound_to = account_id.bytes
        before = WrappedKey(row.server_key_id, row.wrapped)
        after = self._keys.wrap(self._keys.unwrap(before, bound_to=bound_to), bound_to=bound_to)
        self._session.execute(
            update(AccountKey)
            .where(AccountKey.account_id == account_id, AccountKey.wrapped == before.wrapped)
            .values(server_key_id=after.server_key_id, wrapped=after.wrapped)
        )
