"""What the recogniser heard, and whether it holds."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

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

_REPEATED_WORDS = 4
"""So many words in a row, twice, may have been said once. People do say "I don't know, I don't know"."""
_STUTTER = re.compile(r"(.{1,4})\1{7}")
"""What no word has and a loop within one does: "1-1-1-1-1-1-1-1"."""
_LONG_PAUSE = 1.0
"""Seconds."""
_SOFT_EDGE = 0.2
"""Seconds by which a word may reach beyond the speech that the detector heard."""
_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", "।", "؟", "۔", "።", "។")  # noqa: RUF001


@dataclass(frozen=True)
class HeardWord:
    """A word as decoded. `text` keeps Whisper's own spacing, mostly a leading space. Times are in seconds."""

    text: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True)
class Window:
    """What was decoded at once, of at most 30 s: its sentences, and how sure the decoder was."""

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


def is_doubtful(window: Window) -> bool:
    """Whether it is worth decoding again, in a wider window: it failed, loops, or says some words twice in a row."""
    words = [word.text.strip().casefold() for sentence in window.sentences for word in sentence]
    return is_loop(window.compression_ratio) or window.average_log_probability < _UNSURE or _repeats_itself(words)


def _repeats_itself(words: Sequence[str]) -> bool:
    """Four words or more twice, two or more three times, or a few letters over and over."""
    plain = ["".join(filter(str.isalnum, word)) for word in words]
    twice = _has_run(plain, shortest=_REPEATED_WORDS, times=2)
    return twice or _has_run(plain, shortest=2, times=3) or _STUTTER.search("".join(words)) is not None


def _has_run(words: list[str], *, shortest: int, times: int) -> bool:
    return any(
        words[first : first + length] * (times - 1) == words[first + length : first + times * length]
        for length in range(shortest, len(words) // times + 1)
        for first in range(len(words) - times * length + 1)
    )


def into_sentences(words: Iterable[HeardWord]) -> tuple[tuple[HeardWord, ...], ...]:
    """Words parted after the end of a sentence, and where nobody spoke for a second."""
    sentences: list[list[HeardWord]] = []
    for word in words:
        last = sentences[-1][-1] if sentences else None
        if last is None or last.text.rstrip().endswith(_SENTENCE_ENDS) or word.start - last.end >= _LONG_PAUSE:
            sentences.append([])
        sentences[-1].append(word)
    return tuple(tuple(sentence) for sentence in sentences)


def within_speech(sentence: Sequence[HeardWord], spoken: Sequence[tuple[float, float]]) -> tuple[HeardWord, ...]:
    """The words with times that do not reach into silence. `spoken`: start and end in seconds, in order.

    The alignment gives a pause to the word before or after it. A word outside of all speech is left as it is.
    """
    starts = [start for start, _ in spoken]
    ends = [end for _, end in spoken]
    return tuple(
        _trimmed(word, spoken[bisect_right(ends, word.start) : bisect_left(starts, word.end)]) for word in sentence
    )


def _trimmed(word: HeardWord, touched: Sequence[tuple[float, float]]) -> HeardWord:
    if not touched:
        return word
    start, end = touched[0][0] - _SOFT_EDGE, touched[-1][1] + _SOFT_EDGE
    return replace(word, start=max(word.start, start), end=min(word.end, end))


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
