"""Two independent annotations of a text, side by side: where they agree, and what a third reader has to settle.

python -m training.settling disputes TEXTS FIRST SECOND          prints the texts to settle
python -m training.settling merge TEXTS FIRST SECOND SETTLED     prints corpus records
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from training.annotations import Annotation, AnnotationError, pairs, read_annotations, read_texts, write_annotation
from training.corpus import Record, dump_record

Pass = Mapping[str, list[Annotation]]
"""One annotator's tags by id of their text."""


def agreed(first: list[Annotation], second: list[Annotation]) -> list[Annotation]:
    """Tags that both have, attributes and all; the place is the first annotator's."""
    return [one for one, other in pairs(first, second) if _attributes(one) == _attributes(other)]


def is_disputed(first: list[Annotation], second: list[Annotation]) -> bool:
    """Whether either has a tag that the other has not, or has otherwise."""
    return not len(first) == len(second) == len(agreed(first, second))


def _attributes(tag: Annotation) -> tuple[object, ...]:
    return tag.holder, tag.negated, tag.past


def disputes(texts: Mapping[str, str], first: Pass, second: Pass) -> Iterator[str]:
    """Each disputed text with what both say (=), what only the first says (1) and what only the second says (2)."""
    for id_, text in texts.items():
        if not is_disputed(first[id_], second[id_]):
            continue
        both = agreed(first[id_], second[id_])
        twins = {
            other
            for one in both
            for other in second[id_]
            if other.kind == one.kind and other.label == one.label and other.overlaps(one)
        }
        yield f"# {id_}\nTEXT: {text}"
        yield from (f"  = {write_annotation(tag, text)}" for tag in both)
        yield from (f"  1 {write_annotation(tag, text)}" for tag in first[id_] if tag not in both)
        yield from (f"  2 {write_annotation(tag, text)}" for tag in second[id_] if tag not in twins)
        yield ""


def merge(texts: Mapping[str, str], first: Pass, second: Pass, settled: Pass) -> Iterator[str]:
    """The record of each text: as settled, or as both agree. Raises AnnotationError where a dispute is not settled."""
    for id_, text in texts.items():
        if id_ in settled:
            tags = settled[id_]
        elif is_disputed(first[id_], second[id_]):
            raise AnnotationError(f"{id_} is disputed and not settled")
        else:
            tags = agreed(first[id_], second[id_])
        yield dump_record(Record(id_, text, tuple(sorted(tags))))


def main(command: str, texts: str, *annotations: str) -> None:
    """Read the files and print what is asked for."""
    known = read_texts(Path(texts))
    passes = [read_annotations(Path(path), known) for path in annotations]
    lines = disputes(known, *passes) if command == "disputes" else merge(known, *passes)
    for line in lines:
        print(line)


if __name__ == "__main__":
    main(*sys.argv[1:])
