"""S3 for tests: a real server, a relay that holds its traffic up, and one that answers as it is told."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseRequestHandler, TCPServer, ThreadingTCPServer
from uuid import uuid4

from store.s3_audio import S3Settings
from tests.waiting import wait_until

BUCKET = "recordings"
ACCESS_KEY_ID = "tandem"
SECRET = "only-for-tests"


def settings_for(port: int) -> S3Settings:
    """Settings with a prefix of their own, so that tests share a server and nothing else."""
    return S3Settings(
        bucket=BUCKET,
        endpoint=f"http://127.0.0.1:{port}",
        region="us-east-1",
        access_key_id=ACCESS_KEY_ID,
        secret_access_key=SECRET,
        prefix=uuid4().hex,
        allow_http=True,
    )


class S3Server:
    """nanio, with one bucket: a folder. It checks signatures, and ignores If-None-Match."""

    def __init__(self, folder: Path) -> None:
        (folder / BUCKET).mkdir(parents=True)
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.start()

    def start(self) -> None:
        """Also once more, with what it holds."""
        command = [sys.executable, "-m", "nanio", "serve", "--no-access-log", "--log-level", "error"]
        self._process = subprocess.Popen(
            [*command, "--data-dir", str(self.folder), "--host", "127.0.0.1", "--port", str(self.port)],
            env=os.environ | {"NANIO_ACCESS_KEY": ACCESS_KEY_ID, "NANIO_SECRET_KEY": SECRET},
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._answers, description="the S3 server answers")

    def kill(self) -> None:
        """At once, whatever it is doing."""
        self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        with suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", self.port)).close()
            return True
        return False


class Relay:
    """Passes connections on to a server, until so many bytes have gone there: then it holds all up."""

    def __init__(self, *, holds_after: int) -> None:
        self.held = threading.Event()
        self._left = holds_after
        self._gate = threading.Event()
        self._passes = True
        self._ends: list[socket.socket] = []

    def let_go(self) -> None:
        """All that was held up goes on."""
        self._gate.set()

    def cut(self) -> None:
        """All that was held up is cut off, and so is whatever is open or comes."""
        self._passes = False
        self._gate.set()
        for end in self._ends:
            _shut(end)

    def forward(self, near: socket.socket, far: socket.socket) -> None:
        """One connection, until either end closes it."""
        self._ends += [near, far]
        back = threading.Thread(target=_pump, args=(far, near))
        back.start()
        if self._passes:
            _pump(near, far, self._may_pass)
        _shut(near)
        _shut(far)
        back.join()

    def _may_pass(self, sent: int) -> bool:
        self._left -= sent
        if self._left < 0:
            self.held.set()
            self._gate.wait()
        return self._passes


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


def _anything(_sent: int) -> bool:
    return True


def _pump(source: socket.socket, drain: socket.socket, may_pass: Callable[[int], bool] = _anything) -> None:
    with suppress(OSError):
        while (content := source.recv(65536)) and may_pass(len(content)):
            drain.sendall(content)


@contextmanager
def relaying(relay: Relay, port: int) -> Iterator[int]:
    """The port of a relay to the server on another port of this machine."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", port)) as far:
                relay.forward(self.request, far)

    with _serving(ThreadingTCPServer(("127.0.0.1", 0), Handler)) as relay_port:
        try:
            yield relay_port
        finally:
            relay.cut()


@dataclass
class Script:
    """What a server answers to each method, one after another; the last of them to all that come later."""

    answers: dict[str, list[tuple[int, bytes]]]
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """Methods, in the order in which they came."""
    credentials: list[set[str]] = field(default_factory=list)
    """Which headers told who asks."""

    def next(self, method: str, headers: set[str]) -> tuple[int, bytes]:
        """Status and body."""
        self.asked.append(method)
        self.credentials.append(headers & {"authorization", "x-amz-security-token"})
        coming = self.answers[method]
        return coming.pop(0) if len(coming) > 1 else coming[0]


@contextmanager
def answering(script: Script) -> Iterator[int]:
    """The port of a server that answers as written."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body = script.next(self.command, {name.lower() for name in self.headers})
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Last-Modified", "Sun, 01 Mar 2026 09:00:00 GMT")
            self.send_header("ETag", '"1"')
            for name, value in script.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 - the names http.server looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Nobody reads it."""

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield port


@contextmanager
def _serving(server: TCPServer) -> Iterator[int]:
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
