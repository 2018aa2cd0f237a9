"""A demand, worded as a request that leaves room for a no: the speaker's own words in a frame, or nothing."""

import re
from functools import cache

from reflection.catalogues import no_request, wording

_LONGEST = 18
"""Words that a request may have: a longer one was no single ask."""
_PRONOUNS = {"you": "you", "he": "he", "him": "he", "she": "she", "her": "she", "they": "they", "them": "they"}
_CAPITALS = re.compile(r"\b(?:i|(?:mon|tues|wednes|thurs|fri|satur|sun)days?)\b(?='|\b)")
"""What a recogniser without punctuation writes small."""


def as_request(demand: str) -> str | None:
    """`demand`, the words of a demand, as a question beginning "Would you be willing"; None where no frame fits.

    None as well where somebody's safety is asked for, and for what somebody should not do: NVC asks for what is wanted.
    """
    spoken = _tidied(plain(demand))
    if no_request().search(spoken):
        return None
    for pattern in _frames():
        if match := pattern.search(spoken):
            groups = match.groupdict()
            return _worded(groups.get("who") or "you", groups["what"])
    first, *_ = spoken.lower().split() or [""]
    return _worded("you", spoken) if first in wording()["imperatives"] else None


def plain(quote: str) -> str:
    """`quote` with the apostrophes of a keyboard."""
    return quote.replace("\u2019", "'")


@cache
def _frames() -> tuple[re.Pattern[str], ...]:
    """`{who}`, `{whom}` and `{what}` of the catalogue become named groups."""
    groups = {
        "{who}": r"(?P<who>you|he|she|they|(?-i:[A-Z][a-z]+))",
        "{whom}": "(?P<who>you|him|her|them)",
        "{what}": "(?P<what>.+)",
    }
    frames = []
    for pattern in wording()["frames"]:
        for name, group in groups.items():
            pattern = pattern.replace(name, group)  # noqa: PLW2901 - one after the other
        frames.append(re.compile(pattern, re.IGNORECASE))
    return tuple(frames)


def _tidied(spoken: str) -> str:
    """Without hesitation, stutter, and who said it."""
    for pattern, replacement in wording()["tidying"]:
        spoken = re.sub(pattern, replacement, spoken, flags=re.IGNORECASE)
    return spoken.strip(" ,")


def _worded(who: str, what: str) -> str | None:
    subject = _PRONOUNS.get(who.lower(), who)
    asked = what
    for end in wording()["ends"]:
        asked = re.sub(rf"{end}.*$", "", asked, flags=re.IGNORECASE).strip(" ,-")
    words = asked.split()
    fits = 0 < len(words) <= _LONGEST and subject not in wording()["nobody"] and _is_a_verb(words[0].lower())
    if not fits or re.search("|".join(wording()["unfit"]), asked, flags=re.IGNORECASE):
        return None
    return f"Would {subject} be willing to {_as_written(asked)}?"


def _is_a_verb(word: str) -> bool:
    """Whether a clause may begin with it: a verb in its base form, or at least nothing that is known for another."""
    if word in wording()["imperatives"]:
        return True
    return word.isalpha() and not word.endswith(("ing", "ed")) and word not in wording()["no_verbs"]


def _as_written(asked: str) -> str:
    """Begun small, with the capitals that English wants."""
    small = asked if re.match(r"I\b", asked) else asked[0].lower() + asked[1:]
    return re.sub(_CAPITALS, lambda match: match[0].capitalize(), small)
