"""Only a commit lets anything out."""

import pytest
from sqlalchemy.exc import OperationalError

from schemas.errors import StorageUnavailable
from store.opening import Store
from store.stages import TRANSCRIBE
from tests.making import make_account, make_check_in, make_create, make_recording
from tests.memory import MemoryWakeUps


def nudged(store: Store) -> int:
    """How many jobs were queued."""
    assert isinstance(store.wake_ups, MemoryWakeUps)
    return len(store.wake_ups.nudges)


def test_a_job_leaves_after_the_commit_and_not_before(store: Store) -> None:
    """Inside the block nothing is queued; after it, the job and the announcement are."""
    account_id = make_account(store)
    with store.unit_of_work() as work:
        check_in, _ = work.check_ins.add(account_id, make_create(), make_recording(), now=store.clock())
        work.nudge(TRANSCRIBE, check_in.id, attempts=0)

        assert nudged(store) == 0

    assert nudged(store) == 1
    assert isinstance(store.wake_ups, MemoryWakeUps)
    assert store.wake_ups.announced == [account_id]


def test_an_error_takes_back_rows_and_messages(store: Store) -> None:
    """What was added and queued before the error is gone with it."""
    account_id = make_account(store)

    with pytest.raises(ZeroDivisionError), store.unit_of_work() as work:
        work.check_ins.add(account_id, make_create(), make_recording(), now=store.clock())
        work.afterwards(lambda: pytest.fail("called although nothing was committed"))
        work.nudge(TRANSCRIBE, account_id, attempts=0)
        _ = 1 / 0

    assert nudged(store) == 0
    with store.reading() as reading:
        assert reading.check_ins.list_for(account_id, before=None, limit=10) == []
        assert reading.changes.last_cursor(account_id) == 0


def test_a_database_that_is_away_is_a_temporary_error_without_parameters(store: Store) -> None:
    """The error says that the store does not answer, and its cause holds no value that was to be written."""
    make_check_in(store, make_account(store))

    with pytest.raises(StorageUnavailable) as caught, store.unit_of_work():
        raise OperationalError("INSERT", {"said": "a secret"}, Exception("away"), hide_parameters=True)

    assert "a secret" not in str(caught.value.__cause__)
