"""The API as a process of its own: whose word it takes for who asks, and what its server makes of broken requests."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
from redis import Redis

from tests.waiting import wait_until

Start = Callable[..., httpx2.Client]

ACCOUNT = {"email": "kim@example.org", "password": "correct horse battery"}


@pytest.fixture
def start(short_folder: Path, valkey_url: str, redis: Redis) -> Iterator[Start]:
    """Starts an API with settings; returns a client of it."""
    processes: list[subprocess.Popen[bytes]] = []
    clients: list[httpx2.Client] = []

    def run(**settings: str) -> httpx2.Client:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        env = os.environ | {
            "TANDEM_DATA_FOLDER": str(short_folder),
            "TANDEM_REDIS_URL": valkey_url,
            "TANDEM_PORT": str(port),
            **settings,
        }
        subprocess.run([sys.executable, "-m", "tandem", "migrate"], env=env, check=True, capture_output=True)
        with (short_folder / "api.log").open("ab") as log:
            processes.append(subprocess.Popen([sys.executable, "-m", "tandem", "api"], env=env, stdout=log, stderr=log))
        client = httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=20)
        clients.append(client)
        wait_until(lambda: _answers(client, processes[-1]), description="the API answers", seconds=60)
        return client

    yield run
    for client in clients:
        client.close()
    for process in processes:
        process.terminate()
        process.wait(20)


def _answers(client: httpx2.Client, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None, "the API has ended"
    try:
        return client.get("/healthz").is_success
    except httpx2.TransportError:
        return False


def guess(client: httpx2.Client, number: int, forwarded: str) -> int:
    """Guess at the password of one of many; the status."""
    given = {"email": f"{number}@example.org", "password": "wrong"}
    return client.post("/v1/sessions", json=given, headers={"X-Forwarded-For": forwarded}).status_code


def counted(redis: Redis) -> set[int]:
    """How many guesses each address has, whichever they are."""
    return {redis.llen(key) for key in redis.scan_iter("*sign-in/address*")}


def raw(client: httpx2.Client, request: bytes) -> bytes:
    """The first bytes that come back for bytes that no client would send."""
    port = client.base_url.port
    assert port
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        return connection.recv(1_000)


def test_a_trusted_proxy_is_believed(start: Start, redis: Redis) -> None:
    """About the address, of which the last that is not its own counts, and about the scheme."""
    client = start()

    for number in range(3):
        guess(client, number, f"203.0.113.{number}, 192.0.2.1")
    secure = client.get("/healthz", headers={"X-Forwarded-Proto": "https"})

    assert counted(redis) == {3}
    assert "strict-transport-security" in secure.headers
    guess(client, 9, "192.0.2.2")
    assert counted(redis) == {3, 1}


def test_nobody_else_is_believed(start: Start, redis: Redis) -> None:
    """Whoever sends another address with each guess has one address all the same."""
    client = start(TANDEM_TRUSTED_PROXIES="10.0.0.0/8")

    for number in range(3):
        guess(client, number, f"192.0.2.{number}")
    plain = client.get("/healthz", headers={"X-Forwarded-Proto": "https"})

    assert counted(redis) == {3}
    assert "strict-transport-security" not in plain.headers


def test_the_server_answers_what_is_broken_or_too_long(start: Start) -> None:
    """With 400 and 413, in pieces too; and its event streams are kept by nobody."""
    client = start()
    head = b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

    def chunks() -> Iterator[bytes]:
        for _ in range(70):
            yield b" " * 1_000

    for length in (b"-1", b"abc", b"9" * 30, b"5\r\nContent-Length: 6"):
        assert raw(client, head + b"Content-Length: " + length + b"\r\n\r\n{}").startswith(b"HTTP/1.1 400")
    assert raw(client, head + b"Content-Length: 64001\r\n\r\n{}").startswith(b"HTTP/1.1 413")
    large = client.post("/v1/sessions", content=chunks(), headers={"Content-Type": "application/json"})
    assert (large.status_code, large.headers["content-type"]) == (413, "application/problem+json")

    token = client.post("/v1/accounts", json=ACCOUNT).json()["access_token"]
    with client.stream("GET", "/v1/events", headers={"Authorization": f"Bearer {token}"}) as answer:
        assert answer.status_code == 200
        assert answer.headers.get_list("cache-control") == ["no-store"]
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/v1/accounts", "/v1/check-ins", "/v1/uploads", "/nowhere"])
@pytest.mark.parametrize("length", ["Content-Length: 99999999999", "Transfer-Encoding: chunked"])
def test_a_body_without_end_is_not_taken_in(start: Start, path: str, length: str) -> None:
    """Refused, and the connection is closed: whoever goes on sending sends to nobody."""
    client = start(TANDEM_MAX_RECORDING_MEGABYTES="1")
    with socket.create_connection(("127.0.0.1", client.base_url.port or 0), timeout=10) as stranger:
        stranger.sendall(f"POST {path} HTTP/1.1\r\nHost: h\r\n{length}\r\n\r\n".encode())
        sent = 0
        piece = b"10000\r\n" + bytes(0x10000) + b"\r\n" if "chunked" in length else bytes(0x10000)
        with suppress(ConnectionError):
            while sent < 200_000_000:
                sent += stranger.send(piece)
    assert sent < 50_000_000
    assert client.get("/healthz").is_success
