"""The warm process: it has libav loaded, and forks a confined child for each request.

It runs alone (`WarmProcess` starts it) with its control socket as standard input, and ends when that closes.
"""

import gc
import math
import os
import resource
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from store.media.decoding import answer
from store.media.protocol import ACCEPTED, MAX_REQUEST_BYTES, NOT_FORKED, Request

_CONTROL = 0
_NOWHERE = 1
_MAX_OPEN_FILES = 16


def main() -> None:
    """Serve requests until the sandbox is gone, then end with all children that are still at work."""
    # The sandbox decides when this ends. A child that a stopping service manager signals must not look killed by
    # its recording.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the children
    gc.freeze()
    with socket.socket(fileno=_CONTROL) as control:
        _serve(control)
    os.killpg(0, signal.SIGKILL)


def _serve(control: socket.socket) -> None:
    while True:
        try:
            message, descriptors, _, _ = socket.recv_fds(control, MAX_REQUEST_BYTES, 2)
            if not message:
                return
            source, sink = descriptors
            control.sendall(_fork(Request.from_bytes(message), source, sink))
        except OSError:  # the sandbox went away between request and answer
            return


def _fork(request: Request, source: int, sink: int) -> bytes:
    try:
        child = os.fork()
    except OSError:
        return NOT_FORKED
    else:
        if child == 0:
            _work(request, source, sink)
        return ACCEPTED
    finally:
        os.close(source)
        os.close(sink)


def _work(request: Request, source: int, sink: int) -> NoReturn:
    """In the child. Whatever goes wrong shows in the missing end of the reply."""
    try:
        _close_all_but(source, sink)
        _confine(request)
        answer(request, source, sink)
    finally:
        os._exit(0)


def _confine(request: Request) -> None:
    signal.setitimer(signal.ITIMER_REAL, request.wall_seconds)  # SIGALRM has its default action: it kills
    _limit(resource.RLIMIT_CPU, math.ceil(request.cpu_seconds))
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, _MAX_OPEN_FILES)
    if sys.platform == "linux":  # elsewhere libraries are mapped far beyond what they use
        _limit(resource.RLIMIT_AS, request.memory_bytes)


def _limit(what: int, value: int) -> None:
    _, hard = resource.getrlimit(what)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, value))


def _close_all_but(source: int, sink: int) -> None:
    """Above all the control socket: held by a child it would never be seen to close."""
    os.dup2(_NOWHERE, _CONTROL)
    kept = {_CONTROL, _NOWHERE, _NOWHERE + 1, source, sink}
    for descriptor in {int(entry.name) for entry in Path("/dev/fd").iterdir()} - kept:
        with suppress(OSError):  # that of the listing itself is closed already
            os.close(descriptor)
