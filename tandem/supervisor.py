"""The supervisor: starts processes, restarts those that end or hang, and leaves none behind."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

FIRST_BEAT_SECONDS = 90.0
"""A process may take this long until its first beat."""
STALE_SECONDS = 15.0
"""A process without a beat for this long is taken to hang."""
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
"""A process that ran this long has recovered: its next restart is quick again."""
STOP_SECONDS = 30.0
"""Between SIGTERM and SIGKILL."""
POLL_SECONDS = 0.2

log = structlog.get_logger()


@dataclass(frozen=True)
class Program:
    """One process to keep running."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    heartbeat_file: Path | None = None
    """Touched by the process while it lives; None: only its end is noticed."""
    ready: Callable[[], bool] = lambda: True
    """The next program is started when this holds."""


class Supervisor:
    """Runs programs until `stop` is called. Not for use from several threads, but for `stop`."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self._children = [_Child(program) for program in programs]
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Ask `run` to end."""
        self._stopping.set()

    def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Start all in order, call `on_ready`, watch over them; stop all in reverse order before it returns."""
        try:
            for child in self._children:
                self._start_until_ready(child)
            if not self._stopping.is_set():
                on_ready()
            while not self._stopping.wait(POLL_SECONDS):
                self._watch()
        finally:
            for child in reversed(self._children):
                child.stop()

    def _start_until_ready(self, child: "_Child") -> None:
        while not self._stopping.is_set():
            self._watch_one(child)
            if child.running and child.program.ready():
                return
            self._stopping.wait(POLL_SECONDS / 4)

    def _watch(self) -> None:
        for child in self._children:
            self._watch_one(child)

    def _watch_one(self, child: "_Child") -> None:
        child.notice_end()
        if child.hangs():
            log.error("process.hangs", name=child.program.name, pid=child.pid)
            child.kill()
        elif child.due():
            child.start()


class _Child:
    """A program's present process, and when the next may start."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._start_at = 0.0
        self._pause = POLL_SECONDS
        self._beat = 0.0
        self._seen_at = 0.0

    @property
    def running(self) -> bool:
        return self._process is not None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def due(self) -> bool:
        return self._process is None and time.monotonic() >= self._start_at

    def start(self) -> None:
        if self.program.heartbeat_file:
            self.program.heartbeat_file.unlink(missing_ok=True)
        self._process = subprocess.Popen(  # noqa: S603 - our own programs
            list(self.program.argv),
            env={**os.environ, **self.program.env},
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which then stops all in order
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - no threads yet
        )
        self._started_at = time.monotonic()
        log.info("process.started", name=self.program.name, pid=self.pid)

    def notice_end(self) -> None:
        if self._process is None or (status := self._process.poll()) is None:
            return
        log.warning("process.ended", name=self.program.name, pid=self.pid, exit_code=status)
        self._process = None
        steady = time.monotonic() - self._started_at > STEADY_SECONDS
        self._pause = POLL_SECONDS if steady else min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        self._start_at = time.monotonic() + self._pause

    def hangs(self) -> bool:
        if self._process is None or self.program.heartbeat_file is None:
            return False
        try:
            beat = self.program.heartbeat_file.stat().st_mtime
        except FileNotFoundError:
            return time.monotonic() - self._started_at > FIRST_BEAT_SECONDS
        if beat != self._beat:  # by our own clock: the wall clock jumps, above all when a laptop wakes up
            self._beat, self._seen_at = beat, time.monotonic()
        return time.monotonic() - self._seen_at > STALE_SECONDS

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        self._process.send_signal(signal.SIGCONT)  # one that was stopped cannot end otherwise
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("process.killed", name=self.program.name, pid=self.pid)
            self.kill()
        self._process = None


def _end_with_parent() -> None:
    """Have the kernel end this process when the supervisor is gone, even by SIGKILL (prctl(2))."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)
