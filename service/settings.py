"""Settings of the API. Each is read from the environment as TANDEM_<NAME>."""

from pydantic import Field

from store.settings import StoreSettings


class ServiceSettings(StoreSettings):
    """Where it listens and what it accepts."""

    host: str = "127.0.0.1"
    """Address to listen on. 0.0.0.0 for every interface."""
    port: int = Field(default=8000, ge=1, le=65535)
    """Port to listen on."""
    max_recording_megabytes: float = Field(default=100, gt=0)
    """Largest recording, in MB (10^6 bytes)."""
    max_wait_seconds: float = Field(default=30, ge=0)
    """Longest long poll."""
    ready_pending_seconds: float = Field(default=900, gt=0)
    """/readyz answers 503 when work has waited longer than this."""

    @property
    def max_recording_bytes(self) -> int:
        """The limit in bytes."""
        return int(self.max_recording_megabytes * 1_000_000)
