"""What is said back about a tag: a question, its words from closed catalogues and from the speaker; or nothing."""

from collections.abc import Iterable, Sequence

from reflection.catalogues import Entry, demands, need_names, verdicts
from reflection.requests import as_request
from schemas.reflection import Reflection
from schemas.tag import Holder, TagKind, TextTag


def reflect(tag: TextTag, quote: str) -> Reflection | None:
    """The reflection on a demand or an evaluation whose words are `quote`; None for all else and where nothing fits."""
    if tag.negated:
        return None
    if tag.kind is TagKind.DEMAND:
        return _on_demand(tag, quote)
    if tag.kind is TagKind.EVALUATION and tag.holder is Holder.SELF:
        return _on_evaluation(tag, quote)
    return None


def _on_demand(tag: TextTag, quote: str) -> Reflection | None:
    entry = _first(demands(), quote)
    request = as_request(quote) if tag.holder is Holder.SELF else None
    if entry is None:
        return request and Reflection(question=_with_request("", request), request=request)
    needs = _either([need_names()[need] for need in entry.needs])
    if tag.holder is Holder.SELF:
        question = f"{'Were you needing' if tag.past else 'Do you need'} {needs}?" if not tag.past else f"Did you need {needs}?"
        return Reflection(question=_with_request(question, request), needs=entry.needs, request=request)
    return Reflection(question=f"Might there be a wish behind these words: {needs}?", needs=entry.needs)


def _with_request(question: str, request: str | None) -> str:
    """The question, and whether the request would do."""
    if request is None:
        return question
    return f"{question} Would it fit to ask it this way, so that a no is all right: “{request}”".strip()


def _on_evaluation(tag: TextTag, quote: str) -> Reflection | None:
    whose = "self" if _is_about_oneself(quote) else "others"
    entry = _first((entry for entry in verdicts() if entry.whose == whose), quote)
    if entry is None:
        return None
    feelings, needs = _either(entry.feelings), _either([need_names()[need] for need in entry.needs])
    did = "Did you feel" if tag.past else "Do you feel"
    needed = "and did you need" if tag.past else "and do you need"
    return Reflection(question=f"{did} {feelings}, {needed} {needs}?", feelings=entry.feelings, needs=entry.needs)


def _is_about_oneself(quote: str) -> bool:
    words = quote.lower().replace("’", "'").split()  # noqa: RUF001 - the typographic apostrophe
    return bool(words) and (words[0] in {"i'm", "im", "i"} or words[-1] == "me") and "feel" not in words and "felt" not in words


def _first(entries: Iterable[Entry], quote: str) -> Entry | None:
    return next((entry for entry in entries if entry.words.search(quote.replace("’", "'"))), None)  # noqa: RUF001


def _either(names: Sequence[str]) -> str:
    return " or ".join(names)
