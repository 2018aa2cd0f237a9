"""Settings of what API and workers share. Each is read from the environment as TANDEM_<NAME>."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class StoreSettings(BaseSettings):
    """Where things are kept, and how long work may take."""

    model_config = SettingsConfigDict(env_prefix="TANDEM_", use_attribute_docstrings=True, frozen=True, extra="ignore")

    data_folder: Path = Path("data")
    """Folder of the embedded database, queue and recordings."""
    database_url: str = ""
    """SQLAlchemy URL, e.g. postgresql+psycopg://user:password@host/name. Empty: SQLite in the data folder."""
    redis_url: str = ""
    """URL of Redis or Valkey, e.g. redis://host:6379/0. Empty: the embedded Valkey in the data folder."""
    server_keys_file: Path | None = None
    """File of the server keys, one a line in base64: they wrap the keys of all accounts, and whoever loses them loses
    everything. Empty: `server.keys` in the data folder, made at the first start."""
    server_keys: SecretStr | None = None
    """The server keys themselves, with commas between, in place of a file."""
    server_keys_factory: str = ""
    """`package.module:factory` of a `store.server_keys.ServerKeys`: a key management service."""
    lease_seconds: float = Field(default=12, gt=0)
    """How long a worker owns a check-in without a sign of life before others may take it."""
    sweep_seconds: float = Field(default=1, gt=0)
    """How often each process looks for work that was lost or not queued."""
    max_attempts: int = Field(default=3, ge=1)
    """Attempts at a stage, crashes included, before the check-in is failed. It can then be run again."""
    retry_seconds: float = Field(default=5, ge=0)
    """Wait before the second attempt after a temporary failure; doubles with each further one."""
    max_recording_minutes: float = Field(default=60, gt=0)
    """Longest recording, in minutes."""
    heartbeat_file: Path | None = None
    """File whose modification time shows that the process lives. `tandem up` sets it for each process."""
    log_format: str = Field(default="auto", pattern="^(auto|json|console)$")
    """`json`, `console` for people, or `auto`: console where standard error is a terminal."""

    @property
    def resolved_database_url(self) -> str:
        """The database, embedded one included."""
        return self.database_url or f"sqlite+pysqlite:///{self.data_folder.absolute() / 'tandem.sqlite3'}"

    @property
    def resolved_redis_url(self) -> str:
        """The queue server, embedded one included."""
        return self.redis_url or f"unix://{self.queue_socket}"

    @property
    def queue_socket(self) -> Path:
        """Socket of the embedded Valkey."""
        return self.data_folder.absolute() / "valkey.sock"

    @property
    def audio_folder(self) -> Path:
        """Folder of the recordings."""
        return self.data_folder.absolute() / "audio"

    @property
    def incoming_folder(self) -> Path:
        """Folder of what is arriving."""
        return self.data_folder.absolute() / "incoming"

    @property
    def uploads_folder(self) -> Path:
        """Folder of the parts of resumable uploads."""
        return self.data_folder.absolute() / "uploads"

    @property
    def resolved_server_keys_file(self) -> Path:
        """File of the server keys, the one in the data folder included."""
        return self.server_keys_file or self.data_folder.absolute() / "server.keys"
