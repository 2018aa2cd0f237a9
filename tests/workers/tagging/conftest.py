"""The tagger under test, loaded once."""

import pytest

from workers.tagging.model_tagger import ModelTagger


@pytest.fixture(scope="session")
def tagger() -> ModelTagger:
    """Tagging keeps no state, so one tagger serves all tests."""
    return ModelTagger()
