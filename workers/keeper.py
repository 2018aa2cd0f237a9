"""The keeper: a thread that shows that the worker lives, keeps its claims, and ends it when an attempt hangs."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import structlog

from schemas.errors import TandemError
from store.claims import Claim
from store.opening import Store

EXIT_OVERDUE = 70
"""Exit status of a worker that ended itself: EX_SOFTWARE of sysexits.h."""

log = structlog.get_logger()


def _end_process() -> None:
    """At once: the main thread is in native code that nothing else interrupts."""
    os._exit(EXIT_OVERDUE)


class Keeper:
    """Call `beat` and `renew` every few seconds, each from a thread of its own.

    While native code keeps Python from running them, the supervisor sees no beat.
    """

    def __init__(
        self, store: Store, *, heartbeat_file: Path | None, end_process: Callable[[], None] = _end_process
    ) -> None:
        self._store = store
        self._heartbeat_file = heartbeat_file
        self._end_process = end_process
        self._lock = Lock()
        self._held: dict[Claim, float] = {}

    @contextmanager
    def holding(self, claim: Claim, *, seconds: float) -> Iterator[None]:
        """Keep a claim during the block, for at most so many seconds."""
        with self._lock:
            self._held[claim] = time.monotonic() + seconds
        try:
            yield
        finally:
            self.let_go(claim)

    def let_go(self, claim: Claim) -> None:
        """Keep a claim no longer: it is over before its block is."""
        with self._lock:
            self._held.pop(claim, None)

    def beat(self) -> None:
        """One sign of life. Asks no database: one that hangs must not make a worker look dead."""
        with self._lock:
            held = dict(self._held)
        if any(time.monotonic() > deadline for deadline in held.values()):
            log.error("worker.overdue", count=len(held))
            self._end_process()
        if self._heartbeat_file:
            self._heartbeat_file.touch()

    def renew(self) -> None:
        """Renew the leases of all claims held."""
        with self._lock:
            held = list(self._held)
        for claim in held:
            self._renew(claim)

    def _renew(self, claim: Claim) -> None:
        try:
            with self._store.unit_of_work() as work:
                kept = work.claims.renew(claim, now=self._store.clock())
        except TandemError as error:
            log.warning("claim.not_renewed", check_in_id=str(claim.check_in_id), error=type(error).__name__)
            return
        if not kept and claim in self._held:
            log.warning("claim.lost", check_in_id=str(claim.check_in_id), attempt=claim.attempt)
