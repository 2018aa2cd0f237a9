"""The warm process as the sandbox holds it: started from nothing, asked, ended."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from store.media.protocol import ACCEPTED, Request

_ROOT = Path(__file__).parents[2]
_MAIN = "import sys; sys.path.append(sys.argv[1]); from store.media.decoder_process import main; main()"
_ENVIRONMENT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_ANSWER_SECONDS = 30
"""Within which a request is taken up, start of the process included."""
_ENDING_SECONDS = 5


class WarmProcess:
    """One process of `store.media.decoder_process`."""

    def __init__(self) -> None:
        """Start it. Raises OSError. It inherits no descriptor but its socket, and none of our environment's secrets."""
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        self._control, theirs = socket.socketpair()
        self._control.settimeout(_ANSWER_SECONDS)
        try:
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own words
                    [sys.executable, "-I", "-c", _MAIN, str(_ROOT)],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd="/",
                    env=environment,
                    start_new_session=True,
                )
        except OSError:
            self._control.close()
            raise

    @property
    def pid(self) -> int:
        """Its process id; of its process group too."""
        return self._process.pid

    def submit(self, request: Request, source: int, sink: int) -> None:
        """Have a child read the recording from one descriptor and write its reply into the other.

        Raises OSError where the process is gone, does not answer or could not fork.
        """
        socket.send_fds(self._control, [request.to_bytes()], [source, sink])
        if self._control.recv(1) != ACCEPTED:
            raise ConnectionAbortedError

    def end(self) -> None:
        """End it and its children."""
        self._control.close()
        try:
            self._process.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
