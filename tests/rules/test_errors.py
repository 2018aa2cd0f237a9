"""Every error we foresaw has a status, a name, words for a person, and a place in the picture and in the document."""

import ast
import re
from collections.abc import Iterator
from inspect import getdoc

import pytest

from schemas import errors
from schemas.check_in import FAILURE_ACTIONS, FailureReason
from schemas.errors import TandemError
from service.problems import status_of, type_of
from tests.rules.source import last_name, modules, table_rows


def _family(error: type[TandemError]) -> Iterator[type[TandemError]]:
    yield error
    for child in error.__subclasses__():
        if child.__module__.startswith(f"{errors.__name__}."):
            yield from _family(child)


ERRORS = list(_family(TandemError))


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_is_explained(error: type[TandemError]) -> None:
    """It tells what happened and what to do, and docs/problems.md has a row with its name and its status."""
    rows = table_rows("docs/problems.md")

    assert error.title
    assert error.action
    assert rows[type_of(error)][0] == str(status_of(error))
    assert all(rows[type_of(error)])


def test_every_problem_of_the_document_exists() -> None:
    """A phone that handles a documented name handles one that can come, and each name means one error."""
    names = [type_of(error) for error in ERRORS]

    assert len(set(names)) == len(names)
    assert {name for name in table_rows("docs/problems.md") if name.startswith("urn:")} == set(names)


def test_every_reason_of_a_failure_is_documented() -> None:
    """A check-in that failed tells the person what to do, in the answer and in the document."""
    assert set(FAILURE_ACTIONS) == set(FailureReason)
    assert set(FailureReason) <= set(table_rows("docs/problems.md"))


def test_every_error_of_the_project_stands_in_one_place() -> None:
    """No error is declared elsewhere, where nobody would map it to a status."""
    names = {error.__name__ for error in ERRORS}
    strangers = [
        module.place(node)
        for module in modules()
        if not module.name.startswith("schemas/errors/")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and names & {last_name(base) for base in node.bases}
    ]

    assert strangers == []


def test_the_picture_shows_the_tree() -> None:
    """The picture at the top of schemas/errors has every error under its parent, and nothing else."""
    assert _pictured(getdoc(errors) or "") == {
        child.__name__: parent.__name__ for parent in ERRORS for child in parent.__subclasses__()
    }


def _pictured(picture: str) -> dict[str, str]:
    """Child and parent of each line of a picture drawn four columns a level."""
    parents: dict[str, str] = {}
    above = ["TandemError"]
    for indent, name in re.findall(r"^([│ ]*[├└]── )(\w+)", picture, flags=re.MULTILINE):
        level = len(indent) // 4
        parents[name] = above[level - 1]
        above[level:] = [name]
    return parents
