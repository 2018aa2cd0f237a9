"""The janitor: removes recordings that belong to no check-in: what a crash left between file and row."""

import structlog
from sqlalchemy import select

from store.opening import Store
from store.tables import CheckIn

MINIMUM_AGE_SECONDS = 3600.0
"""Far longer than an upload takes from its file to its row."""

log = structlog.get_logger()


def remove_orphans(store: Store, *, minimum_age: float = MINIMUM_AGE_SECONDS) -> int:
    """Delete old recordings without a row; returns how many there were."""
    removed = 0
    for key in store.audio.old_keys(minimum_age=minimum_age):
        with store.database.reading() as session:
            owned = session.scalar(select(CheckIn.id).where(CheckIn.audio_key == key))
        if owned is None:
            store.audio.delete(key)
            removed += 1
    if removed:
        log.info("janitor.removed", count=removed)
    return removed
