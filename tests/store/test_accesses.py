"""The access log: each entry holds on to the one before it, and whatever is done to them shows."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import ColumnElement, Connection, delete, select, update

from schemas.access import AccessAction
from schemas.errors import AccountNotFound
from store.accesses import ONCE_WITHIN, digest
from store.opening import Store
from store.tables import Access, Account
from tests.conftest import FakeClock
from tests.making import make_account

COUNT = 6


@pytest.fixture
def account_id(store: Store, clock: FakeClock) -> UUID:
    """Somebody with six entries: the first is that of the sign-up."""
    account_id = make_account(store)
    for _ in range(COUNT - 1):
        clock.advance(seconds=1.000001)
        record(store, account_id)
    return account_id


def record(store: Store, account_id: UUID, action: AccessAction = AccessAction.CHECK_IN_READ) -> None:
    """Add an entry."""
    with store.unit_of_work() as work:
        work.accesses.record(account_id, action, session_id=uuid4(), subject_id=uuid4(), now=store.clock())


def entries(store: Store, account_id: UUID) -> list[Access]:
    """Oldest first."""
    with store.reading() as reading:
        return list(reading.accesses.before(account_id, None))[::-1]


def first_broken(store: Store, account_id: UUID) -> int | None:
    """Where the chain does not hold."""
    with store.reading() as reading:
        return reading.accesses.first_broken(account_id)


def test_a_log_that_nobody_touched_verifies(store: Store, account_id: UUID) -> None:
    """Numbers from one, without a gap; another's log is a chain of its own, even an empty one is whole."""
    other = make_account(store, "sam@example.org")
    record(store, other)

    assert [entry.number for entry in entries(store, account_id)] == list(range(1, COUNT + 1))
    assert [entry.number for entry in entries(store, other)] == [1, 2]
    assert (first_broken(store, account_id), first_broken(store, other), first_broken(store, uuid4())) == (None,) * 3


def test_anybody_can_check_it_from_what_it_says(store: Store, account_id: UUID) -> None:
    """The digest of an entry is that of the one before it and its own words, from 32 zero bytes on."""
    before = bytes(32)
    for entry in entries(store, account_id):
        assert entry.digest == digest(entry, before)
        before = entry.digest


def _change(column: str, value: object) -> Callable[[Connection, UUID, int], object]:
    def change(connection: Connection, account_id: UUID, number: int) -> object:
        return connection.execute(update(Access).where(*_at(account_id, number)).values({column: value}))

    return change


def _remove(connection: Connection, account_id: UUID, number: int) -> object:
    return connection.execute(delete(Access).where(*_at(account_id, number)))


def _remove_and_close_the_gap(connection: Connection, account_id: UUID, number: int) -> None:
    _remove(connection, account_id, number)
    for later in range(number + 1, COUNT + 1):
        connection.execute(update(Access).where(*_at(account_id, later)).values(number=later - 1))
    connection.execute(update(Account).where(Account.id == account_id).values(last_access=COUNT - 1))


def _reorder(connection: Connection, account_id: UUID, number: int) -> None:
    other = number + 1 if number < COUNT else number - 1
    for source, target in ((number, 1_000), (other, number), (1_000, other)):
        connection.execute(update(Access).where(*_at(account_id, source)).values(number=target))


def _take_from_another(connection: Connection, account_id: UUID, number: int) -> None:
    other = connection.scalar(select(Account.id).where(Account.id != account_id))
    _remove(connection, account_id, number)
    values = {"account_id": account_id, "number": number}
    connection.execute(update(Access).where(Access.account_id == other, Access.number == 1).values(values))


