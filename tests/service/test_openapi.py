"""Every operation of the OpenAPI, with what it allows and what it forbids: no 5xx, no answer but those it tells of."""

from random import Random

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from schemathesis.core.failures import FailureGroup

from store.opening import Store
from tests.service.exploring import Explorer, operations_of

EXAMPLES = 10
NOT_REACHED = {401, 429}
"""Of an operation that answers nothing else no more was seen than its door."""


def test_every_operation_answers_as_the_openapi_says(client: TestClient, sqlite_store: Store) -> None:
    """Signed in, about check-ins that are there and some that are not; an operation that is added is asked as well."""
    explorer = Explorer(client, sqlite_store, Random(1))  # noqa: S311 - the same in each run
    operations = operations_of(client)
    for operation in operations:
        explorer.explore(operation, examples=EXAMPLES)

    assert set(explorer.statuses) == {operation.label for operation in operations}
    signed_in = {operation.label for operation in operations if operation.definition.raw.get("security")}
    assert {label for label in signed_in if set(explorer.statuses[label]) <= NOT_REACHED} == set()
    succeeded = [label for label, statuses in explorer.statuses.items() if min(statuses) < 300]
    assert len(succeeded) > len(operations) * 2 // 3


def test_an_answer_that_the_openapi_does_not_tell_of_is_found(sqlite_store: Store) -> None:
    """The test above can fail: here with a word in place of a number, and with a fault."""
    app = FastAPI()

    @app.get("/number")
    def read_number() -> int:
        raise ZeroDivisionError

    @app.get(
        "/word",
        response_model=None,
        responses={200: {"content": {"application/json": {"schema": {"type": "integer"}}}}},
    )
    def read_word() -> str:
        return "one"

    with TestClient(app, raise_server_exceptions=False) as client:
        explorer = Explorer(client, sqlite_store, Random(1))  # noqa: S311
        for operation in operations_of(client):
            with pytest.raises(FailureGroup):
                explorer.explore(operation, examples=1)
