"""Requests made from the OpenAPI, to every operation of the API in this process: no 5xx, no answer it does not tell of.

    .venv/bin/python -m bench.fuzz_api SEED EXAMPLES

EXAMPLES are for each operation. Its own Valkey and SQLite, in a temporary folder. Exit status 0 only without a failure.
"""

import logging
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from subprocess import DEVNULL, Popen
from tempfile import TemporaryDirectory

import structlog
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from redis import Redis
from schemathesis.core.failures import FailureGroup

from service.app import create_app
from service.passwords import Passwords
from service.settings import ServiceSettings
from store.database import Database
from store.schema import migrate
from tandem.embedded import redis_answers, valkey_argv
from tests.service.exploring import Explorer, operations_of
from tests.waiting import wait_until

ROUND = 50
"""Requests after which the rate limits are forgotten: they would keep us out."""


def main(seed: int, examples: int) -> int:
    """Run, print, and tell whether all is well."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with TemporaryDirectory(prefix="tandem-") as folder, _valkey(ServiceSettings(data_folder=Path(folder))) as settings:
        app = create_app(settings, passwords=Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)))
        with (
            TestClient(app, raise_server_exceptions=False) as client,
            Redis.from_url(settings.resolved_redis_url) as redis,
        ):
            explorer = Explorer(client, app.state.store, Random(seed))
            began = time.monotonic()
            failures = [failure for failure in _failures(explorer, client, redis, examples) if failure]
            took = time.monotonic() - began
    total = sum(map(Counter.total, explorer.statuses.values()))
    for label, statuses in explorer.statuses.items():
        print(f"{label:52}", *(f"{status}: {count}" for status, count in sorted(statuses.items())))
    print(f"{total} requests to {len(explorer.statuses)} operations in {took:.0f} s, {len(failures)} operations failed")
    print(*failures, sep="\n\n")
    return 1 if failures else 0


def _failures(explorer: Explorer, client: TestClient, redis: Redis, examples: int) -> Iterator[str]:
    for operation in operations_of(client):
        try:
            for begun in range(0, examples, ROUND):
                redis.flushall()
                explorer.explore(operation, examples=min(ROUND, examples - begun))
        except (FailureGroup, AssertionError) as error:
            yield f"{operation.label}: {error}"


@contextmanager
def _valkey(settings: ServiceSettings) -> Iterator[ServiceSettings]:
    """With a migrated database beside it."""
    database = Database(settings.resolved_database_url)
    migrate(database)
    database.close()
    server = Popen(valkey_argv(settings), stdout=DEVNULL, stderr=DEVNULL)
    try:
        wait_until(lambda: redis_answers(settings.resolved_redis_url), description="Valkey answers")
        yield settings
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
