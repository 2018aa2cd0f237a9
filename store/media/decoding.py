"""Decoding, as the confined child does it: one container, its first audio track, mono samples at 16 kHz."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container.input import InputContainer
from av.error import FFmpegError
from av.stream import Discard

from store.media.faults import without_offset
from store.media.protocol import SAMPLE_BYTES, SLACK_SECONDS, End, Request, Task, Verdict, write_end, write_samples
from store.media.resampling import ImplausibleFrame, Resampler, plausible
from store.media.timeline import Timeline, silence

DECODERS = (
    *("aac", "alac", "amrnb", "amrwb", "flac", "mp3", "mp3float", "opus", "vorbis"),
    *("adpcm_ima_qt", "adpcm_ima_wav", "adpcm_ms", "gsm", "gsm_ms"),
    *("pcm_u8", "pcm_s8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be"),
    *("pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be", "pcm_alaw", "pcm_mulaw"),
)
"""libav's decoders that recordings of phones and computers need. The others, video above all, are never opened."""

_COUNTED = {"aac", "amr", "mp3"}
"""Containers that tell no length, or one that libav guesses from the bit rate."""
_BATCH_BYTES = 1 << 16


class Refused(Exception):
    """Not done, and why."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict)
        self.verdict = verdict


class Source:
    """A file read by position: the descriptor's own position belongs to others as well."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._position = 0
        self.failed = False
        """Whether the disk refused: then nothing that libav says about the recording counts."""

    def read(self, size: int) -> bytes:
        """The next bytes. Where the disk refuses them the file seems to end."""
        try:
            chunk = os.pread(self._descriptor, size, self._position)
        except OSError:
            self.failed = True
            return b""
        self._position += len(chunk)
        return chunk

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As files do it."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position}.get(whence)
        position = offset + (os.fstat(self._descriptor).st_size if start is None else start)
        if position < 0:
            raise OSError(errno.EINVAL, "Before the beginning")
        self._position = position
        return position

    def tell(self) -> int:
        """The position."""
        return self._position


def answer(request: Request, descriptor: int, pipe: int) -> None:
    """Do what is asked and write the reply."""
    source = Source(descriptor)
    try:
        with _opened(source, request.format) as container:
            end = _probe(container, request) if request.task is Task.PROBE else _decode(container, request, pipe)
    except Refused as refused:
        end = End(refused.verdict)
    write_end(pipe, End(Verdict.READ_FAILED) if source.failed else end)


@contextmanager
def _opened(source: Source, format_: str) -> Iterator[InputContainer]:
    """The container, by the one demuxer named, which may open nothing else: no protocol, no other file."""
    options = {"format_whitelist": format_, "protocol_whitelist": "none", "codec_whitelist": ",".join(DECODERS)}
    try:
        container = av.open(source, "r", format=format_, options=options, metadata_errors="replace")
    except FFmpegError as error:
        raise Refused(Verdict.UNREADABLE) from error
    with container:
        yield container


def _probe(container: InputContainer, request: Request) -> End:
    stream = _first_audio(container)
    claimed = None if request.format in _COUNTED else _claimed_seconds(container, stream)
    seconds = _counted_seconds(container, stream, request.max_seconds) if claimed is None else claimed
    if seconds > request.max_seconds:
        raise Refused(Verdict.TOO_LONG)
    if claimed is not None:  # a header that claims too little would have the worker allow it too little time
        there = _packet_seconds(container, stream, request.max_seconds)
        seconds = there if there > claimed + SLACK_SECONDS else claimed
    return End(Verdict.DONE, seconds, stream.codec_context.codec.canonical_name)


