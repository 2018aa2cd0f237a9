"""The sweep: finds work that was lost or never queued. Every process runs it; any number may at once."""

from datetime import timedelta
from uuid import UUID

import structlog

from store.opening import Store
from store.stages import STAGES

BATCH = 50
"""At most so many check-ins of a kind are looked at in one go."""
GRACE = timedelta(seconds=1)
"""Work this young has just been queued by whoever made it."""

log = structlog.get_logger()


def sweep(store: Store) -> None:
    """Take back what lost workers held, and queue whatever waits without a job."""
    now = store.clock()
    with store.reading() as reading:
        expired = reading.claims.expired(now=now, limit=BATCH)
    for check_in_id in expired:
        release(store, check_in_id)
    for stage in STAGES:
        with store.reading() as reading:
            due = reading.claims.due(stage, now=now - GRACE, limit=BATCH)
        if not due:
            continue
        queued = store.wake_ups.waiting(stage)
        if queued is not None and queued < len(due):
            for check_in_id, attempts in due:
                store.wake_ups.nudge(stage, check_in_id, attempts + 1)
            log.info("sweep.nudged", stage=stage.name, count=len(due))


def release(store: Store, check_in_id: UUID, *, worker: str | None = None) -> None:
    """Take a check-in back from a worker that is gone, and queue it again if attempts are left."""
    with store.unit_of_work() as work:
        released = work.claims.release(check_in_id, worker=worker, now=store.clock())
        if released is not None:
            stage, attempts = released
            work.nudge(stage, check_in_id, attempts=attempts)
    log.warning("check_in.released", check_in_id=str(check_in_id), worker=worker)


def release_left_by(store: Store, worker: str) -> None:
    """Take back what a predecessor of the same name held when it died. Call once, before starting to work."""
    with store.reading() as reading:
        left = reading.claims.left_by(worker, limit=BATCH)
    for check_in_id in left:
        release(store, check_in_id, worker=worker)
