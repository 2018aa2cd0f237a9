"""A person takes everything along, deletes one thing, and then all of it, while their partner stays."""

import io
import sqlite3
import zipfile
from collections.abc import Iterator
from html import unescape
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.flow.conftest import RECORDINGS, Phone, System, make_phone
from tests.waiting import wait_until

LONG = "A006.ogg"
"""53 s."""
SHORT = "ami_es2011a_0040.wav"
"""6 s."""
OTHER = "commonvoice_en_22058264.mp3"
PASSWORD = "correct horse battery"
PIECE = 100_000
"""Bytes that are downloaded at a time."""


@pytest.fixture
def partner(shared_system: System) -> Iterator[Phone]:
    """Somebody else of the same server."""
    partner = make_phone(shared_system)
    yield partner
    partner.http.close()


def export(phone: Phone) -> dict[str, Any]:
    """Ask for everything, and follow it until it is there. A lost answer is asked for again with the same key."""
    key = {"Idempotency-Key": str(uuid4())}
    asked = [phone.http.post("/exports", headers=key) for _ in range(2)]
    assert [answer.status_code for answer in asked] == [202, 202]
    assert asked[0].json()["id"] == asked[1].json()["id"]
    percents: list[int] = []

    def ready() -> dict[str, Any] | None:
        read: dict[str, Any] = phone.http.get(f"/exports/{asked[0].json()['id']}").json()
        percents.append(read["percent"])
        return read if read["state"] == "ready" else None

    found = wait_until(ready, description="the export is ready", seconds=60)
    assert found is not None
    assert percents[-1] == 100
    assert all(before <= after for before, after in pairwise(percents))
    return found


def download(phone: Phone, made: dict[str, Any]) -> zipfile.ZipFile:
    """Piece by piece, as if the network broke off each time."""
    content, etag = b"", ""
    while len(content) < made["size"]:
        wanted = {"Range": f"bytes={len(content)}-{len(content) + PIECE - 1}"} | ({"If-Range": etag} if etag else {})
        answer = phone.http.get(f"/exports/{made['id']}/file", headers=wanted)
        assert answer.status_code == 206
        assert answer.headers["content-range"].endswith(f"/{made['size']}")
        content, etag = content + answer.content, answer.headers["etag"]
    return zipfile.ZipFile(io.BytesIO(content))


def stored(system: System) -> set[str]:
    """Files of recordings, exports and uploads."""
    folders = (system.folder / "data" / name for name in ("audio", "incoming", "uploads"))
    return {path.name for folder in folders for path in folder.rglob("*") if path.is_file()}


def rows_with(system: System, *ids: str) -> dict[str, int]:
    """How many rows hold any of these ids, by table and column, whatever column that is."""
    found = {}
    wanted = [UUID(id_).hex for id_ in ids]
    marks = ", ".join("?" * len(wanted))
    with sqlite3.connect(f"file:{system.folder / 'data' / 'tandem.sqlite3'}?mode=ro", uri=True) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for _, column, *_ in database.execute(f"PRAGMA table_info({table})").fetchall():
                query = f"SELECT count(*) FROM {table} WHERE {column} IN ({marks})"  # noqa: S608 - its own names
                if count := database.execute(query, wanted).fetchone()[0]:
                    found[f"{table}.{column}"] = count
    database.close()
    return found


def transcribing(phone: Phone, check_in_id: str) -> bool:
    """Whether a worker is at it."""
    return bool(phone.read(check_in_id)["state"] == "transcribing")


def test_everything_can_be_taken_along_and_everything_goes(
    shared_system: System, shared_phone: Phone, partner: Phone
) -> None:
    """The export has every byte; what is deleted is gone, even what a worker was about to bring; a receipt stays."""
    theirs = partner.result(partner.send(SHORT))
    before = stored(shared_system)
    spoken = {shared_phone.send(file): file for file in (SHORT, OTHER)}
    results = {id_: shared_phone.result(id_) for id_ in spoken}

    made = export(shared_phone)
    with download(shared_phone, made) as files:
        assert files.testzip() is None
        for id_, file in spoken.items():
            [name] = [name for name in files.namelist() if name.startswith(f"audio/{id_}")]
            assert files.read(name) == (RECORDINGS / file).read_bytes()
        page = files.read("index.html").decode()
    assert all(f"id='{id_}'" in page for id_ in spoken)
    assert theirs["id"] not in page
    assert all(result["transcript"]["text"] in unescape(page) for result in results.values())
    assert partner.http.get(f"/exports/{made['id']}").status_code == 404

    deleted, stays = spoken
    assert shared_phone.http.delete(f"/check-ins/{deleted}").status_code == 204
    assert shared_phone.http.get(f"/check-ins/{deleted}").status_code == 404
    assert shared_phone.read(stays) == results[stays]

    late = shared_phone.send(LONG)
    wait_until(lambda: transcribing(shared_phone, late), description="a worker has taken it up")
    account = shared_phone.http.get("/accounts/me").json()
    wrong = shared_phone.http.request("DELETE", "/accounts/me", json={"password": "not the password"})
    assert wrong.status_code == 403
    answer = shared_phone.http.request("DELETE", "/accounts/me", json={"password": PASSWORD})
    assert answer.status_code == 200
    receipt = answer.json()
    assert (receipt["check_ins"], receipt["recordings"]) == (2, 2)

    assert stored(shared_system) == before
    overtaken = {"event": "attempt.overtaken", "check_in_id": late}
    wait_until(
        lambda: any(overtaken.items() <= line.items() for line in shared_system.log()),
        description="the worker finds its claim gone",
        seconds=60,
    )
    again = partner.result(partner.send(SHORT))
    assert again["state"] == "ready"
    assert rows_with(shared_system, account["id"], made["id"], late, *spoken) == {}
    assert rows_with(shared_system, receipt["id"]) == {"deletion_receipts.id": 1}
    assert len(stored(shared_system) - before) == 1, "the partner's new recording alone"

    assert shared_phone.http.get("/accounts/me").status_code == 401
    assert shared_phone.http.get(f"/deletions/{receipt['id']}", headers={"Authorization": ""}).json() == receipt
    assert partner.read(theirs["id"]) == theirs
    signed_up = partner.http.post("/accounts", json={"email": account["email"], "password": PASSWORD})
    assert signed_up.status_code == 201
    assert signed_up.json()["account_id"] != account["id"]
