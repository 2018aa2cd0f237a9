"""The tagger keeps its quality on check-ins tagged by hand."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from schemas.tag import TextTag
from workers.tagging.model_tagger import ModelTagger

_FLOOR = 0.85
"""Micro-F1, a little under what was measured on these examples. They are short and plain: long speech scores lower."""
_ATTRIBUTES_FLOOR = 0.9


def _examples() -> list[dict[str, Any]]:
    lines = Path(__file__).with_name("examples.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _pairs(gold: list[dict[str, Any]], found: tuple[TextTag, ...]) -> list[tuple[dict[str, Any], TextTag]]:
    """Each expected tag with the first found tag of its kind and label that overlaps it; each serves once."""
    left, pairs = list(found), []
    for tag in gold:
        for other in left:
            same = (tag["kind"], tag["label"]) == (other.kind, other.label)
            if same and other.start < tag["end"] and tag["start"] < other.end:
                left.remove(other)
                pairs.append((tag, other))
                break
    return pairs


def test_quality_stays_above_its_floor(tagger: ModelTagger) -> None:
    """Labels, places and attributes are right about as often as when they were last measured."""
    count: Counter[str] = Counter()
    for example in _examples():
        found = tagger.tag(example["text"])
        pairs = _pairs(example["tags"], found)
        count.update(gold=len(example["tags"]), found=len(found), right=len(pairs))
        for name in ("holder", "negated", "past"):
            count[name] += sum(tag[name] == getattr(other, name) for tag, other in pairs)
    assert 2 * count["right"] / (count["gold"] + count["found"]) >= _FLOOR
    for name in ("holder", "negated", "past"):
        assert count[name] / count["right"] >= _ATTRIBUTES_FLOOR, name
