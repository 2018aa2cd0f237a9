"""Whoever takes the disk of a running system finds nothing on it that a person said, and no way to sign in as them."""

import sqlite3
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.flow.conftest import RECORDINGS, Phone, System
from tests.waiting import wait_until

IN_ONE_PIECE = "librispeech_1688-142285-0006.flac"
RESUMED = "ami_es2011a_0040.wav"
BROKEN_OFF = "A006.ogg"
MAGIC = {IN_ONE_PIECE: b"fLaC\x00\x00\x00\x22", RESUMED: b"WAVEfmt ", BROKEN_OFF: b"OggS\x00\x02"}
PASSWORD = "grumbolian horse battery"
NAME = "Vantroopel Quizz"
WORD = "flumdiddlous"


@dataclass
class Person:
    """Somebody, and what nobody else may know."""

    phone: Phone
    email: str
    secrets: list[bytes]
    """What signs them in."""

    @property
    def http(self) -> httpx2.Client:
        """Their connection."""
        return self.phone.http


@pytest.fixture
def kim(system: System) -> Iterator[Person]:
    """Signs up, refreshes, and tells a name."""
    email = f"{uuid4()}@example.org"
    with httpx2.Client(base_url=f"http://127.0.0.1:{system.port}/v1", timeout=60) as http:
        first = answered(http.post("/accounts", json={"email": email, "password": PASSWORD}))
        second = answered(http.post("/sessions/refresh", json={"refresh_token": first["refresh_token"]}))
        tokens = [pair[name] for pair in (first, second) for name in ("access_token", "refresh_token")]
        http.headers["Authorization"] = f"Bearer {second['access_token']}"
        answered(http.patch("/accounts/me", json={"vocabulary": [NAME]}))
        yield Person(Phone(http), email, [text.encode() for text in (*tokens, PASSWORD)])


def answered(answer: httpx2.Response) -> Any:
    """What an answer says, if it is a good one."""
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def begin_upload(person: Person, file: str) -> tuple[str, str, bytes]:
    """Send the first half of a recording: where it goes on, the check-in's id, and what is left."""
    audio, check_in_id = (RECORDINGS / file).read_bytes(), str(uuid4())
    told = {"id": check_in_id, "recorded_at": "2026-03-01T08:30:00Z", "time_zone": "UTC"}
    metadata = ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in told.items())
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(audio)), "Upload-Metadata": metadata}
    created = person.http.post("/uploads", headers=headers)
    assert created.status_code == 201, created.text
    url, half = created.headers["Location"].removeprefix("/v1"), len(audio) // 2
    send_part(person, url, audio[:half], offset=0)
    return url, check_in_id, audio[half:]


def send_part(person: Person, url: str, part: bytes, *, offset: int) -> None:
    """One request of an upload."""
    headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": str(offset),
        "Content-Type": "application/offset+octet-stream",
    }
    answered(person.http.patch(url, headers=headers, content=part))


def resume(person: Person, file: str) -> str:
    """Send a recording in two halves; returns the check-in's id."""
    url, check_in_id, rest = begin_upload(person, file)
    send_part(person, url, rest, offset=(RECORDINGS / file).stat().st_size - len(rest))
    return check_in_id


def rewrite(person: Person, check_in_id: str) -> None:
    """Put a word into what was heard, wait for its tags, and say that the word is a feeling."""
    heard = person.phone.result(check_in_id)["transcript"]["text"]
    text = f"{heard} I am {WORD} today."
    answered(person.http.put(f"/check-ins/{check_in_id}/transcript", json={"text": text}))
    assert person.phone.result(check_in_id)["state"] == "ready"
    start = text.index(WORD)
    feeling = {"kind": "feeling", "label": "afraid", "start": start, "end": start + len(WORD)}
    answered(person.http.post(f"/check-ins/{check_in_id}/corrections", json={"id": str(uuid4()), "after": feeling}))


