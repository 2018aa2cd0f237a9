"""From the scores of tokens to spans: which tokens belong together, what they are, whose, and how sure that is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.tag import Holder, TagKind
from workers.tagging.scores import ATTRIBUTES, BEGIN, HOLDERS, KINDS, LABELLED, LABELS, OUTSIDE, PLACES

Scores = NDArray[np.float32]
"""(tokens, WIDTH), logits."""


@dataclass(frozen=True)
class Span:
    """A candidate for a tag: tokens `first` to `end`, end exclusive; edges half as likely as the best are left out."""

    kind: TagKind
    label: str
    first: int
    end: int
    holder: Holder
    negated: bool
    past: bool
    evidence: tuple[float, float, float]
    """Probabilities: the tokens are of this kind, on average; at most; and they bear this label."""


def find_spans(scores: Scores, *, least: float) -> list[Span]:
    """Spans whose every token is of a kind with probability `least` at least, kind by kind."""
    spans = []
    for kind in KINDS:
        places = _softmax(scores[:, PLACES[kind]])
        for first, end in _runs(places, least):
            spans.append(_span(kind, first, scores[first:end], places[first:end]))
    return spans


def likeliest(scores: Scores, kind: TagKind) -> float:
    """How likely any of the tokens is of `kind`, 0 to 1; `scores` may be those of no token."""
    return float((1 - _softmax(scores[:, PLACES[kind]])[:, OUTSIDE]).max(initial=0.0))


def _runs(places: Scores, least: float) -> list[tuple[int, int]]:
    """Unbroken runs of tokens that are not outside; a token that begins a span ends the run before it."""
    runs: list[tuple[int, int]] = []
    first: int | None = None
    within = 1 - places[:, OUTSIDE] >= least
    begins = places[:, BEGIN] > 0.5
    for i, here in enumerate(within):
        if first is not None and (not here or begins[i]):
            runs.append((first, i))
            first = None
        if here and first is None:
            first = i
    return runs if first is None else [*runs, (first, len(within))]


def _span(kind: TagKind, first: int, scores: Scores, places: Scores) -> Span:
    mean = scores.mean(axis=0)
    label, label_share = _choose(mean, kind)
    attributes = mean[ATTRIBUTES[kind]]
    within = 1 - places[:, OUTSIDE]
    sure = np.flatnonzero(within >= within.max() / 2)
    return Span(
        kind=kind,
        label=label,
        first=first + int(sure[0]),
        end=first + int(sure[-1]) + 1,
        holder=HOLDERS[int(attributes[: len(HOLDERS)].argmax())],
        negated=bool(attributes[-2] > 0),
        past=bool(attributes[-1] > 0),
        evidence=(float(within.mean()), float(within.max()), label_share),
    )


def _choose(mean: Scores, kind: TagKind) -> tuple[str, float]:
    """The likeliest label and its probability; a kind without labels of its own bears its name."""
    if kind not in LABELLED:
        return kind.value, 1.0
    shares = _softmax(mean[LABELLED[kind]])
    best = int(shares.argmax())
    return LABELS[kind][best], float(shares[best])


def _softmax(logits: Scores) -> Scores:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Scores = powers / powers.sum(axis=-1, keepdims=True)
    return shares
