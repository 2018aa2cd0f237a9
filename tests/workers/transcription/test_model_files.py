"""The model comes in parts and must be the published one."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.errors import ModelInvalid
from workers.transcription.model_files import BASE, install, locate


def test_base_is_joined_and_reports_progress(tmp_path: Path) -> None:
    """The base model is joined once; progress ends at the size of its file."""
    told: list[tuple[int, int]] = []
    where = Path(locate("base", folder=tmp_path, on_progress=lambda done, total: told.append((done, total))))
    size = (where / "model.bin").stat().st_size
    assert told[-1] == (size, size)
    assert sorted(told) == told
    assert {file.name for file in where.iterdir()} >= {*BASE.files}


def test_a_joined_model_is_left_alone(tmp_path: Path) -> None:
    """The second start reads no model file."""
    model = Path(locate("base", folder=tmp_path)) / "model.bin"
    before = model.stat().st_ino
    assert locate("base", folder=tmp_path, on_progress=lambda *_: pytest.fail("joined again"))
    assert model.stat().st_ino == before


@pytest.mark.parametrize("name", BASE.files)
def test_a_truncated_file_is_repaired(tmp_path: Path, name: str) -> None:
    """A file that lost its end is written again."""
    file = Path(locate("base", folder=tmp_path)) / name
    size = file.stat().st_size
    os.truncate(file, size // 2)
    locate("base", folder=tmp_path)
    assert file.stat().st_size == size


def test_another_digest_is_refused(tmp_path: Path) -> None:
    """What is not the published model is not installed, and the error says what to do."""
    with pytest.raises(ModelInvalid, match=r"SHA-256.*pip install") as refused:
        install(replace(BASE, sha256="0" * 64), tmp_path)
    assert BASE.sha256 in refused.value.detail
    assert not (tmp_path / "model.bin").exists()


def test_missing_packages_are_named(tmp_path: Path) -> None:
    """Without its packages the error says how to install them."""
    with pytest.raises(ModelInvalid, match=r"no_such_package is not installed.*pip install"):
        install(replace(BASE, parts=(("no_such_package", "model.bin.part1"),)), tmp_path)


def test_two_starts_at_once_join_once(tmp_path: Path) -> None:
    """Whoever comes second waits for the first and finds the work done."""
    joined: list[int] = []

    def start(number: int) -> str:
        return locate("base", folder=tmp_path, on_progress=lambda *_: joined.append(number))

    with ThreadPoolExecutor(2) as pool:
        assert len(set(pool.map(start, range(2)))) == 1
    assert len(set(joined)) == 1


@pytest.mark.parametrize("model", ["small", "Systran/faster-whisper-small", "some/folder"])
def test_other_models_pass_through(tmp_path: Path, model: str) -> None:
    """A name of the hub, or a path, is faster-whisper's to resolve."""
    assert locate(model, folder=tmp_path) == model
