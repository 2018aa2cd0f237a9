"""Idempotency keys: a request that is sent again makes nothing more, and a key means one request."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from schemas.errors import IdempotencyKeyReused
from store.idempotency import LIFETIME
from store.janitor import tidy
from store.opening import Store
from store.tables import IdempotencyKey
from tests.conftest import FakeClock
from tests.making import make_account


@pytest.fixture
def account_id(store: Store) -> UUID:
    """Somebody."""
    return make_account(store)


def claim(store: Store, account_id: UUID, key: str | None = "key", request: str = "request") -> UUID | None:
    """Send a request: None where it is new."""
    with store.unit_of_work() as work:
        return work.idempotency.claim(account_id, key, request, made=uuid4(), now=store.clock())


def count(store: Store) -> int:
    """How many keys are known."""
    with store.database.reading() as session:
        return session.scalar(select(func.count()).select_from(IdempotencyKey)) or 0


def test_the_same_request_is_known_the_second_time(store: Store, account_id: UUID) -> None:
    """And for ever after it is what was made the first time."""
    made = uuid4()
    with store.unit_of_work() as work:
        assert work.idempotency.claim(account_id, "key", "request", made=made, now=store.clock()) is None

    assert [claim(store, account_id) for _ in range(3)] == [made] * 3
    assert count(store) == 1


def test_without_a_key_every_request_is_new(store: Store, account_id: UUID) -> None:
    """And nothing is kept of it."""
    assert [claim(store, account_id, None) for _ in range(2)] == [None, None]
    assert count(store) == 0


def test_a_key_with_another_request_is_refused(store: Store, account_id: UUID) -> None:
    """And still means the first."""
    claim(store, account_id)
    with pytest.raises(IdempotencyKeyReused):
        claim(store, account_id, request="another")

    assert claim(store, account_id) is not None


def test_keys_are_those_of_an_account(store: Store, account_id: UUID) -> None:
    """The same key of somebody else is another, whatever it asks for; so is one that differs in its case."""
    other = make_account(store, "sam@example.org")
    claim(store, account_id)

    assert claim(store, other, request="another") is None
    assert claim(store, account_id, "KEY") is None


def test_what_was_taken_back_never_was(store: Store, account_id: UUID) -> None:
    """A request that failed may be sent again with its key, even changed."""
    with pytest.raises(ZeroDivisionError), store.unit_of_work() as work:
        work.idempotency.claim(account_id, "key", "request", made=uuid4(), now=store.clock())
        _ = 1 / 0

    assert claim(store, account_id, request="mended") is None


def test_nothing_that_was_sent_can_be_read_in_it(store: Store, account_id: UUID) -> None:
    """Neither the key nor the request."""
    claim(store, account_id, "a key", "what was asked for")
    with store.database.reading() as session:
        row = session.execute(select(IdempotencyKey.__table__)).one()

    assert not any("key" in str(value) or "asked" in str(value) for value in row)


def test_after_two_days_a_key_means_something_else(store: Store, account_id: UUID, clock: FakeClock) -> None:
    """Whether or not the janitor has been round."""
    claim(store, account_id)
    clock.advance(seconds=LIFETIME.total_seconds() - 1)
    assert claim(store, account_id) is not None
    clock.advance(seconds=1)

    assert claim(store, account_id, request="another") is None
    assert count(store) == 1
    clock.advance(seconds=LIFETIME.total_seconds())
    tidy(store)
    assert count(store) == 0


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
@pytest.mark.parametrize("expired", [False, True], ids=["unknown", "expired"])
def test_of_many_at_once_one_is_new(store: Store, account_id: UUID, clock: FakeClock, expired: bool) -> None:
    """The others wait for it and are told what it made; where it is taken back, the next is new."""
    if expired:
        claim(store, account_id)
        clock.advance(seconds=LIFETIME.total_seconds())
    barrier = Barrier(8)

    def send(number: int) -> tuple[UUID, UUID | None]:
        made = uuid4()
        barrier.wait(timeout=30)
        with store.unit_of_work() as work:
            return made, work.idempotency.claim(account_id, "key", "request", made=made, now=store.clock())

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(send, range(8)))

    [first] = [made for made, before in answers if before is None]
    assert {before for _, before in answers} == {None, first}
    assert count(store) == 1


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_of_two_requests_with_one_key_one_is_refused(store: Store, account_id: UUID) -> None:
    """Whichever comes second, even at the same moment."""
    barrier = Barrier(4)

    def send(number: int) -> bool:
        barrier.wait(timeout=30)
        try:
            claim(store, account_id, request=f"request {number}")
        except IdempotencyKeyReused:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(send, range(4))) == [False, False, False, True]
