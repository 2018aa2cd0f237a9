"""F1 as the guideline's scorer counts it."""

import pytest

from schemas.tag import TagKind
from training.annotations import Annotation
from training.scoring import count_by_kind, total

SAD = Annotation(0, 5, TagKind.FEELING, "sad")
TENSE = Annotation(10, 15, TagKind.FEELING, "tense")
REST = Annotation(0, 5, TagKind.NEED, "rest")


def test_a_tag_is_right_where_kind_and_label_overlap() -> None:
    """One right, one missed, one too many."""
    counts = count_by_kind({"a": [SAD, REST]}, {"a": [Annotation(4, 9, TagKind.FEELING, "sad"), TENSE]})
    assert counts[TagKind.FEELING].f1 == pytest.approx(2 / 3)
    assert counts[TagKind.NEED].f1 == 0
    assert (total(counts).right, total(counts).predicted, total(counts).wanted) == (1, 2, 2)


def test_a_gold_tag_serves_once() -> None:
    """Two predictions on one mention are one right and one too many."""
    twice = [Annotation(0, 2, TagKind.FEELING, "sad"), Annotation(3, 5, TagKind.FEELING, "sad")]
    assert total(count_by_kind({"a": [SAD]}, {"a": twice})).right == 1


def test_without_labels_the_kind_is_enough() -> None:
    """The difference is what labels cost."""
    counts = count_by_kind({"a": [SAD]}, {"a": [Annotation(0, 5, TagKind.FEELING, "tense")]}, same_label=False)
    assert total(counts).f1 == 1
