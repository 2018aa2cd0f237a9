"""Pieces: speech cut at its pauses into what the model decodes at once, and put together for it by length."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import ceil

from workers.transcription.speech_spans import LONGEST_SPAN, Span
from workers.transcription.transcriber import SAMPLE_RATE, Samples

_PAUSE = 2.0
"""Seconds without speech that part two pieces."""
_MARGIN = 0.5
"""Seconds kept around speech: the detector misses soft beginnings and ends."""
_TAIL = 3.0
"""Seconds of silence shown behind a piece. With none Whisper repeats itself, with one it does at times."""
_NARROWEST = 8.0
"""Seconds that are shown at least: with less, short answers lose words (WER of the single clips 0.108, not 0.100)."""
WIDEST = 30.0
"""Seconds that can be shown at most."""
BATCH_SECONDS = 80.0
"""What is decoded at once, in seconds shown. With twice that, the whole takes a quarter longer."""


class Task(StrEnum):
    """Whisper's two tasks."""

    TRANSCRIBE = "transcribe"
    TRANSLATE = "translate"
    """Into English."""


@dataclass(frozen=True, eq=False)
class Piece:
    """Speech of at most about half a minute, with what is known of its speaker."""

    recording: int
    """Number of its recording."""
    start: float
    """Where in the recording it begins, in seconds."""
    samples: Samples
    language: str | None
    """None: detect it."""
    languages: tuple[str, ...]
    """Among which to detect it; empty: all."""
    vocabulary: str
    """Words that may be said; empty where none are known."""
    task: Task = Task.TRANSCRIBE

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.samples.size / SAMPLE_RATE

    @property
    def width(self) -> float:
        """Seconds that the model has to be shown: the piece and silence behind it."""
        return min(WIDEST, max(_NARROWEST, self.seconds + _TAIL))


def cut(spans: Sequence[Span], *, length: int) -> list[Span]:
    """Speech in spans for a piece each, with a margin around; in order, none overlap.

    `length` is that of the samples the spans lie in.
    """
    groups = list(_groups(spans))
    margin = int(_MARGIN * SAMPLE_RATE)
    middles = [(one.end + two.start) // 2 for one, two in pairwise(groups)]
    return [
        Span(max(earliest, group.start - margin), min(latest, group.end + margin))
        for group, earliest, latest in zip(groups, [0, *middles], [*middles, length], strict=False)
    ]


def batches(pieces: Sequence[Piece], *, at_once: int) -> Iterator[list[Piece]]:
    """Pieces of like length together, the short first, so that little of what the model is shown is padding.

    Where there are few they are shared out, as `at_once` batches are decoded at once. A batch holds one vocabulary:
    CTranslate2 wants prompts of one length.
    """
    widest = max((piece.width for piece in pieces), default=WIDEST)
    most = min(BATCH_SECONDS, widest * ceil(len(pieces) / at_once))
    batch: list[Piece] = []
    for piece in sorted(pieces, key=lambda piece: (piece.vocabulary, piece.width)):
        full = piece.width * (len(batch) + 1) > most
        if batch and (full or piece.vocabulary != batch[0].vocabulary):
            yield batch
            batch = []
        batch.append(piece)
    if batch:
        yield batch


def _groups(spans: Sequence[Span]) -> Iterator[Span]:
    """From the first to the last span of each piece."""
    run: list[Span] = []
    for span in spans:
        if run and span.start - run[-1].end >= _PAUSE * SAMPLE_RATE:
            yield Span(run[0].start, run[-1].end)
            run = []
        while run and not _fits(run[0], span):
            first = _best_cut([*run, span])
            yield Span(run[0].start, run[first - 1].end)
            run = run[first:]
        run.append(span)
    if run:
        yield Span(run[0].start, run[-1].end)


def _best_cut(spans: Sequence[Span]) -> int:
    """Behind how many spans to cut: in the longest pause of the second half, most likely the end of a sentence."""
    half = (spans[0].start + spans[-2].end) / 2
    later = [number for number in range(1, len(spans)) if spans[number].start > half]
    return max(later, key=lambda number: spans[number].start - spans[number - 1].end)


def _fits(first: Span, last: Span) -> bool:
    return last.end - first.start <= LONGEST_SPAN * SAMPLE_RATE
