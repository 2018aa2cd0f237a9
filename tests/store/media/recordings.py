"""Recordings made for the tests: a tone in every format, and files that lie."""

import struct
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import BinaryIO, NamedTuple

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container.output import OutputContainer

from schemas.recording import RecordingFormat

TONE_HERTZ = 440
SAMPLE_RATE = 16_000


class Kind(NamedTuple):
    """How a recording is made, and what it is."""

    format: RecordingFormat
    container: str
    """libav's muxer."""
    encoder: str
    codec: str
    rate: int = 48_000
    layout: str = "mono"
    options: str = ""
    """One option of the muxer, name=value."""


KINDS = {
    "m4a": Kind(RecordingFormat.MP4, "ipod", "aac", "aac", 44_100),
    "m4a, moov first": Kind(RecordingFormat.MP4, "ipod", "aac", "aac", options="movflags=faststart"),
    "m4a, alac": Kind(RecordingFormat.MP4, "ipod", "alac", "alac", 44_100, "stereo"),
    "mp4 in fragments": Kind(RecordingFormat.MP4, "mp4", "aac", "aac", options="movflags=frag_every_frame+empty_moov"),
    "mov": Kind(RecordingFormat.MP4, "mov", "pcm_s16le", "pcm_s16le"),
    "3gp": Kind(RecordingFormat.MP4, "3gp", "libopencore_amrnb", "amr_nb", 8_000),
    "aac": Kind(RecordingFormat.AAC, "adts", "aac", "aac", 22_050),
    "amr": Kind(RecordingFormat.AMR, "amr", "libopencore_amrnb", "amr_nb", 8_000),
    "caf": Kind(RecordingFormat.CAF, "caf", "pcm_s16be", "pcm_s16be", 44_100, "stereo"),
    "flac": Kind(RecordingFormat.FLAC, "flac", "flac", "flac", 96_000, "stereo"),
    "mp3": Kind(RecordingFormat.MP3, "mp3", "libmp3lame", "mp3", 44_100, "stereo"),
    "mp3 without tags": Kind(RecordingFormat.MP3, "mp3", "libmp3lame", "mp3", options="id3v2_version=0"),
    "ogg": Kind(RecordingFormat.OGG, "ogg", "libopus", "opus"),
    "wav, 8 kHz": Kind(RecordingFormat.WAV, "wav", "pcm_u8", "pcm_u8", 8_000),
    "wav, 16 kHz": Kind(RecordingFormat.WAV, "wav", "pcm_s16le", "pcm_s16le", 16_000),
    "wav, 44.1 kHz stereo": Kind(RecordingFormat.WAV, "wav", "pcm_s16le", "pcm_s16le", 44_100, "stereo"),
    "wav, 96 kHz 7.1": Kind(RecordingFormat.WAV, "wav", "pcm_s24le", "pcm_s24le", 96_000, "7.1"),
    "wav, A-law": Kind(RecordingFormat.WAV, "wav", "pcm_alaw", "pcm_alaw", 8_000),
    "rf64": Kind(RecordingFormat.WAV, "wav", "pcm_f32le", "pcm_f32le", 48_000, options="rf64=always"),
    "webm": Kind(RecordingFormat.WEBM, "webm", "libopus", "opus"),
    "webm as it is streamed": Kind(RecordingFormat.WEBM, "webm", "libopus", "opus", options="live=1"),
    "mkv": Kind(RecordingFormat.WEBM, "matroska", "aac", "aac", 44_100),
}


def made(kind: Kind, *, seconds: float = 1.0) -> bytes:
    """A tone of so many seconds."""
    options = dict([kind.options.split("=", 1)]) if kind.options else {}
    with NamedTemporaryFile() as file:  # a named one: to bring moov to the front libav opens it once more
        with av.open(file.name, "w", format=kind.container, options=options) as container:
            stream = container.add_stream(kind.encoder, rate=kind.rate, layout=kind.layout)
            assert isinstance(stream, AudioStream)
            _encode_tone(container, stream, seconds)
        return Path(file.name).read_bytes()


