"""The janitor: removes files that belong to no row: what a crash left between the two. And what has had its time."""

from functools import partial

import structlog
from sqlalchemy import exists, or_, select

from store.opening import Store
from store.tables import CheckIn, Export, Identity

MINIMUM_AGE_SECONDS = 3600.0
"""Far longer than an upload takes from its file to its row."""

BATCH = 200
"""Recordings that go in one round."""

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
            recording = exists().where(CheckIn.audio_key == key, CheckIn.audio_deleted_at.is_(None))
            owned = session.scalar(select(or_(recording, exists().where(Export.audio_key == key))))
        if not owned:
            store.recordings.delete(key)
            removed += 1
    if removed:
        log.info("janitor.removed", count=removed)
    return removed


def tidy_arrivals(store: Store, *, minimum_age: float = MINIMUM_AGE_SECONDS) -> None:
    """What was arriving at this machine and never came to its end: any process that takes recordings in does this."""
    store.recordings.discard_left(minimum_age=minimum_age)
    with store.unit_of_work() as work:
        for key in work.uploads.delete_expired(now=store.clock()):
            work.afterwards(partial(store.upload_parts.delete, key))
    for key in store.upload_parts.old_keys(minimum_age=minimum_age):
        with store.reading() as reading:
            counts = reading.uploads.owns(key)
        if not counts:
            store.upload_parts.delete(key)


def expire(store: Store) -> None:
    """What people wanted kept for a time, and that is over: recordings, exports."""
    with store.reading() as reading:
        due = reading.retention.due(now=store.clock(), limit=BATCH)
    for check_in_id in due:
        with store.unit_of_work() as work:
            for key in work.retention.expire(check_in_id, now=store.clock()):
                work.afterwards(partial(store.recordings.delete, key))
    with store.unit_of_work() as work:
        for key in work.exports.delete_expired(now=store.clock()):
            work.afterwards(partial(store.recordings.delete, key))


def tidy(store: Store) -> None:
    """All that gathers dust: recordings without a row, uploads nobody went on with, tokens nobody may use."""
    remove_orphans(store)
    tidy_arrivals(store)
    expire(store)
    with store.unit_of_work() as work:
        work.sessions.forget_expired(now=store.clock())
        work.idempotency.forget_expired(now=store.clock())
        work.identities.forget_expired(now=store.clock())
        work.password_resets.forget_expired(now=store.clock())
