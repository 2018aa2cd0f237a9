"""What people said before there were keys is sealed at the first start with them, whatever interrupts it."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, event, select, text, update

from schemas.errors import RecordingMissing, StorageFull
from store.audio import LocalAudioStore
from store.database import Database
from store.opening import Clock, Store
from store.recordings import Recordings
from store.schema import migrate
from store.sealing_up import seal_up
from store.tables import Account, AccountKey, CheckIn, Table, TranscriptRow
from tests.conftest import make_store
from tests.store.before_keys import HEARD, SECRET, WORDS, Before, fill_old_database

KILLED = """
import os, sys
from pathlib import Path
from store.audio import LocalAudioStore
from store.opening import open_store
from store.sealing_up import seal_up
from store.settings import StoreSettings

put = LocalAudioStore.put

def put_and_die(self, key, file):
    put(self, key, file)
    os._exit(9)

LocalAudioStore.put = put_and_die
seal_up(open_store(StoreSettings(data_folder=Path(sys.argv[1]))), unsealed=Path(sys.argv[1]) / "audio")
"""


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without tables, of each kind."""
    if request.param == "sqlite":
        database = Database(f"sqlite+pysqlite:///{tmp_path / 'tandem.sqlite3'}")
        yield database
        database.close()
        return
    url, name = request.getfixturevalue("postgres_url"), f"old_{uuid4().hex}"
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    database = Database(str(server.url.set(database=name).render_as_string(hide_password=False)))
    yield database
    database.close()
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name}"))
    server.dispose()


@pytest.fixture
def before(empty: Database, tmp_path: Path) -> Before:
    """What stood in it when the new version was started for the first time."""
    before = fill_old_database(empty, tmp_path / "audio")
    migrate(empty)
    return before


@pytest.fixture
def old(empty: Database, before: Before, tmp_path: Path, clock: Clock) -> Store:
    """The store around it."""
    return make_store(empty, tmp_path, clock)


def read_back(store: Store, before: Before) -> None:
    """Everything is there, word for word and byte for byte."""
    with store.reading() as reading:
        check_in = reading.check_ins.get_for(before.kim, before.check_in_id)
        cipher = reading.vault.of(before.kim)
        assert [version.text for version in reading.results.versions(before.check_in_id)] == [SECRET]
        assert [tag.label for tag in reading.results.tags(before.check_in_id) or ()] == ["afraid"]
        assert [kept.quote("before") for kept in reading.corrections.of(before.check_in_id)] == ["afraid"]
        assert reading.accounts.speech_of(before.kim).vocabulary == ("Zebulon", "Wendelgard")
        assert reading.accounts.speech_of(before.sam).vocabulary == ()
        partial = reading.results.partial(before.broken_off)
        assert partial is not None
        assert (partial[0].text, partial[1]) == (HEARD, 3.0)
        missing = reading.check_ins.get_for(before.kim, before.broken_off)
    with store.recordings.open(check_in.audio_key, cipher) as recording:
        assert recording.read() == before.speech
    with pytest.raises(RecordingMissing):
        store.recordings.open(missing.audio_key, cipher)


def readable(folder: Path, before: Before) -> list[tuple[str, bytes]]:
    """What can be read in the files: name, and the words or bytes of speech."""
    windows = [before.speech[start : start + 16] for start in range(0, len(before.speech), 5_000)]
    files = [path for path in folder.rglob("*") if path.is_file()]
    contents = {path.name: path.read_bytes() for path in files}
    return [(name, wanted) for name, content in contents.items() for wanted in (*WORDS, *windows) if wanted in content]


def values(store: Store) -> list[bytes]:
    """Every value of every table."""
    with store.database.reading() as session:
        return [
            value if isinstance(value, bytes) else str(value).encode()
            for table in Table.metadata.sorted_tables
            for row in session.execute(select(table))
            for value in row
        ]


def test_everything_from_before_is_sealed_and_reads_as_it_did(old: Store, before: Before, tmp_path: Path) -> None:
    """Rows, names, recordings; and no file shows anything of it any more, what was arriving included."""
    assert readable(tmp_path, before) != []

    assert seal_up(old, unsealed=tmp_path / "audio") == 2

    read_back(old, before)
    assert readable(tmp_path, before) == []
    assert [value for value in values(old) for word in WORDS if word in value] == []
    assert not (tmp_path / "audio" / "incoming").exists()


