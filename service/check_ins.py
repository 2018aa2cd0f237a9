"""Check-ins: send a recording, follow it, read the result, hear it again, run it again, delete it."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response, status
from starlette.concurrency import run_in_threadpool

from schemas import errors
from schemas.access import AccessAction
from schemas.check_in import (
    SETTLED_STATES,
    CheckInCreate,
    CheckInPage,
    CheckInRead,
    CheckInSummary,
    RunCreate,
)
from schemas.errors import CheckInNotFound, NotSignedIn
from schemas.recording import RecordingFormat
from service import bodies, cursors, ranges, showing
from service.dependencies import (
    IdempotencyKeyDep,
    IntakeDep,
    NewsDep,
    SettingsDep,
    SignedInDep,
    StoreDep,
    limit_uploads,
)
from service.problems import documented
from store.opening import Store
from store.sealing import Cipher
from store.showing import summary_of
from store.stages import TRANSCRIBE
from store.unit_of_work import UnitOfWork

router = APIRouter(prefix="/v1/check-ins", tags=["Check-ins"], responses=documented(NotSignedIn))

_AUDIO_TYPES = sorted({format_.media_type for format_ in RecordingFormat} | {"application/octet-stream"})
_AUDIO_BYTES = {"schema": {"type": "string", "format": "binary"}}


def _upload_documentation() -> dict[str, Any]:
    """The two ways to send a recording, for the OpenAPI."""
    create = CheckInCreate.model_json_schema()
    form = create | {
        "properties": create["properties"] | {bodies.AUDIO_FIELD: _AUDIO_BYTES["schema"]},
        "required": [*create["required"], bodies.AUDIO_FIELD],
    }
    kinds = create.pop("$defs")["CheckInKind"]
    form.pop("$defs")
    form["properties"]["kind"] = kinds | {"default": "journal"}
    in_query = [
        {
            "name": name,
            "in": "query",
            "description": f"{form['properties'][name].get('description', '')} For a raw body only.".strip(),
            "schema": form["properties"][name],
        }
        for name in CheckInCreate.model_fields
    ]
    content = {"multipart/form-data": {"schema": form}} | dict.fromkeys(_AUDIO_TYPES, _AUDIO_BYTES)
    return {"parameters": in_query, "requestBody": {"required": True, "content": content}}


@router.post(
    "",
    summary="Send a recording",
    status_code=status.HTTP_201_CREATED,
    openapi_extra=_upload_documentation(),
    dependencies=[Depends(limit_uploads)],
    responses=documented(
        errors.RecordingEmpty,
        errors.InvalidInput,
        errors.UploadIncomplete,
        errors.RecordingTooLarge,
        errors.RecordingTooLong,
        errors.RecordingUnsupported,
        errors.RecordingUnreadable,
        errors.CheckInIdTaken,
        errors.CheckInDeleted,
        errors.StorageUnavailable,
        errors.StorageFull,
        errors.StorageQuotaReached,
        errors.IdempotencyKeyReused,
    ),
)
async def create_check_in(
    request: Request,
    response: Response,
    signed_in: SignedInDep,
    store: StoreDep,
    intake: IntakeDep,
    settings: SettingsDep,
    key: IdempotencyKeyDep = None,
) -> CheckInRead:
    """Send a recording.

    Either as multipart/form-data (the fields below and the file as `audio`), or as the raw body with the fields in
    the query. The phone chooses the `id` and sends the same one until it has an answer: the same id with the same
    bytes is the same check-in and gets the same answer (then with `Idempotent-Replayed: true`); with other bytes it
    is refused. The format is told by the content: m4a/aac, mp3, ogg/opus, webm, wav, flac, 3gp/amr, caf, or mp4
    with an audio track.

    **Once this answers 201 the recording is safe** and will be worked on, whatever happens to the server.
    """
    cipher = await run_in_threadpool(_cipher, store, signed_in.account_id)
    with store.recordings.staged(cipher) as audio:
        create = await bodies.receive(request, audio, max_bytes=settings.max_recording_bytes)

        def within(work: UnitOfWork) -> None:
            asked = f"check-in {create.model_dump_json()} {audio.sha256}"
            work.idempotency.claim(signed_in.account_id, key, asked, made=create.id, now=store.clock())

        accept = partial(intake.accept, signed_in, create, audio, within=within)
        new = await to_thread.run_sync(accept, limiter=intake.threads)
    if not new:
        response.headers["Idempotent-Replayed"] = "true"
    response.headers["Location"] = f"check-ins/{create.id}"
    return await run_in_threadpool(showing.show, store, signed_in, create.id)


@router.get("", summary="List check-ins", responses=documented(errors.CursorInvalid))
def list_check_ins(
    signed_in: SignedInDep,
    store: StoreDep,
    cursor: Annotated[str | None, Query(description="`next` of the page before.", max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> CheckInPage:
    """Check-ins without what was said, newest recording first."""
    before = cursors.decode(cursor) if cursor else None
    with store.reading() as reading:
        found = reading.check_ins.list_for(signed_in.account_id, before=before, limit=limit + 1)
        page = found[:limit]
        more = len(found) > limit
        return CheckInPage(
            items=tuple(CheckInSummary(**summary_of(check_in)) for check_in in page),
            next=cursors.encode(page[-1].recorded_at, page[-1].id) if more else None,
        )


@router.get("/{check_in_id}", summary="Read a check-in and its result", responses=documented(CheckInNotFound))
async def read_check_in(
    check_in_id: UUID,
    signed_in: SignedInDep,
    store: StoreDep,
    news: NewsDep,
    settings: SettingsDep,
    wait: Annotated[
        float,
        Query(ge=0, description="Wait up to so many seconds for `ready`, `no_speech` or `failed` (long poll)."),
    ] = 0,
) -> CheckInRead:
    """A check-in with its result so far."""

    async def settled() -> CheckInRead | None:
        await run_in_threadpool(signed_in.check)
        check_in = await run_in_threadpool(showing.read, store, signed_in.account_id, check_in_id)
        return check_in if check_in.state in SETTLED_STATES else None

    seconds = min(wait, settings.max_wait_seconds)
    found = await news.until(signed_in.account_id, settled, seconds=seconds)
    if found is None:
        return await run_in_threadpool(showing.show, store, signed_in, check_in_id)
    await run_in_threadpool(showing.note, signed_in, found)
    return found


@router.delete(
    "/{check_in_id}",
    summary="Delete a check-in",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(CheckInNotFound),
)
def delete_check_in(check_in_id: UUID, signed_in: SignedInDep, store: StoreDep) -> None:
    """Delete recording, transcript and tags, at once and for good. A run that is going on leaves nothing behind.

    Exports that are ready go as well: it is in them.
    """
    with store.unit_of_work() as work:
        check_in = work.check_ins.delete_for(signed_in.account_id, check_in_id, now=store.clock())
        signed_in.note(work, AccessAction.CHECK_IN_DELETED, check_in_id)
        for key in (check_in.audio_key, *work.exports.delete_all(signed_in.account_id)):
            work.afterwards(partial(store.recordings.delete, key))
        work.afterwards(store.database.forget_deleted)


@router.post(
    "/{check_in_id}/runs",
    summary="Run a check-in again",
    status_code=status.HTTP_202_ACCEPTED,
    responses=documented(
        CheckInNotFound, errors.CheckInUnsettled, errors.RecordingDeleted, errors.IdempotencyKeyReused
    ),
)
def create_run(
    check_in_id: UUID,
    signed_in: SignedInDep,
    store: StoreDep,
    run: RunCreate | None = None,
    key: IdempotencyKeyDep = None,
) -> CheckInRead:
    """Run a check-in again: after a failure, or in another language. The old result stays until there is a new one."""
    with store.unit_of_work() as work:
        work.check_ins.get_for(signed_in.account_id, check_in_id, lock=True)
        changed = run.model_dump(exclude_unset=True) if run else {}
        asked, now = f"run {check_in_id} {sorted(changed.items())}", store.clock()
        if not work.idempotency.claim(signed_in.account_id, key, asked, made=check_in_id, now=now):
            check_in = work.check_ins.run_again(signed_in.account_id, check_in_id, now=now, **changed)
            work.nudge(TRANSCRIBE, check_in_id, attempts=check_in.attempt)
            signed_in.note(work, AccessAction.CHECK_IN_RUN_AGAIN, check_in_id)
    return showing.show(store, signed_in, check_in_id)


@router.head("/{check_in_id}/audio", responses=documented(CheckInNotFound), include_in_schema=False)
@router.get(
    "/{check_in_id}/audio",
    summary="Hear a recording again",
    response_class=Response,
    responses={
        200: {"content": dict.fromkeys(_AUDIO_TYPES, _AUDIO_BYTES), "description": "The recording as it was sent."},
        206: {"description": "The range that was asked for."},
        **documented(CheckInNotFound, errors.RecordingMissing, errors.RecordingDeleted, errors.RangeNotSatisfiable),
    },
)
def read_audio(check_in_id: UUID, request: Request, signed_in: SignedInDep, store: StoreDep) -> Response:
    """The recording, byte for byte as it was sent. Understands `Range` (one range), `If-Range`, `If-None-Match`."""
    with store.reading() as reading:
        check_in = reading.check_ins.get_for(signed_in.account_id, check_in_id)
        cipher = reading.vault.of(signed_in.account_id)
    if check_in.audio_deleted_at:
        raise errors.RecordingDeleted
    signed_in.note_reading(AccessAction.RECORDING_PLAYED, check_in_id)
    return ranges.serve(
        request,
        lambda: store.recordings.open(check_in.audio_key, cipher),
        size=check_in.audio_size,
        media_type=check_in.audio_format.media_type,
        etag=f'"{check_in.audio_sha256}"',
    )


def _cipher(store: Store, account_id: UUID) -> Cipher:
    with store.reading() as reading:
        return reading.vault.of(account_id)
