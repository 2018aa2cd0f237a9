"""An RQ worker that runs jobs in its own process, where the model is loaded once.

Native threads and CUDA do not survive a fork, so this is a SimpleWorker. It has no parent that would notice a hang
or a crash: the keeper's deadline and the supervisor's watch over the heartbeat take that place, and the database
owns retries, so RQ's are not used. One queue for each process: a worker of several queues can lose a job (rq#2079).
"""

from types import FrameType
from typing import Any

from rq import SimpleWorker
from rq.worker import WorkerStatus

from workers.shift import Gate


class HotWorker(SimpleWorker):
    """Stops in the middle of a job when it is told to: the job hands its check-in back."""

    max_connection_wait_time = 2.0
    """When Redis comes back, so do we."""

    def __init__(self, *arguments: Any, gate: Gate, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._gate = gate

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """SIGTERM or SIGINT. While it works Redis is not told, as RQ would do: it may be away, and we cannot wait."""
        if self.get_state() != WorkerStatus.BUSY:
            super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # rq's own
        self._stop_requested = True
        self._gate.end()
