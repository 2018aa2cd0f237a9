"""The access log of every account is looked through, and what was changed is found."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, event, update

from schemas.access import AccessAction
from store.audit import broken_logs
from store.opening import Store
from store.tables import Access, Account
from tests.making import make_account


def note(store: Store, account_id: UUID, *, times: int) -> None:
    """Somebody does something."""
    with store.unit_of_work() as work:
        for _ in range(times):
            work.accesses.record(account_id, AccessAction.ACCOUNT_CHANGED, now=store.clock())


def test_what_was_changed_is_told_with_its_number(store: Store) -> None:
    """Altered, taken out, cut off at the end: each account by its id, and those that are whole not at all."""
    whole, altered, hole, cut = (make_account(store, f"{name}@example.org") for name in "abcd")
    for account_id in (whole, altered, hole, cut):
        note(store, account_id, times=4)
    assert list(broken_logs(store)) == []
    with store.unit_of_work() as work:
        session = work._session
        later = update(Access).values(at=store.clock() + timedelta(days=1))
        session.execute(later.where(Access.account_id == altered, Access.number == 3))
        session.execute(delete(Access).where(Access.account_id == hole, Access.number == 2))
        session.execute(delete(Access).where(Access.account_id == cut, Access.number == 5))

    assert dict(broken_logs(store)) == {altered: 3, hole: 2, cut: 5}


def test_an_entry_that_is_made_meanwhile_breaks_nothing(store: Store) -> None:
    """It comes between the reading of the entries and of their count."""
    kim = make_account(store)
    made: list[int] = []

    def interfere(*given: object) -> None:
        if str(given[2]).startswith("SELECT accounts.last_access") and not made:
            made.append(1)
            note(store, kim, times=1)

    event.listen(store.database.engine, "before_cursor_execute", interfere)
    try:
        assert list(broken_logs(store)) == []
    finally:
        event.remove(store.database.engine, "before_cursor_execute", interfere)
    assert made


def test_every_page_of_accounts_is_looked_at(store: Store, monkeypatch: object) -> None:
    """More accounts than fit into a page."""
    monkeypatch.setattr("store.audit._PAGE", 2)  # type: ignore[attr-defined]
    accounts = {make_account(store, f"{name}@example.org") for name in "abcde"}
    with store.unit_of_work() as work:
        work._session.execute(update(Account).values(last_access=7))

    assert {account_id for account_id, _ in broken_logs(store)} == accounts
