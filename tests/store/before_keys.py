"""A database from before there were keys, filled by hand, with recordings that lie in their folder as they were."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from schemas.correction import CorrectionCreate, TagReference
from schemas.tag import TagKind, TextTag
from store.anchors import Anchor
from store.database import Database
from store.placing import place
from store.schema import migrate
from tests.making import make_transcript

SECRET = "Only between us: I feel afraid of Zebulon."
HEARD = "Nobody knows how far it was."
AT = "2026-03-01 09:00:00.000000"
WORDS = (b"between us", b"afraid", b"Zebulon", b"Nobody knows", b"Wendelgard")
"""Whichever is found in a file can be read."""

_ACCOUNT = "INSERT INTO accounts (id, email, password_hash, created_at, last_cursor, languages, vocabulary) "
_CHECK_IN = (
    "INSERT INTO check_ins (id, account_id, kind, state, recorded_at, time_zone, local_day, audio_key, audio_format, "
    "audio_size, audio_sha256, attempt, tries, requested_at, created_at, updated_at) "
)


@dataclass(frozen=True)
class Before:
    """What is in it."""

    kim: UUID
    """Has told everything there is to tell."""
    sam: UUID
    """Has told nothing."""
    check_in_id: UUID
    broken_off: UUID
    """Was heard in part; its recording is missing."""
    speech: bytes
    """The recording."""
    key: str


def fill_old_database(database: Database, audio: Path) -> Before:
    """Bring an empty database to the last version without keys, and put everything into it."""
    migrate(database, "0003")
    before = Before(uuid4(), uuid4(), uuid4(), uuid4(), os.urandom(200_000), uuid4().hex)
    with database.engine.begin() as connection:
        for account_id, email, names in ((before.kim, "kim", ["Zebulon", "Wendelgard"]), (before.sam, "sam", None)):
            _insert(
                connection, _ACCOUNT, id=account_id.hex, email=f"{email}@example.org", password="-", at=AT, cursor=0,
                languages="en", vocabulary=_document(names) if names else None,
            )  # fmt: skip
        _add_check_in(connection, before.check_in_id, before.kim, state="ready", key=before.key)
        _add_check_in(connection, before.broken_off, before.kim, state="failed", key=uuid4().hex)
        _add_results(connection, before)
    file = audio / before.key[:2] / before.key
    for plain in (file, audio / "incoming" / uuid4().hex):
        plain.parent.mkdir(parents=True)
        plain.write_bytes(before.speech)
    return before


def _add_check_in(connection: Connection, id_: UUID, account_id: UUID, *, state: str, key: str) -> None:
    _insert(
        connection, _CHECK_IN, id=id_.hex, account_id=account_id.hex, kind="journal", state=state, recorded_at=AT,
        time_zone="UTC", local_day="2026-03-01", key=key, format="wav", size=200_000, sha256="5" * 64, attempt=1,
        tries=1, requested_at=AT, created_at=AT, updated_at=AT,
    )  # fmt: skip


def _add_results(connection: Connection, before: Before) -> None:
    transcript = make_transcript(SECRET)
    fear = TextTag(kind="feeling", label="afraid", start=24, end=30, confidence=0.9, reason="")
    tags = [tag.model_dump(mode="json") for tag in place([fear], transcript)]
    removal = CorrectionCreate(id=uuid4(), before=TagReference(kind=TagKind.FEELING, label="afraid", start=24, end=30))
    correction = {
        "said": removal.model_dump(mode="json"),
        "before": Anchor.at(SECRET, 24, 30).to_document(),
        "after": None,
    }
    check_in_id, heard = before.check_in_id.hex, make_transcript(HEARD)
    document = _document(transcript.model_dump(mode="json"))
    _insert(connection, "INSERT INTO transcripts (check_in_id, transcript) ", id=check_in_id, transcript=document)
    _insert(connection, "INSERT INTO taggings (check_in_id, tagger, tags) ", id=check_in_id, by="m", t=_document(tags))
    _insert(
        connection, "INSERT INTO corrections (check_in_id, id, number, created_at, correction) ", check_in=check_in_id,
        id=removal.id.hex, number=0, at=AT, correction=_document(correction),
    )  # fmt: skip
    _insert(
        connection, "INSERT INTO partial_transcripts (check_in_id, seconds, percent, transcript) ",
        id=before.broken_off.hex, seconds=3.0, percent=40, transcript=_document(heard.model_dump(mode="json")),
    )  # fmt: skip


def _insert(connection: Connection, statement: str, **values: Any) -> None:
    connection.execute(text(f"{statement} VALUES ({', '.join(f':{name}' for name in values)})"), values)


def _document(content: Any) -> bytes:
    """As documents were kept."""
    return json.dumps(content, ensure_ascii=False).encode()
