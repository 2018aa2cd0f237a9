"""Windows: how often something happened lately, counted in Redis for all processes or in memory for this one.

Redis keeps the moment of each time (a moving window: exactly so many in any span). Memory keeps two counts (a sliding
window counter: nearly so many), as it only stands in while Redis is away.
"""

import time
from functools import partial

from anyio import CapacityLimiter, to_thread
from limits import RateLimitItem
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from store.quiet_redis import QuietRedis
from store.wake_ups import connect

PREFIX = "tandem:limits"
AT_ONCE = 16
"""Calls of Redis at a time. They run in threads: a timeout there is Redis being late, and never the event loop."""
MOMENT = 0.001
"""Seconds. What is full is never free at once."""


class RedisWindows:
    """Counts that all processes share. Neither method raises because the server is away, nor waits for it long."""

    def __init__(self, redis_url: str) -> None:
        self._redis = connect(redis_url)
        # The library would connect by itself, without the short timeouts, and reads no unix:// URL.
        self._storage = RedisStorage("redis://", connection_pool=self._redis.connection_pool, key_prefix=PREFIX)
        self._strategy = MovingWindowRateLimiter(self._storage)
        self._threads = CapacityLimiter(AT_ONCE)
        self._quiet = QuietRedis("rate_limits")

    async def take(self, limit: RateLimitItem, *key: str) -> float | None:
        """Count once more. 0, or where the window is full the seconds until it frees; None while Redis is away."""
        return await to_thread.run_sync(self._quiet.attempt, partial(self._take, limit, key), limiter=self._threads)

    async def give_back(self, limit: RateLimitItem, *key: str) -> None:
        """Count once less. Of several at the same time it does not matter which one is forgotten."""
        stored = self._storage.prefixed_key(limit.key_for(*key))
        await to_thread.run_sync(self._quiet.attempt, lambda: self._redis.lpop(stored), limiter=self._threads)

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()

    def _take(self, limit: RateLimitItem, key: tuple[str, ...]) -> float:
        if self._strategy.hit(limit, *key):
            return 0.0
        return max(self._strategy.get_window_stats(limit, *key).reset_time - time.time(), MOMENT)


class MemoryWindows:
    """Counts of this process alone. Used on one event loop."""

    def __init__(self) -> None:
        self._strategy = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def take(self, limit: RateLimitItem, *key: str) -> float:
        """Count once more. 0, or where the window is full the seconds until it frees."""
        if await self._strategy.hit(limit, *key):
            return 0.0
        return max((await self._strategy.get_window_stats(limit, *key)).reset_time - time.time(), MOMENT)
