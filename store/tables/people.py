"""Who signs in, by what, from where, and the keys of what is theirs."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import Table


class Account(Table):
    """Somebody who can sign in. `last_cursor` is the cursor of the newest change, `last_access` of the access log.

    `languages` are codes with a space between; `vocabulary` is sealed, null where there is none. `password_hash` is
    empty where somebody signs in by Apple or Google alone.
    """

    __tablename__ = "accounts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    created_at: Mapped[datetime]
    last_cursor: Mapped[int] = mapped_column(default=0)
    last_access: Mapped[int] = mapped_column(default=0, server_default="0")
    languages: Mapped[str] = mapped_column(default="", server_default="")
    vocabulary: Mapped[bytes | None] = mapped_column(LargeBinary)
    keep_audio_days: Mapped[int | None]
    """How long a recording stays after its transcript is there; null: for ever."""


class AccountKey(Table):
    """The key of an account, wrapped by the server's. With it goes everything that was sealed."""

    __tablename__ = "account_keys"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    server_key_id: Mapped[str] = mapped_column(String(64), index=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]


class OidcIdentity(Table):
    """An account as a provider of OpenID Connect knows it."""

    __tablename__ = "oidc_identities"

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    linked_at: Mapped[datetime]


class UsedIdToken(Table):
    """An ID token that opened a session: it does not open another."""

    __tablename__ = "used_id_tokens"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class PasswordReset(Table):
    """A letter that was asked for. `digest` is that of the token in it, null until it is sent."""

    __tablename__ = "password_resets"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    digest: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    """When it is to be sent, again if need be; null: sent, or given up."""


class Session(Table):
    """A device signed in: the family of all tokens that grew from one sign-in."""

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    device_name: Mapped[str]
    created_at: Mapped[datetime]
    refreshed_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class TokenPurpose(StrEnum):
    """What a token is for."""

    ACCESS = "access"
    REFRESH = "refresh"


class Token(Table):
    """A bearer token, known by its SHA-256 alone. `replaced_at` is set when it has been exchanged."""

    __tablename__ = "tokens"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[TokenPurpose]
    parent: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    replaced_at: Mapped[datetime | None]
