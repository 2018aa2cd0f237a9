"""Wake-ups on a real Valkey: RQ runs the job, and a server that is away costs little."""

import time
from uuid import uuid4

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from store.stages import STAGES, TRANSCRIBE
from store.wake_ups import RedisWakeUps, connect
from workers.hot_worker import HotWorker
from workers.shift import Gate


def test_a_nudge_is_a_job_that_holds_ids_alone(redis: Redis, valkey_url: str) -> None:
    """Its path, its id with the attempt, and the check-in's id."""
    check_in_id = uuid4()
    wake_ups = RedisWakeUps(connect(valkey_url))
    wake_ups.nudge(TRANSCRIBE, check_in_id, 2)

    job = Queue(TRANSCRIBE.queue, connection=redis, serializer=JSONSerializer).jobs[0]

    assert job.id == f"transcribe-{check_in_id}-2"
    assert (job.func_name, list(job.args), job.kwargs) == ("workers.jobs.transcribe.run", [str(check_in_id)], {})
    assert wake_ups.waiting(TRANSCRIBE) == 1


def test_a_worker_leaves_nothing_of_a_job_behind(redis: Redis, valkey_url: str) -> None:
    """Also of one that it could not run: the database knows what is to do."""
    wake_ups = RedisWakeUps(connect(valkey_url))
    for stage in STAGES:
        wake_ups.nudge(stage, uuid4(), 1)
        queue = Queue(stage.queue, connection=redis, serializer=JSONSerializer)
        worker = HotWorker([queue], gate=Gate(), connection=redis, serializer=JSONSerializer)
        worker.work(burst=True, logging_level="CRITICAL")

        assert wake_ups.waiting(stage) == 0
    kept = [redis.ttl(key) for key in redis.scan_iter("rq:job:*")]
    assert all(0 < seconds <= 60 for seconds in kept)


def test_a_server_that_is_away_is_asked_once_a_second() -> None:
    """Nothing raises, and a hundred nudges take no time."""
    wake_ups = RedisWakeUps(connect("redis://127.0.0.1:1"))
    began = time.monotonic()
    for _ in range(100):
        wake_ups.nudge(TRANSCRIBE, uuid4(), 1)
        wake_ups.announce(uuid4())

    assert wake_ups.waiting(TRANSCRIBE) is None
    assert time.monotonic() - began < 5
