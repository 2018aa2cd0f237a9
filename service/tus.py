"""Resumable uploads by tus 1.0 (https://tus.io/protocols/resumable-upload): networks come and go, bytes stay.

Core, creation, creation-with-upload, expiration, termination, checksum. The protocol is here, the receiving in
`service/resuming.py`.
"""

from contextlib import suppress
from email.utils import format_datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request, Response, status
from starlette.concurrency import run_in_threadpool

from schemas import errors
from schemas.errors import NotSignedIn, RecordingTooLarge, UploadNotFound
from service.dependencies import IntakeDep, SettingsDep, SignedInDep, StoreDep, limit_uploads
from service.intake import Intake
from service.problems import documented
from service.resuming import receive_part
from service.tus_headers import ALGORITHMS, Announced, ChecksumHeader, Offset, read_checksum
from service.tus_protocol import PATH, VERSION
from store.opening import Store
from store.tables import Upload

EXTENSIONS = "creation,creation-with-upload,expiration,termination,checksum"
PART_TYPE = "application/offset+octet-stream"

router = APIRouter(prefix=PATH, tags=["Resumable uploads"])

_SPOKEN: dict[str, Any] = {
    "parameters": [
        {
            "name": "Tus-Resumable",
            "in": "header",
            "required": True,
            "description": "The version of the protocol.",
            "schema": {"type": "string", "enum": [VERSION]},
        }
    ]
}
"""For the OpenAPI: the version is looked at before any route is (`service/tus_protocol.py`)."""

