"""Clients that the tests run are locked as the rest is: by version and hash, from whichever registry is at hand."""

import json

from tests.rules.source import ROOT


def test_the_lock_names_hashes_and_no_host() -> None:
    """Whoever installs chooses where from."""
    text = (ROOT / "tests" / "clients" / "package-lock.json").read_text(encoding="utf-8")
    packages = {name: package for name, package in json.loads(text)["packages"].items() if name}

    assert "://" not in text
    assert "node_modules/tus-js-client" in packages
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