def _at(account_id: UUID, number: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (Access.account_id == account_id, Access.number == number)


TAMPERINGS: dict[str, Callable[[Connection, UUID, int], object]] = {
    "another time": _change("at", datetime(2026, 1, 1, tzinfo=UTC)),
    "another action": _change("action", AccessAction.EXPORT_MADE),
    "another device": _change("session_id", uuid4()),
    "no device": _change("session_id", None),
    "another subject": _change("subject_id", uuid4()),
    "another digest": _change("digest", bytes(32)),
    "another number": _change("number", 99),
    "removed": _remove,
    "removed without a gap": _remove_and_close_the_gap,
    "reordered": _reorder,
    "taken from another log": _take_from_another,
}


@pytest.mark.parametrize("number", [1, 3, COUNT])
@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_whatever_is_done_to_an_entry_is_found(store: Store, account_id: UUID, tampering: str, number: int) -> None:
    """The first, one in the middle, and the last."""
    if (tampering, number) == ("no device", 1):
        return  # the sign-up has none
    make_account(store, "sam@example.org")
    with store.database.engine.begin() as connection:
        TAMPERINGS[tampering](connection, account_id, number)

    broken = first_broken(store, account_id)

    if (tampering, number) == ("removed without a gap", COUNT):
        assert broken is None, "who can take away the end and the count of it can take away the end"
    else:
        earlier = {"reordered": COUNT - 1}.get(tampering, number) if number == COUNT else number
        assert broken == earlier


def test_an_entry_that_is_put_in_is_found(store: Store, account_id: UUID) -> None:
    """Even with a digest that fits the one before it: the count does not."""
    last = entries(store, account_id)[-1]
    forged = Access(
        account_id=account_id, number=COUNT + 1, at=last.at, action=AccessAction.SIGNED_IN, session_id=uuid4()
    )
    forged.digest = digest(forged, last.digest)
    with store.unit_of_work() as work:
        work._session.add(forged)

    assert first_broken(store, account_id) == COUNT + 2


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_many_at_once_leave_no_gap(store: Store, account_id: UUID) -> None:
    """Each waits for the one before it to be committed, those that are taken back included."""

    def record_or_not(number: int) -> None:
        try:
            with store.unit_of_work() as work:
                work.accesses.record(account_id, AccessAction.CHECK_IN_READ, now=store.clock())
                _ = 1 / (number % 3)
        except ZeroDivisionError:
            return

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(record_or_not, range(60)))

    assert [entry.number for entry in entries(store, account_id)] == list(range(1, COUNT + 41))
    assert first_broken(store, account_id) is None


def test_reading_again_soon_is_known(store: Store, clock: FakeClock) -> None:
    """The same thing, the same device, within ten minutes; whatever differs is another access."""
    account_id, session_id, subject_id = make_account(store), uuid4(), uuid4()
    reading_it = {"session_id": session_id, "subject_id": subject_id}
    with store.unit_of_work() as work:
        work.accesses.record(account_id, AccessAction.CHECK_IN_READ, now=clock(), **reading_it)

    def known(account: UUID, action: AccessAction = AccessAction.CHECK_IN_READ, **changed: UUID) -> bool:
        with store.reading() as reading:
            return reading.accesses.is_known(account, action, now=clock(), **reading_it | changed)

    clock.advance(seconds=ONCE_WITHIN.total_seconds() - 1)
    assert known(account_id)
    assert not known(account_id, AccessAction.RECORDING_PLAYED)
    assert not known(account_id, session_id=uuid4())
    assert not known(account_id, subject_id=uuid4())
    assert not known(uuid4())
    clock.advance(seconds=1)
    assert not known(account_id)


def test_pages_go_back_from_a_number(store: Store, account_id: UUID) -> None:
    """Newest first, and nothing twice."""
    with store.reading() as reading:
        page = reading.accesses.before(account_id, None, limit=4)
        rest = reading.accesses.before(account_id, page[-1].number, limit=4)

    assert [entry.number for entry in [*page, *rest]] == [6, 5, 4, 3, 2, 1]
    assert page[0].at - page[1].at == timedelta(seconds=1.000001)


def test_there_is_no_log_of_an_account_that_is_gone(store: Store, account_id: UUID) -> None:
    """Whoever looked at something while it was deleted is told so."""
    with store.unit_of_work() as work:
        work.erasure.erase(account_id, now=store.clock())

    with pytest.raises(AccountNotFound):
        record(store, account_id)
    assert entries(store, account_id) == []
