"""A worker's shift on a store whose wake-ups are only remembered."""

import pytest

from store.opening import Store
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
