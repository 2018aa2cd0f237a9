"""What is said back about a tag: a question, its words from closed catalogues and from the speaker; or nothing."""

import re
from collections.abc import Iterable, Sequence

from reflection.catalogues import Entry, demands, need_names, silence, verdicts
from reflection.requests import as_request, plain
from schemas.reflection import Reflection
from schemas.tag import Holder, TagKind, TextTag

_LONGEST_QUOTE = 14
"""Words: more is not said back, but called "this"."""
_MOST_WORDS = 60
"""Of a quote that anything is asked about."""
_ABOUT_ONESELF = re.compile(
    r"(?:(?:and|but|so|because|that) )*(?:i|i'm|im|i've|i'd|me)\b"
    r"(?! (?:think|mean|guess|reckon|swear|know|said|told|can'?t believe)\b)"
    r"(?! feel (?:like |that )?(?:he|she|you|they|it)\b)",
    re.IGNORECASE,
)
_FEELS = re.compile(r"\b(?:feel|feels|felt|feeling)\b", re.IGNORECASE)


def reflect(tags: Sequence[TextTag], text: str) -> list[Reflection | None]:
    """What to say back about each tag of `text`. Nothing at all where one of them speaks of violence or despair."""
    quotes = [" ".join(text[tag.start : tag.end].split()) for tag in tags]
    if any(silence().search(plain(quote)) for quote in quotes):
        return [None] * len(tags)
    return [reflect_on(tag, quote) for tag, quote in zip(tags, quotes, strict=True)]


def reflect_on(tag: TextTag, quote: str) -> Reflection | None:
    """The reflection on a demand or an evaluation whose words are `quote`; None for all else and where nothing fits.

    What others demand of the speaker, or say of them, is theirs: only the speaker's own words are asked about.
    """
    if tag.negated or tag.holder is not Holder.SELF or len(quote.split()) > _MOST_WORDS:
        return None
    if tag.kind is TagKind.DEMAND:
        return _on_demand(quote, past=tag.past)
    if tag.kind is TagKind.EVALUATION:
        return _on_verdict(quote, past=tag.past)
    return None


def _on_demand(quote: str, *, past: bool) -> Reflection | None:
    entry = _first(demands(), quote)
    request = as_request(quote)
    questions = []
    if entry:
        did = "did" if past else "do"
        questions.append(f"{_opening(quote, past=past)}, {did} you need {_needs(entry)}, or something else?")
    if request and past:
        questions.append(f"If a no had been all right, how would it have been to ask: “{request}”")
    elif request:
        questions.append(f"If a no is all right, how would it be to ask: “{request}”")
    if not questions:
        return None
    return Reflection(question=" ".join(questions), needs=entry.needs if entry else (), request=request)


def _on_verdict(quote: str, *, past: bool) -> Reflection | None:
    entry = _verdict(quote)
    if entry is None:
        return None
    did, is_ = ("did", "was") if past else ("do", "is")
    # "I felt ignored" is a story told now; "you're lazy", told as over, was said then.
    opening = _opening(quote, past=past and not _FEELS.search(quote))
    question = (
        f"{opening}, {did} you feel {' or '.join(entry.feelings)}, and {did} you need {_needs(entry)}, "
        f"or {is_} it something else?"
    )
    return Reflection(question=question, feelings=entry.feelings, needs=entry.needs)


def _verdict(quote: str) -> Entry | None:
    """Of the entries for verdicts on oneself or on others, the one that fits; "I feel useless" may be either."""
    on_oneself = [entry for entry in verdicts() if entry.whose == "self"]
    on_others = [entry for entry in verdicts() if entry.whose == "others"]
    if not _ABOUT_ONESELF.match(plain(quote)):
        return _first(on_others, quote)
    return _first([*on_oneself, *on_others] if _FEELS.search(quote) else on_oneself, quote)


def _opening(quote: str, *, past: bool) -> str:
    said = f"“{quote.strip()}”" if len(quote.split()) <= _LONGEST_QUOTE else "this"
    return f"When you {'said' if past else 'say'} {said}"


def _needs(entry: Entry) -> str:
    return " or ".join(need_names()[need] for need in entry.needs)


def _first(entries: Iterable[Entry], quote: str) -> Entry | None:
    return next((entry for entry in entries if entry.words.search(plain(quote))), None)
