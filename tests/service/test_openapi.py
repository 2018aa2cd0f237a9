"""Schemathesis sends what the OpenAPI allows and what it forbids: the server never answers 5xx."""

from typing import Any

import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok

from tests.service.conftest import Phone


def test_no_request_is_an_error_of_the_server(client: TestClient, phone: Phone) -> None:
    """Every operation, with generated parameters and bodies, signed in."""
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    operations: list[Any] = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    endless = {"/v1/events"}
    chosen = [operation for operation in operations if operation.path not in endless]
    assert len(chosen) >= 14

    for operation in chosen:

        @given(case=operation.as_strategy())
        @settings(
            max_examples=15,
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        def send(case: Any) -> None:
            json_body = case.body if case.media_type == "application/json" else None
            answer = client.request(
                case.method,
                case.formatted_path,
                params=dict(case.query or {}) | ({"wait": 0} if "wait" in (case.query or {}) else {}),
                json=json_body if isinstance(json_body, dict | list | str) else None,
                headers=phone.headers,
            )
            assert answer.status_code < 500, (case.method, case.formatted_path, answer.text)

        send()


@given(header=st.text(max_size=40), raw=st.binary(max_size=300))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_upload_is_an_error_of_the_server(phone: Phone, header: str, raw: bytes) -> None:
    """Whatever the bytes, the boundary and the range are."""
    boundary = "".join(character for character in header if character.isascii() and character.isprintable())
    for content_type in ("audio/mp4", f"multipart/form-data; boundary={boundary}"):
        answer = phone.post("/check-ins", content=raw, headers={"Content-Type": content_type})
        assert 400 <= answer.status_code < 500
