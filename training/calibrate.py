"""Chooses, on check-ins that training never saw, how evidence becomes confidence and how much of it a tag needs.

python -m training.calibrate FOLDER        writes all that stands beside the model
"""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.tag import TagKind
from training.annotations import Annotation, pairs
from training.auxiliary import DATA, Task, goemotions
from training.corpus import Record, is_held_out, load_corpus
from training.measure import predict
from workers.tagging.confidence import Confidence, KindConfidence, WordConfidence, logit
from workers.tagging.decoding import Span, find_spans
from workers.tagging.encoder import Encoder
from workers.tagging.model_tagger import ModelTagger

LEAST = (0.2, 0.3, 0.4, 0.5)
LEAST_SEEN = (0.05, 0.1, 0.2, 0.3)
_THRESHOLDS = np.arange(0.1, 0.8, 0.02)
_FLOOR = 0.25
"""No tag is shown that is wrong three times in four, whatever F1 says."""
_EMOTION_TEXTS = 10_000

Judged = tuple[Span, bool]
"""A span and whether a tag of the corpus agrees with it."""


def judge(records: Sequence[Record], encoder: Encoder, least: float) -> dict[TagKind, list[Judged]]:
    """All candidates in the records, by kind."""
    judged: dict[TagKind, list[Judged]] = {kind: [] for kind in TagKind}
    for record, encoded in zip(records, encoder.encode([record.text for record in records]), strict=True):
        spans = {}
        for span in find_spans(encoded.scores, least=least):
            start, end = encoded.offsets[span.first][0], encoded.offsets[span.end - 1][1]
            spans[Annotation(start, end, span.kind, span.label, span.holder, span.negated, span.past)] = span
        right = {found for _, found in pairs(list(record.tags), list(spans))}
        for annotation, span in spans.items():
            judged[span.kind].append((span, annotation in right))
    return judged


def fit(judged: Sequence[Judged]) -> tuple[float, tuple[float, float, float]]:
    """Logistic regression of rightness on the logits of the evidence, drawn a little to zero (Platt, 1999)."""
    rows = np.array([[1.0, *map(logit, span.evidence)] for span, _ in judged])
    wanted = np.array([float(right) for _, right in judged])
    weights = np.zeros(rows.shape[1])
    ridge = np.diag([1e-3, *[1.0] * (rows.shape[1] - 1)])
    for _ in range(50):  # Newton's method: a few steps are enough
        shares = 1 / (1 + np.exp(-rows @ weights))
        gradient = rows.T @ (shares - wanted) + ridge @ weights
        curvature = rows.T @ (rows * (shares * (1 - shares))[:, None]) + ridge
        weights -= np.linalg.solve(curvature, gradient)
    intercept, *slopes = (round(float(weight), 4) for weight in weights)
    return intercept, (slopes[0], slopes[1], slopes[2])


