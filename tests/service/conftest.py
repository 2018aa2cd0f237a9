"""A phone that is signed in, and one of somebody else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from tests.making import make_wav

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Phone:
    """What an app does, in one call each."""

    client: TestClient
    tokens: dict[str, Any]

    @property
    def headers(self) -> dict[str, str]:
        """Who speaks."""
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}

    def get(self, path: str, **options: Any) -> Response:
        """Read."""
        headers = self.headers | options.pop("headers", {})
        return self.client.get(f"/v1{path}", headers=headers, **options)

    def post(self, path: str, **options: Any) -> Response:
        """Send."""
        headers = self.headers | options.pop("headers", {})
        return self.client.post(f"/v1{path}", headers=headers, **options)

    def put(self, path: str, **options: Any) -> Response:
        """Replace."""
        return self.client.put(f"/v1{path}", headers=self.headers, **options)

    def patch(self, path: str, **options: Any) -> Response:
        """Change a part."""
        return self.client.patch(f"/v1{path}", headers=self.headers, **options)

    def delete(self, path: str) -> Response:
        """Delete."""
        return self.client.delete(f"/v1{path}", headers=self.headers)

    def send(self, audio: bytes | None = None, *, raw: bool = False, **fields: Any) -> Response:
        """Send a recording."""
        given = {"id": str(uuid4()), "recorded_at": "2026-03-01T09:30:00+01:00", "time_zone": "Europe/Berlin"}
        given |= fields
        content = make_wav() if audio is None else audio
        if raw:
            return self.post("/check-ins", params=given, content=content, headers={"Content-Type": "audio/wav"})
        return self.post("/check-ins", data=given, files={"audio": ("check-in.wav", content)})


@pytest.fixture
def sign_up(client: TestClient) -> Callable[[str], Phone]:
    """Make an account and take its phone in hand."""

    def make(email: str) -> Phone:
        answer = client.post("/v1/accounts", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        return Phone(client, answer.json())

    return make


@pytest.fixture
def phone(sign_up: Callable[[str], Phone]) -> Phone:
    """A phone of somebody."""
    return sign_up("kim@example.org")


@pytest.fixture
def stranger(sign_up: Callable[[str], Phone]) -> Phone:
    """A phone of somebody else."""
    return sign_up("sam@example.org")


@pytest.fixture
def problem() -> Callable[[Response], str]:
    """The name of the problem an answer holds; checks that the answer is one, in full."""

    def name(answer: Response) -> str:
        assert answer.headers["content-type"] == "application/problem+json"
        body = answer.json()
        assert body["status"] == answer.status_code
        assert body["title"]
        assert body["detail"]
        assert body["action"]
        return str(body["type"]).removeprefix("urn:tandem:problem:")

    return name
