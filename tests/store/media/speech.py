"""Real speech, put into files as phones and their apps do, and compared with what comes out."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from io import BytesIO
from itertools import cycle
from pathlib import Path
from tempfile import NamedTemporaryFile

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.packet import Packet
from numpy.typing import NDArray

from tests.store.media.recordings import SAMPLE_RATE, Kind

RECORDING = Path(__file__).parents[3] / "recordings" / "librispeech_1688-142285-0006.flac"
FULL_SCALE = 32_768

Samples = NDArray[np.float64]


@cache
def speech() -> Samples:
    """Somebody reads, 8.14 s, at 16 kHz; full scale is 32768. Not to be written into."""
    with av.open(str(RECORDING)) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)]).astype(float)


def pcm(samples: Samples) -> bytes:
    """As 16-bit samples; what is too loud is clipped."""
    return np.clip(samples, -FULL_SCALE, FULL_SCALE - 1).round().astype("<i2").tobytes()


def heard(decoded: bytes) -> Samples:
    """What the sandbox decoded."""
    return np.frombuffer(decoded, dtype="<i2").astype(float)


def at_rate(samples: Samples, rate: int) -> Samples:
    """The same at another rate."""
    count = len(samples) * rate // SAMPLE_RATE
    spectrum = np.fft.rfft(samples)[: count // 2 + 1]
    return np.fft.irfft(spectrum, count) * count / len(samples)


def encoded(
    channels: Sequence[Samples],
    kind: Kind,
    *,
    sizes: Sequence[int] = (1024,),
    pause: float = 0,
    pictures: Sequence[int] = (),
) -> bytes:
    """A file with these channels, which are at 16 kHz.

    sizes     samples of the frames, in turn, where the encoder leaves them to us
    pause     seconds by which the time stamps jump half way
    pictures  times in milliseconds of the pictures of a video track
    """
    options = dict([kind.options.split("=", 1)]) if kind.options else {}
    with NamedTemporaryFile() as file:  # a named one: to bring moov to the front libav opens it once more
        with av.open(file.name, "w", format=kind.container, options=options) as container:
            video = container.add_stream("mpeg4", rate=1000, width=64, height=64) if pictures else None
            stream = container.add_stream(kind.encoder, rate=kind.rate, layout=kind.layout)
            assert isinstance(stream, AudioStream)
            container.start_encoding()
            if video is not None:
                container.mux([packet for time in pictures for packet in video.encode(_picture(time))])
            packets = [packet for frame in _frames(stream, channels, sizes) for packet in stream.encode(frame)]
            for packet in packets[len(packets) // 2 :]:
                _delay(packet, pause)
            container.mux(packets)
        return Path(file.name).read_bytes()


def _picture(milliseconds: int) -> av.VideoFrame:
    picture = av.VideoFrame(64, 64, "yuv420p")
    picture.pts, picture.time_base = milliseconds, Fraction(1, 1000)
    return picture


def _delay(packet: "Packet[AudioStream]", seconds: float) -> None:
    assert packet.pts is not None
    packet.pts = packet.dts = packet.pts + round(seconds / packet.time_base)


def _frames(stream: AudioStream, channels: Sequence[Samples], sizes: Sequence[int]) -> Iterator[AudioFrame | None]:
    rate, layout = stream.sample_rate, stream.layout.name
    wave = np.stack([at_rate(channel, rate) for channel in channels], axis=1)
    fitting = av.AudioResampler(stream.format.name, layout, rate)
    turn = cycle([stream.codec_context.frame_size] if stream.codec_context.frame_size else sizes)
    begin = 0
    while begin < len(wave):
        size = next(turn)
        piece = np.frombuffer(pcm(wave[begin : begin + size]), "<i2").reshape(1, -1)
        frame = AudioFrame.from_ndarray(piece, format="s16", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, begin, Fraction(1, rate)
        yield from fitting.resample(frame)
        begin += size
    yield None


def without_sound(kind: Kind) -> bytes:
    """Somebody pressed the button twice."""
    file = BytesIO()
    with av.open(file, "w", format=kind.container) as container:
        container.add_stream(kind.encoder, rate=kind.rate, layout=kind.layout)
        container.start_encoding()
    return file.getvalue()


def likeness(decoded: Samples, original: Samples) -> float:
    """How alike they are, from -1 to 1, wherever in 0.1 s around each other they begin."""
    count = 1 << (len(decoded) + len(original)).bit_length()
    products = np.fft.irfft(np.fft.rfft(decoded, count) * np.fft.rfft(original, count).conj(), count)
    near = np.r_[products[:1600], products[-1600:]]
    best = near[np.abs(near).argmax()]
    return float(best / max(float(np.linalg.norm(decoded) * np.linalg.norm(original)), 1))


def starts_at(part: Samples, decoded: Samples) -> float:
    """Seconds at which a part of the original is found."""
    count = 1 << (len(decoded) + len(part)).bit_length()
    products = np.fft.irfft(np.fft.rfft(decoded, count) * np.fft.rfft(part, count).conj(), count)
    return float(np.abs(products[: len(decoded)]).argmax()) / SAMPLE_RATE


def decibels(decoded: Samples, original: Samples) -> float:
    """How much louder it has become."""
    return 20 * float(np.log10(max(float(np.linalg.norm(decoded)), 1e-9) / float(np.linalg.norm(original))))
