"""Exports: one at a time for each account, made once, tried three times, gone after a week."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID, uuid4

import pytest

from schemas.errors import ExportNotFound
from schemas.export import ExportState
from store.exports import KEEPING, LEASE, LIFETIME, MAX_ATTEMPTS, ExportClaim
from store.janitor import expire, remove_orphans
from store.opening import Store
from store.tables import Export
from tests.conftest import FakeClock
from tests.making import make_account
from tests.store.belongings import kept


@pytest.fixture
def account_id(store: Store) -> UUID:
    """Somebody."""
    return make_account(store)


def ask(store: Store, account_id: UUID) -> UUID:
    """Ask for everything."""
    with store.unit_of_work() as work:
        work.accounts.lock(account_id)
        return work.exports.ask(account_id, export_id=uuid4(), now=store.clock()).id


def take(store: Store) -> ExportClaim | None:
    """Take up what waits longest."""
    with store.unit_of_work() as work:
        return work.exports.take(now=store.clock())


def taken(store: Store) -> ExportClaim:
    """Take up what is known to wait."""
    claim = take(store)
    assert claim is not None
    return claim


def finish(store: Store, claim: ExportClaim, key: str = "key") -> bool:
    """Bring its file."""
    with store.unit_of_work() as work:
        return work.exports.finish(claim, key=key, size=6, now=store.clock())


def row(store: Store, export_id: UUID) -> Export:
    """The export as it stands."""
    with store.database.reading() as session:
        return session.get_one(Export, export_id)


def at_once(calls: list[Callable[[], object]]) -> list[object]:
    """Do all of it at the same moment."""
    barrier = Barrier(len(calls))

    def call(number: int) -> object:
        barrier.wait(timeout=30)
        return calls[number]()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(call, range(len(calls))))


def test_one_that_is_open_is_the_one_that_was_asked_for(store: Store, account_id: UUID) -> None:
    """While it waits and while it is made; each account has its own; after the end there is another."""
    first = ask(store, account_id)
    assert ask(store, account_id) == first
    claim = taken(store)
    assert ask(store, account_id) == first
    assert ask(store, make_account(store, "sam@example.org")) != first
    finish(store, claim)

    assert ask(store, account_id) != first


def test_who_asks_twice_at_once_gets_one(store: Store, account_id: UUID) -> None:
    """Two devices, one moment."""
    found = at_once([lambda: ask(store, account_id)] * 4)

    assert len(set(found)) == 1


def test_an_export_is_its_owners(store: Store, account_id: UUID) -> None:
    """For anybody else it is not there, to be read or deleted."""
    other = make_account(store, "sam@example.org")
    export_id = ask(store, account_id)
    with store.reading() as reading:
        assert [export.id for export in reading.exports.list_for(account_id, now=store.clock())] == [export_id]
        assert reading.exports.list_for(other, now=store.clock()) == []
        for stranger, id_ in ((other, export_id), (account_id, uuid4())):
            with pytest.raises(ExportNotFound):
                reading.exports.get_for(stranger, id_, now=store.clock())
    with pytest.raises(ExportNotFound), store.unit_of_work() as work:
        work.exports.delete_for(other, export_id, now=store.clock())


def test_two_workers_at_once_make_one(store: Store, account_id: UUID) -> None:
    """The others find nothing to do."""
    ask(store, account_id)

    claims = at_once([lambda: take(store)] * 4)

    assert [claim.attempt for claim in claims if isinstance(claim, ExportClaim)] == [1]


def test_what_waits_longest_is_taken_first(store: Store, account_id: UUID, clock: FakeClock) -> None:
    """Whoever it is of."""
    first = ask(store, account_id)
    clock.advance(seconds=1)
    second = ask(store, make_account(store, "sam@example.org"))

    assert [taken(store).export_id, taken(store).export_id] == [first, second]
    assert take(store) is None


def test_signs_of_life_keep_a_claim(store: Store, account_id: UUID, clock: FakeClock) -> None:
    """And tell how far it is; before its file is put away it may be silent for longer."""
    export_id = ask(store, account_id)
    claim = taken(store)
    for percent in (10, 20, 30):
        clock.advance(seconds=LEASE.total_seconds() - 1)
        with store.unit_of_work() as work:
            assert work.exports.progress(claim, percent=percent, now=clock())
        assert take(store) is None
        assert row(store, export_id).percent == percent
    with store.unit_of_work() as work:
        assert work.exports.progress(claim, percent=99, now=clock(), lease=KEEPING)
    clock.advance(seconds=KEEPING.total_seconds() - 1)
    assert take(store) is None
    assert finish(store, claim)

    made = row(store, export_id)
    assert (made.state, made.percent, made.due_at) == (ExportState.READY, 100, None)
    assert (made.ready_at, made.expires_at) == (clock(), clock() + LIFETIME)


def test_the_export_of_a_lost_worker_is_taken_up_again(store: Store, account_id: UUID, clock: FakeClock) -> None:
    """By another attempt; what the first brings afterwards is not taken."""
    export_id = ask(store, account_id)
    lost = taken(store)
    with store.unit_of_work() as work:
        work.exports.progress(lost, percent=60, now=clock())
    clock.advance(seconds=LEASE.total_seconds())
    second = taken(store)

    assert (second.export_id, second.attempt, row(store, export_id).percent) == (export_id, 2, 0)
    assert not finish(store, lost, "late")
    with store.unit_of_work() as work:
        assert not work.exports.progress(lost, percent=70, now=clock())
        work.exports.give_back(lost, now=clock())
    assert row(store, export_id).state is ExportState.MAKING
    assert finish(store, second, "right")
    assert not finish(store, second, "twice")
    assert row(store, export_id).audio_key == "right"


@pytest.mark.parametrize("how", ["lost", "given back"])
def test_after_three_attempts_it_has_failed(store: Store, account_id: UUID, clock: FakeClock, how: str) -> None:
    """It is shown as failed for a week, and another can be asked for at once."""
    export_id = ask(store, account_id)
    for _ in range(MAX_ATTEMPTS):
        claim = taken(store)
        if how == "given back":
            with store.unit_of_work() as work:
                work.exports.give_back(claim, now=clock())
        assert take(store) is None
        clock.advance(seconds=LEASE.total_seconds())
    assert take(store) is None

    failed = row(store, export_id)
    assert (failed.state, failed.attempt, failed.due_at) == (ExportState.FAILED, MAX_ATTEMPTS, None)
    assert ask(store, account_id) != export_id
    clock.advance(days=7)
    expire(store)
    with pytest.raises(ExportNotFound), store.reading() as reading:
        reading.exports.get_for(account_id, export_id, now=clock())


def test_a_failed_one_does_not_hold_up_the_next(store: Store, account_id: UUID, clock: FakeClock) -> None:
    """It is passed over on the way, and the next call finds the other."""
    ask(store, account_id)
    for _ in range(MAX_ATTEMPTS):
        taken(store)
        clock.advance(seconds=LEASE.total_seconds())
    other = ask(store, make_account(store, "sam@example.org"))
    claims = [take(store), take(store)]

    assert [claim.export_id for claim in claims if claim] == [other]


def test_it_goes_after_a_week_with_its_file(store: Store, account_id: UUID, clock: FakeClock) -> None:
    """Whether or not the janitor has been round; until then its file is no orphan."""
    key = kept(store, account_id).key
    export_id = ask(store, account_id)
    finish(store, taken(store), key)
    clock.advance(seconds=LIFETIME.total_seconds() - 1)
    expire(store)
    remove_orphans(store, minimum_age=-1)
    assert list(store.recordings.old_keys(minimum_age=-1)) == [key]

    clock.advance(seconds=1)
    with store.reading() as reading:
        assert reading.exports.list_for(account_id, now=clock()) == []
        with pytest.raises(ExportNotFound):
            reading.exports.get_for(account_id, export_id, now=clock())
    expire(store)

    assert list(store.recordings.old_keys(minimum_age=-1)) == []
    with store.database.reading() as session:
        assert session.get(Export, export_id) is None


def test_deleting_it_ends_whoever_makes_it(store: Store, account_id: UUID) -> None:
    """There is no file yet to be told of; later there is."""
    export_id = ask(store, account_id)
    claim = taken(store)
    with store.unit_of_work() as work:
        assert work.exports.delete_for(account_id, export_id, now=store.clock()) is None
    assert not finish(store, claim)

    other = ask(store, account_id)
    finish(store, taken(store), "key of it")
    with store.unit_of_work() as work:
        assert work.exports.delete_for(account_id, other, now=store.clock()) == "key of it"


def test_a_deletion_of_the_account_ends_it_too(store: Store, account_id: UUID) -> None:
    """Nobody takes it up, nobody ends it."""
    ask(store, account_id)
    claim = taken(store)
    with store.unit_of_work() as work:
        work.erasure.erase(account_id, now=store.clock())

    assert not finish(store, claim)
    with store.unit_of_work() as work:
        assert not work.exports.progress(claim, percent=50, now=store.clock())
        work.exports.give_back(claim, now=store.clock())
    assert take(store) is None
