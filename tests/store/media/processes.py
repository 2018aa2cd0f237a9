"""Looking at processes from outside."""

import os
import select
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from schemas.recording import RecordingFormat
from store.media.protocol import Request, Task
from store.media.warm_process import WarmProcess
from tests.waiting import wait_until


def alive(pid: int) -> bool:
    """Whether it runs; one that has ended but was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in {"Z", "X"}


def children(pid: int) -> list[int]:
    """Its children, those that have ended without being waited for too."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def descriptors(pid: int) -> dict[int, str]:
    """What it holds open: null devices, sockets, pipes and files."""
    folder = Path(f"/proc/{pid}/fd")
    return {int(entry.name): str(entry.readlink()) for entry in folder.iterdir()}


@contextmanager
def blocked_child(process: WarmProcess, recording: BinaryIO) -> Iterator[int]:
    """A child that decodes a WAV into a pipe which nobody reads."""
    request = Request(Task.DECODE, RecordingFormat.WAV.value, 600, 400_000_000, 60, 60)
    pipe, sink = os.pipe()
    try:
        process.submit(request, recording.fileno(), sink)
        os.close(sink)
        wait_until(lambda: select.select([pipe], [], [], 0)[0], description="the child has written")
        (child,) = children(process.pid)
        yield child
    finally:
        os.close(pipe)


def environment(pid: int) -> str:
    """Its environment, as it was started."""
    return Path(f"/proc/{pid}/environ").read_text()


def open_mode(pid: int, descriptor: int) -> str:
    """Whether it may only read through a descriptor (r), or more."""
    fields = Path(f"/proc/{pid}/fdinfo/{descriptor}").read_text().split()
    flags = int(fields[fields.index("flags:") + 1], 8)
    return "r" if flags & os.O_ACCMODE == os.O_RDONLY else "w"
