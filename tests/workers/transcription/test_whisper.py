"""Real speech, and real silence, through the real model."""

from pathlib import Path

import numpy as np
import pytest

from schemas.errors import InvalidInput, ModelInvalid
from schemas.transcript import Transcript
from tests.workers.transcription.recorded import BY_PEOPLE, RECORDINGS, WITHOUT_SPEECH, Recorded
from tests.workers.transcription.sounds import quiet_rooms, whispered
from workers.transcription.transcriber import (
    SAMPLE_RATE,
    NoSpeech,
    Recording,
    Samples,
    Transcriber,
    transcribe_one,
)
from workers.transcription.whisper import FasterWhisperTranscriber

READ = RECORDINGS["librispeech_1688-142285-0006"]
SPANISH = RECORDINGS["mls_es_13697_11991"]
ONE_WORD = RECORDINGS["commonvoice_en_22058264"]

QUIET_ROOMS = quiet_rooms()


def hear(transcriber: Transcriber, samples: Samples, *, language: str | None = None) -> Transcript:
    """What was heard, where something must be."""
    heard = transcribe_one(transcriber, Recording(samples, language))
    assert isinstance(heard, Transcript)
    return heard


def test_a_sentence_is_heard(transcriber: FasterWhisperTranscriber) -> None:
    """The words of a read sentence come back with its language and the name of the model."""
    heard = hear(transcriber, READ.samples())
    assert "without telling us what he had been" in heard.text
    assert (heard.language, heard.model) == ("en", transcriber.name)
    assert heard.language_probability > 0.9


@pytest.mark.parametrize("recorded", BY_PEOPLE, ids=lambda recorded: recorded.id)
def test_words_lie_in_text_and_recording(transcriber: Transcriber, recorded: Recorded) -> None:
    """Each word lies in the text and in the recording, no word begins before the one before it."""
    samples = recorded.samples()
    heard = hear(transcriber, samples)
    assert heard.seconds == pytest.approx(recorded.seconds, abs=0.01)
    assert all(heard.text[word.offset :].startswith(word.text) for word in heard.words)
    assert all(word.text == word.text.strip() != "" for word in heard.words)
    assert all(0 <= word.start <= word.end <= heard.seconds for word in heard.words)
    starts = [word.start for word in heard.words]
    assert starts == sorted(starts)
    covered = [i for part in heard.segments for i in range(part.first_word, part.last_word + 1)]
    assert covered == list(range(len(heard.words)))


def test_words_are_found_behind_a_long_silence(transcriber: Transcriber) -> None:
    """A silence that is cut out before decoding is back in the times."""
    samples = ONE_WORD.samples()
    alone = hear(transcriber, samples, language="en").words[0]
    silence = np.zeros(40 * SAMPLE_RATE, dtype=np.float32)
    later = hear(transcriber, np.concatenate([silence, samples]), language="en").words[0]
    assert later.text == alone.text
    assert later.start - alone.start == pytest.approx(40, abs=0.5)


def test_quiet_speech_is_heard(transcriber: Transcriber) -> None:
    """Speech 50 dB quieter, far below what the detector hears by itself, keeps its words."""
    quiet = (READ.samples() * 10 ** (-50 / 20)).astype(np.float32)
    assert "without telling us" in hear(transcriber, quiet).text


@pytest.mark.parametrize("decibels", [0, -45])
def test_whispered_speech_is_heard(transcriber: Transcriber, decibels: int) -> None:
    """Speech without a voice, near the phone and far from it."""
    whisper = whispered(READ.samples()) * np.float32(10 ** (decibels / 20))
    assert "done quite right" in hear(transcriber, whisper).text


@pytest.mark.parametrize("name", QUIET_ROOMS)
def test_nothing_is_invented_where_nobody_speaks(transcriber: Transcriber, name: str) -> None:
    """Silence, noise and tones are no speech."""
    samples = QUIET_ROOMS[name]
    assert transcribe_one(transcriber, Recording(samples)) == NoSpeech(samples.size / SAMPLE_RATE)


@pytest.mark.parametrize("recorded", WITHOUT_SPEECH, ids=lambda recorded: recorded.id)
def test_nothing_is_invented_over_music_and_noise(transcriber: Transcriber, recorded: Recorded) -> None:
    """Real music and a whale are no speech."""
    assert isinstance(transcribe_one(transcriber, Recording(recorded.samples())), NoSpeech)


def test_no_samples_are_no_speech(transcriber: Transcriber) -> None:
    """Empty audio is no speech, not an error."""
    assert transcribe_one(transcriber, Recording(np.zeros(0, dtype=np.float32))) == NoSpeech(0.0)


def test_a_given_language_is_used(transcriber: Transcriber) -> None:
    """A given language is taken as certain."""
    heard = hear(transcriber, SPANISH.samples(), language="es")
    assert (heard.language, heard.language_probability) == ("es", 1.0)
    assert "la sorpresa y el disgusto" in heard.text.lower()


def test_an_unknown_language_is_refused(transcriber: Transcriber) -> None:
    """A code that the model does not know is the caller's mistake, even over silence."""
    with pytest.raises(InvalidInput, match="klingon"):
        transcribe_one(transcriber, Recording(np.zeros(0, dtype=np.float32), "klingon"))


def test_warming_up_is_harmless(transcriber: FasterWhisperTranscriber) -> None:
    """A warm model hears what a cold one does."""
    transcriber.warm_up()
    assert hear(transcriber, ONE_WORD.samples(), language="en").text == "No."


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    """What cannot be loaded is an invalid model."""
    with pytest.raises(ModelInvalid, match="cannot be loaded"):
        FasterWhisperTranscriber(str(tmp_path))
