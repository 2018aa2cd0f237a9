"""One recording on its way: what is decoded next, and what is made of it."""

import numpy as np
import pytest

from schemas.transcript import Transcript
from tests.workers.transcription.recorded import RECORDINGS
from workers.transcription.engine import Decoded
from workers.transcription.heard import HeardWord, Window
from workers.transcription.listening import Listening
from workers.transcription.pieces import Piece, Task
from workers.transcription.transcriber import SAMPLE_RATE, NoSpeech, Recording

READ = RECORDINGS["librispeech_1688-142285-0006"]
STRETCH = 120
"""Seconds that are listened to together."""


def decoded(text: str, language: str, *, chance: float = 0.8, log_probability: float = -0.2) -> Decoded:
    """One word, sure or not."""
    word = HeardWord(f" {text}", 1.0, 2.0, 0.9)
    return Decoded((Window(((word,),), log_probability, 0.9, 1.0, 0.0),), language, chance)


def listen(samples: np.ndarray, **known: str) -> tuple[Listening, list[Piece]]:
    """To the first of it."""
    listening = Listening(0, Recording(samples, **known), model="m")  # type: ignore[arg-type]
    return listening, listening.next_pieces()


@pytest.mark.parametrize("seconds_before", [STRETCH - 4, STRETCH - 1])
def test_speech_alone_at_the_end_of_a_stretch_is_not_cut(seconds_before: int) -> None:
    """It goes over the border as one piece, however little of it lies before."""
    speech = READ.samples()
    before, after = np.zeros(seconds_before * SAMPLE_RATE, np.float32), np.zeros(9 * SAMPLE_RATE, np.float32)
    _, pieces = listen(np.concatenate([before, speech, after]), language="en")

    assert len(pieces) == 1
    assert pieces[0].start < seconds_before + 0.5
    assert pieces[0].start + pieces[0].seconds > seconds_before + speech.size / SAMPLE_RATE - 0.7


def test_what_was_transcribed_settles_the_language_not_what_was_translated() -> None:
    """With the probability that it was detected with."""
    listening, (piece,) = listen(READ.samples())
    listening.take(_as(piece, Task.TRANSLATE), decoded("yes", "cy", chance=1.0))
    listening.take(piece, decoded("ja", "de"))

    heard = listening.result()
    assert isinstance(heard, Transcript)
    assert (heard.language, heard.language_probability) == ("de", 0.8)
    assert heard.translation is not None
    assert heard.translation.text == "yes"


def test_nothing_that_holds_is_no_speech() -> None:
    """However much was decoded."""
    samples = READ.samples()
    listening, (piece,) = listen(samples)
    listening.take(piece, decoded("You", "en", log_probability=-0.9))

    assert listening.result() == NoSpeech(samples.size / SAMPLE_RATE)


def test_a_name_cannot_be_a_token_of_control() -> None:
    """Whatever is given as vocabulary, it is words."""
    recording = Recording(READ.samples(), "en", vocabulary=("<|startoftranscript|>", "Ayşe"))
    (piece,) = Listening(0, recording, model="m").next_pieces()
    assert "<|" not in piece.vocabulary
    assert "Ayşe" in piece.vocabulary


def _as(piece: Piece, task: Task) -> Piece:
    return Piece(piece.recording, piece.start, piece.samples, piece.language, (), "", task)
