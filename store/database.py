"""The database: engines for SQLite and PostgreSQL that behave alike."""

import sqlite3
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.orm import Session as DatabaseSession
from sqlalchemy.orm import sessionmaker

BUSY_TIMEOUT_SECONDS = 15
"""How long a SQLite writer waits for another before it gives up."""


class Database:
    """Sessions for writing and for reading. A reading session never takes SQLite's write lock."""

    def __init__(self, url: str) -> None:
        self._has_left = False
        self.engine = _create_engine(url)
        self.writing = sessionmaker(self.engine, expire_on_commit=False)
        self.reading = sessionmaker(
            self.engine.execution_options(read_only=True), expire_on_commit=False, autoflush=False
        )

    def forget_deleted(self) -> None:
        """Have SQLite's write-ahead log emptied: what was deleted still stands in it until then.

        Nobody waits for it: while somebody reads it cannot be done, and `forget_left` tries again.
        """
        self._has_left = not self._empty_log()

    def forget_left(self) -> None:
        """Empty the log where that was not possible before. Call it every so often."""
        if self._has_left:
            self.forget_deleted()

    def _empty_log(self) -> bool:
        if self.engine.dialect.name != "sqlite":
            return True
        with self.engine.connect() as connection:
            cursor = connection.connection.cursor()
            try:
                cursor.execute("PRAGMA busy_timeout = 0")
                (busy, _, _) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.Error:
                return False
            finally:
                cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
        return not busy

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def _create_engine(url: str) -> Engine:
    """An engine whose errors never hold a parameter: parameters are what people said."""
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, hide_parameters=True, pool_size=20, max_overflow=30, pool_pre_ping=True)
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=20,
        max_overflow=30,
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS},
    )
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    """WAL so that readers never wait; FULL so that what was answered 2xx survives a power cut."""
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once: a transaction that reads first and writes later fails when it has to wait."""
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


__all__ = ["Database", "DatabaseSession"]
