"""An RQ worker that runs jobs in its own process, where the model is loaded once.

Native threads and CUDA do not survive a fork, so this is a SimpleWorker. It has no parent that would notice a hang
or a crash: the keeper's deadline and the supervisor's watch over the heartbeat take that place, and the database
owns retries, so RQ's are not used. One queue for each process: a worker of several queues can lose a job (rq#2079).
"""

from types import FrameType

from rq import SimpleWorker
from rq.worker import WorkerStatus

from workers.attempts import ShiftEnded


class HotWorker(SimpleWorker):
    """Stops in the middle of a job when it is told to: the job hands its check-in back."""

    max_connection_wait_time = 2.0
    """When Redis comes back, so do we."""

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """SIGTERM or SIGINT."""
        busy = self.get_state() == WorkerStatus.BUSY
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # rq's own
        if busy:
            raise ShiftEnded