def film(*, sound: bool) -> bytes:
    """An mp4 of one second of black, with or without a tone."""
    file = BytesIO()
    with av.open(file, "w", format="mp4") as container:
        picture = container.add_stream("mpeg4", rate=25, width=64, height=64, pix_fmt="yuv420p")
        stream = container.add_stream("aac", rate=48_000, layout="mono") if sound else None
        for _ in range(25):
            container.mux(picture.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(picture.encode(None))
        if stream is not None:
            _encode_tone(container, stream, 1.0)
    return file.getvalue()


def _encode_tone(container: OutputContainer, stream: AudioStream, seconds: float) -> None:
    rate = stream.sample_rate
    wave = np.sin(np.arange(int(rate * seconds)) * (2 * np.pi * TONE_HERTZ / rate)) * 10_000
    samples = np.repeat(wave.astype("<i2"), stream.layout.nb_channels).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=stream.layout.name)
    frame.sample_rate = rate
    frame.time_base = Fraction(1, rate)
    frame.pts = 0
    fitting = av.AudioResampler(stream.format.name, stream.layout.name, rate, stream.codec_context.frame_size or 1024)
    for ready in [*fitting.resample(frame), *fitting.resample(None)]:
        container.mux(stream.encode(ready))
    container.mux(stream.encode(None))


def wav(
    samples: bytes, *, rate: int = 16_000, channels: int = 1, bits: int = 16, codec: int = 1, size: int | None = None
) -> bytes:
    """A WAV whose header says what it is told to say."""
    block = max(channels * bits // 8, 1)
    about = struct.pack("<HHIIHH", codec, channels, rate, rate * block % (1 << 32), block % (1 << 16), bits)
    size = len(samples) if size is None else size
    header = b"RIFF" + struct.pack("<I", (size + 36) % (1 << 32)) + b"WAVEfmt " + struct.pack("<I", len(about)) + about
    return header + b"data" + struct.pack("<I", size) + samples


def flac_bomb(*, hours: float, tell_length: bool = True, rate: int = 48_000) -> bytes:
    """Silence: fifteen bytes of FLAC for each 65,535 samples (RFC 9639, 8 and 9)."""
    block = 65_535
    frames = int(hours * 3600 * rate) // block
    total = frames * block if tell_length else 0
    properties = (rate << 44 | 15 << 36 | total).to_bytes(8, "big")
    info = struct.pack(">HH6x", block, block) + properties + bytes(16)
    return b"fLaC\x80" + len(info).to_bytes(3, "big") + info + b"".join(_silent_frame(n, block) for n in range(frames))


def _silent_frame(number: int, block: int) -> bytes:
    header = b"\xff\xf8\x70\x08" + chr(number).encode("utf-8", "surrogatepass") + struct.pack(">H", block - 1)
    frame = header + _crc(header, bits=8, polynomial=0x07) + b"\0\0\0"
    return frame + _crc(frame, bits=16, polynomial=0x8005)


def _crc(data: bytes, *, bits: int, polynomial: int) -> bytes:
    crc = 0
    for byte in data:
        crc ^= byte << (bits - 8)
        for _ in range(8):
            crc = (crc << 1 ^ (polynomial if crc >> (bits - 1) else 0)) & ((1 << bits) - 1)
    return crc.to_bytes(bits // 8, "big")


def file_of(content: bytes) -> BinaryIO:
    """An open file with this content."""
    file = TemporaryFile()  # noqa: SIM115 - the caller's, and closed with it
    file.write(content)
    file.flush()
    return file


def seconds_of(samples: bytes) -> float:
    """Length of what the sandbox decoded."""
    return len(samples) / 2 / SAMPLE_RATE


def loudest_hertz(samples: bytes) -> float:
    """The frequency that stands out in it."""
    spectrum = np.abs(np.fft.rfft(np.frombuffer(samples, dtype="<i2").astype(float)))
    return float(spectrum.argmax()) * SAMPLE_RATE / (len(samples) / 2)
