"""What the recogniser heard, and whether it holds."""

from collections.abc import Sequence
from dataclasses import dataclass

_NO_SPEECH = 0.6
"""Probability of Whisper's no-speech token above which a window counts as silent (Whisper paper, 4.5)."""
_UNSURE = -1.0
"""Average log probability below which a decoding has failed (Whisper paper, 4.5)."""
_NOT_SURE_IN_SILENCE = -0.5
"""The same, where the no-speech token is likely. The paper has -1; what the base model makes of silence
(mostly "You") lies between -0.7 and -1, and real speech above -0.4."""
_REPETITIVE = 2.4
"""Compression ratio above which a decoding is a loop (Whisper paper, 4.5)."""
_LAST_RESORT = 0.8
"""Sampling temperature that is only reached when every steadier decoding has failed."""
_DOUBTED_WORD = 0.5
"""Mean word probability that a failed or last-resort decoding must reach all the same."""
_WORTHLESS_WORD = 0.15
"""Mean word probability that no real speech fell below: lowest 0.2 (one short word), invented words 0.00-0.12."""


@dataclass(frozen=True)
class HeardWord:
    """A word as decoded. `text` keeps Whisper's own spacing, mostly a leading space. Times are in seconds."""

    text: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True)
class Window:
    """A stretch of at most 30 s that was decoded at once: its sentences, and how sure the decoder was."""

    sentences: tuple[tuple[HeardWord, ...], ...]
    average_log_probability: float
    no_speech_probability: float
    compression_ratio: float
    temperature: float


def keep_what_holds(windows: Sequence[Window], spoken: Sequence[tuple[float, float]]) -> list[tuple[HeardWord, ...]]:
    """The sentences of `windows` that are speech, in order.

    A window falls as a whole where its decoding failed; a sentence falls where it has no letter or digit, or
    where its words are doubtful and none lies in a stretch of `spoken` (start and end, seconds).
    """
    return [
        sentence
        for window in windows
        if window_holds(window)
        for sentence in window.sentences
        if _has_letters(sentence) and (_mean_probability(sentence) >= _DOUBTED_WORD or _touches(sentence, spoken))
    ]


def is_loop(compression_ratio: float) -> bool:
    """Whether a text compresses so well that it must repeat itself (`compression_ratio`: plain bytes by zlib bytes)."""
    return compression_ratio > _REPETITIVE


def window_holds(window: Window) -> bool:
    """Whether a decoding can be speech at all. Looks at the decoder's numbers alone, so in every language."""
    words = [word for sentence in window.sentences for word in sentence]
    sureness = _mean_probability(words)
    silent = window.no_speech_probability > _NO_SPEECH and window.average_log_probability < _NOT_SURE_IN_SILENCE
    failed = window.average_log_probability < _UNSURE or window.temperature >= _LAST_RESORT
    return not (
        silent
        or is_loop(window.compression_ratio)
        or sureness < _WORTHLESS_WORD
        or (failed and sureness < _DOUBTED_WORD)
    )


def _mean_probability(words: Sequence[HeardWord]) -> float:
    return sum(word.probability for word in words) / len(words) if words else 0.0


def _has_letters(sentence: Sequence[HeardWord]) -> bool:
    return any(character.isalnum() for word in sentence for character in word.text)


def _touches(sentence: Sequence[HeardWord], spoken: Sequence[tuple[float, float]]) -> bool:
    return any(word.start < end and start < word.end for word in sentence for start, end in spoken)
