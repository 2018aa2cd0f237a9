"""The catalogues under `data/`: what a demand is about, what a verdict says, and how needs are named."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Entry:
    """What may lie behind words that hold one of `words`."""

    words: re.Pattern[str]
    needs: tuple[str, ...]
    feelings: tuple[str, ...] = ()
    whose: str = "others"


@cache
def demands() -> tuple[Entry, ...]:
    """What demands are about."""
    return tuple(_entry(raw) for raw in _read("demands")["about"])


@cache
def verdicts() -> tuple[Entry, ...]:
    """What verdicts say."""
    return tuple(_entry(raw) for raw in _read("evaluations")["verdict"])


@cache
def need_names() -> Mapping[str, str]:
    """Label of a need -> its name after "you need"."""
    return _read("needs")


@cache
def wording() -> Mapping[str, Any]:
    """How demands are worded as requests."""
    return _read("wording")


@cache
def silence() -> re.Pattern[str]:
    """What makes a check-in one that nothing is asked about."""
    return re.compile("|".join(_read("safety")["silent"]), re.IGNORECASE)


@cache
def no_request() -> re.Pattern[str]:
    """What makes a demand one that no request is offered for."""
    return re.compile("|".join(_read("safety")["no_request"]), re.IGNORECASE)


def _entry(raw: dict[str, Any]) -> Entry:
    words = "|".join(re.escape(word).replace(r"\*", r"\w*") for word in sorted(raw["words"], key=len, reverse=True))
    return Entry(
        words=re.compile(rf"(?<![\w-])(?:{words})(?!\w)", re.IGNORECASE),
        needs=tuple(raw["needs"]),
        feelings=tuple(raw.get("feelings", ())),
        whose=raw.get("whose", "others"),
    )


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("reflection").joinpath("data", f"{name}.toml").read_text(encoding="utf-8"))