def export(person: Person) -> None:
    """Have everything put together, and take it along."""
    asked = answered(person.http.post("/exports"))["id"]
    wait_until(
        lambda: answered(person.http.get(f"/exports/{asked}"))["state"] == "ready", description="the export is made"
    )
    assert person.http.get(f"/exports/{asked}/file").content.startswith(b"PK")


def runs(text: str) -> Iterator[bytes]:
    """Every three words that follow each other, as they are written and without capitals."""
    words = text.split()
    for i in range(len(words) - 2):
        run = " ".join(words[i : i + 3])
        yield from (run.encode(), run.lower().encode())


def windows(file: str) -> Iterator[bytes]:
    """The beginning of a recording, and pieces of 16 bytes from all over it that are no silence."""
    audio = (RECORDINGS / file).read_bytes()
    yield audio[:16]
    for start in range(64, len(audio) - 16, len(audio) // 40):
        piece = audio[start : start + 16]
        if len(set(piece)) > 8:
            yield piece


def on_disk(system: System) -> dict[str, bytes]:
    """Every file of the system, logs included, by its path."""
    contents = {}
    for path in system.folder.rglob("*"):
        try:
            if path.is_file():
                contents[str(path.relative_to(system.folder))] = path.read_bytes()
        except FileNotFoundError:  # what is arriving goes as it comes
            continue
    return contents


def found(contents: dict[str, bytes], wanted: Iterable[bytes]) -> list[tuple[str, bytes]]:
    """Which of it is where."""
    sought = set(wanted)
    return [(name, what) for name, content in contents.items() for what in sought if what in content]


def has(contents: dict[str, bytes], pattern: str) -> bool:
    """Whether there is a file like this, with something in it."""
    return any(content and Path(name).match(pattern) for name, content in contents.items())


def test_what_was_said_is_nowhere_on_the_disk(system: System, kim: Person) -> None:
    """Database and its log, queue, recordings, half an upload, an export, logs: neither words, voice nor tokens."""
    check_ins = [kim.phone.send(IN_ONE_PIECE), resume(kim, RESUMED)]
    begin_upload(kim, BROKEN_OFF)
    spoken = [kim.phone.result(check_in_id)["transcript"]["text"] for check_in_id in check_ins]
    rewrite(kim, check_ins[0])
    export(kim)
    said = [run for text in spoken for run in runs(text)]
    heard = [piece for file in MAGIC for piece in (*windows(file), MAGIC[file])]

    contents = on_disk(system)

    assert len(said) > 30
    assert len(heard) > 60
    assert all(mark in (RECORDINGS / file).read_bytes()[:16] for file, mark in MAGIC.items())
    for pattern in ("data/tandem.sqlite3", "data/valkey/*.aof", "data/audio/??/*", "data/uploads/*", "tandem.log"):
        assert has(contents, pattern), pattern
    assert found(contents, [kim.email.encode()]) != []  # so what stands there in plain words is found
    assert found(contents, said) == []
    assert found(contents, [part.encode() for name in (NAME, WORD) for part in name.split()]) == []
    assert found(contents, heard) == []
    assert found(contents, kim.secrets) == []


def test_the_key_of_a_deleted_account_is_nowhere_on_the_disk(system: System, kim: Person) -> None:
    """Neither in the database nor in its log, so that what a backup still has of the rest stays noise."""
    kim.phone.result(kim.phone.send(RESUMED))
    with sqlite3.connect(f"file:{system.folder}/data/tandem.sqlite3?mode=ro", uri=True) as database:
        [(wrapped,)] = database.execute("SELECT wrapped FROM account_keys").fetchall()
    database.close()
    assert found(on_disk(system), [wrapped]) != []

    receipt = answered(kim.http.request("DELETE", "/accounts/me", json={"password": PASSWORD}))

    assert receipt["recordings"] == 1
    wait_until(lambda: found(on_disk(system), [wrapped]) == [], description="the key is gone from every file")
    left = on_disk(system)
    assert not has(left, "data/audio/??/*")
    assert found(left, [kim.email.encode()]) == []
