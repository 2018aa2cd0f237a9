"""Time stamps tell what was lost, and are not believed when they are nonsense."""

from fractions import Fraction

import pytest
from av.audio.frame import AudioFrame

from store.media.timeline import Timeline

# seconds of the container, time stamps of frames of one second, seconds of silence before each
STAMPS = {
    "as they should be": (9, [0, 1, 2], [0, 0, 0]),
    "not from zero on": (9, [100, 101, 102], [0, 0, 0]),
    "one lost": (9, [0, 2, 3], [0, 1, 0]),
    "one without a stamp": (9, [0, None, 3], [0, 0, 1]),
    "rounded": (9, [0, 1.1, 1.95], [0, 0, 0]),
    "beyond the end": (9, [0, 7200, 2], [0, 0, 0]),
    "backwards": (9, [5, 3, 8], [0, 0, 0]),
    "no length told": (0, [0, 2, 3], [0, 0, 0]),
}


@pytest.mark.parametrize(("seconds", "stamps", "silences"), STAMPS.values(), ids=STAMPS)
def test_time_stamps_are_believed_as_far_as_they_make_sense(
    seconds: float, stamps: list[float | None], silences: list[float]
) -> None:
    """Nonsense changes nothing: then the frames simply follow each other."""
    timeline = Timeline(seconds)
    assert [timeline.lost_before(second_at(stamp)) for stamp in stamps] == pytest.approx(silences)


def second_at(stamp: float | None) -> AudioFrame:
    """A frame of one second."""
    frame = AudioFrame(format="s16", layout="mono", samples=8_000)
    frame.sample_rate = 8_000
    frame.time_base = Fraction(1, 1000)
    frame.pts = None if stamp is None else round(stamp * 1000)
    return frame
