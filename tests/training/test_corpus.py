"""The corpus is what its data card says."""

from collections import Counter

import pytest

from schemas.tag import TagKind
from schemas.taxonomy import labels
from training.annotations import Annotation
from training.corpus import Record, is_held_out, load_corpus
from training.duplicates import near_duplicates
from training.validate import FEWEST_OF_A_LABEL, faults, too_alike


@pytest.fixture(scope="module")
def corpus() -> list[Record]:
    """All of it."""
    return load_corpus()


def test_the_corpus_has_no_fault(corpus: list[Record]) -> None:
    """Ids once, tags inside their texts, labels of the taxonomy, nothing tagged twice."""
    assert list(faults(corpus)) == []


def test_no_two_check_ins_are_nearly_the_same(corpus: list[Record]) -> None:
    """Nobody wrote the same check-in twice."""
    assert list(too_alike(corpus, [])) == []


def test_every_label_has_enough_examples(corpus: list[Record]) -> None:
    """A label that is hardly there is not learnt."""
    of_label = Counter((tag.kind, tag.label) for record in corpus for tag in record.tags)
    rare = {name for kind in TagKind for label in labels()[kind] if of_label[name := (kind, label)] < FEWEST_OF_A_LABEL}
    assert rare == set()


def test_one_of_eight_is_held_out(corpus: list[Record]) -> None:
    """Of every batch."""
    of_batch = Counter(record.id.split("-")[0] for record in corpus)
    held_out = Counter(record.id.split("-")[0] for record in corpus if is_held_out(record))
    assert all(0.06 < held_out[batch] / count < 0.2 for batch, count in of_batch.items())


def test_a_copy_is_found_wherever_it_stands() -> None:
    """A sentence inside another text, with other capitals and commas."""
    sentence = "we argued over forty pounds from the tin again"
    texts = {
        "a": f"So, {sentence}.",
        "b": f"Well it rained. {sentence.upper()}, and then we left for the sea.",
        "c": "No.",
    }
    assert [(one, two) for one, two, _ in near_duplicates(texts)] == [("a", "b")]


def test_faults_are_told() -> None:
    """A tag outside its text, one with a space at its end, one twice, an id twice."""
    sad = Annotation(0, 3, TagKind.FEELING, "sad")
    wrong = [
        Record("a", "sad", (sad, Annotation(0, 9, TagKind.NEED, "rest"))),
        Record("b", "sad so sad", (sad, Annotation(0, 4, TagKind.FEELING, "sad"))),
        Record("b", "sad", (Annotation(0, 3, TagKind.NEED, "sad"),)),
    ]
    told = "\n".join(faults(wrong))
    for fault in ("b: stands 2 times", "lies outside", "ends with a space", "stands twice at 0", "no label of need"):
        assert fault in told
