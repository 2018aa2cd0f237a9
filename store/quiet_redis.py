"""Redis where nobody depends on it: while it is away it is left alone, and whoever asked goes on without an answer."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from redis import RedisError

SILENCE_SECONDS = 1.0
"""After a failure Redis is left alone for this long, so that not every request waits for it."""

log = structlog.get_logger()

Answer = TypeVar("Answer")


class QuietRedis:
    """Calls for one purpose, by any thread. The logs name it when Redis goes, and when it is back."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._silent_until = 0.0

    def attempt(self, call: Callable[[], Answer]) -> Answer | None:
        """Its answer; None where Redis does not answer, or did not within the last second. Raises no RedisError."""
        with self._lock:
            if time.monotonic() < self._silent_until:
                return None
        try:
            answer = call()
        except RedisError as error:
            self._note(time.monotonic() + SILENCE_SECONDS, error)
            return None
        self._note(0.0)
        return answer

    def _note(self, silent_until: float, error: RedisError | None = None) -> None:
        """Log when the server goes and when it is back, not every call in between."""
        with self._lock:
            was_away, self._silent_until = self._silent_until > 0, silent_until
        if error and not was_away:
            log.warning("redis.lost", name=self._name, error=type(error).__name__)
        elif was_away and not error:
            log.info("redis.back", name=self._name)