def choose_threshold(confidences: NDArray[np.float64], right: NDArray[np.bool_], wanted: int) -> float:
    """The confidence at which F1 of the kind is best, smoothed over neighbours so that chance does not choose."""
    scores = np.array([_f1(confidences >= threshold, right, wanted) for threshold in _THRESHOLDS])
    smooth = np.convolve(np.pad(scores, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    return max(_FLOOR, round(float(_THRESHOLDS[int(smooth.argmax())]), 2))


def _f1(shown: NDArray[np.bool_], right: NDArray[np.bool_], wanted: int) -> float:
    total = int(shown.sum()) + wanted
    return 2 * int((shown & right).sum()) / total if total else 0.0


def calibrate(records: Sequence[Record], encoder: Encoder) -> tuple[Confidence, dict[str, Any]]:
    """The confidence that gives the best micro-F1 on the records, and how reliable it is there."""
    wanted = {kind: sum(tag.kind == kind for record in records for tag in record.tags) for kind in TagKind}
    best: tuple[float, Confidence, dict[str, Any]] | None = None
    for least in LEAST:
        judged = judge(records, encoder, least)
        confidence = Confidence(least, {kind: _kind(judged[kind], wanted[kind]) for kind in TagKind})
        shown = [
            (of_kind.of(span), right)
            for kind, of_kind in confidence.kinds.items()
            for span, right in judged[kind]
            if of_kind.of(span) >= of_kind.threshold
        ]
        f1 = 2 * sum(right for _, right in shown) / (len(shown) + sum(wanted.values()))
        print(f"least {least}: micro-F1 {f1:.3f} on {len(records)} held-out check-ins")
        if best is None or f1 > best[0]:
            best = f1, confidence, reliability(_out_of_fold(judged))
    assert best is not None  # noqa: S101 - LEAST is not empty
    return best[1], best[2]


def _kind(judged: Sequence[Judged], wanted: int) -> KindConfidence:
    intercept, weights = fit(judged)
    unset = KindConfidence(intercept, weights, 0.0)
    confidences = np.array([unset.of(span) for span, _ in judged])
    right = np.array([right for _, right in judged])
    return KindConfidence(intercept, weights, choose_threshold(confidences, right, wanted))


def calibrate_words(records: Sequence[Record], folder: Path, confidence: Confidence) -> WordConfidence:
    """How much the network must see of what only the word lists find, by micro-F1; and how often that is right then."""
    tagger, wanted = ModelTagger(folder, threads=2), sum(len(record.tags) for record in records)
    tagger.confidence = confidence  # by itself it takes nothing from the lists
    alone = predict(tagger, records)
    best: tuple[float, WordConfidence] | None = None
    for least in LEAST_SEEN:
        tagger.confidence = replace(confidence, by_words=WordConfidence(least, 0.5))
        found = predict(tagger, records)
        right = {r.id: {tag for _, tag in pairs(list(r.tags), found[r.id])} for r in records}
        added = [tag in right[id_] for id_, tags in found.items() for tag in tags if tag not in alone[id_]]
        f1 = 2 * sum(map(len, right.values())) / (sum(map(len, found.values())) + wanted)
        print(f"word lists where the network sees {least}: micro-F1 {f1:.3f}, {sum(added)} of {len(added)} right")
        if best is None or f1 > best[0]:
            best = f1, WordConfidence(least, round(sum(added) / max(1, len(added)), 3))
    assert best is not None  # noqa: S101 - LEAST_SEEN is not empty
    return best[1]


def _out_of_fold(judged: dict[TagKind, list[Judged]]) -> list[tuple[float, bool]]:
    """(confidence, right) of every candidate by a curve that was fitted on the other half."""
    pairs_: list[tuple[float, bool]] = []
    for of_kind in judged.values():
        halves = of_kind[::2], of_kind[1::2]
        for seen, unseen in (halves, halves[::-1]):
            curve = KindConfidence(*fit(seen), 0.0)
            pairs_ += [(curve.of(span), right) for span, right in unseen]
    return pairs_


def reliability(judged: Iterable[tuple[float, bool]]) -> dict[str, Any]:
    """Ten bins of confidence: how many, what was said, what was true; and the mean distance of the two (ECE)."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(10)]
    for confidence, right in judged:
        bins[min(9, int(confidence * 10))].append((confidence, right))
    rows = [
        {
            "tags": len(bin_),
            "said": round(sum(confidence for confidence, _ in bin_) / len(bin_), 3),
            "true": round(sum(right for _, right in bin_) / len(bin_), 3),
        }
        for bin_ in bins
        if bin_
    ]
    total = sum(row["tags"] for row in rows)
    return {"bins": rows, "ece": round(sum(row["tags"] * abs(row["said"] - row["true"]) for row in rows) / total, 4)}


def emotion_thresholds(task: Task, encoder: Encoder) -> dict[str, float]:
    """For each label the probability at which its F1 is best on the end of the training split."""
    rows = task.rows[-_EMOTION_TEXTS:]
    shares = np.concatenate([_shares(encoder, [text for text, _ in rows[i : i + 64]]) for i in range(0, len(rows), 64)])
    wanted = np.zeros(shares.shape, bool)
    for row, (_, numbers) in enumerate(rows):
        wanted[row, list(numbers)] = True
    grid = np.arange(0.05, 0.9, 0.01)
    chosen = {}
    for number, label in enumerate(task.labels):
        scores = [_f1(shares[:, number] >= at, wanted[:, number], int(wanted[:, number].sum())) for at in grid]
        chosen[label] = round(float(grid[int(np.argmax(scores))]), 2)
    return chosen


def _shares(encoder: Encoder, texts: list[str]) -> NDArray[np.float32]:
    return np.asarray(1 / (1 + np.exp(-encoder.emotions(texts))), np.float32)


def main(folder: str) -> None:
    """Write what the tagger reads beside the model."""
    path, records = Path(folder), [record for record in load_corpus() if is_held_out(record)]
    encoder = Encoder(path, threads=2)
    confidence, curve = calibrate(records, encoder)
    _write(path / "reliability.json", curve)
    _write_confidence(path, confidence)
    _write_confidence(path, replace(confidence, by_words=calibrate_words(records, path, confidence)))
    _write(path / "emotions.json", emotion_thresholds(goemotions(DATA / "goemotions", "train"), encoder))


def _write_confidence(folder: Path, confidence: Confidence) -> None:
    """With the version of the whole: other weights or other thresholds are another tagger."""
    kinds = {
        kind: {"intercept": of_kind.intercept, "weights": of_kind.weights, "threshold": of_kind.threshold}
        for kind, of_kind in confidence.kinds.items()
    }
    document = {"least": confidence.least, "kinds": kinds, "by_words": asdict(confidence.by_words)}
    _write(folder / "confidence.json", document)
    digest = sha256((folder / "model.onnx").read_bytes() + (folder / "confidence.json").read_bytes()).hexdigest()
    (folder / "version").write_text(f"encoder-{digest[:12]}\n", encoding="ascii")


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
