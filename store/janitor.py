"""The janitor: removes files that belong to no row: what a crash left between the two. And what has had its time."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy import exists, or_, select

from schemas.errors import TandemError
from store.opening import Store
from store.tables import CheckIn, Export, Identity

MINIMUM_AGE_SECONDS = 3600.0
"""Far longer than an upload takes from its file to its row."""

BATCH = 1000
"""Recordings that are looked up at a time."""

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
    """What people wanted kept for a time, and that is over: all recordings, all exports."""
    with store.unit_of_work() as work:
        for key in work.exports.delete_expired(now=store.clock()):
            work.afterwards(partial(store.recordings.delete, key))
    while due := _due(store):
        gone = [check_in_id for check_in_id in due if _expired(store, check_in_id)]
        if not gone:  # another janitor was faster with them all, and goes on
            return


def tidy(store: Store) -> None:
    """All that gathers dust: what has had its time, tokens nobody may use, recordings without a row.

    What is promised to people comes first, what lists a whole bucket last. A step that fails is logged, and keeps none
    of the others from being done.
    """
    for name, step in _STEPS.items():
        try:
            step(store)
        except (TandemError, OSError) as error:
            log.warning("janitor.step_failed", name=name, exc_info=error)


def _due(store: Store) -> Sequence[UUID]:
    with store.reading() as reading:
        return reading.retention.due(now=store.clock(), limit=BATCH)


def _expired(store: Store, check_in_id: UUID) -> bool:
    """False where it is to stay after all, or has gone."""
    with store.unit_of_work() as work:
        keys = work.retention.expire(check_in_id, now=store.clock())
        for key in keys:
            work.afterwards(partial(store.recordings.delete, key))
    return bool(keys)


def _forget(store: Store) -> None:
    with store.unit_of_work() as work:
        work.sessions.forget_expired(now=store.clock())
        work.idempotency.forget_expired(now=store.clock())
        work.identities.forget_expired(now=store.clock())
        work.password_resets.forget_expired(now=store.clock())


_STEPS: Mapping[str, Callable[[Store], object]] = {
    "expire": expire,
    "forget": _forget,
    "arrivals": tidy_arrivals,
    "orphans": remove_orphans,
}
"""What the janitor does, in order."""
