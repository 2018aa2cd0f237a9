"""Reflections: what Tandem says back about a tag, as questions to the person who spoke."""

from schemas.base import Schema


class Reflection(Schema):
    """A question to the speaker about one tag. It asserts nothing; the speaker may take it, change it or drop it."""

    question: str
    """Asks about what may lie behind the words, in English."""
    feelings: tuple[str, ...] = ()
    """Feelings it may stand for, in words a person would use."""
    needs: tuple[str, ...] = ()
    """Needs it may stand for: labels of the taxonomy."""
    request: str | None = None
    """Of a demand: a wording in the speaker's own words that leaves room for a no. Null where none fits."""
