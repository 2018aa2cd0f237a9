"""`make help` tells of every command."""

import re

from tests.rules.source import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^([a-z][a-z-]*):(.*)$", MAKEFILE, flags=re.MULTILINE)


def test_every_command_of_make_has_a_help_text() -> None:
    """Written beside it as `##`, from where `make help` takes it."""
    assert COMMANDS
    assert [name for name, rest in COMMANDS if not re.search(r"## \S", rest)] == []


def test_every_command_of_make_is_phony() -> None:
    """A file of the same name would keep it from running."""
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, flags=re.MULTILINE)

    assert phony
    assert set(phony[1].split()) == {name for name, _ in COMMANDS}


def test_the_documents_name_commands_that_exist() -> None:
    """Whoever copies `make …` from a document gets what it promises."""
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    named = {
        name
        for document in documents
        for name in re.findall(r"(?:^ {4}|`)make ([a-z][a-z-]*)", document.read_text(encoding="utf-8"), re.MULTILINE)
    }

    assert named <= {name for name, _ in COMMANDS}
