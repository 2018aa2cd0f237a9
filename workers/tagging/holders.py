"""Whose a tag is: the speaker's, the partner's or somebody else's."""

from schemas.tag import Holder, TagKind
from workers.tagging.speech import Speech
from workers.tagging.tokens import Pause

_ANTECEDENT_REACH = 60
"""Tokens to look back for whom "he" or "she" means."""
_FRAME_REACH = 3
"""Tokens before a clause in which "she said" may stand."""


def find_holder(speech: Speech, kind: TagKind, first: int, end: int) -> Holder:
    """For feelings and needs the nearest subject; for the rest whoever is reported as saying it, else the speaker."""
    if kind not in (TagKind.FEELING, TagKind.NEED):
        reporting = find_report(speech, kind, first, end)
        return Holder.SELF if reporting is None else _person(speech, reporting - 1) or Holder.SELF
    start = speech.clause_of[first].start
    inside = (_owner(speech, i) for i in range(first - 1, end))
    before = (_person(speech, i) for i in range(first - 1, start - 1, -1))
    return next((person for person in (*inside, *before) if person), None) or _subject_before(speech, start)


def find_report(speech: Speech, kind: TagKind, first: int, end: int) -> int | None:
    """The verb of "she said" or, for demands, of "he wants me to": in the match or shortly before it."""
    start = max(0, speech.clause_of[first].start - _FRAME_REACH)
    for i in range(end - 1, start, -1):
        reports = speech.is_in(i, "say") or (kind is TagKind.DEMAND and speech.is_in(i, "insist"))
        if reports and _person(speech, i - 1):
            return i
        if speech.tokens[i].pause is Pause.STOP:
            return None
    return None


def _subject_before(speech: Speech, start: int) -> Holder:
    """The subject of the clause before, for clauses that go on without one ("he came in and cried")."""
    if not start or speech.tokens[start].pause is Pause.STOP:
        return Holder.SELF
    people = (_person(speech, i) for i in speech.clause_of[start - 1])
    return next((person for person in people if person), Holder.SELF)


def _owner(speech: Speech, i: int) -> Holder | None:
    """Whom "my stomach" and "his eyes" belong to, or "I" where a phrase names it."""
    if i < 0:
        return None
    word = speech.tokens[i].word
    if word in {"i", "we"} or (word == "my" and speech.is_in(i + 1, "own")):
        return Holder.SELF
    return _antecedent(speech, i) if word in {"his", "her"} and speech.is_in(i + 1, "own") else None


def _person(speech: Speech, i: int) -> Holder | None:
    if i < 0:
        return None
    word = speech.tokens[i].word
    if speech.is_in(i, "person_self"):
        return Holder.SELF if word != "me" or speech.is_in(i - 1, "moves") else None
    if word in {"he", "she"}:
        return _antecedent(speech, i)
    if word == "you" or speech.is_in(i, "person_partner") or _is_name(speech, i):
        return Holder.PARTNER
    return Holder.OTHER if speech.is_in(i, "person_other") else None


def _is_name(speech: Speech, i: int) -> bool:
    """A capital inside a sentence before a verb: somebody called by name, most often the partner."""
    token = speech.tokens[i]
    named = token.name and token.pause is not Pause.STOP and not speech.is_in(i, "subject")
    return named and (speech.is_in(i + 1, "is") or speech.is_in(i + 1, "say"))


def _antecedent(speech: Speech, i: int) -> Holder:
    """Whom "he" or "she" means: the nearest relation named before that fits, else the partner."""
    unfit = "female" if speech.tokens[i].word in {"he", "his"} else "male"
    for j in range(i - 1, max(-1, i - _ANTECEDENT_REACH), -1):
        if speech.is_in(j, unfit):
            continue
        if speech.is_in(j, "person_partner"):
            return Holder.PARTNER
        if speech.is_in(j, "person_antecedent"):
            return Holder.OTHER
    return Holder.PARTNER
