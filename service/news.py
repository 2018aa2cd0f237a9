"""News: lets a request wait until an account's feed has grown, without asking the database all the time.

Redis says when to look again. While it is away every reader looks by itself, once a second.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from store.wake_ups import CHANNEL

LOOK_EVERY_SECONDS = 10.0
"""Although Redis tells us: a message may be lost."""
LOOK_EVERY_SECONDS_ALONE = 1.0
RECONNECT_SECONDS = 1.0

log = structlog.get_logger()

Found = TypeVar("Found")


class News:
    """The waiting readers of this process."""

    def __init__(self, redis_url: str, *, look_every_seconds: float = LOOK_EVERY_SECONDS) -> None:
        self._redis_url = redis_url
        self._look_every_seconds = look_every_seconds
        self._readers: defaultdict[UUID, set[asyncio.Event]] = defaultdict(set)
        self._listening = False

    async def until(
        self, account_id: UUID, look: Callable[[], Awaitable[Found | None]], *, seconds: float
    ) -> Found | None:
        """What `look` finds, now or as soon as there is something, or None after so many seconds."""
        ends = asyncio.get_running_loop().time() + seconds
        with self._reader(account_id) as news:
            while True:
                news.clear()
                if (found := await look()) is not None:
                    return found
                left = ends - asyncio.get_running_loop().time()
                if left <= 0:
                    return None
                every = self._look_every_seconds if self._listening else LOOK_EVERY_SECONDS_ALONE
                await _wait(news, min(left, every))

    async def listen(self) -> None:
        """Hear of changes until cancelled, through every loss of the connection."""
        while True:
            try:
                await self._listen_once()
            except (RedisError, OSError) as error:
                log.warning("news.disconnected", error=type(error).__name__)
            self._listening = False
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen_once(self) -> None:
        async with Redis.from_url(self._redis_url) as redis, redis.pubsub() as pubsub:
            await pubsub.subscribe(CHANNEL)
            self._listening = True
            async for message in pubsub.listen():
                if message["type"] == "message":
                    self._tell(message["data"])

    def _tell(self, account: bytes) -> None:
        try:
            account_id = UUID(account.decode())
        except ValueError:  # not from us
            return
        for news in self._readers.get(account_id, ()):
            news.set()

    @contextmanager
    def _reader(self, account_id: UUID) -> Iterator[asyncio.Event]:
        news = asyncio.Event()
        self._readers[account_id].add(news)
        try:
            yield news
        finally:
            self._readers[account_id].discard(news)
            if not self._readers[account_id]:
                del self._readers[account_id]


async def _wait(news: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await news.wait()
    except TimeoutError:
        return
