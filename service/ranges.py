"""Byte ranges of a recording (RFC 9110, 14): players ask for pieces."""

import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import BinaryIO

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from schemas.errors import RangeNotSatisfiable

CHUNK_BYTES = 64 * 1024
_SINGLE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})$", re.ASCII)


def serve(request: Request, open_file: Callable[[], BinaryIO], *, size: int, media_type: str, etag: str) -> Response:
    """The file, or the one range that was asked for. Several ranges at once are answered with the whole.

    Raises RangeNotSatisfiable, and what `open_file` raises.
    """
    # No cache keeps a voice (ASVS 5.0, 14.3.2). The ETag is for apps that keep a copy of their own, and for If-Range.
    headers = {"Accept-Ranges": "bytes", "ETag": etag, "Cache-Control": "no-store"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    asked = request.headers.get("range")
    current = request.headers.get("if-range", etag) == etag
    wanted = parse_range(asked, size) if asked and current else None
    start, end = wanted or (0, size)
    headers["Content-Length"] = str(end - start)
    if wanted:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    if request.method == "HEAD":
        return Response(status_code=206 if wanted else 200, headers=headers, media_type=media_type)
    pieces = _read(open_file(), start, end)
    first = next(pieces, b"")  # what cannot be opened is an error, not an answer that breaks off
    return StreamingResponse(
        chain((first,), pieces), status_code=206 if wanted else 200, headers=headers, media_type=media_type
    )


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """(first byte, byte after the last); None for a header that is to be ignored. Raises RangeNotSatisfiable."""
    match = _SINGLE_RANGE.match(header.strip())
    if match is None or match.group() == "bytes=-":
        return None
    first, last = match.groups()
    if first:
        start, end = int(first), min(int(last) + 1 if last else size, size)
    else:
        start, end = max(size - int(last), 0), size
    if last and first and int(last) < int(first):
        return None
    if start >= size or start >= end:
        raise RangeNotSatisfiable(size)
    return start, end


def _read(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        while start < end and (chunk := file.read(min(CHUNK_BYTES, end - start))):
            start += len(chunk)
            yield chunk
