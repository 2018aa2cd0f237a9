"""Check-ins as their owner sees them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from schemas.check_in import CheckInState
from schemas.errors import (
    CheckInDeleted,
    CheckInIdTaken,
    CheckInNotFound,
    CheckInUnsettled,
    TransitionNotAllowed,
)
from store.opening import Store
from store.tables import CheckIn
from tests.making import make_account, make_check_in, make_create, make_recording


def test_the_same_id_with_the_same_bytes_is_the_same_check_in(store: Store) -> None:
    """The second time it is not new, and there is one change in the feed."""
    account_id, create = make_account(store), make_create()
    new = []
    for _ in range(2):
        with store.unit_of_work() as work:
            new.append(work.check_ins.add(account_id, create, make_recording(), now=store.clock())[1])

    assert new == [True, False]
    with store.reading() as reading:
        assert len(reading.changes.after(account_id, 0, limit=10)) == 1


def test_the_same_id_with_other_bytes_is_refused(store: Store) -> None:
    """Nothing of the first is changed."""
    account_id, create = make_account(store), make_create()
    with store.unit_of_work() as work:
        work.check_ins.add(account_id, create, make_recording(), now=store.clock())

    with pytest.raises(CheckInIdTaken), store.unit_of_work() as work:
        work.check_ins.add(account_id, create, make_recording(sha256="6" * 64), now=store.clock())


def test_an_id_of_somebody_else_looks_like_other_bytes(store: Store) -> None:
    """The answer does not tell whose it is."""
    create = make_create()
    with store.unit_of_work() as work:
        owner = work.accounts.add("owner@example.org", password_hash="-", now=store.clock())
        work.check_ins.add(owner.id, create, make_recording(), now=store.clock())

    stranger = make_account(store)
    with pytest.raises(CheckInIdTaken), store.unit_of_work() as work:
        work.check_ins.add(stranger, create, make_recording(), now=store.clock())


def test_twenty_at_once_make_one_check_in(store: Store) -> None:
    """Whoever is second reads what the first has written."""
    account_id, create = make_account(store), make_create()

    def add(_number: int) -> bool:
        with store.unit_of_work() as work:
            return work.check_ins.add(account_id, create, make_recording(), now=store.clock())[1]

    with ThreadPoolExecutor(8) as threads:
        new = list(threads.map(add, range(20)))

    assert sum(new) == 1
    with store.reading() as reading:
        assert [change.cursor for change in reading.changes.after(account_id, 0, limit=50)] == [1]


def test_the_local_day_is_fixed_where_it_was_recorded(store: Store) -> None:
    """Half past midnight in Auckland is still yesterday in London."""
    recorded_at = datetime(2026, 6, 2, 0, 30, tzinfo=ZoneInfo("Pacific/Auckland"))
    account_id = make_account(store)
    check_in_id = make_check_in(store, account_id, recorded_at=recorded_at, time_zone="Pacific/Auckland")

    with store.reading() as reading:
        check_in = reading.check_ins.get_for(account_id, check_in_id)

    assert check_in.local_day == date(2026, 6, 2)
    assert check_in.recorded_at == recorded_at


def test_what_is_anothers_is_not_there(store: Store) -> None:
    """Reading, deleting and running again say the same as for an id that does not exist."""
    check_in_id = make_check_in(store, make_account(store, "owner@example.org"))
    stranger = make_account(store)

    for looked_for in (check_in_id, uuid4()):
        with pytest.raises(CheckInNotFound), store.reading() as reading:
            reading.check_ins.get_for(stranger, looked_for)
        with pytest.raises(CheckInNotFound), store.unit_of_work() as work:
            work.check_ins.delete_for(stranger, looked_for, now=store.clock())
        with pytest.raises(CheckInNotFound), store.unit_of_work() as work:
            work.check_ins.run_again(stranger, looked_for, now=store.clock())


def test_a_deleted_check_in_stays_deleted(store: Store) -> None:
    """An upload of it that arrives late is refused, and the feed tells of the deletion."""
    account_id, create = make_account(store), make_create()
    with store.unit_of_work() as work:
        work.check_ins.add(account_id, create, make_recording(), now=store.clock())
    with store.unit_of_work() as work:
        work.check_ins.delete_for(account_id, create.id, now=store.clock())

    with pytest.raises(CheckInDeleted), store.unit_of_work() as work:
        work.check_ins.add(account_id, create, make_recording(), now=store.clock())
    with store.reading() as reading:
        assert [change.type for change in reading.changes.after(account_id, 1, limit=5)] == ["check_in.deleted"]


def test_the_list_pages_through_everything_once(store: Store) -> None:
    """Newest recording first, equal moments included."""
    account_id = make_account(store)
    made = {make_check_in(store, account_id) for _ in range(7)}
    seen: list[UUID] = []
    before = None
    with store.reading() as reading:
        while page := reading.check_ins.list_for(account_id, before=before, limit=3):
            seen += [check_in.id for check_in in page]
            before = page[-1].recorded_at, page[-1].id

    assert len(seen) == 7
    assert set(seen) == made


def test_only_a_settled_check_in_runs_again(store: Store) -> None:
    """While it waits or is worked on, a second run is refused."""
    account_id = make_account(store)
    check_in_id = make_check_in(store, account_id)

    with pytest.raises(CheckInUnsettled), store.unit_of_work() as work:
        work.check_ins.run_again(account_id, check_in_id, now=store.clock())


def test_a_state_cannot_leave_its_graph(store: Store) -> None:
    """From received to ready there is no way."""
    account_id = make_account(store)
    check_in_id = make_check_in(store, account_id)

    with pytest.raises(TransitionNotAllowed), store.unit_of_work() as work:
        check_in = work.check_ins.get_for(account_id, check_in_id)
        work.check_ins.move_to(CheckInState.READY, check_in, where=CheckIn.id == check_in_id, now=store.clock())
