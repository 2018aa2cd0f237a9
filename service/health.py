"""Health: does the process live, does the work move, and how much of it is done."""

from datetime import datetime
from math import inf

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from pydantic import Field

from schemas.base import Schema
from schemas.errors import ServerKeyInvalid, ServerKeyMissing
from service.dependencies import SettingsDep, StoreDep
from store.opening import Store
from store.stage_totals import BUCKETS
from store.stages import STAGES
from store.tables import StageTotal

router = APIRouter(tags=["Health"])


class Liveness(Schema):
    """The process answers."""

    status: str = "ok"


class StageBacklog(Schema):
    """What waits for a stage."""

    waiting: int
    """Check-ins."""
    oldest_seconds: float
    """How long the one that waits longest has waited since it was asked for."""
    queued: int | None
    """Jobs in the queue; null where Redis does not answer (the work waits in the database meanwhile)."""


class Readiness(Schema):
    """Whether new work can be taken in and is being done."""

    ready: bool
    server_keys: bool
    """Whether every server key is there that somebody's key is wrapped with."""
    stages: dict[str, StageBacklog] = Field(description="By the name of the stage.")


@router.get("/healthz", summary="Is the process alive")
async def read_liveness() -> Liveness:
    """The process lives. Asks no thread: they may all be waiting for a database that hangs."""
    return Liveness()


@router.get(
    "/readyz",
    summary="Does the work move",
    responses={503: {"model": Readiness, "description": "The work does not move."}},
)
def read_readiness(response: Response, store: StoreDep, settings: SettingsDep) -> Readiness:
    """The database answers, and nothing has waited too long: it is progress that counts, not a ping."""
    stages = backlog(store)
    keys = _keys_are_there(store)
    ready = keys and all(stage.oldest_seconds <= settings.ready_pending_seconds for stage in stages.values())
    response.status_code = 200 if ready else 503
    return Readiness(ready=ready, server_keys=keys, stages=stages)


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={200: {"content": {CONTENT_TYPE_LATEST: {}}}},
)
def read_metrics(store: StoreDep) -> Response:
    """Prometheus metrics. Counts and seconds; nothing about a person."""
    registry = CollectorRegistry()
    registry.register(StoreCollector(store))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _keys_are_there(store: Store) -> bool:
    try:
        with store.reading() as reading:
            reading.vault.check_all_there()
    except (ServerKeyMissing, ServerKeyInvalid):
        return False
    return True


def backlog(store: Store) -> dict[str, StageBacklog]:
    """What waits, by stage. Raises StorageUnavailable."""
    now = store.clock()
    with store.reading() as reading:
        waiting = {stage: reading.claims.waiting(stage) for stage in STAGES}
    return {
        stage.name: StageBacklog(waiting=count, oldest_seconds=_age(oldest, now), queued=store.wake_ups.waiting(stage))
        for stage, (count, oldest) in waiting.items()
    }


class StoreCollector(Collector):
    """Reads the metrics from the database, where all workers count: every API process shows the same."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def describe(self) -> list[Metric]:
        """Nothing is read when it is registered."""
        return []

    def collect(self) -> list[Metric]:
        """Backlog and stage seconds."""
        waiting = GaugeMetricFamily("tandem_waiting", "Check-ins that wait for a stage", labels=["stage"])
        age = GaugeMetricFamily("tandem_waiting_age_seconds", "Age of the oldest of them", labels=["stage"])
        for stage, left in backlog(self._store).items():
            waiting.add_metric([stage], left.waiting)
            age.add_metric([stage], left.oldest_seconds)
        return [waiting, age, self._stage_seconds()]

    def _stage_seconds(self) -> Metric:
        family = HistogramMetricFamily(
            "tandem_stage_seconds", "Time in a stage, by its outcome", labels=["stage", "outcome"]
        )
        with self._store.reading() as reading:
            totals = reading.stage_totals.all()
        for stage, outcome in dict.fromkeys((total.stage, total.outcome) for total in totals):
            own = [total for total in totals if (total.stage, total.outcome) == (stage, outcome)]
            seconds = sum(total.seconds for total in own)
            family.add_metric([stage, outcome], buckets=_cumulative(own), sum_value=seconds)
        return family


def _cumulative(totals: list[StageTotal]) -> list[tuple[str, float]]:
    """Prometheus counts everything up to a bound."""
    buckets = []
    for bound in BUCKETS:
        runs = sum(total.runs for total in totals if total.at_most <= bound)
        buckets.append(("+Inf" if bound == inf else str(bound), float(runs)))
    return buckets


def _age(oldest: datetime | None, now: datetime) -> float:
    return 0.0 if oldest is None else max((now - oldest).total_seconds(), 0.0)
