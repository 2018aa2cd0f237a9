"""The keeper: signs of life, leases, and the end of an attempt that hangs."""

from pathlib import Path

from store.opening import Store
from store.stages import TRANSCRIBE
from store.sweep import sweep
from store.tables import CheckIn
from tests.conftest import FakeClock
from tests.making import make_account, make_check_in
from workers.keeper import Keeper


def test_a_beat_touches_the_file_and_renews_the_lease(sqlite_store: Store, clock: FakeClock, tmp_path: Path) -> None:
    """While it beats, the sweep leaves the check-in alone; after that it does not."""
    check_in_id = make_check_in(sqlite_store, make_account(sqlite_store))
    keeper = Keeper(sqlite_store, heartbeat_file=tmp_path / "beat")
    with sqlite_store.unit_of_work() as work:
        claim = work.claims.take(TRANSCRIBE, check_in_id, worker="w", now=clock())
    assert claim is not None
    with keeper.holding(claim, seconds=1000):
        for _ in range(4):
            clock.advance(seconds=10)
            keeper.beat()
            keeper.renew()
            sweep(sqlite_store)
    assert (tmp_path / "beat").exists()
    assert state(sqlite_store, claim.check_in_id) == "transcribing"

    clock.advance(seconds=13)
    keeper.beat()
    keeper.renew()
    sweep(sqlite_store)
    assert state(sqlite_store, claim.check_in_id) == "received"


def test_an_attempt_past_its_deadline_ends_the_process(sqlite_store: Store, clock: FakeClock) -> None:
    """Native code hangs, and nothing else would end it."""
    check_in_id = make_check_in(sqlite_store, make_account(sqlite_store))
    ended: list[bool] = []
    keeper = Keeper(sqlite_store, heartbeat_file=None, end_process=lambda: ended.append(True))
    with sqlite_store.unit_of_work() as work:
        claim = work.claims.take(TRANSCRIBE, check_in_id, worker="w", now=clock())
    assert claim is not None

    with keeper.holding(claim, seconds=60):
        keeper.beat()
    assert ended == []
    with keeper.holding(claim, seconds=-1):
        keeper.beat()
    assert ended == [True]


def state(store: Store, check_in_id: object) -> str:
    """Where it stands."""
    with store.database.reading() as session:
        return session.get_one(CheckIn, check_in_id).state.value
