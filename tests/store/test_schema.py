"""Migrations make the tables that the code expects."""

from base64 import b64encode
from pathlib import Path
from uuid import uuid4

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from store.accesses import Accesses
from store.accounts import Accounts, SpeechPreferences
from store.changes import Changes
from store.database import Database
from store.opening import Store
from store.schema import is_current, migrate
from store.server_keys import LocalServerKeys
from store.tables import Table
from store.vault import Vault

KEY = b64encode(bytes(32)).decode()


def test_the_migrations_lead_to_the_tables_of_the_code(database: Database) -> None:
    """Nothing is left for Alembic to do."""
    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Table.metadata)

    assert differences == []


def test_migrating_twice_changes_nothing(database: Database) -> None:
    """Every process may do it at its start."""
    migrate(database)

    assert is_current(database)


def test_a_new_database_is_not_current_until_it_is_migrated(tmp_path: Path) -> None:
    """An empty one has no version."""
    new = Database(f"sqlite+pysqlite:///{tmp_path / 'new.sqlite3'}")
    assert not is_current(new)

    migrate(new)

    assert is_current(new)
    new.close()


def test_what_was_there_before_a_migration_stays(tmp_path: Path) -> None:
    """A column more on a table takes nothing away from the tables that hang on it."""
    old = Database(f"sqlite+pysqlite:///{tmp_path / 'old.sqlite3'}")
    migrate(old, "0002")
    account_id = uuid4()
    account = "INSERT INTO accounts (id, email, password_hash, created_at, last_cursor) VALUES (:id, 'k', '-', :at, 1)"
    change = "INSERT INTO changes (account_id, cursor, type, at, check_in_id) VALUES (:id, 1, :type, :at, :id)"
    values = {"id": account_id.hex, "at": "2026-03-01 09:00:00", "type": "check_in.deleted"}
    with old.engine.begin() as connection:
        for statement in (account, change):
            connection.execute(text(statement), values)

    migrate(old)

    with old.reading() as session:
        assert Accounts(session, Vault(session, LocalServerKeys(text=KEY)), Accesses(session)).speech_of(
            account_id
        ) == SpeechPreferences(languages=(), vocabulary=())
        assert [change.percent for change in Changes(session, on_change=print).after(account_id, 0, limit=9)] == [None]
    old.close()


def test_sqlite_is_durable_and_never_blocks_readers(sqlite_store: Store) -> None:
    """WAL, and synchronous FULL (2): what was answered 2xx survives a power cut."""
    with sqlite_store.database.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1


def test_what_was_said_has_no_column_of_its_own_outside_results(sqlite: Database) -> None:
    """Every text column of check_ins is a name, a state or a key."""
    columns = {column["name"] for column in inspect(sqlite.engine).get_columns("check_ins")}

    assert columns.isdisjoint({"text", "transcript", "tags", "note", "summary"})
