"""The engine: pieces of speech in, decoded windows out. The seam to faster-whisper and CTranslate2."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import (
    get_compression_ratio,
    get_ctranslate2_storage,
    get_suppressed_tokens,
    merge_punctuations,
)

from schemas.errors import ModelInvalid
from workers.transcription.hardware import Hardware
from workers.transcription.heard import HeardWord, Window, into_sentences, is_doubtful, is_loop, window_holds
from workers.transcription.pieces import Piece

_BEAMS = 5
_FRAMES_A_SECOND = 100
_SURE_LANGUAGE = 0.6
"""Probability above which the detected language is taken without trying others."""
_POSSIBLE_LANGUAGE = 0.05
"""Probability above which a language is worth trying."""
_TRIED_LANGUAGES = 4
_TOKENS_AT_LEAST = 30
_TOKENS_A_SECOND = 20
"""More than the fastest speech in a script of many tokens has; a loop is cut short here."""
_OPENING, _CLOSING = "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、"  # noqa: RUF001
"""Punctuation that belongs to the word behind it, and before it: faster-whisper's defaults."""


@dataclass(frozen=True)
class Decoded:
    """What was made of a piece. Times are those of the recording."""

    windows: tuple[Window, ...]
    """One; several where it was decoded again."""
    language: str
    language_probability: float
    """1 where it was given."""

    @property
    def holds(self) -> bool:
        """Whether any of it can be speech at all."""
        return any(window_holds(window) for window in self.windows)


class WhisperEngine:
    """Whisper, loaded once. `decode` may be called from as many threads as it has batches.

    Not for use in a process forked afterwards: native threads and CUDA do not survive.
    """

    def __init__(self, model: str, hardware: Hardware) -> None:
        """Load `model`: a folder, or a name that faster-whisper fetches from its hub. Raises `ModelInvalid`."""
        self.name = f"faster-whisper/{Path(model).name}"
        try:
            # A core for each batch, not all cores for one: they would wait for each other after every layer.
            self._whisper = WhisperModel(
                model,
                device=hardware.device,
                compute_type=hardware.compute_type,
                cpu_threads=hardware.threads,
                num_workers=hardware.batches,
            )
        except (OSError, RuntimeError, ValueError) as error:
            raise ModelInvalid(f"The speech model {self.name} cannot be loaded: {error}") from error
        self._model = self._whisper.model
        self._mels = self._whisper.feature_extractor.mel_filters.shape[0]
        self.languages = frozenset(self._whisper.supported_languages)

    def decode(self, batch: Sequence[Piece]) -> list[Decoded]:
        """What is said in each piece. All of them have the same vocabulary.

        The encoder is shown as much as the longest needs, instead of half a minute each. What is doubtful then is
        decoded once more as faster-whisper does by itself.
        """
        return [self._again(piece, heard) for piece, heard in zip(batch, self._together(batch), strict=True)]

    def _together(self, batch: Sequence[Piece]) -> list[Decoded]:
        encoded = self._encode(batch)
        chances = self._detect(encoded, batch)
        spoken = [max(possible, key=possible.__getitem__) for possible in chances]
        windows = self._generate(encoded, batch, spoken)
        return [
            self._settle_language(piece, Decoded((window,), language, possible[language]), possible)
            for piece, window, language, possible in zip(batch, windows, spoken, chances, strict=True)
        ]

    def _again(self, piece: Piece, decoded: Decoded) -> Decoded:
        """A doubtful piece in the window of 30 s, with sampling where that fails, and without its vocabulary: slow."""
        if not any(is_doubtful(window) for window in decoded.windows):
            return decoded
        heard, _ = self._whisper.transcribe(
            piece.samples,
            language=decoded.language,
            task=piece.task,
            beam_size=_BEAMS,
            condition_on_previous_text=False,
            word_timestamps=True,
        )
        parts = groupby(heard, key=lambda segment: segment.seek)
        windows = tuple(_window_of_segments(list(segments), start=piece.start) for _, segments in parts)
        return replace(decoded, windows=windows)

    def _encode(self, batch: Sequence[Piece]) -> Any:
        width = int(max(piece.width for piece in batch) * _FRAMES_A_SECOND)
        shown = np.empty((len(batch), self._mels, width), np.float32)
        for row, piece in zip(shown, batch, strict=True):
            features = self._whisper.feature_extractor(piece.samples)[:, :width]
            row[:, : features.shape[1]] = features
            row[:, features.shape[1] :] = features.min()  # silence, as the spectrogram has it
        return self._model.encode(get_ctranslate2_storage(shown))

    def _detect(self, encoded: Any, batch: Sequence[Piece]) -> list[dict[str, float]]:
        """For each piece its possible languages with their probabilities."""
        given = [piece.language for piece in batch if piece.language]
        if len(given) == len(batch):
            return [{language: 1.0} for language in given]
        if not self._model.is_multilingual:
            return [{"en": 1.0} for _ in batch]
        ranked = self._model.detect_language(encoded)
        return [
            {piece.language: 1.0} if piece.language else _among(piece.languages, ranking)
            for piece, ranking in zip(batch, ranked, strict=True)
        ]

    def _settle_language(self, piece: Piece, decoded: Decoded, chances: dict[str, float]) -> Decoded:
        """Where the detector was unsure, the language whose decoding is likeliest.

        An accent is easily taken for another language (English for Latin at 0.5), and the text is then gibberish.
        """
        if decoded.language_probability >= _SURE_LANGUAGE:
            return decoded
        ranked = sorted(chances, key=chances.__getitem__, reverse=True)[1:_TRIED_LANGUAGES]
        others = [language for language in ranked if chances[language] >= _POSSIBLE_LANGUAGE]
        if not others:
            return decoded
        same = [replace(piece, language=language) for language in others]
        windows = self._generate(self._encode(same), same, others)
        tried = [
            Decoded((window,), language, chances[language]) for window, language in zip(windows, others, strict=True)
        ]
        return max([decoded, *tried], key=_likelihood)

    def _generate(self, encoded: Any, batch: Sequence[Piece], languages: Sequence[str]) -> list[Window]:
        tokenizers = [self._tokenizer(piece, language) for piece, language in zip(batch, languages, strict=True)]
        prompts = [
            self._whisper.get_prompt(tokenizer, [], without_timestamps=True, hotwords=piece.vocabulary or None)
            for piece, tokenizer in zip(batch, tokenizers, strict=True)
        ]
        longest = _TOKENS_AT_LEAST + int(_TOKENS_A_SECOND * max(piece.seconds for piece in batch))
        results = self._model.generate(
            encoded,
            prompts,
            beam_size=_BEAMS,
            max_length=min(self._whisper.max_length, len(prompts[0]) + longest),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=get_suppressed_tokens(tokenizers[0], [-1]),
        )
        tokens = [_text_tokens(result, tokenizer) for result, tokenizer in zip(results, tokenizers, strict=True)]
        words = self._align(encoded, batch, tokenizers, tokens)
        return [
            _window(result, tokenizer.decode(result.sequences_ids[0]), heard)
            for result, tokenizer, heard in zip(results, tokenizers, words, strict=True)
        ]

    def _align(
        self, encoded: Any, batch: Sequence[Piece], tokenizers: Sequence[Tokenizer], tokens: list[list[int]]
    ) -> list[tuple[HeardWord, ...]]:
        """The words of each piece. CTranslate2 aligns a batch in one language: those of several are aligned in each."""
        frames = [int(piece.seconds * _FRAMES_A_SECOND) for piece in batch]
        starts = [tuple(tokenizer.sot_sequence) for tokenizer in tokenizers]
        aligned = {
            start: self._whisper.find_alignment(tokenizers[starts.index(start)], tokens, encoded, frames)
            for start in dict.fromkeys(starts)
        }
        return [
            _words(aligned[start][row], start=piece.start)
            for row, (piece, start) in enumerate(zip(batch, starts, strict=True))
        ]

    def _tokenizer(self, piece: Piece, language: str) -> Tokenizer:
        return Tokenizer(
            self._whisper.hf_tokenizer, self._model.is_multilingual, task=piece.task.value, language=language
        )


