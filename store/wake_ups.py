"""Wake-ups: tell workers that there is work, and readers that there is news. Redis carries ids and nothing else.

The database is the truth, so every failure here is logged and forgotten: the sweep finds the work, and readers
look again by themselves.
"""

from typing import Protocol
from uuid import UUID

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from store.quiet_redis import QuietRedis
from store.stages import Stage

TIMEOUT_SECONDS = 0.3
"""A request waits no longer than this for Redis."""
JOB_TIMEOUT_SECONDS = 24 * 3600
"""RQ's own limit is out of the way: the worker keeps its own deadline, which reaches into native code too."""
CHANNEL = "tandem:changes"


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
        self._quiet = QuietRedis("wake_ups")

    def nudge(self, stage: Stage, check_in_id: UUID, attempt: int) -> None:
        """Queue a job. The same id twice is two entries of one job: the second finds nothing to do."""
        job_id = f"{stage.name}-{check_in_id}-{attempt}"
        queue = Queue(stage.queue, connection=self._redis, serializer=JSONSerializer)
        self._quiet.attempt(
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
        return self._quiet.attempt(lambda: int(queue.count))

    def announce(self, account_id: UUID) -> None:
        """Publish the account's id."""
        self._quiet.attempt(lambda: self._redis.publish(CHANNEL, str(account_id)))
