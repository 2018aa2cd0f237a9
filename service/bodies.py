"""Bodies: a recording in one request, raw or as multipart, streams to the disk bit by bit."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from streaming_form_data import ParseFailedException, StreamingFormDataParser
from streaming_form_data.targets import BaseTarget, ValueTarget
from streaming_form_data.validators import MaxSizeValidator
from streaming_form_data.validators import ValidationError as FieldTooLong

from schemas.check_in import CheckInCreate
from schemas.errors import InvalidInput, RecordingEmpty, RecordingTooLarge, UploadIncomplete
from store.recordings import StagedRecording

AUDIO_FIELD = "audio"
MAX_FIELD_BYTES = 1_000
"""A field that is not the audio is short."""
MAX_FORM_BYTES = 64_000
"""What a multipart body may have beside the audio: boundaries, headers, fields."""
BUFFER_BYTES = 256 * 1024
"""Written to disk in pieces of this size, each off the event loop."""


async def receive(request: Request, audio: StagedRecording, *, max_bytes: int) -> CheckInCreate:
    """Stream the body into `audio`; returns what the phone tells about it.

    Raises RecordingTooLarge (before reading where Content-Length tells), RecordingEmpty, UploadIncomplete,
    InvalidInput and RequestValidationError.
    """
    multipart = request.headers.get("content-type", "").lower().startswith("multipart/form-data")
    if int(request.headers.get("content-length") or 0) > max_bytes + (MAX_FORM_BYTES if multipart else 0):
        raise RecordingTooLarge(_limit(max_bytes))
    if multipart:
        create = await _receive_form(request, audio, max_bytes=max_bytes)
    else:
        create = parse_create(dict(request.query_params), where="query")
        async for piece in pieces(request):
            _check_size(audio.size + len(piece), max_bytes)
            await run_in_threadpool(audio.write, piece)
    if audio.size == 0:
        raise RecordingEmpty
    return create


def parse_create(fields: dict[str, Any], *, where: str) -> CheckInCreate:
    """Raises RequestValidationError that names the fields."""
    try:
        return CheckInCreate.model_validate(fields)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**detail, "loc": (where, *detail["loc"])} for detail in details]) from None


async def _receive_form(request: Request, audio: StagedRecording, *, max_bytes: int) -> CheckInCreate:
    fields = {name: _FieldTarget(MaxSizeValidator(MAX_FIELD_BYTES)) for name in CheckInCreate.model_fields}
    audio_part = _AudioTarget(audio, max_bytes)
    try:
        parser = StreamingFormDataParser(headers=request.headers)
    except (ParseFailedException, ValueError) as error:
        raise InvalidInput("The multipart body has no boundary") from error
    for name, target in fields.items():
        parser.register(name, target)
    parser.register(AUDIO_FIELD, audio_part)
    received = 0
    async for piece in pieces(request):
        received += len(piece)
        _check_size(received - MAX_FORM_BYTES, max_bytes)
        await run_in_threadpool(_parse, parser, piece)
    _check_parts({**fields, AUDIO_FIELD: audio_part})
    values = {name: target.value.decode(errors="replace") for name, target in fields.items()}
    return parse_create({name: value for name, value in values.items() if value}, where="body")


def _check_parts(parts: Mapping[str, "_Part"]) -> None:
    """Every part is there in full: a body that is cut off may end in the middle of the audio."""
    for name, part in parts.items():
        if part.is_open:
            raise UploadIncomplete(f"The body ended within its part `{name}`")
        if part.count > 1:
            raise InvalidInput(f"The part `{name}` was sent {part.count} times")
    if parts[AUDIO_FIELD].count == 0:
        raise InvalidInput(f"The body has no part `{AUDIO_FIELD}`")


def _parse(parser: StreamingFormDataParser, piece: bytes) -> None:
    try:
        parser.data_received(piece)
    except (ParseFailedException, UnicodeDecodeError) as error:
        raise InvalidInput("The multipart body is malformed") from error
    except FieldTooLong as error:
        raise InvalidInput(f"A field is longer than {MAX_FIELD_BYTES} bytes") from error


class _Part:
    """Knows how often a part came, and whether its end was seen."""

    count = 0
    is_open = False

    def on_start(self) -> None:
        """Called by the parser at the part's head."""
        self.count += 1
        self.is_open = True

    def on_finish(self) -> None:
        """Called at the boundary behind it."""
        self.is_open = False


class _FieldTarget(_Part, ValueTarget):  # type: ignore[misc]  # the library ships no types
    """A short part, kept in memory."""


class _AudioTarget(_Part, BaseTarget):  # type: ignore[misc]
    """The part that goes into the audio store."""

    def __init__(self, audio: StagedRecording, max_bytes: int) -> None:
        super().__init__()
        self._audio = audio
        self._max_bytes = max_bytes

    def on_data_received(self, chunk: bytes) -> None:
        """Write it through."""
        _check_size(self._audio.size + len(chunk), self._max_bytes)
        self._audio.write(chunk)


async def pieces(request: Request, *, every_seconds: float | None = None) -> AsyncIterator[bytes]:
    """The body, gathered into larger pieces; what has come is not held back for longer than so many seconds.

    Raises UploadIncomplete where the phone is gone, after the last piece.
    """
    buffer = bytearray()
    async with aclosing(_chunks(request, every_seconds)) as chunks:
        try:
            async for chunk in chunks:
                buffer += chunk
                if len(buffer) >= BUFFER_BYTES or (buffer and not chunk):
                    yield bytes(buffer)
                    buffer.clear()
        except ClientDisconnect as error:
            if buffer:
                yield bytes(buffer)
            raise UploadIncomplete from error
    if buffer:
        yield bytes(buffer)


async def _chunks(request: Request, every_seconds: float | None) -> AsyncGenerator[bytes]:
    """The body as it comes; b"" where nothing has come for so many seconds."""
    stream = request.stream()
    arriving = asyncio.ensure_future(anext(stream, b""))
    try:
        while True:
            arrived, _ = await asyncio.wait({arriving}, timeout=every_seconds)
            if not arrived:
                yield b""
            elif chunk := arriving.result():
                yield chunk
                arriving = asyncio.ensure_future(anext(stream, b""))
            else:
                return
    finally:
        arriving.cancel()


def _check_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise RecordingTooLarge(_limit(max_bytes))


def _limit(max_bytes: int) -> str:
    return f"A recording may have {max_bytes / 1_000_000:g} MB"
