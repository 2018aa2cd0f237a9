"""Annotations as people write them become tags at the right characters, or a fault that says where."""

from pathlib import Path

import pytest

from schemas.tag import Holder, TagKind
from training.annotations import Annotation, AnnotationError, pairs, read_annotations, write_annotation
from training.corpus import Record, dump_record, load_records
from training.settling import disputes, merge

TEXTS = {"a-1": "i was sad and then, so sad 😅 again", "a-2": "Bins on Tuesday."}
SAD = Annotation(6, 9, TagKind.FEELING, "sad", past=True)


def _read(tmp_path: Path, text: str) -> dict[str, list[Annotation]]:
    path = tmp_path / "a.tags"
    path.write_text(text, encoding="utf-8")
    return read_annotations(path, TEXTS)


def test_a_quote_finds_its_place(tmp_path: Path) -> None:
    """Also the second place, and a text without tags."""
    found = _read(tmp_path, "# a-1\nfeeling/sad | sad | self | past\nfeeling/sad | sad | partner | negated #2\n# a-2\n")
    second = Annotation(23, 26, TagKind.FEELING, "sad", Holder.PARTNER, negated=True)
    assert found == {"a-1": [SAD, second], "a-2": []}
    assert write_annotation(second, TEXTS["a-1"]) == "feeling/sad | sad | partner | negated #2"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("feeling/sad | glad | self", "does not hold 'glad'"),
        ("feeling/sad | a | self", "does not hold 'a'"),
        ("feeling/sad | sad | self | #3", "3 times"),
        ("feeling/blue | sad | self", "no such label"),
        ("feeling | sad | self", "no such label"),
        ("feeling/sad | sad | me", "no such holder"),
        ("feeling/sad | sad | self | gone", "no such attribute"),
        ("feeling/sad | sad", "want `kind/label"),
        ("# a-3", "no text a-3"),
        ("# a-1", "stands twice"),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path: Path, line: str, fault: str) -> None:
    """Whoever tags reads it and mends the line."""
    with pytest.raises(AnnotationError, match=r"a\.tags:2: .*" + fault.replace("/", ".")):
        _read(tmp_path, f"# a-1\n{line}\n")


def test_each_tag_agrees_with_one_other() -> None:
    """The best overlap first; another label agrees only where labels do not count."""
    long, other = Annotation(0, 20, TagKind.FEELING, "sad"), Annotation(6, 9, TagKind.FEELING, "tense")
    assert list(pairs([SAD], [long, SAD])) == [(SAD, SAD)]
    assert list(pairs([SAD], [other])) == []
    assert list(pairs([SAD], [other], same_label=False)) == [(SAD, other)]


def test_what_two_annotators_dispute_has_to_be_settled() -> None:
    """A tag of one alone is a dispute; a place that differs a little is none."""
    wider = Annotation(2, 9, TagKind.FEELING, "sad", past=True)
    first, same = {"a-1": [SAD], "a-2": []}, {"a-1": [wider], "a-2": []}
    assert list(disputes(TEXTS, first, same)) == []
    assert '"start": 6, "end": 9' in next(merge(TEXTS, first, same, {}))

    second: dict[str, list[Annotation]] = {"a-1": [], "a-2": []}
    assert "  1 feeling/sad | sad | self | past" in list(disputes(TEXTS, first, second))
    with pytest.raises(AnnotationError, match="a-1 is disputed"):
        list(merge(TEXTS, first, second, {}))
    assert '"tags": []' in next(merge(TEXTS, first, second, {"a-1": []}))


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """In the format of the guideline."""
    record = Record("a-1", TEXTS["a-1"], (SAD,))
    (tmp_path / "a.jsonl").write_text(dump_record(record) + "\n", encoding="utf-8")
    assert load_records(tmp_path / "a.jsonl") == [record]