_PART = {"content": {PART_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
_WRITING = (
    errors.UploadNotFound,
    errors.UploadBusy,
    errors.UploadOffsetWrong,
    errors.UploadTooLong,
    errors.UploadTooFragmented,
    errors.UploadTypeUnsupported,
    errors.UploadIncomplete,
    errors.ChecksumMismatch,
    errors.ChecksumUnsupported,
    errors.TusVersionUnsupported,
    errors.RecordingTooLong,
    errors.RecordingUnsupported,
    errors.RecordingUnreadable,
    errors.CheckInIdTaken,
    errors.CheckInDeleted,
    errors.StorageFull,
    errors.StorageUnavailable,
    errors.StorageQuotaReached,
    NotSignedIn,
)


@router.options("", summary="What is spoken here", status_code=status.HTTP_204_NO_CONTENT)
@router.options("/{upload_id}", include_in_schema=False, status_code=status.HTTP_204_NO_CONTENT)
async def read_options(response: Response, settings: SettingsDep) -> None:
    """Version and extensions of tus, and how long a recording may be."""
    response.headers["Tus-Version"] = VERSION
    response.headers["Tus-Extension"] = EXTENSIONS
    response.headers["Tus-Max-Size"] = str(settings.max_recording_bytes)
    response.headers["Tus-Checksum-Algorithm"] = ",".join(ALGORITHMS)


@router.post(
    "",
    summary="Begin an upload",
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(limit_uploads)],
    openapi_extra=_SPOKEN | {"requestBody": _PART},
    responses=documented(errors.UploadsFull, errors.IdempotencyKeyReused, RecordingTooLarge, *_WRITING),
)
async def create_upload(
    request: Request,
    response: Response,
    signed_in: SignedInDep,
    intake: IntakeDep,
    settings: SettingsDep,
    announced: Annotated[Announced, Depends()],
) -> None:
    """Begin to send a recording in parts; the first may come along. `Location` tells where the others go.

    When the last byte has arrived it is a check-in with the `id` that the phone chose, as if it had come in one piece.
    """
    if announced.length > settings.max_recording_bytes:
        raise RecordingTooLarge(f"A recording may have {settings.max_recording_bytes / 1_000_000:g} MB")
    upload = await run_in_threadpool(_create, intake, signed_in.account_id, announced)
    response.headers["Location"] = f"{request.scope.get('root_path', '')}{PATH}/{upload.id}"
    _tell_expiry(response, upload)
    if _is_part(request):
        _check_type(request)
        checksum = announced.checksum
        ends = await receive_part(request, intake, signed_in, upload.id, offset=0, checksum=checksum)
        response.headers["Upload-Offset"] = str(ends)


@router.head(
    "/{upload_id}",
    summary="How much has arrived",
    openapi_extra=_SPOKEN,
    responses=documented(errors.UploadNotFound, errors.TusVersionUnsupported, NotSignedIn),
)
def read_upload(upload_id: UUID, response: Response, signed_in: SignedInDep, store: StoreDep) -> None:
    """`Upload-Offset`: so many bytes are safe. Equal to `Upload-Length`: the check-in is there."""
    upload = _read(store, signed_in.account_id, upload_id)
    response.headers["Upload-Offset"] = str(upload.received)
    response.headers["Upload-Length"] = str(upload.length)
    response.headers["Cache-Control"] = "no-store"
    _tell_expiry(response, upload)


@router.patch(
    "/{upload_id}",
    summary="Send a part",
    status_code=status.HTTP_204_NO_CONTENT,
    openapi_extra=_SPOKEN | {"requestBody": _PART | {"required": True}},
    responses=documented(*_WRITING),
)
async def write_upload(
    upload_id: UUID,
    request: Request,
    response: Response,
    signed_in: SignedInDep,
    intake: IntakeDep,
    offset: Offset,
    checksum: ChecksumHeader = None,
) -> None:
    """Send bytes from `Upload-Offset` on, as many as there are or the network allows.

    What has arrived is kept even if the connection breaks; ask with HEAD where to go on.
    """
    _check_type(request)
    ends = await receive_part(request, intake, signed_in, upload_id, offset=offset, checksum=read_checksum(checksum))
    response.headers["Upload-Offset"] = str(ends)
    _tell_expiry(response, await run_in_threadpool(_read, intake.store, signed_in.account_id, upload_id))


@router.delete(
    "/{upload_id}",
    summary="Give an upload up",
    openapi_extra=_SPOKEN,
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(errors.UploadNotFound, errors.TusVersionUnsupported, NotSignedIn),
)
def delete_upload(upload_id: UUID, signed_in: SignedInDep, store: StoreDep) -> None:
    """Forget what has arrived. A check-in that came of it stays."""
    with store.unit_of_work() as work:
        for part in work.uploads.delete_for(signed_in.account_id, upload_id, now=store.clock()):
            work.afterwards(partial(store.upload_parts.delete, part))


def _create(intake: Intake, account_id: UUID, announced: Announced) -> Upload:
    store, create, length, key = intake.store, announced.create, announced.length, announced.key
    now = store.clock()
    with store.unit_of_work() as work:
        work.check_ins.check_free(account_id, create.id)
        for part in work.uploads.make_room(account_id, create.id, now=now):
            work.afterwards(partial(store.upload_parts.delete, part))
        upload_id = uuid4()
        asked = f"upload {create.model_dump_json()} {length}"
        if before := work.idempotency.claim(account_id, key, asked, made=upload_id, now=now):
            with suppress(UploadNotFound):
                return work.uploads.get_for(account_id, before, now=now)
            work.idempotency.made_instead(account_id, key, upload_id)  # it has expired, or was given up
        intake.check_room(work, account_id, length)
        return work.uploads.create(account_id, create, upload_id=upload_id, length=length, now=now)


def _read(store: Store, account_id: UUID, upload_id: UUID) -> Upload:
    with store.reading() as reading:
        return reading.uploads.get_for(account_id, upload_id, now=store.clock())


def _is_part(request: Request) -> bool:
    return int(request.headers.get("content-length") or 0) > 0 or "transfer-encoding" in request.headers


def _check_type(request: Request) -> None:
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != PART_TYPE:
        raise errors.UploadTypeUnsupported


def _tell_expiry(response: Response, upload: Upload) -> None:
    response.headers["Upload-Expires"] = format_datetime(upload.expires_at, usegmt=True)
