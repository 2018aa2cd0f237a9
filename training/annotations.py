"""Annotations as people write them: tags as quotes, one a line, under the id of their text.

    # plain-001
    feeling/tense | heart in my mouth | self | past
    evaluation | he never even tries | self
    # plain-002

The last field holds what applies of `past`, `negated` and `#2` (the second place where the quote stands). A text
without tags has its line with the id and nothing under it.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from schemas.tag import Holder, TagKind
from schemas.taxonomy import labels


class AnnotationError(ValueError):
    """An annotation cannot be read, or does not fit its text; the message says which and why."""


@dataclass(frozen=True, order=True)
class Annotation:
    """A tag as the guideline defines it: `start` and `end` are characters of the text, end exclusive."""

    start: int
    end: int
    kind: TagKind
    label: str
    holder: Holder = Holder.SELF
    negated: bool = False
    past: bool = False

    def overlaps(self, other: "Annotation") -> bool:
        """Whether both share a character."""
        return self.start < other.end and other.start < self.end


def read_annotations(path: Path, texts: Mapping[str, str]) -> dict[str, list[Annotation]]:
    """Annotations by id of their text. Raises AnnotationError for the whole file at once, one fault a line."""
    found: dict[str, list[Annotation]] = {}
    faults: list[str] = []
    id_ = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            if line.startswith("# "):
                id_ = _known(line[2:].strip(), texts, found)
            else:
                found[id_].append(_read(line, texts[id_]))
        except (AnnotationError, KeyError) as error:
            faults.append(f"{path.name}:{number}: {error}")
    if faults:
        raise AnnotationError("\n".join(faults))
    return {id_: sorted(set(tags)) for id_, tags in found.items()}


def _known(id_: str, texts: Mapping[str, str], found: dict[str, list[Annotation]]) -> str:
    if id_ not in texts:
        raise AnnotationError(f"there is no text {id_}")
    if id_ in found:
        raise AnnotationError(f"{id_} stands twice")
    found[id_] = []
    return id_


def _read(line: str, text: str) -> Annotation:
    fields = [field.strip() for field in line.split("|")]
    if len(fields) not in {3, 4}:
        raise AnnotationError(f"want `kind/label | quote | holder | attributes`, got {line!r}")
    name, quote, holder, attributes = (*fields, "")[:4]
    kind, _, label = name.partition("/")
    if kind not in list(TagKind) or (label or kind) not in labels()[TagKind(kind)]:
        raise AnnotationError(f"no such label: {name}")
    if holder not in list(Holder):
        raise AnnotationError(f"no such holder: {holder}")
    words = attributes.split()
    if unknown := [word for word in words if not re.fullmatch(r"past|negated|#\d", word)]:
        raise AnnotationError(f"no such attribute: {unknown[0]}")
    start = _find(quote, text, next((int(word[1:]) for word in words if word.startswith("#")), 1))
    return Annotation(
        start, start + len(quote), TagKind(kind), label or kind, Holder(holder), "negated" in words, "past" in words
    )


def _find(quote: str, text: str, occurrence: int) -> int:
    places = [match.start() for match in re.finditer(rf"(?<!\w){re.escape(quote)}(?!\w)", text)] if quote else []
    if len(places) < occurrence:
        raise AnnotationError(f"the text does not hold {quote!r}" + (f" {occurrence} times" if occurrence > 1 else ""))
    return places[occurrence - 1]


def write_annotation(tag: Annotation, text: str) -> str:
    """The line that reads back as `tag`."""
    quote = text[tag.start : tag.end]
    name = tag.kind.value if tag.label == tag.kind else f"{tag.kind}/{tag.label}"
    occurrence = 1
    while _find(quote, text, occurrence) != tag.start:
        occurrence += 1
    words = [word for word, holds in (("past", tag.past), ("negated", tag.negated)) if holds]
    words += [f"#{occurrence}"] if occurrence > 1 else []
    return " | ".join([name, quote, tag.holder.value, *([" ".join(words)] if words else [])])


def pairs(
    first: list[Annotation], second: list[Annotation], *, same_label: bool = True
) -> Iterator[tuple[Annotation, Annotation]]:
    """Tags of both that mean the same: of one kind (and label), overlapping; the best overlap first, each tag once."""
    candidates = sorted(
        (
            (_overlap(one, other), one, other)
            for one in first
            for other in second
            if _alike(one, other, same_label=same_label)
        ),
        key=lambda candidate: candidate[0],
        reverse=True,
    )
    left, right = set(first), set(second)
    for _, one, other in candidates:
        if one in left and other in right:
            left.remove(one)
            right.remove(other)
            yield one, other


def _alike(one: Annotation, other: Annotation, *, same_label: bool) -> bool:
    return one.kind == other.kind and (one.label == other.label or not same_label) and one.overlaps(other)


def _overlap(one: Annotation, other: Annotation) -> float:
    shared = min(one.end, other.end) - max(one.start, other.start)
    return shared / (max(one.end, other.end) - min(one.start, other.start))


def trimmed(tag: Annotation, text: str) -> Annotation:
    """`tag` without spaces and punctuation at its ends."""
    quote = text[tag.start : tag.end]
    start = tag.start + len(quote) - len(quote.lstrip(" ,.;:!?\"'-"))
    return replace(tag, start=start, end=tag.start + len(quote.rstrip(" ,.;:!?-")))


def read_texts(path: Path) -> dict[str, str]:
    """Texts by their id, of a file with `id TAB text` lines."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t", 1) for line in lines if line.strip())


def main(texts: str, annotations: str) -> None:
    """Say what is wrong with a file of annotations, and which texts it leaves out."""
    known = read_texts(Path(texts))
    try:
        found = read_annotations(Path(annotations), known)
    except AnnotationError as error:
        sys.exit(str(error))
    if missing := [id_ for id_ in known if id_ not in found]:
        sys.exit(f"not annotated: {' '.join(missing)}")
    print(f"{annotations}: {len(found)} texts, {sum(map(len, found.values()))} tags, no fault")


if __name__ == "__main__":
    main(*sys.argv[1:])
