"""The real model, loaded once."""

from pathlib import Path

import pytest

from workers.transcription.hardware import choose_hardware
from workers.transcription.model_files import locate
from workers.transcription.whisper import FasterWhisperTranscriber


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The joined base model."""
    return Path(locate("base", folder=tmp_path_factory.mktemp("models")))


@pytest.fixture(scope="session")
def transcriber(model_folder: Path) -> FasterWhisperTranscriber:
    """Whisper base on two threads."""
    return FasterWhisperTranscriber(
        str(model_folder), choose_hardware("cpu", threads=2), without_translation=frozenset({"en"})
    )
