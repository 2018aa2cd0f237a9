"""News: a reader that waits is told."""

import asyncio
from contextlib import AsyncExitStack
from uuid import UUID, uuid4

from redis import Redis

from service.app import run_in_background
from service.news import News
from store.wake_ups import RedisWakeUps, connect
from tests.waiting import wait_until


def test_a_reader_is_told_when_its_feed_has_grown(redis: Redis, valkey_url: str) -> None:
    """It would look by itself after an hour only. What is told to others, or by others, does not disturb it."""
    account_id = uuid4()
    found = asyncio.run(_read(valkey_url, redis, account_id=account_id))

    assert found == 2


async def _read(valkey_url: str, redis: Redis, *, account_id: UUID) -> int | None:
    news = News(valkey_url, look_every_seconds=3600)
    listening = asyncio.create_task(news.listen())
    await asyncio.to_thread(
        wait_until, lambda: redis.pubsub_numsub("tandem:changes")[0][1] == 1, description="it listens"
    )
    looks = 0

    async def second_look() -> int | None:
        nonlocal looks
        looks += 1
        if looks == 1:
            await asyncio.to_thread(_tell, valkey_url, redis, account_id)
        return looks if looks == 2 else None

    found = await news.until(account_id, second_look, seconds=3600)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    return found


def _tell(valkey_url: str, redis: Redis, account_id: UUID) -> None:
    wake_ups = RedisWakeUps(connect(valkey_url))
    redis.publish("tandem:changes", "not an id")
    wake_ups.announce(uuid4())
    wake_ups.announce(account_id)


def test_an_app_that_is_stopped_while_it_connects_stops(valkey_url: str) -> None:
    """The Redis client loses a cancellation that comes at the wrong moment, so one is not enough."""
    asyncio.run(_start_and_stop(valkey_url, times=75))


async def _start_and_stop(valkey_url: str, *, times: int) -> None:
    for number in range(times):
        stack = AsyncExitStack()
        await run_in_background(stack, News(valkey_url).listen())
        await asyncio.sleep(number % 15 / 2_000)  # every moment of the first 7 ms
        stopped, _ = await asyncio.wait([asyncio.create_task(stack.aclose())], timeout=5)
        assert stopped, "it listens on"
