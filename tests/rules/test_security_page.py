"""docs/security.md claims nothing of what is not there: tests, files, routes, settings, problems, commands, figures."""

import re

import pytest
from fastapi.routing import APIRoute
from typer.main import get_command_name

from schemas.errors import TandemError
from service.app import LIMITED
from service.problems import type_of
from service.settings import ServiceSettings
from store.accesses import ONCE_WITHIN
from store.exports import LIFETIME as EXPORT_LIFETIME
from store.password_resets import LIFETIME as CODE_LIFETIME
from store.sealed_file import CHUNK_BYTES
from store.sealing import KEY_BYTES, NONCE_BYTES
from store.sessions import ACCESS_LIFETIME, GRACE, REFRESH_LIFETIME
from store.uploads import MOST_OPEN
from tandem.__main__ import app
from tests.rules.source import ROOT, table_rows
from workers.settings import WorkerSettings

PAGE = "docs/security.md"
TEXT = (ROOT / PAGE).read_text(encoding="utf-8")
ITEMS = {name: cells for name, cells in table_rows(PAGE).items() if re.fullmatch(r"\d+\.\d+\.\d+", name)}
"""Rows of the table of ASVS, by their numbers: level, what is asked for, how it is met, test."""

FIGURES = [
    f"access token for {ACCESS_LIFETIME.seconds // 60} minutes",
    f"refresh token for {REFRESH_LIFETIME.days} days",
    f"for {GRACE.seconds} seconds in which",
    f"works once, for {CODE_LIFETIME.seconds // 60} minutes",
    f"or {EXPORT_LIFETIME.days} days",
    f"chunks of {CHUNK_BYTES // 1024} KiB",
    f"nonce of {8 * NONCE_BYTES} bits",
    f"{KEY_BYTES} random bytes",
    f"that an account has open ({MOST_OPEN})",
    {10: "within\nten minutes is one look"}[ONCE_WITHIN.seconds // 60],
]


def _named(pattern: str) -> set[str]:
    return set(re.findall(pattern, TEXT))


def _problems(error: type[TandemError]) -> set[str]:
    return {type_of(error)}.union(*(_problems(child) for child in error.__subclasses__()))


def test_every_test_and_file_it_names_exists() -> None:
    """Whoever doubts a claim finds what holds it."""
    files = _named(r"`((?:tests|store|service|workers|schemas|tandem|bench|\.ci|locks)/[\w./-]*)`")

    assert len(files) > 30
    assert {file for file in files if not (ROOT / file).exists()} == set()


def test_every_item_is_there_once_and_in_order() -> None:
    """With its level, and with a test that exists or none."""
    numbers = re.findall(r"^\| (\d+\.\d+\.\d+) \|", TEXT, flags=re.MULTILINE)

    assert len(numbers) > 150
    assert numbers == sorted(set(numbers), key=lambda number: [int(part) for part in number.split(".")])
    assert {cells[0] for cells in ITEMS.values()} <= {"1", "2", "3"}
    tests = [cells[3] for cells in ITEMS.values()]
    assert [test for test in tests if not re.fullmatch(r"\u2013|`tests/[\w/]+/test_\w+\.py`", test)] == []


def test_what_is_not_met_is_said_first() -> None:
    """In the sentence above the table, and at the beginning of each row."""
    told = re.search(r"Not met are ([\d.,\s]+);", TEXT)

    assert told
    assert re.findall(r"[\d.]+", told[1]) == [name for name, cells in ITEMS.items() if cells[2].startswith("not met")]
    assert [name for name, cells in ITEMS.items() if re.search(r".\b(not met|in part)\b", cells[2])] == []


def test_every_route_it_names_exists() -> None:
    """With its method."""
    routes = {
        f"{method} {route.path}"
        for part in LIMITED
        for route in part.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    named = _named(r"`((?:GET|HEAD|POST|PUT|PATCH|DELETE) /[^`]*)`")

    assert len(named) > 5
    assert named - routes == set()


def test_every_setting_problem_and_command_it_names_exists() -> None:
    """As the code calls them."""
    settings = {f"TANDEM_{name.upper()}" for name in ServiceSettings.model_fields | WorkerSettings.model_fields}
    commands = {get_command_name(command.callback.__name__) for command in app.registered_commands if command.callback}
    groups = {
        f"{group.name} {command.name or get_command_name(command.callback.__name__)}"
        for group in app.registered_groups
        if group.typer_instance
        for command in group.typer_instance.registered_commands
        if command.callback
    }

    assert _named(r"TANDEM_[A-Z0-9_]+") - settings == set()
    assert _named(r"urn:tandem:problem:[a-z-]+") - _problems(TandemError) == set()
    assert _named(r"`tandem ([a-z ]+)`") - commands - groups == set()


@pytest.mark.parametrize("figure", FIGURES)
def test_figures_are_those_of_the_code(figure: str) -> None:
    """Lifetimes and sizes: a promise that is older than the code is none."""
    assert figure in TEXT
