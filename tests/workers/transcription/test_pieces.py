"""Speech cut into pieces, and pieces put together."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workers.transcription.pieces import BATCH_SECONDS, WIDEST, Piece, batches, cut
from workers.transcription.speech_spans import Span
from workers.transcription.transcriber import SAMPLE_RATE

LENGTH = 200 * SAMPLE_RATE

edges = st.lists(st.integers(0, LENGTH), unique=True, max_size=24).map(sorted)


def make_piece(seconds: float, *, recording: int = 0, vocabulary: str = "") -> Piece:
    """Silence of a length."""
    samples = np.zeros(int(seconds * SAMPLE_RATE), np.float32)
    return Piece(recording, 0.0, samples, language="en", languages=(), vocabulary=vocabulary)


pieces = st.builds(
    make_piece, st.floats(0.1, 30), recording=st.integers(0, 3), vocabulary=st.sampled_from(["", "Ayşe", "Zoë"])
)


@given(edges)
def test_pieces_cover_all_speech_and_share_nothing(found: list[int]) -> None:
    """Every span lies whole in one piece; pieces are in order, in the recording, and do not overlap."""
    spans = [Span(start, end) for start, end in zip(found[::2], found[1::2], strict=False)]
    cuts = cut(spans, length=LENGTH)
    assert all(any(one.start <= span.start and span.end <= one.end for one in cuts) for span in spans)
    assert all(0 <= one.start <= one.end <= LENGTH for one in cuts)
    assert all(one.end <= two.start for one, two in pairwise(cuts))


def test_pieces_part_in_pauses() -> None:
    """Ten seconds of speech each: two within 26 s belong together, and so does what no long pause parts."""
    spans = [Span(start * SAMPLE_RATE, (start + 10) * SAMPLE_RATE) for start in (0, 11, 24, 50)]
    cuts = cut(spans, length=70 * SAMPLE_RATE)
    half = SAMPLE_RATE // 2
    assert cuts == [
        Span(0, 21 * SAMPLE_RATE + half),
        Span(24 * SAMPLE_RATE - half, 34 * SAMPLE_RATE + half),
        Span(50 * SAMPLE_RATE - half, 60 * SAMPLE_RATE + half),
    ]


@given(st.lists(pieces, max_size=30), st.integers(1, 4))
def test_batches_hold_every_piece_once(given_: list[Piece], at_once: int) -> None:
    """Within what is decoded at once, with one vocabulary each, the short before the long."""
    made = list(batches(given_, at_once=at_once))
    assert sorted(map(id, given_)) == sorted(id(piece) for batch in made for piece in batch)
    assert all(max(piece.width for piece in batch) * len(batch) <= BATCH_SECONDS for batch in made)
    assert all(len({piece.vocabulary for piece in batch}) == 1 for batch in made)
    assert all(one.width <= two.width for batch in made for one, two in pairwise(batch))


def test_few_pieces_are_shared_out() -> None:
    """Two of somebody who waits alone are decoded at once, not one after the other."""
    assert [len(batch) for batch in batches([make_piece(12), make_piece(11)], at_once=2)] == [1, 1]
    assert [len(batch) for batch in batches([make_piece(12), make_piece(11)], at_once=1)] == [2]


def test_a_piece_is_shown_with_silence_behind_it() -> None:
    """As long as it fits into what the model can look at."""
    assert make_piece(10).width == 13
    assert make_piece(0.5).width == 8
    assert make_piece(29).width == WIDEST
