"""Faults of microphones and headsets that leave speech in a recording where no ear or model would find it."""

import math
from array import array
from collections.abc import Iterator

from av.audio.frame import AudioFrame
from av.filter import Graph

from store.media.protocol import SAMPLE_RATE

_MIN_OFFSET = 164
"""Half a hundredth of full scale: half of what first cost words."""
_OFFSET_TO_LEVEL = 1 / 8
"""Twenty times what two seconds of real speech have; clipped speech has less too."""
_FAR_LOUDER = 16
"""In energy: 12 dB. A voice in one channel alone makes sum and difference the same."""
_EVERY = 4
"""A sample in so many tells the level well enough."""


class Polarity:
    """Two channels become one: their sum, or their difference where one of them is wired the wrong way round.

    The voice then cancels itself in the sum. Not the louder channel: of two that are equal it would be now this one,
    now that one, and of two speakers only one.
    """

    def __init__(self) -> None:
        self._sum = self._difference = 0.0

    def mixed(self, pairs: memoryview) -> bytes:
        """One channel, of pairs of half the sum and half the difference; what was a second ago counts half."""
        sums, differences = pairs[::2], pairs[1::2]
        remembered = 0.5 ** (len(sums) / SAMPLE_RATE)
        self._sum = self._sum * remembered + _energy(sums[::_EVERY])
        self._difference = self._difference * remembered + _energy(differences[::_EVERY])
        return (differences if self._difference > _FAR_LOUDER * self._sum else sums).tobytes()


def _energy(samples: memoryview) -> int:
    return sum(sample * sample for sample in samples)


def without_offset(batches: Iterator[bytes]) -> Iterator[bytes]:
    """The same samples; from the first batch (of about 2 s) that does not swing around zero, those above 2 Hz only.

    Beside an offset of 0.3 a quiet voice was taken for silence, and a clear one was misheard.
    """
    graph: Graph | None = None
    for batch in batches:
        offset = 0 if graph else _offset(memoryview(batch).cast("h")[::_EVERY])
        if offset:
            graph = _high_pass()
            _filtered(graph, array("h", [offset]).tobytes() * SAMPLE_RATE)  # else it would begin with a click
        yield _filtered(graph, batch) if graph and batch else batch


def _offset(samples: memoryview) -> int:
    """The mean where it stands out, else 0."""
    count = max(len(samples), 1)
    mean = sum(samples) / count
    level = math.sqrt(_energy(samples) / count)
    return round(mean) if abs(mean) > max(_MIN_OFFSET, level * _OFFSET_TO_LEVEL) else 0


def _high_pass() -> Graph:
    graph = Graph()
    graph.threads = 1
    source = graph.add("abuffer", sample_rate=str(SAMPLE_RATE), sample_fmt="s16", channel_layout="mono")
    high_pass = graph.add("highpass", "frequency=2:poles=1")
    graph.link_nodes(source, high_pass, graph.add("abuffersink")).configure()
    return graph


def _filtered(graph: Graph, batch: bytes) -> bytes:
    frame = AudioFrame(format="s16", layout="mono", samples=len(batch) // 2)
    frame.sample_rate = SAMPLE_RATE
    frame.planes[0].update(batch)
    graph.push(frame)
    return bytes(graph.pull().planes[0])[: len(batch)]
