"""What is said back: a hundred questions, read one by one, and what holds for every other."""

import re
from pathlib import Path

import pytest

from reflection.catalogues import demands, need_names, verdicts
from reflection.questions import reflect, reflect_on
from reflection.requests import as_request
from schemas.tag import Holder, TagKind, TextTag
from schemas.taxonomy import labels
from training.corpus import load_corpus

_HUNDRED = [
    line.split("\t") for line in Path(__file__).with_name("hundred.tsv").read_text(encoding="utf-8").splitlines()
]


def tag(kind: TagKind, *, holder: Holder = Holder.SELF, negated: bool = False, past: bool = False) -> TextTag:
    """A tag whose place does not matter here."""
    return TextTag(
        kind=kind,
        label=kind.value,
        start=0,
        end=1,
        holder=holder,
        negated=negated,
        past=past,
        confidence=1,
        reason="a test",
    )


@pytest.mark.parametrize(("kind", "time", "quote", "question"), _HUNDRED, ids=[quote for _, _, quote, _ in _HUNDRED])
def test_a_hundred_questions(kind: str, time: str, quote: str, question: str) -> None:
    """Each was read: English, a question, the speaker's own words, nothing that was not said."""
    reflection = reflect_on(tag(TagKind(kind), past=time == "past"), quote)
    assert reflection is not None
    assert reflection.question == question


def test_a_hundred_are_a_hundred() -> None:
    """Of both kinds, with requests among them."""
    assert len(_HUNDRED) == 100
    assert {kind for kind, _, _, _ in _HUNDRED} == {"demand", "evaluation"}
    assert sum("Would " in question for _, _, _, question in _HUNDRED) >= 40


def test_every_question_is_one_whole_question() -> None:
    """Over all demands and evaluations of the corpus: frames are kept, nothing is doubled or left open."""
    for record in load_corpus():
        for found in record.tags:
            quote = record.text[found.start : found.end]
            reflection = reflect_on(tag(found.kind, holder=found.holder, negated=found.negated, past=found.past), quote)
            if reflection is None:
                continue
            own = reflection.question.replace(f"“{quote.strip()}”", "…")
            assert own.endswith(("?", "?”")), own
            assert own.count("“") == own.count("”"), own
            assert not re.search(r"\b(\w+) \1\b", own.replace("that that", "")), own
            assert not re.search(r"\bi\b", own), own
            if reflection.request:
                assert re.match(r"Would (you|he|she|they|[A-Z]\w+) be willing to [a-z]", reflection.request)
                assert reflection.request.endswith("?")


@pytest.mark.parametrize("kind", [kind for kind in TagKind if kind not in {TagKind.DEMAND, TagKind.EVALUATION}])
def test_only_demands_and_evaluations_are_asked_about(kind: TagKind) -> None:
    """A feeling, a need, a request are what they are."""
    assert reflect_on(tag(kind), "you never listen to me, you have to call me") is None


def test_what_is_denied_or_anothers_is_left_alone() -> None:
    """ "I don't need you to fix it" demands nothing; what he called her is his to be asked about."""
    assert reflect_on(tag(TagKind.DEMAND, negated=True), "I don't need you to fix it") is None
    assert reflect_on(tag(TagKind.EVALUATION, holder=Holder.PARTNER), "you're so selfish") is None
    assert reflect_on(tag(TagKind.DEMAND, holder=Holder.OTHER), "you have to call me") is None


def test_nothing_is_invented_where_nothing_fits() -> None:
    """No catalogue knows it, no frame fits: then nothing is said."""
    assert reflect_on(tag(TagKind.EVALUATION), "he does the dreaming") is None
    assert reflect_on(tag(TagKind.DEMAND), "no more names of nice boys to my phone") is None


@pytest.mark.parametrize(
    ("verdict", "feelings"),
    [
        ("she was horrible to me", ("hurt", "sad")),
        ("I think he's selfish", ("hurt", "angry")),
        ("I'm so selfish", ("guilty", "sad")),
        ("I feel ignored", ("hurt", "lonely")),
        ("I feel useless", ("discouraged", "embarrassed")),
        ("I feel like she never listens", ("frustrated", "discouraged")),
    ],
)
def test_who_is_judged(verdict: str, feelings: tuple[str, ...]) -> None:
    """Whoever was hurt is not asked whether they feel guilty."""
    reflection = reflect_on(tag(TagKind.EVALUATION), verdict)
    assert reflection is not None
    assert reflection.feelings == feelings


@pytest.mark.parametrize(
    "danger",
    ["stop choking me", "he hit me on purpose", "take your hands off my child", "I'm a burden", "let me out"],
)
def test_nothing_is_asked_where_there_is_danger(danger: str) -> None:
    """Not about these words, nor about any others of the same check-in."""
    text = f"You never listen to me. {danger}."
    listens = tag(TagKind.EVALUATION).model_copy(update={"end": 22})
    dangerous = tag(TagKind.DEMAND).model_copy(update={"start": 24, "end": len(text)})

    assert reflect([listens], text) != [None]
    assert reflect([listens, dangerous], text) == [None, None]


def test_a_quote_without_end_is_left_alone() -> None:
    """Quickly: a text may have been edited by hand."""
    text = "you have to " + " " * 20_000 + "call me " * 2_000
    assert reflect([tag(TagKind.DEMAND).model_copy(update={"end": len(text)})], text) == [None]


@pytest.mark.parametrize(
    ("demand", "request_"),
    [
        ("I need you to call me when you're late", "Would you be willing to call me when you're late?"),
        ("he has to choose", "Would he be willing to choose?"),
        ("if you don't stop shouting, I'm gone", "Would you be willing to stop shouting?"),
        ("don't you dare walk out", None),
        ("you must not touch my laptop", None),
        ("from now on you do not send me animals", None),
        ("you have to take your tablets", None),
        ("you have to stop drinking", None),
        ("give me your password", None),
        ("either you come or I go alone", None),
        ("you should be ashamed", None),
        ("put it down", None),
        ("stop interrupting me", "Would you be willing to stop interrupting me?"),
        ("you'd better be home by six", "Would you be willing to be home by six?"),
        ("I want him to unlock it and hand it over", None),
        ("put the hose down, I yelled, put it down", "Would you be willing to put the hose down?"),
        ("um you have to, uh, ask me first", "Would you be willing to ask me first?"),
        ("I shouldn't have to ask", None),
        ("you have to understand", None),
        ("he should have told me", None),
        ("somebody has to do it", None),
        ("", None),
    ],
)
def test_a_demand_is_worded_as_a_request(demand: str, request_: str | None) -> None:
    """In the speaker's own words, and only where they are one concrete ask."""
    assert as_request(demand) == request_


def test_the_catalogues_name_only_what_the_taxonomy_has() -> None:
    """A misspelt need would surface only when its words are spoken."""
    needs = labels()[TagKind.NEED]
    assert set(need_names()) == needs
    assert {need for entry in (*demands(), *verdicts()) for need in entry.needs} <= needs
    assert all(entry.feelings for entry in verdicts())
    assert {entry.whose for entry in verdicts()} == {"self", "others"}
