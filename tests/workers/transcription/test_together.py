"""Many recordings at once, of several people, long and short, with one at fault among them."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from schemas.errors import InvalidInput
from schemas.transcript import Transcript
from tests.workers.transcription.recorded import RECORDINGS
from workers.transcription.engine import Decoded
from workers.transcription.pieces import Piece, Task
from workers.transcription.transcriber import (
    SAMPLE_RATE,
    Heard,
    NoSpeech,
    Part,
    Recording,
    Samples,
    transcribe_one,
)
from workers.transcription.whisper import FasterWhisperTranscriber

READ = RECORDINGS["librispeech_1688-142285-0006"]
MEETING = RECORDINGS["ami_es2011a_0040"]
SPANISH = RECORDINGS["mls_es_13697_11991"]
SYNTHETIC = RECORDINGS["A006"]


def all_of(transcriber: FasterWhisperTranscriber, *recordings: Recording) -> list[Heard]:
    """How each ends."""
    ended = {number: heard for number, heard in transcriber.transcribe(recordings) if not isinstance(heard, Part)}
    return [ended[number] for number in range(len(recordings))]


def spoken_at_length() -> Samples:
    """Nearly four and a half minutes."""
    return np.tile(SYNTHETIC.samples(), 5)


def test_each_gets_its_own_words(transcriber: FasterWhisperTranscriber) -> None:
    """Whoever is decoded beside whom."""
    silence = np.zeros(5 * SAMPLE_RATE, np.float32)
    meeting, read, nothing, spanish = all_of(
        transcriber,
        *(Recording(samples) for samples in (MEETING.samples(), READ.samples(), silence, SPANISH.samples())),
    )
    assert isinstance(meeting, Transcript)
    assert isinstance(read, Transcript)
    assert isinstance(spanish, Transcript)
    assert "Abigail" in meeting.text
    assert "without telling us" in read.text
    assert "la sorpresa y el disgusto" in spanish.text.lower()
    assert (meeting.language, read.language, spanish.language) == ("en", "en", "es")
    assert nothing == NoSpeech(5.0)


def test_one_at_fault_touches_no_other(transcriber: FasterWhisperTranscriber) -> None:
    """What cannot be prepared, and what the engine chokes on, end as errors of their own."""
    two_channels = np.zeros((SAMPLE_RATE, 2), np.float32)
    unknown, broken, read = all_of(
        transcriber,
        Recording(READ.samples(), language="klingon"),
        Recording(two_channels),
        Recording(READ.samples()),
    )
    assert isinstance(unknown, InvalidInput)
    assert isinstance(broken, Exception)
    assert isinstance(read, Transcript)
    assert "without telling us" in read.text


def test_a_batch_that_fails_is_decoded_piece_by_piece(
    transcriber: FasterWhisperTranscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine fails on every batch with one recording in it: that one fails, the others have their words."""
    decode = transcriber._engine.decode

    def failing(batch: list[object]) -> object:
        if any(piece.vocabulary == "" and piece.language == "de" for piece in batch):  # type: ignore[attr-defined]
            raise RuntimeError("out of memory")
        return decode(batch)  # type: ignore[arg-type]

    monkeypatch.setattr(transcriber._engine, "decode", failing)
    failed, read = all_of(transcriber, Recording(READ.samples(), language="de"), Recording(READ.samples(), "en"))
    assert isinstance(failed, RuntimeError)
    assert isinstance(read, Transcript)


def test_detection_keeps_to_the_languages_somebody_speaks(transcriber: FasterWhisperTranscriber) -> None:
    """Spanish is found among some, and nothing else is where it is not among them."""
    among, without = all_of(
        transcriber,
        Recording(SPANISH.samples(), languages=("de", "es")),
        Recording(SPANISH.samples(), languages=("pt", "it")),
    )
    assert isinstance(among, Transcript)
    assert isinstance(without, Transcript)
    assert among.language == "es"
    assert among.language_probability > 0.9
    assert without.language in {"pt", "it"}


