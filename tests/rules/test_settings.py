"""Every setting has its meaning written under it, and a row in docs/settings.md that is still true."""

import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic.fields import FieldInfo

from service.settings import ServiceSettings
from store.settings import StoreSettings
from tests.rules.source import table_rows
from workers.settings import WorkerSettings

SETTINGS: dict[str, FieldInfo] = StoreSettings.model_fields | ServiceSettings.model_fields | WorkerSettings.model_fields
UNITS = {"_seconds": "seconds", "_minutes": "minutes", "_megabytes": "MB (10^6 bytes)"}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_is_documented(name: str) -> None:
    """With meaning, unit, default, and the processes that read it."""
    meaning, unit, default, process = table_rows("docs/settings.md")[f"TANDEM_{name.upper()}"]

    assert SETTINGS[name].description, "its meaning belongs under it, as a docstring"
    assert meaning
    assert unit == next((unit for ending, unit in UNITS.items() if name.endswith(ending)), unit)
    assert unit
    assert default.strip("`") == _shown(SETTINGS[name].get_default(call_default_factory=True))
    assert process == _process(name)


def test_the_document_names_no_other_setting() -> None:
    """What can be set is what is read."""
    documented = {name for name in table_rows("docs/settings.md") if name.startswith("TANDEM_")}

    assert documented == {f"TANDEM_{name.upper()}" for name in SETTINGS}


def _process(name: str) -> str:
    if name in StoreSettings.model_fields:
        return "all"
    return "API" if name in ServiceSettings.model_fields else "workers"


def _shown(default: Any) -> str:
    """A default as the document writes it, whatever machine it is computed on."""
    if default in {None, ""}:
        return "none" if default is None else "empty"
    if isinstance(default, Path) and default.is_relative_to(sys.prefix):
        return f"<environment>/{default.relative_to(sys.prefix)}"
    return str(default).replace(f"{socket.gethostname()}-{os.getpid()}", "<host>-<process id>")
