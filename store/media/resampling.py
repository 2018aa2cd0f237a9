"""Resampling: decoded frames of any rate, layout and sample type become mono 16 kHz, signed 16-bit little-endian."""

from typing import cast

from av.audio.frame import AudioFrame
from av.error import BlockingIOError as NothingYet
from av.error import EOFError as NothingMore
from av.filter import Graph

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

    def convert(self, frame: AudioFrame) -> bytes:
        """Samples that are ready. Raises FFmpegError, ImplausibleFrame."""
        kind = (frame.sample_rate, frame.format.name, frame.layout.name)
        rest = b"" if kind == self._kind else self.flush()
        if self._graph is None:
            if not plausible(frame.sample_rate, frame.layout.nb_channels):
                raise ImplausibleFrame
            self._graph, self._kind = _graph(*kind), kind
        frame.pts = None  # gaps are not filled: neither are they by the players we know
        self._graph.push(frame)
        return rest + _ready(self._graph)

    def flush(self) -> bytes:
        """What the filter still holds."""
        graph, self._graph, self._kind = self._graph, None, None
        if graph is None:
            return b""
        graph.push(None)
        return _ready(graph)


def _graph(rate: int, sample_format: str, layout: str) -> Graph:
    graph = Graph()
    graph.threads = 1
    source = graph.add("abuffer", sample_rate=str(rate), sample_fmt=sample_format, channel_layout=layout)
    mono = graph.add("aformat", sample_rates=str(SAMPLE_RATE), sample_fmts="s16", channel_layouts="mono")
    graph.link_nodes(source, mono, graph.add("abuffersink")).configure()
    return graph


def _ready(graph: Graph) -> bytes:
    samples = b""
    while True:
        try:
            frame = cast("AudioFrame", graph.pull())
        except (NothingYet, NothingMore):
            return samples
        samples += bytes(frame.planes[0])[: frame.samples * SAMPLE_BYTES]