def test_clear_speech_in_a_language_nobody_named_is_heard_all_the_same(
    transcriber: FasterWhisperTranscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing holds in the languages of the speaker, all are tried: they did speak."""
    decode = transcriber._engine.decode

    def only_with_all(batch: list[Piece]) -> list[Decoded]:
        ratio = {True: 3.0, False: 1.0}
        return [
            replace(
                one,
                windows=tuple(
                    replace(window, compression_ratio=ratio[bool(piece.languages)]) for window in one.windows
                ),
            )
            for piece, one in zip(batch, decode(batch), strict=True)
        ]

    monkeypatch.setattr(transcriber._engine, "decode", only_with_all)
    heard = transcribe_one(transcriber, Recording(READ.samples(), languages=("ja",)))

    assert isinstance(heard, Transcript)
    assert heard.language == "en"
    assert "without telling us" in heard.text


def test_another_language_is_translated_with_times_of_the_speech(transcriber: FasterWhisperTranscriber) -> None:
    """In English, beside the words that were said; English is not translated."""
    spanish, read = all_of(transcriber, Recording(SPANISH.samples()), Recording(READ.samples()))
    assert isinstance(spanish, Transcript)
    assert isinstance(read, Transcript)
    translation = spanish.translation
    assert translation is not None
    assert translation.language == "en"
    assert "surprise" in translation.text.lower()
    assert all(one.start <= two.start for one, two in pairwise(translation.words))
    assert all(0 <= word.start <= word.end <= spanish.seconds for word in translation.words)
    assert read.translation is None


def test_what_does_not_hold_is_not_translated(
    transcriber: FasterWhisperTranscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A piece that falls has no translation that tags could be made on."""
    decode = transcriber._engine.decode
    tasks: list[Task] = []

    def unsure(batch: list[Piece]) -> list[Decoded]:
        tasks.extend(piece.task for piece in batch)
        return [
            replace(one, windows=tuple(replace(window, compression_ratio=3.0) for window in one.windows))
            for one in decode(batch)
        ]

    monkeypatch.setattr(transcriber._engine, "decode", unsure)
    assert isinstance(transcribe_one(transcriber, Recording(SPANISH.samples())), NoSpeech)
    assert set(tasks) == {Task.TRANSCRIBE}


def test_a_persons_own_words_help(transcriber: FasterWhisperTranscriber) -> None:
    """A name is written as its owner writes it."""
    samples = MEETING.samples()
    plain = transcribe_one(transcriber, Recording(samples, "en"))
    helped = transcribe_one(transcriber, Recording(samples, "en", vocabulary=("Abigail Claflin", "Abbie")))
    assert isinstance(plain, Transcript)
    assert isinstance(helped, Transcript)
    assert "Claflin" not in plain.text or "Abbie" not in plain.text
    assert "Claflin" in helped.text
    assert "Abbie" in helped.text


def test_vocabulary_is_not_heard_where_nobody_speaks(transcriber: FasterWhisperTranscriber) -> None:
    """Names are a help, not a suggestion: over music nobody says them."""
    music = RECORDINGS["music_vibe_ace"]
    heard = transcribe_one(transcriber, Recording(music.samples(), "en", vocabulary=("Abigail", "Abbie")))
    assert isinstance(heard, NoSpeech)


def test_a_long_recording_comes_in_parts_and_goes_on_where_it_was_lost(
    transcriber: FasterWhisperTranscriber,
) -> None:
    """Parts grow; an attempt that begins with one hears the rest and no word twice."""
    samples = spoken_at_length()
    *parts, whole = (heard for _, heard in transcriber.transcribe([Recording(samples, "en")]))
    assert isinstance(whole, Transcript)
    assert len(parts) >= 2
    assert all(isinstance(part, Part) and whole.text.startswith(part.transcript.text) for part in parts)
    first = parts[0]
    assert isinstance(first, Part)
    assert first.transcript.words[-1].end <= first.seconds < samples.size / SAMPLE_RATE

    later = transcribe_one(transcriber, Recording(samples, "en", begun=first))

    assert isinstance(later, Transcript)
    assert later.text == whole.text
    assert [word.start for word in later.words] == [word.start for word in whole.words]