def _first_audio(container: InputContainer) -> AudioStream:
    if not len(container.streams):
        raise Refused(Verdict.UNREADABLE)
    if not container.streams.audio:
        raise Refused(Verdict.UNSUPPORTED)
    first = container.streams.audio[0]
    if first.codec_context is None:  # whatever its type says
        raise Refused(Verdict.UNSUPPORTED)
    if first.codec_context.codec.name not in DECODERS:
        raise Refused(Verdict.UNSUPPORTED)
    if not plausible(first.codec_context.sample_rate, first.codec_context.channels):
        raise Refused(Verdict.UNREADABLE)
    first.codec_context.thread_count = 1  # each thread would take its stack from the child's memory
    for stream in container.streams:
        if stream is not first:
            stream.discard = Discard.all
    return first


def _claimed_seconds(container: InputContainer, stream: AudioStream) -> float | None:
    if stream.duration and stream.duration > 0 and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration and container.duration > 0 else None


def _counted_seconds(container: InputContainer, stream: AudioStream, max_seconds: float) -> float:
    """From the first packet's time to the last one's end, undecoded; no further than the limit."""
    begin: float | None = None
    end = 0.0
    with _Damage() as damage:  # as far as the packets can be told apart
        for packet in container.demux(stream):
            if packet.pts is None:
                continue
            time = float(packet.pts * packet.time_base)
            begin = time if begin is None else begin
            end = max(end, time + float((packet.duration or 0) * packet.time_base))
            if end - begin > max_seconds:
                break
    if damage.found and begin is None:
        raise Refused(Verdict.UNREADABLE)
    return end - (begin or 0.0)


def _packet_seconds(container: InputContainer, stream: AudioStream, max_seconds: float) -> float:
    """What all packets play for, whatever their time stamps; no further than the limit."""
    seconds = 0.0
    with _Damage():
        for packet in container.demux(stream):
            seconds += float((packet.duration or 0) * (packet.time_base or 0))
            if seconds > max_seconds:
                break
    return min(seconds, max_seconds)


def _decode(container: InputContainer, request: Request, pipe: int) -> End:
    stream = _first_audio(container)
    told = 0.0 if request.format in _COUNTED else _claimed_seconds(container, stream) or 0.0
    timeline = Timeline(min(told, request.max_seconds))
    left = request.max_samples * SAMPLE_BYTES
    for samples in without_offset(_batches(_samples(container, stream, timeline))):
        left -= len(samples)
        if left < 0:
            raise Refused(Verdict.TOO_LONG)
        write_samples(pipe, samples)
    return End(Verdict.DONE)


class _Damage:
    """Passes over what libav can make no sense of, and remembers that there was some."""

    def __init__(self) -> None:
        self.found = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        damaged = isinstance(error, (FFmpegError, ImplausibleFrame))
        self.found = self.found or damaged
        return damaged


def _samples(container: InputContainer, stream: AudioStream, timeline: Timeline) -> Iterator[bytes]:
    """What can be decoded, with silence for what is known to be lost, other damaged parts left out.

    Refused where there was something, but nothing usable in it.
    """
    damage = _Damage()
    resampler = Resampler()
    heard = False
    for frame in _frames(container, stream, damage):
        lost = timeline.lost_before(frame)
        if lost:
            with damage:
                yield resampler.flush()
            yield from silence(lost)
        with damage:
            samples = resampler.convert(frame)
            heard = heard or bool(samples)
            yield samples
    with damage:
        samples = resampler.flush()
        heard = heard or bool(samples)
        yield samples
    if not heard and (damage.found or _claimed_seconds(container, stream)):
        raise Refused(Verdict.UNREADABLE)


def _frames(container: InputContainer, stream: AudioStream, damage: _Damage) -> Iterator[AudioFrame]:
    with damage:  # a container that is cut off ends here
        for packet in container.demux(stream):
            with damage:
                yield from packet.decode()


def _batches(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Of one size: a frame of speech is a few hundred bytes, one of a bomb may be megabytes."""
    batch = bytearray()
    for chunk in chunks:
        batch += chunk
        while len(batch) >= _BATCH_BYTES:
            yield bytes(batch[:_BATCH_BYTES])
            del batch[:_BATCH_BYTES]
    yield bytes(batch)
