"""Tag text by hand, with no server running."""

import json
import os
from collections.abc import Iterable
from itertools import islice
from typing import Any

from pydantic import ConfigDict, ValidationError

from reflection.questions import reflect
from schemas.base import Schema
from schemas.tag import TextTag
from tandem.reporting import console
from workers.tagging.model_tagger import ModelTagger

LINES_AT_ONCE = 256
"""Enough to keep every core busy, few enough that a long file never stands in memory."""

TAG_FIELDS = ("kind", "label", "start", "end", "holder", "negated", "past", "confidence")


class TextLine(Schema):
    """A line of `tandem tag --jsonl`. Other fields of the line are ignored."""

    model_config = ConfigDict(extra="ignore")

    id: str
    text: str


def tag_lines(lines: Iterable[str], *, with_reflections: bool) -> int:
    """Tag each line; prints one JSON object a line, in their order. Returns 2 if there was a line that does not fit."""
    tagger = ModelTagger(threads=os.cpu_count() or 1)
    status = 0
    numbered = ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
    while some := list(islice(numbered, LINES_AT_ONCE)):
        given = []
        for number, line in some:
            try:
                given.append(TextLine.model_validate_json(line))
            except ValidationError:
                console.print(f'line {number}: not a JSON object with "id" and "text", both strings', style="red")
                status = 2
        for text, tags in zip(given, tagger.tag_all([text.text for text in given]), strict=True):
            shown = [_as_json(tag) for tag in tags]
            if with_reflections:
                for tag, reflection in zip(shown, reflect(tags, text.text), strict=True):
                    tag["reflection"] = reflection.model_dump(mode="json") if reflection else None
            print(json.dumps({"id": text.id, "tags": shown}, ensure_ascii=False), flush=True)
    return status


def tag_text(text: str) -> int:
    """Tag one text; prints a line for each tag and what is asked about it, for people."""
    tags = ModelTagger().tag(text)
    for tag, reflection in zip(tags, reflect(tags, text), strict=True):
        quote = text[tag.start : tag.end]
        marks = "".join(f", {name}" for name, holds in (("denied", tag.negated), ("over", tag.past)) if holds)
        label = "" if tag.label == tag.kind else f" {tag.label}"
        print(f"{tag.kind}{label} ({tag.holder}{marks}; {tag.confidence:.0%}): {quote}")
        if reflection:
            print(f"    {reflection.question}")
    return 0


def _as_json(tag: TextTag) -> dict[str, Any]:
    return {name: value for name, value in tag.model_dump(mode="json").items() if name in TAG_FIELDS}
