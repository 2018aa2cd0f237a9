"""The tagger under test, read from its lexicons once."""

import pytest

from workers.tagging.lexicon import LexiconTagger


@pytest.fixture(scope="session")
def tagger() -> LexiconTagger:
    """Tagging keeps no state, so one tagger serves all tests."""
    return LexiconTagger()
