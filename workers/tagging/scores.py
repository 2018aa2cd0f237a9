"""How the scores of one token lie beside each other: what training writes is what tagging reads.

For each kind: outside, begin, inside; then the feeling families; the needs; and for each kind the three holders,
negated and past. All are logits.
"""

from schemas.tag import Holder, TagKind
from schemas.taxonomy import labels

KINDS = tuple(TagKind)
HOLDERS = tuple(Holder)
OUTSIDE, BEGIN, INSIDE = range(3)

LABELS = {kind: tuple(sorted(labels()[kind])) for kind in KINDS}
"""The labels of each kind in the order of their scores."""


def _lay_out() -> tuple[dict[TagKind, slice], dict[TagKind, slice], dict[TagKind, slice], int]:
    at = 0

    def take(count: int) -> slice:
        nonlocal at
        at += count
        return slice(at - count, at)

    places = {kind: take(3) for kind in KINDS}
    labelled = {kind: take(len(LABELS[kind])) for kind in KINDS if len(LABELS[kind]) > 1}
    attributes = {kind: take(len(HOLDERS) + 2) for kind in KINDS}
    return places, labelled, attributes, at


PLACES, LABELLED, ATTRIBUTES, WIDTH = _lay_out()
