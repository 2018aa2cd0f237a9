"""Audit: whether the chain of every access log fits. Nothing is then missing or changed, unless it was made anew."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import select

from schemas.errors import AccountNotFound
from store.opening import Store
from store.tables import Account

_PAGE = 500


def broken_logs(store: Store) -> Iterator[tuple[UUID, int]]:
    """Accounts whose log does not fit, each with the number of the first entry that is wrong or missing.

    Safe while everything runs: what looks broken is looked at again while nobody can write to it.
    """
    for account_id in _accounts(store):
        with store.reading() as reading:
            number = reading.accesses.first_broken(account_id)
        if number is not None and (number := _first_broken_at_rest(store, account_id)) is not None:
            yield account_id, number


def _accounts(store: Store) -> Iterator[UUID]:
    last: UUID | None = None
    while page := _page(store, last):
        yield from page
        last = page[-1]


def _page(store: Store, last: UUID | None) -> Sequence[UUID]:
    query = select(Account.id).order_by(Account.id).limit(_PAGE)
    with store.database.reading() as session:
        return session.scalars(query if last is None else query.where(Account.id > last)).all()


def _first_broken_at_rest(store: Store, account_id: UUID) -> int | None:
    try:
        with store.unit_of_work() as work:
            work.accounts.lock(account_id)
            return work.accesses.first_broken(account_id)
    except AccountNotFound:
        return None
