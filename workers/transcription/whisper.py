"""Transcription by Whisper, run by faster-whisper (CTranslate2)."""

import os
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.transcribe import restore_speech_timestamps

from schemas.errors import InvalidInput, ModelInvalid
from schemas.transcript import Transcript
from workers.transcription.assembly import assemble
from workers.transcription.heard import HeardWord, Window, is_loop, keep_what_holds
from workers.transcription.speech_spans import Span, divide, find_speech, lift, total_seconds
from workers.transcription.transcriber import SAMPLE_RATE, NoSpeech, Samples

_LEAST_SPEECH = 0.2
"""Seconds of detected speech below which there is none: a bark or a beat reaches 0.3, a short "no" has 0.35."""
_MARGIN = 1.0
"""Seconds kept around speech. The detector's usual 0.4 costs words: English WER 0.102 instead of 0.096."""
_STRETCH = 300.0
"""Seconds of recording whose features are in memory at once: an hour would need 3 GB."""
_SURE_LANGUAGE = 0.6
"""Probability above which the detected language is taken without trying others."""
_POSSIBLE_LANGUAGE = 0.05
"""Probability above which a language is worth trying."""
_WINDOW = 30 * SAMPLE_RATE
"""Samples that Whisper looks at together."""


class FasterWhisperTranscriber:
    """Whisper, loaded once. Not for use in a process forked afterwards: native threads and CUDA do not survive.

    Only what the voice activity detector hears as speech is decoded, with long silences cut out; what was decoded
    but does not hold is dropped. The same samples give the same words unless a decoding fails and is sampled anew.
    """

    def __init__(self, model: str, *, device: str = "auto", compute_type: str = "default", threads: int = 0) -> None:
        """Load `model`: a folder, or a name that faster-whisper fetches from its hub. Raises `ModelInvalid`.

        `device` is "cpu", "cuda" or "auto"; `compute_type` is CTranslate2's, "default" being int8 on a CPU and
        the model's own (mostly float16) on CUDA; `threads` counts CPU threads, 0 takes one for each core.
        """
        device = _resolve_device(device)
        self.name = f"faster-whisper/{Path(model).name}"
        try:
            self._model = WhisperModel(
                model,
                device=device,
                compute_type="int8" if (device, compute_type) == ("cpu", "default") else compute_type,
                cpu_threads=threads or os.cpu_count() or 1,
            )
        except (OSError, RuntimeError, ValueError) as error:
            raise ModelInvalid(f"The speech model {self.name} cannot be loaded: {error}") from error

    def warm_up(self) -> None:
        """Run every part once on a second of silence, so that the first recording is not slower than the next."""
        silence = np.zeros(SAMPLE_RATE, dtype=np.float32)
        find_speech(silence)
        self._decode(silence, [Span(0, silence.size)], language="en")

    def transcribe(self, samples: Samples, *, language: str | None = None) -> Transcript | NoSpeech:
        """See `Transcriber`. A detected language comes with its probability, a given one with 1."""
        self._require_known(language)
        seconds = samples.size / SAMPLE_RATE
        spoken = find_speech(samples)
        if total_seconds(spoken) < _LEAST_SPEECH:
            return NoSpeech(seconds)
        stretches = divide(spoken, longest=_STRETCH, margin=_MARGIN, length=samples.size)
        chosen, probability = (language, 1.0) if language else self._detect_language(_cut(samples, stretches[0]))
        windows = [
            window for spans in stretches for window in self._decode(_cut(samples, spans), spans, language=chosen)
        ]
        sentences = keep_what_holds(
            windows, spoken=[(span.start / SAMPLE_RATE, span.end / SAMPLE_RATE) for span in spoken]
        )
        if not sentences:
            return NoSpeech(seconds)
        return assemble(sentences, seconds=seconds, language=chosen, language_probability=probability, model=self.name)

    def _require_known(self, language: str | None) -> None:
        if language is not None and language not in self._model.supported_languages:
            raise InvalidInput(
                f"{self.name} does not know the language {language!r}. "
                "Give a code such as 'en' or 'de', or none to have it detected."
            )

    def _detect_language(self, speech: Samples) -> tuple[str, float]:
        # An accent is easily taken for another language (English for Latin at 0.5), and the text is then
        # gibberish. So where the detector is unsure, the language whose decoding is likeliest decides.
        if not self._model.model.is_multilingual:
            return "en", 1.0
        likeliest, probability, ranking = self._model.detect_language(speech[:_WINDOW])
        if probability >= _SURE_LANGUAGE:
            return str(likeliest), float(probability)
        candidates = {code: float(chance) for code, chance in ranking[:4] if chance >= _POSSIBLE_LANGUAGE}
        candidates.setdefault(likeliest, float(probability))
        best = max(candidates, key=lambda code: self._likelihood(speech[:_WINDOW], language=code))
        return best, candidates[best]

    def _likelihood(self, speech: Samples, *, language: str) -> float:
        heard, _ = self._model.transcribe(speech, language=language, beam_size=5, temperature=0.0)
        first = next(iter(heard), None)
        if first is None or is_loop(first.compression_ratio):
            return float("-inf")
        return float(first.avg_logprob)

    def _decode(self, speech: Samples, spans: Sequence[Span], *, language: str) -> list[Window]:
        """Decode `speech`, which is `spans` of the recording put together; times are those of the recording."""
        heard, _ = self._model.transcribe(
            speech, language=language, beam_size=5, condition_on_previous_text=False, word_timestamps=True
        )
        chunks = [{"start": span.start, "end": span.end} for span in spans]
        restored = restore_speech_timestamps(heard, chunks, SAMPLE_RATE)
        return [_window(list(segments)) for _, segments in groupby(restored, key=lambda segment: segment.seek)]


def _cut(samples: Samples, spans: Sequence[Span]) -> Samples:
    return lift(np.concatenate([samples[span.start : span.end] for span in spans]))


def _window(segments: Sequence[Any]) -> Window:
    first = segments[0]
    return Window(
        sentences=tuple(_words(segment.words or ()) for segment in segments),
        average_log_probability=first.avg_logprob,
        no_speech_probability=first.no_speech_prob,
        compression_ratio=first.compression_ratio,
        temperature=first.temperature,
    )


def _words(words: Iterable[Any]) -> tuple[HeardWord, ...]:
    return tuple(HeardWord(word.word, word.start, word.end, float(word.probability)) for word in words)


def _resolve_device(device: str) -> str:
    if device != "auto":
        return device
    return "cuda" if ctranslate2.get_cuda_device_count() > 0 else "cpu"
