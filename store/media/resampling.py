"""Resampling: decoded frames of any rate, layout and sample type become mono 16 kHz, signed 16-bit little-endian."""

from typing import cast

from av.audio.frame import AudioFrame
from av.audio.layout import AudioLayout
from av.error import BlockingIOError as NothingYet
from av.error import EOFError as NothingMore
from av.filter import Graph

from store.media.faults import Polarity
from store.media.protocol import SAMPLE_BYTES, SAMPLE_RATE

_RATES = range(1_000, 768_001)
_CHANNELS = range(1, 9)


class ImplausibleFrame(ValueError):
    """A rate or a number of channels that no microphone has, but a lying header may."""


def plausible(rate: int, channels: int) -> bool:
    """Whether it can be sound: from 1 to 768 kHz, up to 8 channels (of more, libav knows no mixture)."""
    return rate in _RATES and channels in _CHANNELS


class Resampler:
    """A filter graph for frames of one kind, built anew when the kind changes, as it may within a stream.

    Not `av.AudioResampler`: that starts a thread for each processor, and on a large machine their stacks alone would
    pass the child's memory limit.
    """

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._kind: tuple[int, str, str] | None = None
        self._polarity = Polarity()

    def convert(self, frame: AudioFrame) -> bytes:
        """Samples that are ready. Raises FFmpegError, ImplausibleFrame."""
        kind = (frame.sample_rate, frame.format.name, frame.layout.name)
        rest = b"" if kind == self._kind else self.flush()
        if self._graph is None:
            if not plausible(frame.sample_rate, frame.layout.nb_channels):
                raise ImplausibleFrame
            self._graph, self._kind = _graph(*kind), kind
        frame.pts = None  # the filter knows its own way to fill gaps; `Timeline` looks after them
        self._graph.push(frame)
        return rest + self._ready(self._graph)

    def flush(self) -> bytes:
        """What the filter still holds."""
        graph, self._graph, self._kind = self._graph, None, None
        if graph is None:
            return b""
        graph.push(None)
        return self._ready(graph)

    def _ready(self, graph: Graph) -> bytes:
        samples = b""
        while True:
            try:
                frame = cast("AudioFrame", graph.pull())
            except (NothingYet, NothingMore):
                return samples
            channels = frame.layout.nb_channels
            plane = memoryview(frame.planes[0])[: frame.samples * channels * SAMPLE_BYTES]
            samples += bytes(plane) if channels == 1 else self._polarity.mixed(plane.cast("B").cast("h"))


def _graph(rate: int, sample_format: str, layout: str) -> Graph:
    """Mono at 16 kHz; of two channels half their sum and half their difference, for `Polarity` to choose from."""
    graph = Graph()
    graph.threads = 1
    source = graph.add("abuffer", sample_rate=str(rate), sample_fmt=sample_format, channel_layout=layout)
    pair = AudioLayout(layout).nb_channels == 2
    fitting = graph.add(
        "aformat",
        sample_rates=str(SAMPLE_RATE),
        sample_fmts="s16",
        channel_layouts="stereo" if pair else "mono",
    )
    mixing = [graph.add("pan", "stereo|c0=0.5*c0+0.5*c1|c1=0.5*c0-0.5*c1")] if pair else []
    graph.link_nodes(source, fitting, *mixing, graph.add("abuffersink")).configure()
    return graph
