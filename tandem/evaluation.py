"""Scores of the shipped model on other people's labelled texts, as they publish them."""

import csv
import json
from itertools import islice
from pathlib import Path

import numpy as np

from tandem.reporting import console
from workers.tagging.encoder import MODEL_FOLDER, Encoder

_AT_ONCE = 64


def evaluate_goemotions(file: Path) -> int:
    """Print F1 of each of the 28 labels and macro-F1. Returns 2 where the file is no split of GoEmotions.

    Lines are `text TAB label numbers with commas TAB comment id`. Thresholds were chosen on the training split.
    """
    thresholds = json.loads((MODEL_FOLDER / "emotions.json").read_text(encoding="utf-8"))
    try:
        rows = _read(file, labels=len(thresholds))
    except (ValueError, OSError) as error:
        console.print(f"{file}: {error}", style="red", soft_wrap=True)
        return 2
    encoder = Encoder()
    right = predicted = wanted = np.zeros(len(thresholds))
    remaining = iter(rows)
    while some := list(islice(remaining, _AT_ONCE)):
        shares = 1 / (1 + np.exp(-encoder.emotions([text for text, _ in some])))
        shown = shares >= np.array(list(thresholds.values()))
        gold = np.array([[number in numbers for number in range(len(thresholds))] for _, numbers in some])
        right = right + (shown & gold).sum(axis=0)
        predicted, wanted = predicted + shown.sum(axis=0), wanted + gold.sum(axis=0)
    scores = 2 * right / np.maximum(predicted + wanted, 1)
    for name, score, count in zip(thresholds, scores, wanted, strict=True):
        print(f"{name:16} f1 {score:.3f}  texts {int(count):5}")
    print(f"{'macro':16} f1 {scores.mean():.3f}  texts {len(rows):5}")
    return 0


def _read(file: Path, *, labels: int) -> list[tuple[str, set[int]]]:
    rows = []
    with file.open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE), start=1):
            numbers = {int(label) for label in row[1].split(",") if label.isdecimal()} if len(row) == 3 else set()
            if not numbers or max(numbers) >= labels:
                raise ValueError(f"line {number} is not `text TAB label numbers TAB id`")
            rows.append((row[0], numbers))
    if not rows:
        raise ValueError("the file is empty")
    return rows
