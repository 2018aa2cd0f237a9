"""The taxonomy: the closed set of labels of each kind, read from `taxonomy.json` beside this file."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from schemas.base import Schema
from schemas.tag import TagKind


class Feelings(Schema):
    """Families of feelings, with words that name them: those of needs that are met, and of needs that are not."""

    met: dict[str, list[str]]
    unmet: dict[str, list[str]]


class Taxonomy(Schema):
    """What tags may say. Terms are those of Nonviolent Communication (NVC)."""

    version: int
    kinds: dict[TagKind, str]
    """What each kind means."""
    feelings: Feelings
    needs: dict[str, list[str]]
    """Groups of needs."""
    need_glosses: dict[str, str]
    """What each need means."""
    holders: list[str]
    attributes: dict[str, str]


@cache
def taxonomy() -> Taxonomy:
    """All of it."""
    return Taxonomy.model_validate_json(files("schemas").joinpath("taxonomy.json").read_text(encoding="utf-8"))


@cache
def labels() -> Mapping[TagKind, frozenset[str]]:
    """The labels each kind may bear: feeling families, needs, and for the other kinds the kind itself."""
    return {kind: frozenset({kind.value}) for kind in TagKind} | {
        TagKind.FEELING: frozenset(_families()),
        TagKind.NEED: frozenset(taxonomy().need_glosses),
    }


def gloss(kind: TagKind, label: str) -> str:
    """What a label means: words of a feeling family, the sense of a need; nothing for a kind that has one label."""
    if kind is TagKind.FEELING:
        return ", ".join(_families()[label][:4])
    return taxonomy().need_glosses[label] if kind is TagKind.NEED else ""


def _families() -> Mapping[str, list[str]]:
    return taxonomy().feelings.met | taxonomy().feelings.unmet
