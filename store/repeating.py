"""Something small that a process does every so often beside its work."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import structlog

log = structlog.get_logger()


class Repeating:
    """A thread that calls, waits, and calls again, from entering the context to leaving it.

    A call that fails is logged, and the next one may go better.
    """

    def __init__(self, name: str, call: Callable[[], object], *, every_seconds: float) -> None:
        self._name = name
        self._call = call
        self._every_seconds = every_seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while True:
            try:
                self._call()
            except Exception as error:  # a thread's edge: nobody would see it end
                log.warning("repeating.failed", name=self._name, exc_info=error)
            if self._stopped.wait(self._every_seconds):
                return
