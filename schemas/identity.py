"""Identities: accounts as Apple, Google and other issuers of OpenID Connect know them."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from schemas.account import DeviceName, text_only
from schemas.base import Schema, UtcDatetime

IdToken = Annotated[SecretStr, Field(max_length=16_000), AfterValidator(text_only)]
Nonce = Annotated[str, StringConstraints(min_length=8, max_length=256, pattern=r"^[!-~]+$")]
Provider = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z][a-z0-9-]*$")]


class IdentityCreate(Schema):
    """What an SDK for signing in gave the app."""

    provider: Provider = Field(examples=["apple", "google"])
    """`apple`, `google`, or another that this server was set up with."""
    id_token: IdToken
    nonce: Nonce
    """Random, and new for each sign-in. The SDK is given not this but its SHA-256, in lower-case hex, beforehand; that
    has to be the `nonce` claim of the token. So whoever gets hold of the token alone cannot use it."""


class OidcSessionCreate(IdentityCreate):
    """Sign in, or up, by somebody else's word."""

    device_name: DeviceName = "phone"


class IdentityRead(Schema):
    """A way to sign in."""

    id: UUID
    provider: str | None
    """As in `POST /v1/sessions/oidc`; null where this server is not set up with it any more."""
    issuer: str
    linked_at: UtcDatetime
