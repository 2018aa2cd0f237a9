"""An issuer of ID tokens on this machine: discovery, a key set, and tokens with any claim wrong that a test wants."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

APP = "org.example.app"
NONCE = "a-nonce-of-this-test"
SUBJECT = "subject-7"
Key = RSAKey | ECKey


class LocalIssuer:
    """Its documents can be changed, and the requests for them are counted."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_port}"
        self.keys: list[Key] = []
        self.discovery: dict[str, Any] = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        self.beside: list[Any] = []
        """What else stands in the key set."""
        self.status = 200
        self.asked: list[str] = []

    def rotate(self, key: Key | None = None) -> None:
        """A new key in the place of all others."""
        self.keys = [key or RSAKey.generate_key(2048, {"kid": f"key-{len(self.asked)}", "use": "sig"})]

    def answer(self, path: str) -> Any:
        """The document at a path."""
        self.asked.append(path)
        if path == "/keys":
            return {"keys": [*self.beside, *(key.as_dict(private=False) for key in self.keys)]}
        return self.discovery

    def claims(self, now: datetime, **claims: Any) -> dict[str, Any]:
        """Those of a good token, but for the ones given; None leaves one out."""
        issued = int(now.timestamp())
        good = {
            "iss": self.url,
            "aud": APP,
            "sub": SUBJECT,
            "iat": issued,
            "exp": issued + 600,
            "nonce": sha256(NONCE.encode()).hexdigest(),
            "email": "kim@example.org",
            "email_verified": True,
        }
        return {name: value for name, value in (good | claims).items() if value is not None}

    def sign(self, claims: Mapping[str, Any], *, key: Key | None = None, **header: Any) -> str:
        """With the present key, unless another is given."""
        signing = key or self.keys[0]
        algorithm = "RS256" if isinstance(signing, RSAKey) else "ES256"
        return jwt.encode({"alg": algorithm, "kid": signing.kid} | header, dict(claims), signing)

    def token(self, now: datetime, **claims: Any) -> str:
        """A signed one."""
        return self.sign(self.claims(now, **claims))


@contextmanager
def local_issuer() -> Iterator[LocalIssuer]:
    """One that answers during the block."""

    class Documents(BaseHTTPRequestHandler):
        issuer: ClassVar[LocalIssuer]

        def do_GET(self) -> None:
            content = json.dumps(self.issuer.answer(self.path)).encode()
            self.send_response(self.issuer.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_told: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Documents) as server:
        Documents.issuer = LocalIssuer(server)
        Documents.issuer.rotate()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield Documents.issuer
        server.shutdown()
        thread.join()
