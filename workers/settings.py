"""Settings of the workers. Each is read from the environment as TANDEM_<NAME>."""

import os
import socket
import sys
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from store.settings import StoreSettings
from store.stages import TAG, TRANSCRIBE
from workers.letters import CODE, read_sender
from workers.smtp import smtp_server


class WorkerKind(StrEnum):
    """A kind of worker, by the name of the queue it works."""

    TRANSCRIPTION = TRANSCRIBE.queue
    LIGHT = TAG.queue


class WorkerSettings(StoreSettings):
    """Which model, on what, and how long it may take."""

    worker_name: str = Field(default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}")
    """Unique among the workers that run at a time. One that is kept over restarts lets a worker take back at once
    what its predecessor held when it died."""
    model: str = "base"
    """Whisper model: `base` (installed with Tandem), or any name or path that faster-whisper takes."""
    models_folder: Path = Path(sys.prefix) / "share" / "tandem" / "models"
    """Where the installed model is joined from its parts, once."""
    device: str = Field(default="auto", pattern="^(auto|cpu|cuda)$")
    """auto: CUDA where there is some, else the CPU."""
    compute_type: str = "default"
    """CTranslate2's types: int8, int8_float16, float16, float32. default: int8 on the CPU, float16 on CUDA."""
    threads: int = Field(default=0, ge=0)
    """Threads of the model on the CPU; 0: one for each core. Up to four batches share them."""
    batch_seconds: float = Field(default=320, ge=0, le=7200)
    """Seconds of audio that a job takes up together, of whatever waits; 0: one recording at a time. Decoded, a minute
    takes 4 MB."""
    beat_seconds: float = Field(default=3, gt=0)
    """How often a worker shows a sign of life. Well below a third of the lease."""
    deadline_seconds: float = Field(default=60, gt=0)
    """What an attempt may take, whatever its length; longer, and the worker ends itself, which counts as a crash."""
    deadline_per_audio_second: float = Field(default=4, ge=0)
    """And for each second of the recording."""
    mail_from: str = Field(default="", validate_default=True)
    """Who letters come from, e.g. Tandem <no-reply@example.org>. Needed where they are sent."""
    reset_url: str = ""
    """What the letter to somebody who forgot their password leads to, with {token} for the code, e.g.
    https://app.example.org/reset#{token}: behind a #, no server's log has it. Empty: the code is shown."""

    @field_validator("smtp_url")
    @classmethod
    def _is_mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value:
            smtp_server(value.get_secret_value())
        return value

    @field_validator("mail_from")
    @classmethod
    def _is_sender(cls, value: str, info: ValidationInfo) -> str:
        if value or info.data.get("smtp_url"):
            read_sender(value)
        return value

    @field_validator("reset_url")
    @classmethod
    def _holds_the_code(cls, value: str) -> str:
        if value and (CODE not in value or urlsplit(value).scheme in {"", "http"}):
            raise ValueError("it has a scheme, other than http, and {token} in the place of the code")
        return value
