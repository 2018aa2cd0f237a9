"""Health, metrics and documentation."""

import re

from fastapi.testclient import TestClient

from store.opening import Store
from tests.conftest import FakeClock
from tests.service.conftest import Phone


def test_readiness_follows_progress(client: TestClient, phone: Phone, clock: FakeClock) -> None:
    """A check-in that waits too long makes the server not ready, although everything answers."""
    assert client.get("/readyz").json()["ready"]
    phone.send()
    clock.advance(seconds=901)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["stages"]["transcribe"]["waiting"] == 1
    assert answer.json()["stages"]["transcribe"]["oldest_seconds"] == 901
    assert client.get("/healthz").status_code == 200


def test_metrics_count_stages_by_outcome(client: TestClient, sqlite_store: Store) -> None:
    """As a histogram whose buckets grow, from runs counted in the database."""
    with sqlite_store.unit_of_work() as work:
        for seconds in (0.2, 0.2, 7.0):
            work.stage_totals.add("transcribe", "transcribed", seconds=seconds)

    text = client.get("/metrics").text

    label = 'outcome="transcribed",stage="transcribe"'
    found = dict(re.findall(r'tandem_stage_seconds_bucket\{le="([^"]+)",' + label + r"\} (\S+)", text))
    assert (found["0.1"], found["0.25"], found["5.0"], found["10.0"], found["+Inf"]) == (
        "0.0",
        "2.0",
        "2.0",
        "3.0",
        "3.0",
    )
    assert f"tandem_stage_seconds_sum{{{label}}} 7.4" in text
    assert 'tandem_waiting{stage="transcribe"} 0.0' in text


def test_the_documentation_needs_no_other_host(client: TestClient) -> None:
    """Its page loads scripts and styles from here."""
    page = client.get("/docs").text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)

    assert loaded
    assert all(link.startswith("/") for link in loaded)
    assert all(client.get(link).status_code == 200 for link in loaded)
    assert "https://" not in page


def test_the_openapi_reads_like_documentation(client: TestClient) -> None:
    """Every operation has a summary, a description, and describes its problems."""
    paths = client.get("/openapi.json").json()["paths"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            assert operation["description"], (method, path)
            if operation.get("security"):
                assert "401" in operation["responses"], (method, path)
