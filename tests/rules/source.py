"""The project's own source, as text and as trees, for tests that hold rules about it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("schemas", "store", "reflection", "service", "workers", "tandem")


@dataclass(frozen=True)
class Module:
    """One file of ours."""

    path: Path

    @property
    def name(self) -> str:
        """Its path from the root, with slashes."""
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def lines(self) -> list[str]:
        """Its text."""
        return self.path.read_text(encoding="utf-8").splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse("\n".join(self.lines))

    def calls(self, name: str) -> Iterator[ast.Call]:
        """Calls of a method or a function of this name."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and last_name(node.func) == name:
                yield node

    def place(self, node: ast.expr | ast.stmt | ast.ExceptHandler) -> str:
        """Where to look, for a message."""
        return f"{self.name}:{node.lineno}"


def modules() -> list[Module]:
    """All modules of the five packages."""
    return [Module(path) for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def last_name(expression: ast.expr) -> str | None:
    """`commit` of `session.commit`, `print` of `print`."""
    if isinstance(expression, ast.Attribute):
        return expression.attr
    return expression.id if isinstance(expression, ast.Name) else None


def table_rows(document: str) -> dict[str, list[str]]:
    """The rows of a document's Markdown tables by their first cell, bare of backticks; the others as written."""
    rows = {}
    for line in (ROOT / document).read_text(encoding="utf-8").splitlines():
        if line.startswith("|") and not line.startswith("|-"):
            first, *others = (cell.strip() for cell in line.strip("|").split("|"))
            rows[first.strip("`")] = others
    return rows
