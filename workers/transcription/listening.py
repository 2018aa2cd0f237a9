"""Listening: one recording on its way from samples to words, a stretch at a time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from schemas.transcript import Transcript
from workers.transcription.assembly import assemble
from workers.transcription.engine import Decoded
from workers.transcription.heard import HeardWord, Window, keep_what_holds, within_speech
from workers.transcription.pieces import Piece, Task, cut
from workers.transcription.speech_spans import Span, find_speech, lift, total_seconds
from workers.transcription.transcriber import SAMPLE_RATE, NoSpeech, Part, Recording

_STRETCH = 120 * SAMPLE_RATE
"""Samples that are listened to together: what there are features of at a time, and what a lost worker loses."""
_LEAST_SPEECH = 0.2
"""Seconds of detected speech in a stretch below which there is none: a bark or a beat reaches 0.3, a short "no" has
0.35."""
_STILL_SPEAKING = 2 * SAMPLE_RATE
"""Speech that ends this near to the end of a stretch may go on behind it."""

Sentences = list[tuple[HeardWord, ...]]


class Listening:
    """What is heard of a recording so far, and what comes next. Not to be shared between threads."""

    def __init__(self, number: int, recording: Recording, *, model: str) -> None:
        self._number = number
        self._recording = recording
        self._model = model
        self._position = 0
        self._waiting: list[Piece] = []
        self._language, self._probability = recording.language, 1.0
        self._spoken: list[tuple[float, float]] = []
        self._before: dict[Task, Sentences] = {task: [] for task in Task}
        self._windows: dict[Task, list[tuple[float, Window]]] = {task: [] for task in Task}
        if recording.begun:
            self._go_on(recording.begun)

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        return self._recording.samples.size / SAMPLE_RATE

    def next_pieces(self) -> list[Piece]:
        """What is to be decoded next; none when all was heard.

        As long as the language is not known that is one piece, and the others wait for it.
        """
        while not self._waiting and self._position < self._recording.samples.size:
            self._listen()
        many = len(self._waiting) if self._language else 1
        ready, self._waiting = self._waiting[:many], self._waiting[many:]
        return [replace(piece, language=self._language) for piece in ready]

    def take(self, piece: Piece, decoded: Decoded) -> None:
        """Keep what was decoded of a piece, in whatever order they come."""
        self._windows[piece.task] += [(piece.start, window) for window in decoded.windows]
        if piece.task is Task.TRANSCRIBE and self._language is None and decoded.holds:
            self._language, self._probability = decoded.language, decoded.language_probability

    @property
    def over(self) -> bool:
        """Whether nothing is left to be listened to."""
        return not self._waiting and self._position >= self._recording.samples.size

    def part(self) -> Part | None:
        """What was heard at the end of a stretch; None within one, and where that is nothing yet."""
        transcript = self._transcript() if not self._waiting else None
        return Part(transcript, self._position / SAMPLE_RATE) if transcript else None

    def result(self) -> Transcript | NoSpeech:
        """When there are no more pieces: what was said."""
        return self._transcript() or NoSpeech(self.seconds)

    def _listen(self) -> None:
        """To the next stretch. Speech that may go on behind its end is left for the one after."""
        begin, size = self._position, self._recording.samples.size
        stretch = self._recording.samples[begin : begin + _STRETCH]
        self._position = end = begin + stretch.size
        spans = find_speech(stretch)
        groups = cut(spans, length=stretch.size)
        if end < size and spans and spans[-1].end > stretch.size - _STILL_SPEAKING:
            self._position = begin + groups.pop().start
        elif total_seconds(spans) < _LEAST_SPEECH:
            return
        self._spoken += [_in_seconds(span, begin) for span in spans if begin + span.start < self._position]
        self._waiting = [self._piece(Span(begin + group.start, begin + group.end)) for group in groups]

    def _piece(self, span: Span) -> Piece:
        return Piece(
            recording=self._number,
            start=span.start / SAMPLE_RATE,
            samples=lift(self._recording.samples[span.start : span.end]),
            language=self._language,
            languages=self._recording.languages,
            vocabulary=", ".join(self._recording.vocabulary).replace("<|", ""),  # what would be a token of control
        )

    def _go_on(self, begun: Part) -> None:
        """From where an earlier attempt was lost."""
        heard = begun.transcript
        self._position = round(begun.seconds * SAMPLE_RATE)
        self._language, self._probability = heard.language, heard.language_probability
        self._before[Task.TRANSCRIBE] = _sentences(heard)
        self._before[Task.TRANSLATE] = _sentences(heard.translation) if heard.translation else []

    def _transcript(self) -> Transcript | None:
        said = self._sentences_of(Task.TRANSCRIBE)
        if not said or self._language is None:
            return None
        transcript = self._assemble(said, self._language, self._probability)
        translated = self._sentences_of(Task.TRANSLATE)
        translation = self._assemble(translated, "en", 1.0) if translated else None
        return transcript.model_copy(update={"translation": translation})

    def _sentences_of(self, task: Task) -> Sentences:
        ordered = [window for _, window in sorted(self._windows[task], key=lambda placed: placed[0])]
        kept = keep_what_holds(ordered, self._spoken)
        return [*self._before[task], *(within_speech(sentence, self._spoken) for sentence in kept)]

    def _assemble(self, sentences: Sequence[Sequence[HeardWord]], language: str, probability: float) -> Transcript:
        return assemble(
            sentences,
            seconds=self.seconds,
            language=language,
            language_probability=probability,
            model=self._model,
        )


def _in_seconds(span: Span, begin: int) -> tuple[float, float]:
    return (begin + span.start) / SAMPLE_RATE, (begin + span.end) / SAMPLE_RATE


def _sentences(transcript: Transcript) -> Sentences:
    """A transcript as it was heard, for more to be put behind it."""
    return [
        tuple(_heard(transcript, range(segment.first_word, segment.last_word + 1))) for segment in transcript.segments
    ]


def _heard(transcript: Transcript, numbers: Iterable[int]) -> Iterator[HeardWord]:
    for number in numbers:
        word = transcript.words[number]
        space = " " if transcript.text[word.offset - 1 : word.offset] == " " else ""
        yield HeardWord(space + word.text, word.start, word.end, word.probability)
