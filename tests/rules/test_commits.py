"""Rules about what may stand where: commits, HTTP errors, prints, broad excepts."""

import ast

from tests.rules.source import Module, last_name, modules


def _places(name: str) -> set[str]:
    return {module.name for module in modules() for _ in module.calls(name)}


def test_only_the_unit_of_work_commits() -> None:
    """So that messages leave after the commit, and nothing is half done; a migration is a transaction of its own."""
    assert _places("commit") == {"store/unit_of_work.py"}
    assert _places("begin") <= {"store/schema.py"}


def test_nobody_raises_http_errors() -> None:
    """An error of ours becomes a problem in one place; store and workers know no HTTP."""
    assert _places("HTTPException") <= {"service/problems.py"}


def test_only_the_command_line_prints() -> None:
    """Everything else has the log, which knows what it may tell."""
    assert {name for name in _places("print") if not name.startswith("tandem/")} == set()


def test_a_broad_except_says_why() -> None:
    """In a comment beside it: it hides mistakes, so there has to be a reason."""
    unexplained = [
        module.place(handler)
        for module in modules()
        for handler in ast.walk(module.tree)
        if isinstance(handler, ast.ExceptHandler) and _is_broad(handler) and not _is_explained(module, handler)
    ]

    assert unexplained == []


def _is_broad(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or last_name(kind) in {"Exception", "BaseException"} for kind in kinds)


def _is_explained(module: Module, handler: ast.ExceptHandler) -> bool:
    _, _, comment = module.lines[handler.lineno - 1].partition("#")
    reason = comment.split(" - ", 1)[-1] if "noqa" in comment else comment
    return len(reason.split()) > 2
