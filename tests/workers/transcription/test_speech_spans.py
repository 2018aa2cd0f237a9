"""Spans of speech, widened and grouped."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from workers.transcription.speech_spans import Span, divide
from workers.transcription.transcriber import SAMPLE_RATE

LENGTH = 20 * SAMPLE_RATE

cuts = st.lists(st.integers(0, LENGTH), unique=True, max_size=12).map(sorted)


@given(cuts, st.floats(min_value=0, max_value=5), st.floats(min_value=0.1, max_value=30))
def test_groups_cover_the_spans_and_share_nothing(edges: list[int], margin: float, longest: float) -> None:
    """Every span lies whole in one group; spans of all groups are in order, in the recording, and do not overlap."""
    spans = [Span(start, end) for start, end in zip(edges[::2], edges[1::2], strict=False)]
    groups = divide(spans, longest=longest, margin=margin, length=LENGTH)
    wide = [span for group in groups for span in group]
    assert all(groups)
    assert all(any(one.start <= span.start and span.end <= one.end for one in wide) for span in spans)
    assert all(0 <= span.start <= span.end <= LENGTH for span in wide)
    assert all(one.end <= two.start for one, two in pairwise(wide))


def test_a_long_recording_is_cut_in_its_pauses() -> None:
    """Ten seconds of speech each, two seconds apart: two fit into 25 s, and no margin crosses the cut."""
    spans = [Span(start * SAMPLE_RATE, (start + 10) * SAMPLE_RATE) for start in (0, 12, 24, 36)]
    groups = divide(spans, longest=25, margin=1, length=46 * SAMPLE_RATE)
    assert groups == [
        [Span(0, 23 * SAMPLE_RATE)],
        [Span(23 * SAMPLE_RATE, 46 * SAMPLE_RATE)],
    ]
