"""Wiring of what only tests of the store need."""

from collections.abc import Iterator

import pytest

from tests.store.s3 import S3Server


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server."""
    server = S3Server(tmp_path_factory.mktemp("s3"))
    yield server
    server.kill()
