"""What the lexicon tagger finds, and what it leaves alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.tag import Holder, TagKind, TextTag
from schemas.taxonomy import labels
from workers.tagging.grammar import load_grammar, read_toml
from workers.tagging.lexicon import LexiconTagger
from workers.tagging.tagger import Tagger

_SOURCES = ("feelings.toml", "bodies.toml", "needs.toml", "asks.toml", "judgements.toml")
_TAGGER: Tagger = LexiconTagger()
_OTHER_TAGGER: Tagger = LexiconTagger()
_PIECES = [
    "I'm so angry",
    "i was scared",
    "you never listen",
    "could you",
    "please stop",
    "need some space",
    "😅",
    "e\u0301",
    "if you do that again",
    "i won't",
    ".",
    ",",
    "\n",
    "and",
    "because",
    "he said",
    "my mum",
    "feel",
    "ignored",
    "İ",
    "\u2019",
]
_speech = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(_PIECES), max_size=40).map(" ".join))


@pytest.fixture
def tagger() -> LexiconTagger:
    """The word lists alone, all kinds."""
    return LexiconTagger()


def _only(tagger: LexiconTagger, text: str, kind: TagKind) -> TextTag:
    [tag] = [tag for tag in tagger.tag(text) if tag.kind is kind]
    return tag


@pytest.mark.parametrize(
    ("text", "kind", "label", "quote"),
    [
        ("honestly I was absolutely livid about it", TagKind.FEELING, "angry", "absolutely livid"),
        ("there was a lump in my throat", TagKind.FEELING, "sad", "lump in my throat"),
        ("I just want to be heard", TagKind.NEED, "being_heard", "to be heard"),
        ("we get no time together these days", TagKind.NEED, "closeness", "no time together"),
        ("so could you drive tomorrow", TagKind.REQUEST, "request", "could you drive tomorrow"),
        ("I need you to drive tomorrow", TagKind.DEMAND, "demand", "I need you to drive tomorrow"),
        ("and I feel ignored", TagKind.EVALUATION, "evaluation", "I feel ignored"),
        ("I'm fine but you never listen", TagKind.ABSOLUTE, "absolute", "you never listen"),
        ("I won't work Sundays", TagKind.BOUNDARY, "boundary", "I won't work Sundays"),
    ],
)
def test_each_kind_is_found(tagger: LexiconTagger, text: str, kind: TagKind, label: str, quote: str) -> None:
    """Each kind is tagged with its label, over the words the guideline gives it."""
    tag = _only(tagger, text, kind)
    assert (tag.label, text[tag.start : tag.end]) == (label, quote)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Fine, thanks, the train was on time.",
        "Happy birthday to Nan.",
        "Love you, sleep well.",
        "I've never been to Spain.",
        "I have to get up at six.",
        "We walked down the hill and home.",
        "I'm not going to lie, the soup was good.",
    ],
)
def test_small_talk_is_left_alone(tagger: LexiconTagger, text: str) -> None:
    """Sign-offs, facts and figures of speech carry no tag."""
    assert tagger.tag(text) == ()


@pytest.mark.parametrize(
    ("text", "negated"),
    [("I'm angry", False), ("im not angry", True), ("I wasn't really all that angry", True)],
)
def test_denied_feelings_are_negated(tagger: LexiconTagger, text: str, *, negated: bool) -> None:
    """A denial counts across the small words between it and the feeling."""
    assert _only(tagger, text, TagKind.FEELING).negated is negated


@pytest.mark.parametrize(
    ("text", "past"),
    [("I was so sad last night", True), ("I've been sad all week", False), ("I laughed so hard", True)],
)
def test_past_follows_the_sense(tagger: LexiconTagger, text: str, *, past: bool) -> None:
    """Told as over is past; what still holds is not, whatever its verb form."""
    assert _only(tagger, text, TagKind.FEELING).past is past


@pytest.mark.parametrize(
    ("text", "holder"),
    [
        ("I'm nervous", Holder.SELF),
        ("she was nervous", Holder.PARTNER),
        ("my boss was nervous", Holder.OTHER),
        ("my sister rang and she was nervous", Holder.OTHER),
        ("my husband is nervous", Holder.PARTNER),
    ],
)
def test_holder_is_the_nearest_subject(tagger: LexiconTagger, text: str, holder: Holder) -> None:
    """A feeling belongs to its subject; an unnamed "she" is the partner."""
    assert _only(tagger, text, TagKind.FEELING).holder is holder


def test_reported_demand_belongs_to_who_demands(tagger: LexiconTagger) -> None:
    """What somebody else demands is theirs, and over where its telling is."""
    tag = _only(tagger, "he told me to stay at home", TagKind.DEMAND)
    assert (tag.holder, tag.past) == (Holder.PARTNER, True)


def test_tags_of_different_kinds_overlap(tagger: LexiconTagger) -> None:
    """Blame that generalises is an absolute and an evaluation."""
    kinds = {tag.kind for tag in tagger.tag("you never listen")}
    assert kinds == {TagKind.ABSOLUTE, TagKind.EVALUATION}


def test_reason_names_a_rule(tagger: LexiconTagger) -> None:
    """A reason is one of the names of the rules, never the speaker's words."""
    names = {rule["name"] for source in _SOURCES for rule in read_toml(source)["rule"]}
    assert {tag.reason for tag in tagger.tag("I'm sad and you never listen, could you call")} <= names


def test_rules_bear_labels_of_the_taxonomy() -> None:
    """A misspelt label in a lexicon would surface only when its phrase is spoken."""
    for source in _SOURCES:
        lexicon = read_toml(source)
        for rule in lexicon["rule"]:
            kind = TagKind(rule.get("kind", lexicon["kind"]))
            assert rule.get("mask") or rule.get("label", kind) in labels()[kind], rule["name"]


def test_phrases_are_written_in_plain_words() -> None:
    """A phrase with a contraction could never match, for contractions are undone before."""
    expansions = set(load_grammar().expansions)
    for source in _SOURCES:
        for rule in read_toml(source)["rule"]:
            words = set(rule["phrases"].replace(",", " ").replace("|", " ").replace("?", " ").split())
            assert words & expansions == set(), rule["name"]


def test_long_speech_without_pauses_is_quick(tagger: LexiconTagger) -> None:
    """Even a hundred thousand characters of the busiest word stay far below the time limit of a test."""
    tagger.tag("i was " * 16_000)
    tagger.tag("a" * 100_000)


@given(_speech)
@settings(deadline=None)
def test_tags_fit_the_text_and_the_taxonomy(text: str) -> None:
    """Whatever is said, spans lie in the text and are not empty, labels are known, and tags are in order."""
    tags = _TAGGER.tag(text)
    for tag in tags:
        assert 0 <= tag.start < tag.end <= len(text)
        assert text[tag.start : tag.end].strip()
        assert tag.label in labels()[tag.kind]
    assert [tag.start for tag in tags] == sorted(tag.start for tag in tags)


@given(_speech)
@settings(deadline=None)
def test_same_text_same_tags(text: str) -> None:
    """Two taggers agree on every text."""
    assert _OTHER_TAGGER.tag(text) == _TAGGER.tag(text)


@given(st.sampled_from(["😅 ", "👩‍👩‍👧 oh, ", "cafe\u0301 then, ", "İstanbul. "]))
@settings(deadline=None)
def test_offsets_count_code_points(before: str) -> None:
    """Emoji, combining characters and letters that change length in lower case do not shift a span."""
    text = f"{before}I am so happy 🎉"
    quotes = [text[tag.start : tag.end] for tag in _TAGGER.tag(text)]
    assert quotes == ["so happy"]
