"""The taxonomy: the closed set of labels of each kind, read from `taxonomy.json` beside this file."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from schemas.tag import TagKind


@cache
def labels() -> Mapping[TagKind, frozenset[str]]:
    """The labels each kind may bear: feeling families, needs, and for the other kinds the kind itself."""
    taxonomy = json.loads(files("schemas").joinpath("taxonomy.json").read_text(encoding="utf-8"))
    families = (family for side in taxonomy["feelings"].values() for family in side)
    needs = (need for group in taxonomy["needs"].values() for need in group)
    return {kind: frozenset({kind.value}) for kind in TagKind} | {
        TagKind.FEELING: frozenset(families),
        TagKind.NEED: frozenset(needs),
    }
