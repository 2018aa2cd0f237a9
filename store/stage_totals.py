"""How often each stage ran, how it ended and how long it took: counted with the result, in its transaction.

Workers come and go, so their counts live in the database, and any API process can show them all.
"""

from collections.abc import Sequence
from math import inf

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from store.database import DatabaseSession
from store.tables import StageTotal

BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, inf)
"""Upper bounds in seconds."""
_OPEN_END = 1e9
"""Stands for infinity in the database."""


class StageTotals:
    """A histogram for each stage and outcome."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    def add(self, stage: str, outcome: str, *, seconds: float) -> None:
        """Count one run."""
        bound = next(bucket for bucket in BUCKETS if seconds <= bucket)
        place: dict[str, str | float] = {"stage": stage, "outcome": outcome, "at_most": min(bound, _OPEN_END)}
        if not self._raise(place, seconds):
            try:
                with self._session.begin_nested():
                    self._session.add(StageTotal(**place, runs=1, seconds=seconds))
            except IntegrityError:  # another worker opened the bucket at the same moment
                self._raise(place, seconds)

    def all(self) -> Sequence[StageTotal]:
        """Every bucket that was ever filled."""
        order = (StageTotal.stage, StageTotal.outcome, StageTotal.at_most)
        return self._session.scalars(select(StageTotal).order_by(*order)).all()

    def _raise(self, place: dict[str, str | float], seconds: float) -> bool:
        raised = self._session.execute(
            update(StageTotal)
            .filter_by(**place)
            .values(runs=StageTotal.runs + 1, seconds=StageTotal.seconds + seconds)
            .returning(StageTotal.id)
        ).one_or_none()
        return raised is not None
