"""Transcription by Whisper, of many recordings at once.

Recordings are listened to a stretch at a time. The pieces of all of them that are ready are put together by length
and decoded side by side; what was heard goes back to the recording it belongs to.
"""

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import replace

import numpy as np

from schemas.errors import InvalidInput
from workers.transcription.engine import Decoded, WhisperEngine
from workers.transcription.hardware import Hardware, choose_hardware
from workers.transcription.listening import Listening
from workers.transcription.pieces import Piece, Task, batches
from workers.transcription.speech_spans import find_speech
from workers.transcription.transcriber import SAMPLE_RATE, Heard, Part, Recording

DecodedPiece = tuple[Piece, Decoded | Exception]


class FasterWhisperTranscriber:
    """Whisper, loaded once. Not for use in a process forked afterwards: native threads and CUDA do not survive.

    Only what the voice activity detector hears as speech is decoded; what was decoded but does not hold is dropped.
    The same recordings give the same words unless a decoding fails and is sampled anew.
    """

    def __init__(
        self, model: str, hardware: Hardware | None = None, *, without_translation: frozenset[str] | None = None
    ) -> None:
        """Load `model`: a folder, or a name that faster-whisper fetches from its hub. Raises `ModelInvalid`.

        Speech in a language that is not in `without_translation` is translated too; None: none is.
        """
        hardware = hardware or choose_hardware()
        self._engine = WhisperEngine(model, hardware)
        self._without_translation = without_translation
        self._batches = hardware.batches
        self._threads = ThreadPoolExecutor(self._batches, thread_name_prefix="whisper")
        self.name = self._engine.name

    def warm_up(self) -> None:
        """Run every part once on a second of silence, so that the first recording is not slower than the next."""
        silence = np.zeros(SAMPLE_RATE, dtype=np.float32)
        find_speech(silence)
        piece = Piece(0, 0.0, silence, language="en", languages=(), vocabulary="")
        list(self._threads.map(self._engine.decode, [[piece]] * self._batches))

    def transcribe(self, recordings: Sequence[Recording]) -> Iterator[tuple[int, Part | Heard]]:
        """See `Transcriber`. A detected language comes with its probability, a given one with 1."""
        open_: dict[int, Listening] = {}
        for number, recording in enumerate(recordings):
            unknown = self._unknown_language(recording)
            if unknown:
                yield number, unknown
            else:
                open_[number] = Listening(number, recording, model=self.name)
        while open_:
            yield from self._round(open_)

    def _round(self, open_: dict[int, Listening]) -> Iterator[tuple[int, Part | Heard]]:
        """Decode what is ready of every recording. Those that come to their end leave `open_`."""
        pieces: list[Piece] = []
        for number, ready in zip(list(open_), self._threads.map(_prepare, open_.values()), strict=True):
            if isinstance(ready, list):
                pieces += ready
            else:
                del open_[number]
                yield number, ready
        left = Counter(piece.recording for piece in pieces)
        with closing(self._decode_all(pieces)) as outcomes:
            for piece, decoded in outcomes:
                left[piece.recording] -= piece.task is Task.TRANSCRIBE
                listening = open_.get(piece.recording)
                if listening is None:  # another piece of it has failed
                    continue
                news = _take(listening, piece, decoded, is_last=not left[piece.recording])
                if isinstance(news, Heard):
                    del open_[piece.recording]
                if news is not None:
                    yield piece.recording, news

    def _decode_all(self, pieces: Sequence[Piece]) -> Generator[DecodedPiece]:
        """Every piece decoded, as soon as its batch is."""
        futures: list[Future[list[DecodedPiece]]] = []
        try:
            futures += [self._threads.submit(self._decode, batch) for batch in batches(pieces, at_once=self._batches)]
            for future in as_completed(futures):
                yield from future.result()
        finally:  # whoever listens may have gone
            for future in futures:
                future.cancel()

    def _decode(self, batch: Sequence[Piece]) -> list[DecodedPiece]:
        """A batch; where it fails, each of its pieces alone, so that only the one at fault fails."""
        try:
            decoded = self._in_any_language(batch, self._engine.decode(batch))
            foreign = [
                replace(piece, language=heard.language, task=Task.TRANSLATE, vocabulary="")
                for piece, heard in zip(batch, decoded, strict=True)
                if self._is_translated(heard)
            ]
            translated = self._engine.decode(foreign) if foreign else []
        except Exception as error:  # noqa: BLE001 - native code; it is the outcome of these pieces, not lost
            if len(batch) == 1:
                return [(batch[0], error)]
            return [outcome for piece in batch for outcome in self._decode([piece])]
        # Translations first: a recording is complete with its last transcribed piece.
        return [*zip(foreign, translated, strict=True), *zip(batch, decoded, strict=True)]

    def _in_any_language(self, batch: Sequence[Piece], decoded: Sequence[Decoded]) -> list[Decoded]:
        """Where nothing holds in the languages that somebody speaks, what holds in another: they did speak."""
        lost = [
            number
            for number, (piece, heard) in enumerate(zip(batch, decoded, strict=True))
            if piece.language is None and piece.languages and not heard.holds
        ]
        again = self._engine.decode([replace(batch[number], languages=()) for number in lost]) if lost else []
        found = {number: heard for number, heard in zip(lost, again, strict=True) if heard.holds}
        return [found.get(number, heard) for number, heard in enumerate(decoded)]

    def _is_translated(self, heard: Decoded) -> bool:
        """Where it is in a language to be translated, and there was anything to be understood."""
        if self._without_translation is None or heard.language in self._without_translation:
            return False
        return heard.holds

    def _unknown_language(self, recording: Recording) -> InvalidInput | None:
        if recording.language is None or recording.language in self._engine.languages:
            return None
        return InvalidInput(
            f"{self.name} does not know the language {recording.language!r}. "
            "Give a code such as 'en' or 'de', or none to have it detected."
        )


def _take(listening: Listening, piece: Piece, decoded: Decoded | Exception, *, is_last: bool) -> Part | Heard | None:
    """What there is to tell of the recording now; `is_last`: this piece was the last of those that were ready."""
    if isinstance(decoded, Exception):
        return decoded
    try:
        listening.take(piece, decoded)
        if not is_last:
            return None
        return listening.result() if listening.over else listening.part()
    except Exception as error:  # noqa: BLE001 - it is the outcome of this recording, and touches no other
        return error


def _prepare(listening: Listening) -> list[Piece] | Heard:
    """What is to be decoded next, or the end where nothing but silence was left."""
    try:
        return listening.next_pieces() or listening.result()
    except Exception as error:  # noqa: BLE001 - it is the outcome of this recording, and touches no other
        return error
