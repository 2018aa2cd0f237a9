"""How well predicted tags fit: F1 as the guideline's scorer counts it, and how often two annotators agree."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from schemas.tag import TagKind
from training.annotations import Annotation, pairs


@dataclass
class Count:
    """Tags that are right, predicted and wanted."""

    right: int = 0
    predicted: int = 0
    wanted: int = 0

    @property
    def f1(self) -> float:
        """Twice the right ones of all on both sides; 0 where there are none."""
        total = self.predicted + self.wanted
        return 2 * self.right / total if total else 0.0


def count_by_kind(
    wanted: Mapping[str, Iterable[Annotation]],
    predicted: Mapping[str, Iterable[Annotation]],
    *,
    same_label: bool = True,
) -> dict[TagKind, Count]:
    """Counts of each kind over the texts of `wanted`."""
    counts = {kind: Count() for kind in TagKind}
    for id_, tags in wanted.items():
        gold, found = list(tags), list(predicted.get(id_, ()))
        for tag in gold:
            counts[tag.kind].wanted += 1
        for tag in found:
            counts[tag.kind].predicted += 1
        for tag, _ in pairs(gold, found, same_label=same_label):
            counts[tag.kind].right += 1
    return counts


def total(counts: Mapping[TagKind, Count]) -> Count:
    """The sum over kinds: what micro-F1 is made of."""
    return Count(
        sum(count.right for count in counts.values()),
        sum(count.predicted for count in counts.values()),
        sum(count.wanted for count in counts.values()),
    )
