"""The changes feed: as pages with long poll, and as server-sent events."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from schemas.access import AccessAction
from schemas.change import ChangePage, ChangeRead
from schemas.errors import NotSignedIn
from service.dependencies import NewsDep, SettingsDep, SignedIn, SignedInDep, StoreDep
from service.problems import documented
from store.opening import Store

router = APIRouter(prefix="/v1", tags=["Changes"], responses=documented(NotSignedIn))

PAGE_SIZE = 100
LOOK_AGAIN_SECONDS = 10.0
"""How long an event stream may live on after its session has ended."""

MAX_CURSOR = 2**31 - 1

_SIGNED_OUT = ChangePage(items=(), cursor=0)


@router.get("/changes", summary="What has changed since")
async def list_changes(
    signed_in: SignedInDep,
    store: StoreDep,
    news: NewsDep,
    settings: SettingsDep,
    after: Annotated[int, Query(ge=0, le=MAX_CURSOR, description="`cursor` of the last answer; 0 to begin.")] = 0,
    wait: Annotated[float, Query(ge=0, description="Wait up to so many seconds for a change (long poll).")] = 0,
) -> ChangePage:
    """What has happened since. The answer is empty if nothing did."""

    async def look() -> ChangePage | None:
        await run_in_threadpool(signed_in.check)
        page = await run_in_threadpool(_page, store, signed_in, after)
        return page if page.items else None

    seconds = min(wait, settings.max_wait_seconds)
    return await news.until(signed_in.account_id, look, seconds=seconds) or ChangePage(items=(), cursor=after)


@router.get("/events", summary="Changes as they happen", response_class=EventSourceResponse)
async def stream_changes(
    signed_in: SignedInDep,
    store: StoreDep,
    news: NewsDep,
    after: Annotated[int | None, Query(ge=0, le=MAX_CURSOR, description="Begin after this cursor.")] = None,
    last_event_id: Annotated[
        str | None, Header(pattern=r"^\d{1,9}$", description="Sent by the client when it connects again.")
    ] = None,
) -> AsyncIterator[ServerSentEvent]:
    """The feed as server-sent events: `event` is the type of the change, `id` its cursor, `data` the change.

    Begins after `Last-Event-ID`, else after `after`, else with what comes next. Ends with the access token: refresh
    and connect again.
    """
    asked = int(last_event_id) if last_event_id else after
    cursor = await run_in_threadpool(_newest, store, signed_in) if asked is None else asked

    async def look() -> ChangePage | None:
        if not await run_in_threadpool(_still_signed_in, signed_in):
            return _SIGNED_OUT
        page = await run_in_threadpool(_page, store, signed_in, cursor)
        return page if page.items else None

    while (page := await news.until(signed_in.account_id, look, seconds=LOOK_AGAIN_SECONDS)) is not _SIGNED_OUT:
        for change in page.items if page else ():
            yield ServerSentEvent(id=str(change.cursor), event=change.type, data=change)
            cursor = change.cursor


def _page(store: Store, signed_in: SignedIn, after: int) -> ChangePage:
    with store.reading() as reading:
        changes = reading.changes.after(signed_in.account_id, after, limit=PAGE_SIZE)
        told = reading.progress.told_by(changes)
        items = tuple(
            ChangeRead.model_validate(change).model_copy(update={"progress": told.get(change.cursor)})
            for change in changes
        )
    for check_in_id in {change.check_in_id for change in changes if change.cursor in told}:
        signed_in.note_reading(AccessAction.CHECK_IN_READ, check_in_id)
    return ChangePage(items=items, cursor=items[-1].cursor if items else after)


def _newest(store: Store, signed_in: SignedIn) -> int:
    with store.reading() as reading:
        return reading.changes.last_cursor(signed_in.account_id)


def _still_signed_in(signed_in: SignedIn) -> bool:
    try:
        signed_in.check()
    except NotSignedIn:
        return False
    return True
