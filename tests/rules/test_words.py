"""The project speaks of itself, is the same on every machine, and leaves nothing for later."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.rules.source import ROOT

FORBIDDEN = {
    "a registry's host": r"pypi[.]org|pythonhosted[.]org|npmjs[.]org|docker[.]io|ghcr[.]io|quay[.]io|gcr[.]io",
    "a path of one machine": r"(?<![\w.~*})\]/-])/(?:root|work|Users|home/\w+)(?![\w-])",
    "a note to oneself": r"\b(?:TO[D]O|FIX[M]E|XX[X])\b",
}
LONGEST_README = 150


@cache
def _files() -> dict[str, str]:
    """Every text file that is, or is about to be, part of the project."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - whichever is installed
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = sorted(name for name in listed.split("\0") if name and (ROOT / name).is_file())
    contents = {name: (ROOT / name).read_bytes() for name in names}
    return {name: content.decode() for name, content in contents.items() if b"\0" not in content and _is_text(content)}


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    """Registries are chosen by who installs, paths by who runs; what is to be done is done or is an issue."""
    pattern = re.compile(FORBIDDEN[what])
    found = [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in _files().items()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]

    assert found == []


def test_the_readme_is_short() -> None:
    """It leads to what is longer."""
    assert 0 < len(_files()["README.md"].splitlines()) < LONGEST_README


def test_the_changelog_tells_what_is_new() -> None:
    """It has a section for what is not released yet, or for the present version."""
    version = re.search(r'^version = "(.+)"$', _files()["pyproject.toml"], flags=re.MULTILINE)

    assert version
    assert re.search(rf"^## (Unreleased|{re.escape(version[1])})", _files()["CHANGELOG.md"], flags=re.MULTILINE)


def test_every_link_leads_somewhere() -> None:
    """Links between documents point at files that are there."""
    broken = [
        f"{name}: {target}"
        for name, text in _files().items()
        if name.endswith(".md")
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
        if "://" not in target and not (ROOT / Path(name).parent / target).exists()
    ]

    assert broken == []