def _among(languages: Sequence[str], ranking: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Probabilities of languages; if only some are spoken, shared out among those."""
    chances = {token[2:-2]: float(chance) for token, chance in ranking}
    spoken = {language: chances[language] for language in languages if language in chances}
    total = sum(spoken.values())
    return {language: chance / total for language, chance in spoken.items()} if total else chances


def _likelihood(decoded: Decoded) -> float:
    window = decoded.windows[0]
    return float("-inf") if is_loop(window.compression_ratio) else window.average_log_probability


def _text_tokens(result: Any, tokenizer: Tokenizer) -> list[int]:
    return [token for token in result.sequences_ids[0] if token < tokenizer.eot]


def _window(result: Any, text: str, words: tuple[HeardWord, ...]) -> Window:
    length = len(result.sequences_ids[0])
    return Window(
        sentences=into_sentences(words),
        average_log_probability=result.scores[0] * length / (length + 1),
        no_speech_probability=result.no_speech_prob,
        compression_ratio=get_compression_ratio(text.strip()),
        temperature=0.0,
    )


def _words(alignment: list[dict[str, Any]], *, start: float) -> tuple[HeardWord, ...]:
    merge_punctuations(alignment, _OPENING, _CLOSING)
    return tuple(
        HeardWord(word["word"], start + word["start"], start + word["end"], float(word["probability"]))
        for word in alignment
        if word["word"]
    )


def _window_of_segments(segments: Sequence[Any], *, start: float) -> Window:
    first = segments[0]
    return Window(
        sentences=tuple(
            tuple(
                HeardWord(word.word, start + word.start, start + word.end, float(word.probability))
                for word in segment.words or ()
            )
            for segment in segments
        ),
        average_log_probability=first.avg_logprob,
        no_speech_probability=first.no_speech_prob,
        compression_ratio=first.compression_ratio,
        temperature=first.temperature,
    )
