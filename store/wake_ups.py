"""Wake-ups: tell workers that there is work, and readers that there is news. Redis carries ids and nothing else.

The database is the truth, so every failure here is logged and forgotten: the sweep finds the work, and readers
look again by themselves.
"""

import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeVar
from uuid import UUID

import structlog
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from store.stages import Stage

TIMEOUT_SECONDS = 0.3
"""A request waits no longer than this for Redis."""
SILENCE_SECONDS = 1.0
"""After a failure Redis is left alone for this long, so that not every request waits for it."""
JOB_TIMEOUT_SECONDS = 24 * 3600
"""RQ's own limit is out of the way: the worker keeps its own deadline, which reaches into native code too."""
CHANNEL = "tandem:changes"

log = structlog.get_logger()

Answer = TypeVar("Answer")


class WakeUps(Protocol):
    """Best-effort messages. None of the methods raises because the server is away."""

    def nudge(self, stage: Stage, check_in_id: UUID, attempt: int) -> None:
        """Queue the job that takes up a check-in for the attempt-th time."""

    def waiting(self, stage: Stage) -> int | None:
        """How many jobs wait in a stage's queue; None where the server does not answer."""

    def announce(self, account_id: UUID) -> None:
        """Tell readers that an account's feed has grown."""


def connect(redis_url: str) -> Redis:
    """A connection that gives up quickly and never tries again by itself."""
    return Redis.from_url(
        redis_url,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


class RedisWakeUps:
    """Wake-ups by RQ jobs and a pub/sub channel."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._lock = threading.Lock()
        self._silent_until = 0.0

    def nudge(self, stage: Stage, check_in_id: UUID, attempt: int) -> None:
        """Queue a job. The same id twice is two entries of one job: the second finds nothing to do."""
        job_id = f"{stage.name}-{check_in_id}-{attempt}"
        queue = Queue(stage.queue, connection=self._redis, serializer=JSONSerializer)
        self._attempt(
            lambda: queue.enqueue_call(
                stage.job,
                args=[str(check_in_id)],
                job_id=job_id,
                description=job_id,
                timeout=JOB_TIMEOUT_SECONDS,
                result_ttl=0,
                failure_ttl=60,
            )
        )

    def waiting(self, stage: Stage) -> int | None:
        """Length of the stage's queue."""
        queue = Queue(stage.queue, connection=self._redis, serializer=JSONSerializer)
        return self._attempt(lambda: int(queue.count))

    def announce(self, account_id: UUID) -> None:
        """Publish the account's id."""
        self._attempt(lambda: self._redis.publish(CHANNEL, str(account_id)))

    def _attempt(self, call: Callable[[], Answer]) -> Answer | None:
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
            log.warning("wake_ups.lost", error=type(error).__name__)
        elif was_away and not error:
            log.info("wake_ups.back")
