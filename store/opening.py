"""The store as one thing: database, audio and wake-ups, opened from settings or handed in by a test."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from store.audio import AudioStore, LocalAudioStore
from store.claims import ClaimRules
from store.database import Database
from store.settings import StoreSettings
from store.unit_of_work import UnitOfWork, reading, unit_of_work
from store.wake_ups import RedisWakeUps, WakeUps, connect

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The clock outside of tests."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Store:
    """What API and workers share."""

    database: Database
    audio: AudioStore
    wake_ups: WakeUps
    rules: ClaimRules
    clock: Clock = utc_now

    def unit_of_work(self) -> AbstractContextManager[UnitOfWork]:
        """A transaction that is committed at the end of the block."""
        return unit_of_work(self.database.writing, self.wake_ups, self.rules)

    def reading(self) -> AbstractContextManager[UnitOfWork]:
        """A transaction that only looks."""
        return reading(self.database.reading, self.rules)

    def close(self) -> None:
        """Let go of all connections."""
        self.database.close()


def claim_rules(settings: StoreSettings) -> ClaimRules:
    """The rules of claims as set."""
    return ClaimRules(
        lease=timedelta(seconds=settings.lease_seconds),
        max_attempts=settings.max_attempts,
        retry_after=timedelta(seconds=settings.retry_seconds),
    )


def open_store(settings: StoreSettings) -> Store:
    """The real thing."""
    return Store(
        database=Database(settings.resolved_database_url),
        audio=LocalAudioStore(settings.audio_folder),
        wake_ups=RedisWakeUps(connect(settings.resolved_redis_url)),
        rules=claim_rules(settings),
    )
