"""Logs hold ids, never words of a person."""

import ast
import json
import re
import subprocess
import sys

import pytest

from store.logs import FIELDS
from tests.rules.source import ROOT, Module, modules

LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
EVENT = re.compile(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*")
MARKER = "nobody may read this sentence"

PROGRAM = f"""
import logging, structlog
from store.logs import set_up_logs

set_up_logs(log_format={{log_format!r}}, process="test")
try:
    try:
        raise KeyError({MARKER!r})
    except KeyError as error:
        raise ValueError({MARKER!r}) from error
except ValueError as error:
    structlog.get_logger().error("ours.passed", exc_info=error)
    structlog.get_logger().error("ours.current", exc_info=True, transcript={MARKER!r}, check_in_id="7")
    logging.getLogger("library").exception({MARKER!r})
    logging.getLogger("library").warning("%s", {MARKER!r}, extra={{{{"text": {MARKER!r}}}}})
"""


def _logged(log_format: str) -> list[str]:
    """What a process writes to standard error that logs an exception in all ways there are."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(log_format=log_format)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_log_never_holds_the_message_of_an_exception(log_format: str) -> None:
    """Only its types and the place, whether we logged it or a library did."""
    lines = _logged(log_format)

    assert len(lines) == 4
    assert MARKER not in "\n".join(lines)
    assert all("ValueError < KeyError" in line for line in lines[:3])


def test_a_log_line_has_only_fields_of_the_list() -> None:
    """Other fields are dropped, whoever adds them."""
    lines = [json.loads(line) for line in _logged("json")]

    assert all(set(line) <= FIELDS for line in lines)
    assert [line["event"] for line in lines] == ["ours.passed", "ours.current", "library.logged", "library.logged"]
    assert lines[1]["check_in_id"] == "7"


def test_every_event_is_static_and_has_fields_of_the_list() -> None:
    """`noun.verbed`, then keywords the list knows: a field that would be dropped is a mistake to see here."""
    calls = [(module, call) for module in modules() for call in _log_calls(module)]

    assert calls
    assert [module.place(call) for module, call in calls if not _is_well_formed(call)] == []


def test_bound_fields_are_of_the_list() -> None:
    """What is bound once for many lines is held to the same list."""
    bound = [
        (module.place(call), keyword.arg)
        for module in modules()
        for name in ("bind", "bind_contextvars", "bound_contextvars")
        for call in module.calls(name)
        for keyword in call.keywords
        if isinstance(call.func, ast.Attribute) and "socket" not in ast.unparse(call.func.value)
    ]

    assert [(place, field) for place, field in bound if field not in FIELDS] == []
    assert bound


def test_there_is_one_way_to_log() -> None:
    """structlog as `log`: the rule above looks at that name."""
    makers = [
        (module.name, ast.unparse(node.targets[0]))
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith(("structlog.get", "logging.getLogger"))
    ]

    assert {name for _, name in makers} == {"log"}
    assert [module.name for module in modules() for _ in module.calls("getLogger")] == []


def _log_calls(module: Module) -> list[ast.Call]:
    return [
        call
        for level in LEVELS
        for call in module.calls(level)
        if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "log"
    ]


def _is_well_formed(call: ast.Call) -> bool:
    match call.args:
        case [ast.Constant(value=str(event))]:
            return bool(EVENT.fullmatch(event)) and all(word.arg in FIELDS | {"exc_info"} for word in call.keywords)
        case _:
            return False
