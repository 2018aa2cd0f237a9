"""The API's composition root: settings and tools in, an ASGI application out."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path

from anyio import CapacityLimiter
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from schemas.errors import InvalidInput, TooManyRequests
from service import (
    accesses,
    accounts,
    changes,
    check_ins,
    corrections,
    devices,
    erasure,
    exports,
    health,
    identities,
    password_resets,
    taxonomy,
    tus,
)
from service.bodies import MAX_FORM_BYTES
from service.body_limit import BodyLimit
from service.cors import allow_origins
from service.id_tokens import IdTokens
from service.news import News
from service.passwords import Passwords
from service.problems import add_problem_handlers, documented
from service.rate_limits import RateLimits
from service.request_log import RequestLog
from service.security_headers import SecurityHeaders
from service.settings import ServiceSettings
from service.tus_protocol import TusProtocol
from service.unread_bodies import UnreadBodies
from store.janitor import tidy_arrivals
from store.media.sandbox import Sandbox
from store.opening import Store, open_store
from store.repeating import Repeating
from store.sweep import sweep

LIMITED = (
    accounts,
    identities,
    password_resets,
    devices,
    erasure,
    accesses,
    check_ins,
    tus,
    corrections,
    changes,
    exports,
)
"""Parts of the API that count how often they are asked."""
HEARTBEAT_SECONDS = 2.0
CANCEL_AGAIN_SECONDS = 0.1
JANITOR_SECONDS = 600.0
FORGET_SECONDS = 2.0
ACCEPTED_AT_ONCE = 24
"""Recordings that are looked into and stored at a time, in threads of their own."""

DESCRIPTION = """
Spoken check-ins become transcripts with feelings, needs, requests and demands, each a quote that can be played back.

1. **Sign up** (`POST /v1/accounts`) or in; send the access token as `Authorization: Bearer …`.
2. **Send a recording** (`POST /v1/check-ins`) with an id chosen by the phone. Once that answers 201 it is safe.
3. **Follow it**: `GET /v1/check-ins/{id}?wait=30`, the feed `GET /v1/changes?after=…`, or `GET /v1/events`.
4. **Play a tag**: `start_seconds` to `end_seconds` of `GET /v1/check-ins/{id}/audio`.

Every error is a problem (RFC 9457) with a stable `type`, what happened (`detail`) and what to do (`action`).
What is not yours looks the same as what does not exist.
"""


def create_app(
    settings: ServiceSettings,
    *,
    store: Store | None = None,
    sandbox: Sandbox | None = None,
    passwords: Passwords | None = None,
    rate_limits: RateLimits | None = None,
) -> FastAPI:
    """The API. What is not handed in is opened from the settings, and closed when the app ends."""
    app = FastAPIOffline(
        title="Tandem",
        version=version("tandem"),
        description=DESCRIPTION,
        lifespan=_lifespan,
        responses=documented(InvalidInput),
        docs_url="/docs",
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.store = store
    app.state.sandbox = sandbox
    app.state.passwords = passwords or Passwords()
    app.state.id_tokens = IdTokens(settings.issuers)
    app.state.news = News(settings.resolved_redis_url)
    app.state.rate_limits = rate_limits or RateLimits(settings.resolved_redis_url, enabled=settings.rate_limits)
    for part in LIMITED:
        app.include_router(part.router, responses=documented(TooManyRequests))
    for router in (taxonomy.router, health.router):
        app.include_router(router)
    add_problem_handlers(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(TusProtocol)
    app.add_middleware(RequestLog)
    app.add_middleware(UnreadBodies, sane_bytes=settings.max_recording_bytes + MAX_FORM_BYTES)
    _wrap(app, settings)
    return app


def _wrap(app: FastAPI, settings: ServiceSettings) -> None:
    """Outside of what answers an unforeseen error: middleware that is added the usual way stands inside of it."""
    build = app.build_middleware_stack
    app.build_middleware_stack = lambda: SecurityHeaders(  # type: ignore[method-assign]
        allow_origins(build(), settings.allowed_origins)
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: ServiceSettings = app.state.settings
    app.state.accepting = CapacityLimiter(ACCEPTED_AT_ONCE)
    async with AsyncExitStack() as stack:
        stack.callback(app.state.rate_limits.close)
        if app.state.store is None:
            app.state.store = open_store(settings)
            stack.callback(app.state.store.close)
        if app.state.sandbox is None:
            app.state.sandbox = stack.enter_context(Sandbox())
        stack.enter_context(Repeating("sweep", partial(sweep, app.state.store), every_seconds=settings.sweep_seconds))
        forget = app.state.store.database.forget_left
        stack.enter_context(Repeating("forget", forget, every_seconds=FORGET_SECONDS))
        arrivals = partial(tidy_arrivals, app.state.store)
        stack.enter_context(Repeating("janitor", arrivals, every_seconds=JANITOR_SECONDS))
        await run_in_background(stack, app.state.news.listen())
        if settings.heartbeat_file:
            await run_in_background(stack, _beat(settings.heartbeat_file))
        yield


async def _beat(heartbeat_file: Path) -> None:
    """From the event loop itself: a loop that is stuck misses its beat."""
    while True:
        heartbeat_file.touch()  # noqa: ASYNC240 - on purpose: threads may all be waiting for the database
        await asyncio.sleep(HEARTBEAT_SECONDS)


async def run_in_background(stack: AsyncExitStack, coroutine: Coroutine[None, None, None]) -> None:
    """Run it until the stack is closed, and no longer."""
    task = asyncio.create_task(coroutine)

    async def stop() -> None:
        while not task.done():  # the Redis client loses a cancellation that comes while it connects
            task.cancel()
            await asyncio.wait([task], timeout=CANCEL_AGAIN_SECONDS)
        with suppress(asyncio.CancelledError):
            await task

    stack.push_async_callback(stop)
