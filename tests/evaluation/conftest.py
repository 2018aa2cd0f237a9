"""The model under evaluation."""

from tests.workers.transcription.conftest import model_folder, transcriber

__all__ = ["model_folder", "transcriber"]
