"""Other ways to come upon the corpus: without punctuation, in excerpts, several short texts in a row."""

import random
import re
from collections.abc import Sequence
from dataclasses import replace

from training.corpus import Record

MISHEARD = 0.25
"""Share of the texts that are read without punctuation, another quarter each time."""
CUT = 0.2
"""Share of the texts of which only an excerpt is read, so that plain short sentences are known too."""
JOINED = 0.6
"""Share of the short texts that are read in a row with others: people seldom say one thing alone."""
_SHORT = 220
"""Characters."""
_DROPPED = frozenset(".,;:!?\"'")
_SENTENCE_END = re.compile(r"(?<=[.!?]) ")
_SPACE = re.compile(" ")


def vary(records: Sequence[Record], rng: random.Random) -> list[Record]:
    """The records as one epoch reads them; what they say and its tags stay together."""
    read = [excerpt(record, rng) if rng.random() < CUT else record for record in records]
    read = [as_misheard(record, rng) if rng.random() < MISHEARD else record for record in read]
    in_rows = [record for record in read if len(record.text) < _SHORT and rng.random() < JOINED]
    alone = set(map(id, read)) - set(map(id, in_rows))
    rng.shuffle(in_rows)
    varied = [record for record in read if id(record) in alone]
    while in_rows:
        size = rng.randint(2, 4)
        varied.append(join(in_rows[:size]))
        del in_rows[:size]
    return varied


def as_misheard(record: Record, rng: random.Random) -> Record:
    """The record as a recogniser without punctuation writes it; now and then a mark stays."""
    text: list[str] = []
    place: list[int] = []
    for character in record.text:
        place.append(len(text))
        if character in _DROPPED and rng.random() < 0.97:
            continue
        text.append(" " if character in "-\u2013\u2014" else character.lower())
    place.append(len(text))
    tags = tuple(replace(tag, start=place[tag.start], end=place[tag.end]) for tag in record.tags)
    return Record(record.id, "".join(text), tags)


def excerpt(record: Record, rng: random.Random) -> Record:
    """One to three sentences of the record, or as many words where nothing ends a sentence; no tag is cut."""
    sentences = _seams(record, _SENTENCE_END)
    seams = sentences if len(sentences) > 3 else _seams(record, _SPACE)[:: rng.randint(8, 15)]
    bounds = [0, *seams, len(record.text)]
    first = rng.randrange(len(bounds) - 1)
    start, end = bounds[first], bounds[min(first + rng.randint(1, 3), len(bounds) - 1)]
    while record.text[start].isspace():
        start += 1
    tags = (tag for tag in record.tags if start <= tag.start and tag.end <= end)
    moved = tuple(replace(tag, start=tag.start - start, end=tag.end - start) for tag in tags)
    return Record(record.id, record.text[start:end], moved)


def _seams(record: Record, where: re.Pattern[str]) -> list[int]:
    """Places where the text can be cut without cutting a tag."""
    places = (match.start() for match in where.finditer(record.text))
    return [place for place in places if not any(tag.start < place < tag.end for tag in record.tags)]


def join(records: Sequence[Record]) -> Record:
    """The records one after the other, as one."""
    text, tags = "", []
    for record in records:
        begin = len(text) + 1 if text else 0
        text = f"{text} {record.text}" if text else record.text
        tags += [replace(tag, start=tag.start + begin, end=tag.end + begin) for tag in record.tags]
    return Record("+".join(record.id for record in records), text, tuple(tags))
