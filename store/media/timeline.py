"""The timeline: what was lost on the way is silence of its length, so that the words behind it keep their times."""

from collections.abc import Iterator

from av.audio.frame import AudioFrame

from store.media.protocol import SAMPLE_BYTES, SAMPLE_RATE, SLACK_SECONDS

_MIN_LOST_SECONDS = 0.2
"""Clocks of phones drift and stamps are rounded; what is lost is a page or some packets."""
_PIECE_BYTES = 1 << 16


class Timeline:
    """Compares the time stamps of frames with the sound there has been.

    Stamps are believed only while they go forward and what they promise fits the length that the container tells:
    with stamps that are nonsense the sound comes out as if there were none.
    """

    def __init__(self, seconds: float) -> None:
        """Tell how long it may become; 0 where no length is known."""
        self._longest = seconds + SLACK_SECONDS if seconds else 0.0
        self._begin: float | None = None
        self._position = 0.0

    def lost_before(self, frame: AudioFrame) -> float:
        """Seconds that are missing between the frames so far and this one, which is counted from now on."""
        lost = self._missing(frame.time)
        length = frame.samples / max(frame.sample_rate, 1)
        if lost < -_MIN_LOST_SECONDS:
            self._longest = 0.0
        if lost < _MIN_LOST_SECONDS or self._position + lost + length > self._longest:
            lost = 0.0
        self._position += lost + length
        return lost

    def _missing(self, time: float | None) -> float:
        if time is None:
            return 0.0
        if self._begin is None:
            self._begin = time - self._position
        return time - self._begin - self._position


def silence(seconds: float) -> Iterator[bytes]:
    """In pieces: how long it is was told by a stranger."""
    left = round(seconds * SAMPLE_RATE) * SAMPLE_BYTES
    while left > 0:
        yield bytes(min(left, _PIECE_BYTES))
        left -= _PIECE_BYTES
