"""What the rest of the work asks of a tagger."""

from typing import Protocol

from schemas.tag import TextTag


class Tagger(Protocol):
    """Finds feelings, needs, requests and their kin in a text.

    Pure: the same text gives the same tags, and no text makes it raise.
    """

    name: str
    """Kept beside each result, so that results of different taggers can be told apart."""
    languages: frozenset[str]
    """ISO 639-1 codes of the languages it knows. A text in another has no tags: better none than wrong ones."""

    def tag(self, text: str) -> tuple[TextTag, ...]:
        """The tags of `text`, ordered by where they start; they may overlap."""
        ...
