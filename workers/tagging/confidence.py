"""How sure a tag is, and whether it is sure enough: numbers chosen on check-ins that training never saw."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas.tag import TagKind
from workers.tagging.decoding import Span


@dataclass(frozen=True)
class KindConfidence:
    """Of one kind: a logistic curve over the evidence (Platt scaling), and the confidence a tag needs to be shown."""

    intercept: float
    weights: tuple[float, float, float]
    threshold: float

    def of(self, span: Span) -> float:
        """The share of spans with such evidence that are right, 0 to 1."""
        odds = self.intercept + sum(
            weight * logit(part) for weight, part in zip(self.weights, span.evidence, strict=True)
        )
        return 1 / (1 + math.exp(-odds))


@dataclass(frozen=True)
class WordConfidence:
    """Of what only the word lists find: how likely the network must find the kind; how often such a tag is right."""

    least: float
    confidence: float


@dataclass(frozen=True)
class Confidence:
    """`least`: what tokens need to be looked at; and each kind's own."""

    least: float
    kinds: Mapping[TagKind, KindConfidence]
    by_words: WordConfidence = WordConfidence(1.0, 0.0)

    @classmethod
    def load(cls, path: Path) -> "Confidence":
        """As `training.calibrate` wrote it."""
        document = json.loads(path.read_text(encoding="utf-8"))
        kinds = {
            TagKind(kind): KindConfidence(numbers["intercept"], tuple(numbers["weights"]), numbers["threshold"])
            for kind, numbers in document["kinds"].items()
        }
        return cls(document["least"], kinds, WordConfidence(**document["by_words"]))


def logit(share: float) -> float:
    """Log odds, kept away from the ends."""
    bounded = min(max(share, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))
