"""How well the shipped recordings are heard; floors lie a little above what was measured."""

from collections.abc import Sequence

import jiwer
import pytest
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

from tests.workers.transcription.recorded import BY_A_SYNTHETIC_VOICE, BY_PEOPLE, Recorded
from workers.transcription.transcriber import NoSpeech, Recording, Transcriber, transcribe_one

NORMALISE = {"en": EnglishTextNormalizer(), "es": BasicTextNormalizer()}


@pytest.mark.parametrize(
    ("recordings", "most"),
    [(BY_PEOPLE, 0.2), (BY_A_SYNTHETIC_VOICE, 0.05)],
    ids=["people", "synthetic voice"],
)
def test_words_are_heard(
    transcriber: Transcriber,
    recordings: Sequence[Recorded],
    most: float,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The word error rate, normalised as in the Whisper paper, stays under its floor."""
    said = [NORMALISE[recorded.lang](recorded.text) for recorded in recordings]
    heard = [NORMALISE[recorded.lang](_hear(transcriber, recorded)) for recorded in recordings]
    error_rate = jiwer.wer(said, heard)
    with capsys.disabled():
        print(f"\nword error rate, {request.node.callspec.id}: {error_rate:.3f} ({len(said)} recordings)")  # noqa: T201
    assert error_rate <= most


def _hear(transcriber: Transcriber, recorded: Recorded) -> str:
    heard = transcribe_one(transcriber, Recording(recorded.samples()))
    return "" if isinstance(heard, NoSpeech) else heard.text
