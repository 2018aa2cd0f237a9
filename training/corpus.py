"""The corpus: check-ins with their tags, one JSON line each, in `corpus/`; and which of them training never sees."""

import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.tag import Holder, TagKind
from training.annotations import Annotation

FOLDER = Path(__file__).parent / "corpus"


@dataclass(frozen=True)
class Record:
    """A check-in of the corpus."""

    id: str
    text: str
    tags: tuple[Annotation, ...]


def load_corpus(folder: Path = FOLDER) -> list[Record]:
    """All records, by batch and number."""
    return [record for path in sorted(folder.glob("*.jsonl")) for record in load_records(path)]


def load_records(path: Path) -> list[Record]:
    """The records of one file in the format of the guideline."""
    return [_record(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def is_held_out(record: Record) -> bool:
    """Whether the record is kept from training, to choose thresholds and calibrate on: one of eight."""
    return zlib.crc32(record.id.encode()) % 8 == 0


def dump_record(record: Record) -> str:
    """The record as a line of JSON."""
    tags = [
        {
            "kind": tag.kind,
            "label": tag.label,
            "start": tag.start,
            "end": tag.end,
            "holder": tag.holder,
            "negated": tag.negated,
            "past": tag.past,
        }
        for tag in record.tags
    ]
    return json.dumps({"id": record.id, "text": record.text, "tags": tags}, ensure_ascii=False)


def _record(document: dict[str, Any]) -> Record:
    tags = (
        Annotation(
            tag["start"],
            tag["end"],
            TagKind(tag["kind"]),
            tag["label"],
            Holder(tag["holder"]),
            tag["negated"],
            tag["past"],
        )
        for tag in document["tags"]
    )
    return Record(document["id"], document["text"], tuple(sorted(tags)))
