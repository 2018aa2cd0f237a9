"""The taxonomy: the closed set of labels of each kind, read from `taxonomy.json` beside this file."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from schemas.tag import TagKind


@cache
def labels() -> Mapping[TagKind, frozenset[str]]:
    """The labels each kind may bear: feeling families, needs, and for the other kinds the kind itself."""
    return {kind: frozenset({kind.value}) for kind in TagKind} | {
        TagKind.FEELING: frozenset(_families()),
        TagKind.NEED: frozenset(_taxonomy()["need_glosses"]),
    }


def gloss(kind: TagKind, label: str) -> str:
    """What a label means: words of a feeling family, the sense of a need; nothing for a kind that has one label."""
    if kind is TagKind.FEELING:
        return ", ".join(_families()[label][:4])
    return str(_taxonomy()["need_glosses"][label]) if kind is TagKind.NEED else ""


def _families() -> Mapping[str, list[str]]:
    feelings = _taxonomy()["feelings"]
    return {**feelings["met"], **feelings["unmet"]}


@cache
def _taxonomy() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(files("schemas").joinpath("taxonomy.json").read_text(encoding="utf-8"))
    return document
