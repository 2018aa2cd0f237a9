"""A worker's shift on a store whose wake-ups are only remembered."""

from uuid import UUID

import pytest

from store.opening import Store
from tests.workers.batches import LENGTHS, waiting
from workers.keeper import Keeper
from workers.shift import Gate, Shift


@pytest.fixture
def shift(sqlite_store: Store) -> Shift:
    """A worker named `w`."""
    return Shift(
        store=sqlite_store,
        worker="w",
        keeper=Keeper(sqlite_store, heartbeat_file=None),
        gate=Gate(),
        deadline_seconds=60,
        deadline_per_audio_second=4,
        unknown_audio_seconds=3600,
    )


@pytest.fixture
def three(sqlite_store: Store) -> list[UUID]:
    """Check-ins that wait for their first try."""
    return waiting(sqlite_store, *LENGTHS)
