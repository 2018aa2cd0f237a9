"""The store as one thing: database, audio and wake-ups, opened from settings or handed in by a test."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from store.audio import AudioStore, LocalAudioStore
from store.claims import ClaimRules
from store.database import Database
from store.recordings import Recordings
from store.remembered_keys import RememberingServerKeys
from store.s3_audio import S3AudioStore, S3Settings
from store.server_keys import LocalServerKeys, ServerKeys, from_factory
from store.settings import StoreSettings
from store.unit_of_work import UnitOfWork, reading, unit_of_work
from store.upload_parts import UploadParts
from store.wake_ups import RedisWakeUps, WakeUps, connect

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The clock outside of tests."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Store:
    """What API and workers share."""

    database: Database
    recordings: Recordings
    upload_parts: UploadParts
    wake_ups: WakeUps
    rules: ClaimRules
    keys: ServerKeys
    clock: Clock = utc_now

    def unit_of_work(self) -> AbstractContextManager[UnitOfWork]:
        """A transaction that is committed at the end of the block."""
        return unit_of_work(self.database.writing, self.wake_ups, self.rules, self.keys)

    def reading(self) -> AbstractContextManager[UnitOfWork]:
        """A transaction that only looks."""
        return reading(self.database.reading, self.rules, self.keys)

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
        recordings=Recordings(audio_store(settings), settings.incoming_folder),
        upload_parts=UploadParts(settings.uploads_folder),
        wake_ups=RedisWakeUps(connect(settings.resolved_redis_url)),
        rules=claim_rules(settings),
        keys=server_keys(settings),
    )


def audio_store(settings: StoreSettings) -> AudioStore:
    """A bucket where one is set, else the data folder."""
    if not settings.s3_bucket:
        return LocalAudioStore(settings.audio_folder)
    secret = settings.s3_secret_access_key
    return S3AudioStore(
        S3Settings(
            bucket=settings.s3_bucket,
            endpoint=settings.s3_endpoint,
            region=settings.s3_region,
            access_key_id=settings.s3_access_key_id,
            secret_access_key=secret.get_secret_value() if secret else "",
            prefix=settings.s3_prefix,
            allow_http=settings.s3_endpoint.startswith("http://"),
        )
    )


def server_keys(settings: StoreSettings) -> ServerKeys:
    """The server's keys as set. Raises ServerKeyInvalid; that a file of them is missing shows when it is read."""
    if settings.server_keys_factory:
        return RememberingServerKeys(from_factory(settings.server_keys_factory))
    if settings.server_keys:
        return LocalServerKeys(text=settings.server_keys.get_secret_value())
    return LocalServerKeys(file=settings.resolved_server_keys_file)
