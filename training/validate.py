"""Is the corpus sound? `make corpus` runs this: format, near duplicates, counts, agreement.

python -m training.validate [DEV.jsonl]      with texts that must not be in it, nor anything like them
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from schemas.tag import TagKind
from schemas.taxonomy import labels
from training.annotations import Annotation, read_annotations
from training.corpus import FOLDER, Record, load_corpus, load_records
from training.duplicates import near_duplicates
from training.scoring import count_by_kind, total

PASSES = FOLDER.parent / "passes"
FEWEST_OF_A_LABEL = 25


def faults(records: list[Record]) -> Iterator[str]:
    """What is wrong with single records."""
    ids = Counter(record.id for record in records)
    yield from (f"{id_}: stands {count} times" for id_, count in ids.items() if count > 1)
    for record in records:
        for tag in record.tags:
            if not 0 <= tag.start < tag.end <= len(record.text):
                yield f"{record.id}: {tag.kind} lies outside its text"
            elif record.text[tag.start : tag.end] != record.text[tag.start : tag.end].strip():
                yield f"{record.id}: {tag.kind} at {tag.start} begins or ends with a space"
            if tag.label not in labels()[tag.kind]:
                yield f"{record.id}: {tag.label} is no label of {tag.kind}"
            yield from (f"{record.id}: {tag.kind}/{tag.label} stands twice at {tag.start}" for _ in _twins(tag, record))


def _twins(tag: Annotation, record: Record) -> Iterator[Annotation]:
    for other in record.tags:
        if other > tag and (other.kind, other.label) == (tag.kind, tag.label) and other.overlaps(tag):
            yield other


def too_alike(records: list[Record], others: list[Record]) -> Iterator[str]:
    """Pairs of texts that share too much, among themselves or with `others`."""
    texts = {record.id: record.text for record in records}
    strangers = {f"other:{record.id}": record.text for record in others}
    for one, two, share in near_duplicates(strangers | texts):
        if not (one in strangers and two in strangers):
            yield f"{one} and {two} share {share:.0%}"


def counts(records: list[Record]) -> Iterator[str]:
    """A Markdown table of the tags of each label."""
    of_label = Counter((tag.kind, tag.label) for record in records for tag in record.tags)
    yield "| kind | label | tags |\n|---|---|---:|"
    for kind in TagKind:
        for label in sorted(labels()[kind], key=lambda label: -of_label[kind, label]):
            yield f"| {kind} | {label} | {of_label[kind, label]} |"


def agreement(records: list[Record]) -> Iterator[str]:
    """How far the two passes agree before anything was settled: F1 with label, and without."""
    texts = {record.id: record.text for record in records}
    first, second = (
        {
            id_: tags
            for path in sorted((PASSES / name).glob("*.tags"))
            for id_, tags in read_annotations(path, texts).items()
        }
        for name in ("first", "second")
    )
    exact, spans = count_by_kind(first, second), count_by_kind(first, second, same_label=False)
    yield "| kind | first | second | agreement (F1) | without label |\n|---|---:|---:|---:|---:|"
    for name, one, other in (
        *((kind, exact[kind], spans[kind]) for kind in TagKind),
        ("all", total(exact), total(spans)),
    ):
        yield f"| {name} | {one.wanted} | {one.predicted} | {one.f1:.3f} | {other.f1:.3f} |"


def main(*others: str) -> None:
    """Print the tables; exit with 1 where the corpus is not sound."""
    records = load_corpus()
    empty = sum(not record.tags for record in records)
    print(f"{len(records)} check-ins, {empty} without a tag, {sum(len(r.text.split()) for r in records)} words\n")
    print("\n".join([*counts(records), "", *agreement(records)]))
    strangers = [record for path in others for record in load_records(Path(path))]
    if found := [*faults(records), *too_alike(records, strangers)]:
        sys.exit("\n".join(["", *found]))


if __name__ == "__main__":
    main(*sys.argv[1:])
