"""Wake-ups in memory, for tests that are about something else."""

from uuid import UUID

from store.stages import Stage


class MemoryWakeUps:
    """Wake-ups that are only remembered."""

    def __init__(self) -> None:
        self.nudges: list[tuple[Stage, UUID, int]] = []
        self.announced: list[UUID] = []

    def nudge(self, stage: Stage, check_in_id: UUID, attempt: int) -> None:
        """Remember the nudge."""
        self.nudges.append((stage, check_in_id, attempt))

    def waiting(self, stage: Stage) -> int | None:
        """How many nudges of a stage have been taken in and not drained."""
        return sum(1 for nudged, _, _ in self.nudges if nudged is stage)

    def announce(self, account_id: UUID) -> None:
        """Remember the announcement."""
        self.announced.append(account_id)
