"""Accounts, and the sessions of the devices signed in to them."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from schemas.base import Schema, UtcDatetime

Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_lower=True, max_length=254, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$"
    ),
]
"""Only the shape is checked: whether an address works is known when a letter arrives."""


def _text(secret: SecretStr) -> SecretStr:
    try:
        secret.get_secret_value().encode()
    except UnicodeEncodeError:
        raise ValueError("not text that can be written as UTF-8") from None
    return secret


def _long_enough(password: SecretStr) -> SecretStr:
    if not 10 <= len(password.get_secret_value()) <= 256:
        raise ValueError("a password has 10 to 256 characters")
    return password


Secret = Annotated[SecretStr, Field(max_length=256), AfterValidator(_text)]
Password = Annotated[Secret, AfterValidator(_long_enough)]
"""10 to 256 characters."""
DeviceName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00-\x1f]*$")
]


class AccountCreate(Schema):
    """Sign up. The answer is a first session."""

    email: Email
    password: Password = Field(examples=["correct horse battery staple"])
    device_name: DeviceName = "phone"


class SessionCreate(Schema):
    """Sign in."""

    email: Email
    password: Secret
    device_name: DeviceName = "phone"


class SessionRefresh(Schema):
    """The refresh token last received."""

    refresh_token: Secret


class AccountRead(Schema):
    """Who is signed in."""

    id: UUID
    email: str
    created_at: UtcDatetime


class SessionTokens(Schema):
    """Opaque bearer tokens (RFC 6750) of one device."""

    account_id: UUID
    access_token: str
    """Send as `Authorization: Bearer …`."""
    refresh_token: str
    """Good for one refresh; the answer to that holds the next one."""
    token_type: str = "Bearer"  # noqa: S105 - a word of RFC 6750, no secret
    expires_in: int
    """Seconds the access token lives."""
