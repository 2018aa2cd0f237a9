"""What the sandbox, its warm process and the children of that say to each other.

The sandbox sends a Request and two descriptors over a socket and gets one byte back. The child writes frames into
its pipe: samples, then one end. A pipe that closes without an end comes from a child that was killed or crashed.
"""

import json
import math
import os
import select
import struct
import time
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Self

SAMPLE_RATE = 16_000
"""Hz of what is decoded."""
SAMPLE_BYTES = 2
SLACK_SECONDS = 0.25
"""Containers and decoders disagree by a few frames; what the probe let in shall not be too long when decoded."""

ACCEPTED = b"+"
NOT_FORKED = b"-"
MAX_REQUEST_BYTES = 4096

_FRAME_HEADER = struct.Struct("<cI")
_SAMPLES = b"s"
_END = b"e"
_MAX_FRAME_BYTES = 1 << 20
_MAX_CODEC_NAME = 32


class Task(StrEnum):
    """What a child is asked to do."""

    PROBE = "probe"
    DECODE = "decode"


class Verdict(StrEnum):
    """How it went."""

    DONE = "done"
    UNSUPPORTED = "unsupported"
    UNREADABLE = "unreadable"
    TOO_LONG = "too_long"
    READ_FAILED = "read_failed"
    """The disk, not the recording."""


@dataclass(frozen=True)
class Request:
    """One task and its limits."""

    task: Task
    format: str
    """libav's demuxer."""
    max_seconds: float
    memory_bytes: int
    """Address space of the child."""
    cpu_seconds: float
    wall_seconds: float

    @property
    def max_samples(self) -> int:
        """How many may be decoded."""
        return int((self.max_seconds + SLACK_SECONDS) * SAMPLE_RATE)

    def to_bytes(self) -> bytes:
        """As it travels."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, message: bytes) -> Self:
        """As it arrives."""
        fields = json.loads(message)
        return cls(task=Task(fields.pop("task")), **fields)


@dataclass(frozen=True)
class End:
    """The last frame."""

    verdict: Verdict
    seconds: float | None = None
    codec: str = ""


def write_samples(pipe: int, samples: bytes) -> None:
    """Send decoded samples, at most 1 MiB at a time."""
    _write(pipe, _SAMPLES, samples)


def write_end(pipe: int, end: End) -> None:
    """Send the last frame."""
    _write(pipe, _END, json.dumps(asdict(end)).encode())


def _write(pipe: int, kind: bytes, payload: bytes) -> None:
    rest = memoryview(_FRAME_HEADER.pack(kind, len(payload)) + payload)
    while rest:
        rest = rest[os.write(pipe, rest) :]


class BrokenReply(Exception):
    """The pipe closed before the end, brought something else than frames, or brought nothing for too long."""


class ReplyReader:
    """The sandbox's end of the pipe. The child is not trusted: all it sends is bounded and checked."""

    def __init__(self, pipe: int, *, seconds: float) -> None:
        self._pipe = pipe
        self._deadline = time.monotonic() + seconds
        self._poll = select.poll()
        self._poll.register(pipe, select.POLLIN)

    def read(self) -> bytes | End:
        """The next samples, or the end. Raises BrokenReply."""
        kind, size = _FRAME_HEADER.unpack(self._read_exactly(_FRAME_HEADER.size))
        if kind not in {_SAMPLES, _END} or size > _MAX_FRAME_BYTES:
            raise BrokenReply
        payload = self._read_exactly(size)
        return payload if kind == _SAMPLES else _end(payload)

    def _read_exactly(self, size: int) -> bytes:
        chunks = []
        while size:
            milliseconds = (self._deadline - time.monotonic()) * 1000
            if not self._poll.poll(max(milliseconds, 0)):
                raise BrokenReply
            chunk = os.read(self._pipe, size)
            if not chunk:
                raise BrokenReply
            chunks.append(chunk)
            size -= len(chunk)
        return b"".join(chunks)


def _end(payload: bytes) -> End:
    try:
        fields = json.loads(payload)
        seconds = None if fields["seconds"] is None else float(fields["seconds"])
        end = End(Verdict(fields["verdict"]), seconds, str(fields["codec"])[:_MAX_CODEC_NAME])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BrokenReply from error
    if seconds is not None and not 0 <= seconds < math.inf:
        raise BrokenReply
    return end
