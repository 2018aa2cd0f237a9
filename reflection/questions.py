"""What is said back about a tag: a question, its words from closed catalogues and from the speaker; or nothing."""

from collections.abc import Iterable, Sequence

from reflection.catalogues import Entry, demands, need_names, verdicts
from reflection.requests import as_request, plain
from schemas.reflection import Reflection
from schemas.tag import Holder, TagKind, TextTag

_LONGEST_QUOTE = 14
"""Words: more is not said back, but called "this"."""


def reflect(tag: TextTag, quote: str) -> Reflection | None:
    """The reflection on a demand or an evaluation whose words are `quote`; None for all else and where nothing fits.

    What others demand of the speaker, or say of them, is theirs: only the speaker's own words are asked about.
    """
    if tag.negated or tag.holder is not Holder.SELF:
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
        needs = _either([need_names()[need] for need in entry.needs])
        questions.append(f"{_opening(quote, past=past)}, {'did' if past else 'do'} you need {needs}?")
    if request:
        could = "could you have asked" if past else "could you ask"
        questions.append(f"If a no would be all right, {could} it this way: “{request}”")
    if not questions:
        return None
    return Reflection(question=" ".join(questions), needs=entry.needs if entry else (), request=request)


def _on_verdict(quote: str, *, past: bool) -> Reflection | None:
    whose = "self" if _is_about_oneself(quote) else "others"
    entry = _first((entry for entry in verdicts() if entry.whose == whose), quote)
    if entry is None:
        return None
    do, feelings = "did" if past else "do", _either(entry.feelings)
    needs = _either([need_names()[need] for need in entry.needs])
    question = f"{_opening(quote, past=past)}, {do} you feel {feelings}, and {do} you need {needs}?"
    return Reflection(question=question, feelings=entry.feelings, needs=entry.needs)


def _opening(quote: str, *, past: bool) -> str:
    said = f"“{quote.strip()}”" if len(quote.split()) <= _LONGEST_QUOTE else "this"
    return f"When you {'said' if past else 'say'} {said}"


def _is_about_oneself(quote: str) -> bool:
    words = plain(quote).lower().split()
    is_feeling = bool({"feel", "felt", "feeling"} & set(words))
    return bool(words) and (words[0] in {"i'm", "im", "i"} or words[-1] == "me") and not is_feeling


def _first(entries: Iterable[Entry], quote: str) -> Entry | None:
    return next((entry for entry in entries if entry.words.search(plain(quote))), None)


def _either(names: Sequence[str]) -> str:
    return " or ".join(names)
