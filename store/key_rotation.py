"""Rotation: which server key wraps whose, how all come under the current one, and how the others go."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select, text

from schemas.errors import SealBroken, ServerKeyMissing
from store.database import Database
from store.opening import Store
from store.server_keys import ServerKeys, drop_keys
from store.tables import AccountKey
from store.unit_of_work import unit_of_work
from store.vault import Vault

BATCH = 200
"""Accounts between two words about how far it is."""


@dataclass(frozen=True)
class KeyUse:
    """A server key that wraps the keys of accounts."""

    server_key_id: str
    accounts: int
    opens: bool
    """Whether one of them could be unwrapped."""


def key_uses(database: Database, keys: ServerKeys) -> Sequence[KeyUse]:
    """Every server key that is needed, whether it is there or not."""
    counted = select(AccountKey.server_key_id, func.count()).group_by(AccountKey.server_key_id)
    with database.reading() as session:
        vault = Vault(session, keys)
        uses = []
        for server_key_id, accounts in session.execute(counted.order_by(AccountKey.server_key_id)).all():
            one = select(AccountKey.account_id).where(AccountKey.server_key_id == server_key_id).limit(1)
            account_id = session.scalar(one)
            uses.append(KeyUse(server_key_id, accounts, account_id is None or _opens(vault, account_id)))
        return uses


def wrap_all_again(store: Store, *, on_progress: Callable[[int], None]) -> int:
    """Wrap the key of every account with the current server key, while everything runs.

    Each is a transaction of its own: whoever is interrupted begins again with what is left. Calls `on_progress` with
    how many are done. Returns how many are left, as the key that wraps theirs is missing or does not open.
    """
    tried: set[UUID] = set()
    failed = 0
    while batch := _others(store, tried, limit=BATCH + failed):
        for account_id in batch:
            tried.add(account_id)
            try:
                with store.unit_of_work() as work:
                    work.vault.wrap_again(account_id)
            except (ServerKeyMissing, SealBroken):
                failed += 1
        on_progress(len(tried) - failed)
    return failed


def drop_unused(store: Store, file: Path) -> int:
    """Remove from a file the server keys that wrap nothing, and never the first; returns how many went.

    Nobody gives an account its key meanwhile: one that an older server key had just wrapped would be lost.
    """
    session = store.database.writing()
    with unit_of_work(lambda: session, store.wake_ups, store.rules, store.keys) as work:
        if store.database.engine.dialect.name == "postgresql":  # SQLite has one writer at a time
            session.execute(text("LOCK TABLE account_keys IN SHARE ROW EXCLUSIVE MODE"))
        return drop_keys(file, but=work.vault.server_key_ids())


def _others(store: Store, tried: set[UUID], *, limit: int) -> Sequence[UUID]:
    with store.reading() as reading:
        return [found for found in reading.vault.wrapped_by_others(limit=limit) if found not in tried]


def _opens(vault: Vault, account_id: UUID) -> bool:
    try:
        vault.of(account_id)
    except (ServerKeyMissing, SealBroken):
        return False
    return True
