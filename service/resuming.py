"""Resumable uploads: what one request brings of a recording is made durable bit by bit, whatever protocol it speaks."""

import asyncio
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import new as new_hash
from uuid import UUID

import structlog
from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from schemas.check_in import CheckInCreate
from schemas.errors import (
    ChecksumMismatch,
    NotSignedIn,
    PermanentError,
    RecordingMissing,
    TandemError,
    UploadBusy,
    UploadIncomplete,
    UploadNotFound,
    UploadOffsetWrong,
    UploadTooFragmented,
    UploadTooLong,
)
from service.bodies import pieces
from service.intake import Intake, Sender
from store.sealing import Cipher
from store.tables import Upload, UploadPart
from store.unit_of_work import UnitOfWork
from store.upload_parts import PartWriter
from store.uploads import LEASE, MOST_PARTS

COUNT_SECONDS = 1.0
"""What arrives slowly is made durable this often."""

RENEW_SECONDS = LEASE.total_seconds() / 4

CAN_GO_ON = (UploadBusy, UploadNotFound, RecordingMissing, NotSignedIn)
"""Another has taken over, its parts lie on another machine, its device was signed out: the bytes are not at fault."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Checksum:
    """Of the bytes of one request: an algorithm of hashlib, and the digest in base64."""

    algorithm: str
    digest: str


async def receive_part(
    request: Request, intake: Intake, sender: Sender, upload_id: UUID, *, offset: int, checksum: Checksum | None
) -> int:
    """Add the body of a request to an upload; returns the new offset. At the last byte it is a check-in.

    What arrived before the phone was gone is kept, unless it has a checksum, which covers the whole body. Raises
    UploadNotFound, UploadBusy, UploadOffsetWrong, UploadTooLong, UploadIncomplete, ChecksumMismatch, StorageFull,
    StorageUnavailable, and at the end the errors of `Intake.accept`.
    """
    part = await run_in_threadpool(_begin, intake, sender, upload_id, offset)
    try:
        if int(request.headers.get("content-length") or 0) > part.upload.length - offset:
            raise UploadTooLong
        await _receive(request, part, checksum)
        if part.offset == part.upload.length and part.upload.received < part.upload.length:
            await _finish(part, intake.threads)
        else:
            await run_in_threadpool(part.count)
    finally:
        await run_in_threadpool(part.end)
    return part.offset


async def _receive(request: Request, part: "IncomingPart", checksum: Checksum | None) -> None:
    digest = new_hash(checksum.algorithm, usedforsecurity=False) if checksum else None
    try:
        async for piece in pieces(request, every_seconds=COUNT_SECONDS):
            if digest:
                digest.update(piece)
            await run_in_threadpool(part.write, piece, count=digest is None)
    except UploadIncomplete:
        if digest is None:
            await run_in_threadpool(part.count)
        raise
    if checksum and digest and b64encode(digest.digest()).decode() != checksum.digest:
        raise ChecksumMismatch


async def _finish(part: "IncomingPart", threads: CapacityLimiter) -> None:
    """Have the parts put together, however long that takes: a process that dies of it holds nobody up for long."""
    finishing = asyncio.ensure_future(to_thread.run_sync(part.finish, limiter=threads))
    while not finishing.done():
        await asyncio.wait({finishing}, timeout=RENEW_SECONDS)
        if not finishing.done():
            await run_in_threadpool(part.renew)
    await finishing


class IncomingPart:
    """What one request brings: it holds the upload's lease, and a file of its own."""

    def __init__(self, intake: Intake, sender: Sender, upload: Upload, lease: UUID, cipher: Cipher) -> None:
        self.upload = upload
        self._intake = intake
        self._sender = sender
        self._store = intake.store
        self._lease = lease
        self._cipher = cipher
        self._writer: PartWriter | None = None
        self._counted = 0

    @property
    def offset(self) -> int:
        """Where the upload ends with what is on the disk."""
        return self.upload.received + (self._writer.size if self._writer else 0)

    def write(self, piece: bytes, *, count: bool) -> None:
        """Have a piece on the disk, and count it at once if so wanted; the last one counts as a check-in alone."""
        if self.offset + len(piece) > self.upload.length:
            raise UploadTooLong
        if self._writer is None:
            self._writer = self._store.upload_parts.new(self._cipher)
        self._writer.write(piece)
        if count and self.offset < self.upload.length:
            self.count()
        else:
            self.renew()

    def count(self) -> None:
        """Count what is on the disk. Raises UploadBusy when another has taken over."""
        part = self._part()
        if part is None or part.size == self._counted or self.offset == self.upload.length:
            return
        with self._store.unit_of_work() as work:
            work.uploads.count(self.upload.id, self._lease, part, now=self._store.clock())
        self._counted = part.size

    def finish(self) -> None:
        """Put all parts together: from now on it is a check-in like any other. One that is refused is forgotten."""
        with self._store.unit_of_work() as work:
            work.uploads.renew(self.upload.id, self._lease, now=self._store.clock())
            parts = [(part.key, part.size) for part in work.uploads.parts(self.upload.id)]
        last = self._part()
        if last is not None:
            parts = [*((key, size) for key, size in parts if key != last.key), (last.key, last.size)]
        try:
            self._accept(parts)
        except CAN_GO_ON:
            raise
        except PermanentError:
            self._forget()
            raise
        for key, _ in parts:
            self._delete(key)
        self._counted = last.size if last else 0

    def renew(self) -> None:
        """Stay the one who writes. What goes wrong shows at the end."""
        with suppress(TandemError), self._store.unit_of_work() as work:
            work.uploads.renew(self.upload.id, self._lease, now=self._store.clock())

    def end(self) -> None:
        """Let others write, and leave no file that does not count."""
        if self._writer:
            self._writer.close()
            if self._counted == 0:
                self._delete(self._writer.key)
        with suppress(TandemError), self._store.unit_of_work() as work:  # else the lease runs out by itself
            work.uploads.release(self.upload.id, self._lease)

    def _accept(self, parts: list[tuple[str, int]]) -> None:
        def within(work: UnitOfWork) -> None:
            work.uploads.finish(self.upload.id, self._lease, now=self._store.clock())

        with self._store.recordings.staged(self._cipher) as audio:
            for key, size in parts:
                for content in self._store.upload_parts.read(key, self._cipher, size=size):
                    audio.write(content)
            self._intake.accept(self._sender, told_by(self.upload), audio, within=within)

    def _forget(self) -> None:
        with self._store.unit_of_work() as work:
            keys = work.uploads.delete_for(self.upload.account_id, self.upload.id, now=self._store.clock())
        for key in keys:
            self._delete(key)
        self._counted = 0

    def _part(self) -> UploadPart | None:
        if self._writer is None:
            return None
        return UploadPart(
            upload_id=self.upload.id, start=self.upload.received, key=self._writer.key, size=self._writer.size
        )

    def _delete(self, key: str) -> None:
        with _unless_away():
            self._store.upload_parts.delete(key)


def told_by(upload: Upload) -> CheckInCreate:
    """What the phone told about the recording when it began."""
    return CheckInCreate(
        id=upload.check_in_id,
        kind=upload.kind,
        recorded_at=upload.recorded_at,
        time_zone=upload.time_zone,
        language=upload.language,
    )


def _begin(intake: Intake, sender: Sender, upload_id: UUID, offset: int) -> IncomingPart:
    store = intake.store
    now = store.clock()
    with store.unit_of_work() as work:
        upload = work.uploads.get_for(sender.account_id, upload_id, now=now)
        lease = work.uploads.lease(upload, now=now)
        upload = work.uploads.get_for(sender.account_id, upload_id, now=now)
        if len(work.uploads.parts(upload_id)) >= MOST_PARTS:
            raise UploadTooFragmented
        if upload.received != offset:
            raise UploadOffsetWrong(f"It has {upload.received} bytes of {upload.length}")
        return IncomingPart(intake, sender, upload, lease, work.vault.of(sender.account_id))


@contextmanager
def _unless_away() -> Iterator[None]:
    """A file that cannot be removed now is the janitor's."""
    try:
        yield
    except TandemError as error:
        log.warning("upload_part.left", error=type(error).__name__)
