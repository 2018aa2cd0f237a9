"""A network that fails on purpose: a TCP proxy on the loopback that cuts connections, stalls them, or lets through."""

import asyncio
import random
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"


class Kind(StrEnum):
    """What happens to a connection."""

    CUT = "cut"
    """It is closed on both sides."""
    STALL = "stall"
    """What the phone sends goes nowhere, and nobody is told, until the proxy lets through."""
    LOSE_ANSWER = "lose_answer"
    """The request arrives; it is cut once the answer comes."""


@dataclass(frozen=True)
class Trouble:
    """Happens to the connection that carries the byte after so many more have gone up, over all connections."""

    after: int
    kind: Kind
    answer_bytes: int = 0
    """How much of a lost answer still comes through."""


def seeded_troubles(seed: int, *, most: int, answer_bytes: tuple[int, ...] = (0,)) -> Iterator[Trouble]:
    """Cuts and lost answers without end, at most so many bytes apart; the same ones for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - which bytes are cut is no secret
    while True:
        kind = chance.choice((Kind.CUT, Kind.CUT, Kind.LOSE_ANSWER))
        yield Trouble(chance.randrange(most), kind, answer_bytes=chance.choice(answer_bytes))


class ChaosProxy:
    """Forwards to a port of this machine while the context is open; its loop has a thread of its own."""

    port: int
    """Where it listens."""

    def __init__(self, target: int, troubles: Iterable[Trouble] = ()) -> None:
        self.happened = 0
        self._target = target
        self._troubles = iter(troubles)
        self._next = next(self._troubles, None)
        self._up = 0
        self._stalled = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="chaos-proxy")

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Cut what is still connected."""
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(10)

    def wait_for_stall(self) -> None:
        """Wait until a connection has stalled."""
        assert self._stalled.wait(30), "nothing stalled: less was sent than the trouble waits for"

    def let_through(self) -> None:
        """No more trouble, and what has stalled goes on."""
        self._loop.call_soon_threadsafe(self._release)

    def spare(self) -> None:
        """No more trouble; what has stalled stays so."""
        self._loop.call_soon_threadsafe(self._forget)

    def _forget(self) -> None:
        self._next = None

    def _release(self) -> None:
        self._forget()
        self._released.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended, self._released = asyncio.Event(), asyncio.Event()
        async with await asyncio.start_server(self._connect, HOST, 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            self._ready.set()
            await self._ended.wait()

    async def _connect(self, from_phone: StreamReader, to_phone: StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            from_server, to_server = await asyncio.open_connection(HOST, self._target)
            connection = _Connection(self, to_phone, to_server)
            try:
                await connection.carry(from_phone, from_server)
            finally:
                to_server.transport.abort()
        to_phone.close()

    def due(self, size: int) -> tuple[int, Trouble | None]:
        """How many of the next bytes up go through, and what happens then."""
        trouble = self._next
        if trouble is None or self._up + size <= trouble.after:
            self._up += size
            return size, None
        room = trouble.after - self._up
        self._next, self._up = next(self._troubles, None), 0
        self.happened += 1
        return room, trouble

    async def stall(self) -> None:
        """Until let through."""
        self._stalled.set()
        await self._released.wait()


class _Connection:
    def __init__(self, proxy: ChaosProxy, to_phone: StreamWriter, to_server: StreamWriter) -> None:
        self._proxy = proxy
        self._to_phone = to_phone
        self._to_server = to_server
        self._answer_left: int | None = None

    async def carry(self, from_phone: StreamReader, from_server: StreamReader) -> None:
        """Until one side closes or it is cut."""
        ways = {asyncio.ensure_future(self._up(from_phone)), asyncio.ensure_future(self._down(from_server))}
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _up(self, source: StreamReader) -> None:
        while piece := await source.read(65_536):
            while piece:
                size, trouble = self._proxy.due(len(piece))
                self._to_server.write(piece[:size])
                await self._to_server.drain()
                piece = piece[size:]
                if trouble and trouble.kind is Kind.CUT:
                    return
                if trouble and trouble.kind is Kind.STALL:
                    await self._proxy.stall()
                if trouble and trouble.kind is Kind.LOSE_ANSWER:
                    self._answer_left = trouble.answer_bytes

    async def _down(self, source: StreamReader) -> None:
        while piece := await source.read(65_536):
            self._to_phone.write(piece[: self._answer_left])
            await self._to_phone.drain()
            if self._answer_left is not None:
                return
