"""Settings of what API and workers share. Each is read from the environment as TANDEM_<NAME>."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
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
    s3_bucket: str = ""
    """Bucket for the recordings, in S3 or a store that speaks its protocol. Empty: the data folder."""
    s3_endpoint: str = Field(default="", pattern="^(https?://.+)?$")
    """URL of the store, e.g. https://s3.example.org; http sends without TLS. Empty: Amazon's, of the region."""
    s3_region: str = ""
    """Region of the bucket. Empty: AWS_REGION, or us-east-1."""
    s3_access_key_id: str = ""
    """Who asks. Empty: the AWS_ variables, or the role of the machine or container."""
    s3_secret_access_key: SecretStr | None = None
    """The secret of the access key."""
    s3_prefix: str = ""
    """What the names of all objects begin with, before a slash: each database has its own in a shared bucket."""
    server_keys_file: Path | None = None
    """File of the server keys, one a line in base64: they wrap the keys of all accounts, and whoever loses them loses
    everything. Empty: `server.keys` in the data folder, made at the first start."""
    server_keys: SecretStr | None = None
    """The server keys themselves, with commas between, in place of a file."""
    server_keys_factory: str = ""
    """`package.module:factory` of a `store.server_keys.ServerKeys`: a key management service."""
    smtp_url: SecretStr | None = None
    """Mail server for letters to people who forgot their password, e.g. smtp://user:password@host:587 (STARTTLS, which
    only a server on this machine may do without) or smtps://user:password@host. Empty: none are sent."""
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

    @model_validator(mode="after")
    def _key_and_secret_belong_together(self) -> Self:
        if bool(self.s3_access_key_id) != bool(self.s3_secret_access_key):
            raise ValueError("set both TANDEM_S3_ACCESS_KEY_ID and TANDEM_S3_SECRET_ACCESS_KEY, or neither")
        return self

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
