"""What the shipped tagger finds, what it leaves alone, and what holds for any text at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.tag import Holder, TagKind
from schemas.taxonomy import labels
from training.corpus import load_corpus
from workers.tagging.model_tagger import BY_WORDS, ModelTagger

_PIECES = [
    "I'm so angry",
    "i was scared",
    "you never listen to me",
    "could you call me tomorrow",
    "you have to stop shouting",
    "I need some space",
    "I won't lend him money again",
    "he is so selfish",
    "😅",
    "👩‍👩‍👧",
    "cafe\u0301",
    "e\u0301\u0301\u0301",
    "שלום",
    ".",
    ",",
    "\n",
    "’",  # noqa: RUF001 - the typographic apostrophe
    "and then",
    "my mum said",
]
_TEXTS = st.lists(st.one_of(st.sampled_from(_PIECES), st.text(max_size=6)), max_size=14).map(" ".join)


@given(_TEXTS)
@settings(max_examples=60, deadline=None)
def test_tags_lie_in_their_text(tagger: ModelTagger, text: str) -> None:
    """In order, around words, with labels of their kind and a confidence that is a share."""
    tags = tagger.tag(text)
    assert list(tags) == sorted(tags, key=lambda tag: (tag.start, tag.end, tag.kind))
    for tag in tags:
        quote = text[tag.start : tag.end]
        assert 0 <= tag.start < tag.end <= len(text)
        assert quote == quote.strip()
        assert tag.label in labels()[tag.kind]
        assert 0.25 <= tag.confidence <= 1
        assert tag.reason


@given(st.lists(_TEXTS, max_size=5))
@settings(max_examples=15, deadline=None)
def test_a_batch_gives_what_single_texts_give(tagger: ModelTagger, texts: list[str]) -> None:
    """In the same order, to the last digit of the confidence."""
    assert tagger.tag_all(texts) == [tagger.tag(text) for text in texts]


def test_the_same_text_gets_the_same_tags(tagger: ModelTagger) -> None:
    """From another tagger too."""
    text = "I was so scared last night, and you never even called. Could you ring me when you're late?"
    assert tagger.tag(text) == tagger.tag(text) == ModelTagger().tag(text)


@pytest.mark.parametrize("text", ["", " ", "\n\n", "...", "😅", "\u0301"])
def test_no_words_no_tags(tagger: ModelTagger, text: str) -> None:
    """Nothing was said."""
    assert tagger.tag(text) == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [("😅😅 ", ""), ("cafe\u0301 ", " cafe\u0301"), ("👩‍👩‍👧 ", " 👩‍👩‍👧"), ("ÀÉÎ ", "")],
)
def test_offsets_are_code_points(tagger: ModelTagger, before: str, after: str) -> None:
    """Whatever stands around it, the quote is the quote."""
    text = f"{before}I was absolutely furious with him{after}"
    quotes = [text[tag.start : tag.end] for tag in tagger.tag(text) if tag.kind is TagKind.FEELING]
    assert len(quotes) == 1
    assert "furious" in quotes[0]


@pytest.mark.parametrize(
    ("text", "kind", "label", "words"),
    [
        ("I was so nervous before the interview.", TagKind.FEELING, "tense", "nervous"),
        ("She was over the moon when they rang her.", TagKind.FEELING, "excited", "over the moon"),
        ("I just need some time to myself.", TagKind.NEED, "space", "time to myself"),
        ("Could you take the kids to school on Friday?", TagKind.REQUEST, "request", "take the kids"),
        ("You have to stop shouting at me.", TagKind.DEMAND, "demand", "stop shouting"),
        ("He is so selfish.", TagKind.EVALUATION, "evaluation", "selfish"),
        ("You never listen to me.", TagKind.ABSOLUTE, "absolute", "never listen"),
        ("I'm not going to lend him money again.", TagKind.BOUNDARY, "boundary", "not going to lend"),
    ],
)
def test_each_kind_is_found(tagger: ModelTagger, text: str, kind: TagKind, label: str, words: str) -> None:
    """In the plainest words there are for it."""
    found = [tag for tag in tagger.tag(text) if (tag.kind, tag.label) == (kind, label)]
    assert len(found) == 1
    assert words in text[found[0].start : found[0].end]


@pytest.mark.parametrize(
    "text",
    [
        "The plumber comes on Tuesday at ten and the key is under the pot.",
        "We had soup, and then I watered the beans.",
        "I have to get up at six tomorrow because the bus leaves at seven.",
        "I've never been to Spain.",
    ],
)
def test_small_talk_is_left_alone(tagger: ModelTagger, text: str) -> None:
    """Facts, plans, duties that nobody demands, and what is literally never."""
    assert tagger.tag(text) == ()


def test_word_lists_add_what_the_network_half_sees(tagger: ModelTagger) -> None:
    """Only where they are asked, beside what the network finds, with the confidence that was measured for it."""
    alone = ModelTagger(by_words=frozenset())
    added = []
    for record in load_corpus()[::20]:
        network, both = alone.tag(record.text), tagger.tag(record.text)
        assert set(network) <= set(both)
        added += [tag for tag in both if tag not in network]
    assert added
    assert {tag.kind for tag in added} <= BY_WORDS
    assert {tag.confidence for tag in added} == {tagger.confidence.by_words.confidence}


def test_a_faux_feeling_is_an_evaluation(tagger: ModelTagger) -> None:
    """ "I feel ignored" tells what another did; "I feel lonely" tells what is felt."""
    assert [tag.kind for tag in tagger.tag("I feel ignored by you.")] == [TagKind.EVALUATION]
    assert [(tag.kind, tag.label) for tag in tagger.tag("I feel so lonely.")] == [(TagKind.FEELING, "pained")]


@pytest.mark.parametrize(
    ("text", "negated", "past", "holder"),
    [
        ("I'm not angry any more.", True, False, Holder.SELF),
        ("I was furious last night when he came home.", False, True, Holder.SELF),
        ("My wife was really worried last week.", False, True, Holder.PARTNER),
        ("My daughter is really excited about camp.", False, False, Holder.OTHER),
    ],
)
def test_attributes(tagger: ModelTagger, text: str, holder: Holder, *, negated: bool, past: bool) -> None:
    """Denied, over, whose."""
    [tag] = [tag for tag in tagger.tag(text) if tag.kind is TagKind.FEELING]
    assert (tag.negated, tag.past, tag.holder) == (negated, past, holder)


def test_a_long_check_in_is_tagged_to_its_end(tagger: ModelTagger) -> None:
    """Longer than the network reads at once; what stands where windows meet is found once."""
    filler = "We went to the shop and bought bread and milk and came home by the river. "
    text = "".join(filler * 12 + "I was absolutely furious with him. " for _ in range(6))
    furious = [tag for tag in tagger.tag(text) if "furious" in text[tag.start : tag.end]]
    assert len(furious) == 6


def test_the_reason_is_the_taggers_own(tagger: ModelTagger) -> None:
    """It says what the label means and repeats nothing that was said."""
    [tag] = tagger.tag("I was so nervous before the interview.")
    assert "anxious" in tag.reason
    assert "told as over" in tag.reason
    assert "interview" not in tag.reason
