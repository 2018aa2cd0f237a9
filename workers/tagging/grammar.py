"""The small words of spoken English: contractions to undo, and classes that phrases refer to by name."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Grammar:
    """What every rule may lean on."""

    expansions: Mapping[str, tuple[str, ...]]
    """A word as spoken or as recognised ("im", "gonna") and the plain words it stands for."""
    classes: Mapping[str, frozenset[str]]
    """Word classes by name; `<name>` in a phrase stands for any word of the class."""


def read_toml(name: str) -> dict[str, Any]:
    """One of the files of words beside this module."""
    source = files("workers.tagging").joinpath("data", name)
    return tomllib.loads(source.read_text(encoding="utf-8"))


def load_grammar() -> Grammar:
    """The grammar of `data/grammar.toml`."""
    content = read_toml("grammar.toml")
    classes = {name: frozenset(words.split()) for name, words in content["classes"].items()}
    expansions = {word: tuple(plain.split()) for word, plain in content["expansions"].items()}
    people = classes["person_partner"] | classes["person_other"]
    return Grammar(expansions | {f"{person}'s": (person, "is") for person in people}, classes)
