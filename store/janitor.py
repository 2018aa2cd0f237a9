"""The janitor: removes recordings that belong to no check-in: what a crash left between file and row."""

import structlog
from sqlalchemy import select

from store.opening import Store
from store.tables import CheckIn, Identity

MINIMUM_AGE_SECONDS = 3600.0
"""Far longer than an upload takes from its file to its row."""

log = structlog.get_logger()


def remove_orphans(store: Store, *, minimum_age: float = MINIMUM_AGE_SECONDS) -> int:
    """Delete old recordings without a row; returns how many there were.

    Only in a folder that belongs to this database: to another, all of them would be without a row.
    """
    with store.database.reading() as session:
        identity = session.scalars(select(Identity.id)).one()
    if not store.recordings.belongs_to(identity):
        log.error("janitor.refused", reason="the recordings belong to another database")
        return 0
    removed = 0
    for key in store.recordings.old_keys(minimum_age=minimum_age):
        with store.database.reading() as session:
            owned = session.scalar(select(CheckIn.id).where(CheckIn.audio_key == key))
        if owned is None:
            store.recordings.delete(key)
            removed += 1
    if removed:
        log.info("janitor.removed", count=removed)
    return removed


def tidy(store: Store) -> None:
    """All that gathers dust: recordings without a row, tokens nobody can use."""
    remove_orphans(store)
    with store.unit_of_work() as work:
        work.sessions.forget_expired(now=store.clock())
