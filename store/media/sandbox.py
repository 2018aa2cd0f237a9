"""The sandbox: recordings of strangers are looked into and decoded by confined children, never by this process."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from types import TracebackType
from typing import BinaryIO, Self

from schemas.errors import (
    DecoderUnavailable,
    RecordingTooLong,
    RecordingUnreadable,
    RecordingUnsupported,
)
from schemas.recording import RecordingFormat
from store.media.protocol import (
    SAMPLE_BYTES,
    BrokenReply,
    End,
    ReplyReader,
    Request,
    Task,
    Verdict,
)
from store.media.warm_process import WarmProcess

_REFUSALS = {
    Verdict.UNSUPPORTED: RecordingUnsupported,
    Verdict.UNREADABLE: RecordingUnreadable,
    Verdict.TOO_LONG: RecordingTooLong,
    Verdict.READ_FAILED: DecoderUnavailable,
}
_WALL_TO_CPU = 4
"""Wall time per CPU time: other children and the transcription want the processor too."""
_GRACE_SECONDS = 5
"""How long after its wall time a child that ought to be dead is waited for."""


@dataclass(frozen=True)
class Probe:
    """What a recording says of itself."""

    seconds: float | None
    """Length as the container tells it; as its packets add up where it tells none, or less than they do."""
    codec: str
    """libav's name of the codec of the first audio track."""


class Sandbox:
    """Starts one warm process when it is first needed, and another when that died. Safe to share between threads.

    Not to be used by a process that was forked from the one that made it.
    """

    def __init__(
        self,
        *,
        memory_bytes: int = 400_000_000,
        probe_seconds: float = 10,
        decode_seconds: float = 30,
        decode_speed: float = 20,
        children: int = 8,
    ) -> None:
        """Set the limits of each child; what passes one of them is killed, and the recording counts as unreadable.

        memory_bytes    address space; an hour in any format was seen to need less than 200 MB of it
        probe_seconds   CPU time of a probe; four times that on the clock
        decode_seconds  CPU time of decoding, to which is added the longest recording divided by decode_speed;
                        four times the sum on the clock
        decode_speed    how many times faster than it plays a recording has to decode
        children        how many may be at work at a time; further calls wait
        """
        self._memory_bytes = memory_bytes
        self._probe_seconds = probe_seconds
        self._decode_seconds = decode_seconds
        self._decode_speed = decode_speed
        self._free_children = threading.BoundedSemaphore(children)
        self._lock = threading.Lock()
        self._process: WarmProcess | None = None
        self._closed = False

    def probe(self, audio: BinaryIO | int, format_: RecordingFormat, *, max_seconds: float) -> Probe:
        """Open a seekable recording and tell its length and codec, without decoding it.

        Raises RecordingUnsupported (no audio track, or none that we decode), RecordingUnreadable (it cannot be
        opened, or that took more than the limits), RecordingTooLong (it claims more than `max_seconds`), and
        DecoderUnavailable.
        """
        end, _ = self._run(self._request(Task.PROBE, format_, max_seconds, self._probe_seconds), audio)
        return Probe(end.seconds, end.codec)

    def decode(self, audio: BinaryIO | int, format_: RecordingFormat, *, max_seconds: float) -> bytes:
        """Decode the first audio track: mono, 16 kHz, signed 16-bit little-endian.

        Damaged parts are left out, or silent where time stamps tell how long they were; a cut-off end is missing; no
        samples at all give b"". One of two channels in opposite phase is turned over; an offset is taken away.
        Raises the errors of `probe`: RecordingUnreadable where nothing could be decoded, RecordingTooLong as soon as
        `max_seconds` of samples are there.
        """
        cpu_seconds = self._decode_seconds + max_seconds / self._decode_speed
        _, samples = self._run(self._request(Task.DECODE, format_, max_seconds, cpu_seconds), audio)
        return samples

    @property
    def pid(self) -> int | None:
        """The warm process, while there is one."""
        process = self._process
        return process.pid if process else None

    def close(self) -> None:
        """End the warm process and what is still at work in its children; those calls raise DecoderUnavailable."""
        with self._lock:
            self._closed = True
            self._drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _request(self, task: Task, format_: RecordingFormat, max_seconds: float, cpu_seconds: float) -> Request:
        wall_seconds = cpu_seconds * _WALL_TO_CPU
        return Request(task, format_.value, max_seconds, self._memory_bytes, cpu_seconds, wall_seconds)

    def _run(self, request: Request, audio: BinaryIO | int) -> tuple[End, bytes]:
        with self._free_children, self._submitted(request, audio) as pipe:
            try:
                end, samples = _read_reply(request, pipe)
            except BrokenReply as error:
                raise (DecoderUnavailable if self._closed else RecordingUnreadable) from error
        if end.verdict in _REFUSALS:
            raise _REFUSALS[end.verdict]
        return end, samples

    @contextmanager
    def _submitted(self, request: Request, audio: BinaryIO | int) -> Iterator[int]:
        """The pipe into which a child writes its reply."""
        with _own_descriptor(audio) as source:
            pipe = self._submit(request, source)
        try:
            yield pipe
        finally:
            os.close(pipe)

    def _submit(self, request: Request, source: int) -> int:
        """Once more where the process turns out to be dead, with a pipe of its own in case it was not quite."""
        with self._lock:
            try:
                return self._submit_once(request, source)
            except OSError:
                self._drop()
            try:
                return self._submit_once(request, source)
            except OSError as error:
                self._drop()
                raise DecoderUnavailable from error

    def _submit_once(self, request: Request, source: int) -> int:
        if self._closed:
            raise DecoderUnavailable
        if self._process is None:
            self._process = WarmProcess()
        pipe, sink = os.pipe()
        try:
            self._process.submit(request, source, sink)
        except OSError:
            os.close(pipe)
            raise
        finally:
            os.close(sink)
        return pipe

    def _drop(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None


@contextmanager
def _own_descriptor(audio: BinaryIO | int) -> Iterator[int]:
    """The recording for reading only: the child must not be able to write, whatever it was opened for here."""
    descriptor = audio if isinstance(audio, int) else audio.fileno()
    try:
        own = os.open(f"/dev/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise DecoderUnavailable from error
    try:
        yield own
    finally:
        os.close(own)


def _read_reply(request: Request, pipe: int) -> tuple[End, bytes]:
    """The end and all samples before it. Raises BrokenReply, and RecordingTooLong should the child send too many."""
    reader = ReplyReader(pipe, seconds=request.wall_seconds + _GRACE_SECONDS)
    samples = BytesIO()  # hands its content over without a copy
    while isinstance(frame := reader.read(), bytes):
        if samples.tell() + len(frame) > request.max_samples * SAMPLE_BYTES:
            raise RecordingTooLong
        samples.write(frame)
    return frame, samples.getvalue()
