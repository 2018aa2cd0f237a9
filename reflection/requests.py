"""A demand, worded as a request that leaves room for a no: the speaker's own words in a frame, or nothing."""

import re
from collections.abc import Callable

_NAME = r"(?P<who>you|he|she|they)"
_WORDS = r"(?P<what>.+)"
_FRAMES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), frame)
    for pattern, frame in (
        # "I need you to call me", "from now on I want her to ask first"
        (rf"\bI(?:'m going to| am going to|'d)? (?:need|want|expect) (?P<whom>you|him|her|them) to {_WORDS}", "do"),
        # "if you don't stop shouting, I'm gone"
        (rf"\bif {_NAME} (?:don'?t|doesn'?t|do not|does not|won'?t) (?P<what>[^,]+?),? .*", "do"),
        # "you have to stop", "he needs to call", "she'd better be on time"
        (
            rf"\b{_NAME}(?:'ve|'s)? (?:have|has|had|need|needs|got|ought) to {_WORDS}",
            "do",
        ),
        (rf"\b{_NAME}(?:'re|'s| are| is| were| was|re) (?:supposed|meant) to {_WORDS}", "do"),
        (rf"\b{_NAME} (?:mustn'?t|shouldn'?t|must not|should not) {_WORDS}", "not"),
        (rf"\b{_NAME} (?:must|should) {_WORDS}", "do"),
        (rf"\b{_NAME}(?:'d| had)? better {_WORDS}", "do"),
        (rf"^(?:just |please )*(?:don'?t|do not)(?: you| ever| dare| you dare)* {_WORDS}", "not"),
        (rf"^(?:just |please )*(?P<what>stop \w+ing\b.*)", "do"),
    )
)
_VERBS = frozenset(
    "answer apologise apologize ask be book bring call change check choose clean clear come cook deal decide do empty "
    "explain fix get give go help hold keep leave let listen look make move pay phone pick promise put read ring say "
    "send show sit speak start stay stop take talk tell text tidy turn wait wake wash write".split()
)
_CUT = re.compile(
    r"\s*(?:[,;:.!?]|\b(?:or (?:else|I|i|we)\b|because\b|cause\b|cos\b|and (?:I|that's|thats) (?:mean|it|final)|full stop\b|"
    r"period\b|end of\b|I mean it|for once\b|for God's sake|for goodness' sake|right now\b|or I'm\b)).*$",
    re.IGNORECASE,
)
_FILLERS = re.compile(r"\b(?:um+|uh+|er+|erm|like,|you know,?|I mean,?)\s*,?\s*|\b(?:bloody|fucking|goddamn|damn)\s+", re.IGNORECASE)
_UNFIT = re.compile(r"^(?:not|be (?:more|less|such)|feel|know|understand|have been|\W)|\bself|\bsorry for yourself", re.IGNORECASE)
_SUBJECTS = {"him": "he", "her": "she", "them": "they"}
_LONGEST = 18
"""Words that a request may have: a longer one was no single ask."""


def as_request(demand: str) -> str | None:
    """`demand`, the words of a demand, as a question beginning "Would you be willing"; None where no frame fits."""
    spoken = _FILLERS.sub("", demand.replace("’", "'")).strip()  # noqa: RUF001 - the typographic apostrophe
    for pattern, frame in _FRAMES:
        if match := pattern.search(spoken):
            return _fill(match, frame)
    first, *_ = spoken.lower().split() or [""]
    return _worded("you", spoken, "do") if first in _VERBS else None


def _fill(match: re.Match[str], frame: str) -> str | None:
    groups = match.groupdict()
    who = (groups.get("who") or groups.get("whom") or "you").lower()
    return _worded(_SUBJECTS.get(who, who), groups["what"], frame)


def _worded(who: str, what: str, frame: str) -> str | None:
    asked = _CUT.sub("", what).strip(" ,-")
    asked = re.sub(r"^(?:just|please|bloody|really|actually|fucking) ", "", asked, flags=re.IGNORECASE)
    if not asked or len(asked.split()) > _LONGEST or _UNFIT.search(asked) or not _begins_with_verb(asked):
        return None
    return f"Would {who} be willing {'not to' if frame == 'not' else 'to'} {_polite(asked)}?"


def _begins_with_verb(asked: str) -> bool:
    first = asked.split()[0].lower()
    return first.isalpha() and not first.endswith(("ing", "ed")) and first not in _NO_VERBS


_NO_VERBS = frozenset("a an the my your his her their this that it i me we us all more less any no so too very to of in on at".split())


def _polite(asked: str) -> str:
    lowered: Callable[[str], str] = lambda word: word if word == "I" or word.startswith("I'") else word[0].lower() + word[1:]  # noqa: E731
    first, _, rest = asked.partition(" ")
    fixed = re.sub(r"\bi('|\b)", r"I\1", rest)
    return f"{lowered(first)} {fixed}".strip()