def test_sealing_twice_costs_a_query(old: Store, before: Before, tmp_path: Path) -> None:
    """Every start does it."""
    seal_up(old, unsealed=tmp_path / "audio")
    with old.database.reading() as session:
        sealed = session.get_one(TranscriptRow, before.check_in_id).sealed
    asked: list[str] = []
    event.listen(old.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    assert seal_up(old, unsealed=tmp_path / "audio") == 0

    assert len([statement for statement in asked if not statement.startswith("BEGIN")]) == 1
    with old.database.reading() as session:
        assert session.get_one(TranscriptRow, before.check_in_id).sealed == sealed
    read_back(old, before)


def test_two_that_start_at_once_seal_it_once(old: Store, before: Before, tmp_path: Path) -> None:
    """The second finds it done."""
    with ThreadPoolExecutor(2) as threads:
        counts = [threads.submit(seal_up, old, unsealed=tmp_path / "audio") for _ in range(2)]

    assert sum(count.result() for count in counts) == 2
    read_back(old, before)


class FullStore(LocalAudioStore):
    """Takes so many recordings and no more."""

    room = 0

    def put(self, key: str, file: Path) -> None:
        """Raises StorageFull."""
        if self.room == 0:
            raise StorageFull
        self.room -= 1
        super().put(key, file)


def test_where_there_is_no_room_nothing_has_changed(old: Store, before: Before, tmp_path: Path) -> None:
    """Copies that were made by then are gone, as they would fill the disk with each attempt; then it is done."""
    with old.unit_of_work() as work:
        second = uuid4().hex
        work.check_ins.get_for(before.kim, before.broken_off).audio_key = second
    (tmp_path / "audio" / second[:2]).mkdir(exist_ok=True)
    (tmp_path / "audio" / second[:2] / second).write_bytes(before.speech)
    full = FullStore(tmp_path / "audio")
    full.room = 1
    store = replace(old, recordings=Recordings(full, tmp_path / "incoming"))

    with pytest.raises(StorageFull):
        seal_up(store, unsealed=tmp_path / "audio")

    kept = {path.name for path in (tmp_path / "audio").glob("??/*")}
    assert kept == {before.key, second}
    with old.reading() as reading:
        assert before.kim in reading.vault.without_key(limit=9)
        assert reading.check_ins.get_for(before.kim, before.check_in_id).audio_key == before.key
    full.room = 9
    seal_up(store, unsealed=tmp_path / "audio")
    assert readable(tmp_path, before) == []


@pytest.mark.parametrize("empty", ["sqlite"], indirect=True)
def test_a_process_that_is_killed_in_between_loses_nothing(old: Store, before: Before, tmp_path: Path) -> None:
    """The file and the rows are as they were, beside a copy that belongs to nobody; the next start seals them."""
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)

    assert killed.returncode == 9
    assert len(list((tmp_path / "audio").glob("??/*"))) == 2
    with old.database.reading() as session:
        assert session.scalars(select(AccountKey).where(AccountKey.account_id == before.kim)).all() == []
        assert session.get_one(TranscriptRow, before.check_in_id).sealed.startswith(b'{"text": "Only between us')
        assert session.scalar(select(CheckIn.audio_key).where(CheckIn.id == before.check_in_id)) == before.key
    seal_up(old, unsealed=tmp_path / "audio")
    read_back(old, before)
    assert readable(tmp_path, before) == []


@pytest.mark.parametrize("empty", ["sqlite"], indirect=True)
def test_what_was_deleted_before_leaves_the_file_too(empty: Database, tmp_path: Path, clock: Clock) -> None:
    """SQLite keeps what is deleted in pages that are free, unless it is told otherwise, as older programs do not."""
    before = fill_old_database(empty, tmp_path / "audio")
    empty.close()
    with sqlite3.connect(tmp_path / "tandem.sqlite3") as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("UPDATE transcripts SET transcript = zeroblob(9)")
        connection.execute("DELETE FROM partial_transcripts")
    connection.close()
    assert b"Nobody knows" in (tmp_path / "tandem.sqlite3").read_bytes()
    migrate(empty)

    seal_up(make_store(empty, tmp_path, clock), unsealed=tmp_path / "audio")

    assert readable(tmp_path, before) == []


@pytest.mark.parametrize("empty", ["sqlite"], indirect=True)
def test_what_is_sealed_for_a_key_that_was_lost_stays_as_it_is(old: Store, before: Before, tmp_path: Path) -> None:
    """The key may be found in a backup; sealed once more, nothing would open it."""
    seal_up(old, unsealed=tmp_path / "audio")
    with old.unit_of_work() as work:
        key = work.check_ins.get_for(before.kim, before.check_in_id).audio_key
        found = work._session.get_one(AccountKey, before.kim)
        lost = {"server_key_id": found.server_key_id, "wrapped": found.wrapped}
        work._session.delete(found)

    assert seal_up(old, unsealed=tmp_path / "audio") == 1

    with old.unit_of_work() as work:
        work._session.execute(update(AccountKey).where(AccountKey.account_id == before.kim).values(**lost))
        assert work.check_ins.get_for(before.kim, before.check_in_id).audio_key == key
        assert work._session.scalar(select(Account.vocabulary).where(Account.id == before.kim)) is not None
    read_back(old, before)
