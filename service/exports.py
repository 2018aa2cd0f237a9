"""Exports: ask for everything, follow it, take it along."""

from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response, status

from schemas import errors
from schemas.access import AccessAction
from schemas.errors import ExportNotFound, ExportNotReady, NotSignedIn
from schemas.export import ExportList, ExportRead
from service import ranges
from service.dependencies import IdempotencyKeyDep, SignedInDep, StoreDep
from service.problems import documented

router = APIRouter(prefix="/v1/exports", tags=["Exports"], responses=documented(NotSignedIn))

_ZIP = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}


@router.post(
    "",
    summary="Ask for everything",
    status_code=status.HTTP_202_ACCEPTED,
    responses=documented(errors.IdempotencyKeyReused, ExportNotFound),
)
def create_export(
    response: Response, signed_in: SignedInDep, store: StoreDep, key: IdempotencyKeyDep = None
) -> ExportRead:
    """A ZIP with everything of the account: recordings as they were sent, JSON with its schema, pages to read.

    It is made by a worker. One that is being made already is the one you get; once it is ready, older ones go.
    """
    now = store.clock()
    with store.unit_of_work() as work:
        work.accounts.lock(signed_in.account_id)
        open_ = work.exports.open_for(signed_in.account_id)
        made = open_.id if open_ else uuid4()
        before = work.idempotency.claim(signed_in.account_id, key, "export", made=made, now=now)
        export = work.exports.find_for(signed_in.account_id, before, now=now) if before else None
        if export is None:
            work.idempotency.made_instead(signed_in.account_id, key, made)  # nothing is left of what was made before
            export = work.exports.ask(signed_in.account_id, export_id=made, now=now)
            signed_in.note(work, AccessAction.EXPORT_ASKED, export.id)
    response.headers["Location"] = f"exports/{export.id}"
    return ExportRead.model_validate(export)


@router.get("", summary="List exports")
def list_exports(signed_in: SignedInDep, store: StoreDep) -> ExportList:
    """Those whose file has not gone yet, newest first."""
    with store.reading() as reading:
        found = reading.exports.list_for(signed_in.account_id, now=store.clock())
    return ExportList(items=tuple(ExportRead.model_validate(export) for export in found))


@router.get("/{export_id}", summary="How far an export is", responses=documented(ExportNotFound))
def read_export(export_id: UUID, signed_in: SignedInDep, store: StoreDep) -> ExportRead:
    """`percent` grows; at `ready` its file can be read, for seven days."""
    with store.reading() as reading:
        found = reading.exports.get_for(signed_in.account_id, export_id, now=store.clock())
    return ExportRead.model_validate(found)


@router.head("/{export_id}/file", responses=documented(ExportNotFound), include_in_schema=False)
@router.get(
    "/{export_id}/file",
    summary="Take everything along",
    response_class=Response,
    responses={
        200: {"content": _ZIP, "description": "The ZIP."},
        206: {"content": _ZIP, "description": "The range that was asked for."},
        **documented(ExportNotFound, ExportNotReady, errors.RecordingMissing, errors.RangeNotSatisfiable),
    },
)
def read_export_file(export_id: UUID, request: Request, signed_in: SignedInDep, store: StoreDep) -> Response:
    """The ZIP. Understands `Range`, so that a download that broke off goes on."""
    with store.reading() as reading:
        export = reading.exports.get_for(signed_in.account_id, export_id, now=store.clock())
        cipher = reading.vault.of(signed_in.account_id)
    if export.audio_key is None or export.size is None:
        raise ExportNotReady
    key, size = export.audio_key, export.size
    signed_in.note_reading(AccessAction.EXPORT_READ, export_id)
    answer = ranges.serve(
        request,
        lambda: store.recordings.open(key, cipher),
        size=size,
        media_type="application/zip",
        etag=f'"{export.id}"',
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="tandem-{export.id}.zip"'
    return answer


@router.delete(
    "/{export_id}",
    summary="Delete an export",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(ExportNotFound),
)
def delete_export(export_id: UUID, signed_in: SignedInDep, store: StoreDep) -> None:
    """Its file goes now, not in seven days."""
    with store.unit_of_work() as work:
        key = work.exports.delete_for(signed_in.account_id, export_id, now=store.clock())
        if key:
            work.afterwards(lambda: store.recordings.delete(key))
