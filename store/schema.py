"""The schema's version: brings a database up to what the code expects, once, however many processes start."""

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from store.database import Database

_POSTGRES_LOCK = 0x7A4D
"""Advisory lock that two migrating processes contend for."""


def migrate(database: Database, revision: str = "head") -> None:
    """Apply all migrations up to a revision. A second process waits and finds nothing left to do."""
    with database.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRES_LOCK})
        command.upgrade(_config(connection), revision)


def is_current(database: Database) -> bool:
    """Whether the database is at the version this code was written for."""
    with database.engine.connect() as connection:
        here = MigrationContext.configure(connection).get_current_revision()
    return here == head()


def head() -> str | None:
    """The newest revision."""
    return ScriptDirectory.from_config(_config(None)).get_current_head()


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", "store:migrations")
    config.attributes["connection"] = connection
    return config
