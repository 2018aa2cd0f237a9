"""Accounts, and the sessions of the devices signed in to them."""

from typing import Annotated, TypeVar
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from schemas.base import Schema, UtcDatetime
from schemas.language import Language

Item = TypeVar("Item")

Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_lower=True, max_length=254, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$"
    ),
]
"""Only the shape is checked: whether an address works is known when a letter arrives."""


def text_only(secret: SecretStr) -> SecretStr:
    """Refuses half characters, which no database and no hash can take. Raises ValueError."""
    try:
        secret.get_secret_value().encode()
    except UnicodeEncodeError:
        raise ValueError("not text that can be written as UTF-8") from None
    return secret


def _long_enough(password: SecretStr) -> SecretStr:
    if not 10 <= len(password.get_secret_value()) <= 256:
        raise ValueError("a password has 10 to 256 characters")
    return password


Secret = Annotated[SecretStr, Field(max_length=256), AfterValidator(text_only)]
Password = Annotated[Secret, AfterValidator(_long_enough)]
"""10 to 256 characters."""
DeviceName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00-\x1f]*$")
]


def _each_once(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """In the order of their first places."""
    return tuple(dict.fromkeys(items))


Languages = Annotated[tuple[Language, ...], Field(max_length=8), AfterValidator(_each_once)]
"""At most 8; one that comes twice counts once."""
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=50, pattern=r"^[^\x00-\x1f\x7f-\x9f<|>]*$"),
]
"""1 to 50 characters, on one line, without <, | and >: Whisper's tokens of control are written with them."""
Vocabulary = Annotated[tuple[Name, ...], Field(max_length=100), AfterValidator(_each_once)]
"""At most 100 names; one that comes twice counts once. Whisper reads about 220 tokens of them, some 50 to 100 names:
those that matter most come first."""


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


class AccountUpdate(Schema):
    """What a person tells about their speech, and wants kept. What is left out stays as it is."""

    languages: Languages | None = None
    """Those the person speaks, at most 8. Empty: any. A language given with a check-in or a run wins."""
    vocabulary: Vocabulary | None = None
    """Names of people and places they speak of, at most 100, each of 1 to 50 characters. Empty: none."""
    keep_audio_days: Annotated[int, Field(ge=0, le=36_500)] | None = None
    """Delete each recording so many days after its transcript is there; the transcript stays. Null: keep them. Left
    out: as it is."""


class AccountDelete(Schema):
    """Delete an account, knowing its password."""

    password: Secret | None = None
    """Not needed where somebody signs in by Apple or Google alone."""


class DeletionReceiptRead(Schema):
    """That an account was deleted, and what of it. It tells of nobody: keep its id to ask for it again."""

    id: UUID
    deleted_at: UtcDatetime
    check_ins: int
    recordings: int
    """Files of recordings that were deleted; other check-ins had theirs deleted before."""


class SessionRead(Schema):
    """A device that is signed in."""

    id: UUID
    device_name: str
    created_at: UtcDatetime
    refreshed_at: UtcDatetime
    """When it last showed its refresh token."""
    current: bool
    """The device that asks."""


class SessionList(Schema):
    """The one that was active last first."""

    items: tuple[SessionRead, ...]


class AccountRead(Schema):
    """Who is signed in, and what they told about their speech."""

    id: UUID
    email: str
    created_at: UtcDatetime
    languages: tuple[str, ...]
    """Those the person speaks. Empty: any."""
    vocabulary: tuple[str, ...]
    """Names of people and places they speak of."""
    keep_audio_days: int | None
    """Recordings are deleted so many days after their transcript is there; null: kept."""


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
