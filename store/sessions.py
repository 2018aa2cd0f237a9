"""Sessions: opaque tokens that rotate. A token that is used twice ends its whole session.

Rotation follows RFC 9700 (4.14.2). An answer can be lost on the way, so the token just replaced is good for a few
seconds more, as long as nothing that came of it has been used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from uuid import UUID, uuid4

from sqlalchemy import delete, select, update

from schemas.access import AccessAction
from schemas.errors import NotSignedIn, RefreshTokenInvalid, SessionNotFound
from store.accesses import Accesses
from store.database import DatabaseSession
from store.tables import Account, Session, Token, TokenPurpose

ACCESS_LIFETIME = timedelta(minutes=15)
REFRESH_LIFETIME = timedelta(days=60)
GRACE = timedelta(seconds=10)
"""How long the token just replaced still refreshes."""


@dataclass(frozen=True)
class IssuedTokens:
    """The only moment in which tokens exist in clear."""

    account_id: UUID
    access_token: str
    refresh_token: str
    expires_in: int


class Sessions:
    """The devices signed in."""

    def __init__(self, session: DatabaseSession, accesses: Accesses) -> None:
        self._session = session
        self._accesses = accesses

    def open(
        self, account_id: UUID, *, device_name: str, now: datetime, session_id: UUID | None = None
    ) -> IssuedTokens:
        """Start a family of tokens."""
        opened = Session(
            id=session_id or uuid4(), account_id=account_id, device_name=device_name, created_at=now, refreshed_at=now
        )
        self._session.add(opened)
        self._session.flush()
        self._accesses.record(account_id, AccessAction.SIGNED_IN, session_id=opened.id, now=now)
        return self._issue(opened, parent=None, now=now)

    def refresh(self, refresh_token: str, *, now: datetime) -> IssuedTokens | None:
        """Exchange a token for the next pair.

        None where the token had been used before: its session is then revoked, and that must be committed.
        Raises RefreshTokenInvalid for a token that is unknown, expired or of a session that is over.
        """
        self._lock_account_of(refresh_token)
        token = self._find(refresh_token, TokenPurpose.REFRESH, now=now)
        if token is None:
            raise RefreshTokenInvalid
        opened = self._session.get_one(Session, token.session_id)
        if token.replaced_at is not None and not self._in_grace(token, now=now):
            opened.revoked_at = now
            self._accesses.record(opened.account_id, AccessAction.SESSION_REVOKED, subject_id=opened.id, now=now)
            return None
        self._replace(token, now=now)
        opened.refreshed_at = now
        return self._issue(opened, parent=token.digest, now=now)

    def account_of(self, access_token: str, *, now: datetime) -> tuple[UUID, UUID]:
        """(account, session) that an access token speaks for. Raises NotSignedIn."""
        token = self._find(access_token, TokenPurpose.ACCESS, now=now)
        opened = self._session.get(Session, token.session_id) if token else None
        if opened is None:  # the account may be going at this moment
            raise NotSignedIn
        return opened.account_id, opened.id

    def check_open(self, session_id: UUID) -> None:
        """Whether a device is still signed in. Raises NotSignedIn."""
        opened = self._session.get(Session, session_id)
        if opened is None or opened.revoked_at is not None:
            raise NotSignedIn("The session was ended meanwhile")

    def revoke(self, session_id: UUID, *, now: datetime) -> None:
        """Sign a device out, at once."""
        self._session.execute(update(Session).where(Session.id == session_id).values(revoked_at=now))

    def revoke_all(self, account_id: UUID, *, but: UUID | None = None, now: datetime) -> None:
        """Sign all devices of an account out, at once, but the one of that session."""
        sessions = update(Session).where(Session.account_id == account_id, Session.revoked_at.is_(None))
        if but is not None:
            sessions = sessions.where(Session.id != but)
        self._session.execute(sessions.values(revoked_at=now))

    def list_for(self, account_id: UUID, *, now: datetime) -> Sequence[Session]:
        """Devices that are signed in, the one refreshed last first."""
        query = select(Session).where(
            Session.account_id == account_id,
            Session.revoked_at.is_(None),
            Session.refreshed_at > now - REFRESH_LIFETIME,
        )
        return self._session.scalars(query.order_by(Session.refreshed_at.desc())).all()

    def get_for(self, account_id: UUID, session_id: UUID) -> Session:
        """Raises SessionNotFound for what is over, not there, or another's."""
        opened = self._session.get(Session, session_id)
        if opened is None or opened.account_id != account_id or opened.revoked_at is not None:
            raise SessionNotFound
        return opened

    def forget_expired(self, *, now: datetime) -> None:
        """Remove tokens that nobody can use any more."""
        self._session.execute(delete(Token).where(Token.expires_at < now))

    def _lock_account_of(self, secret: str) -> None:
        """Everybody locks the account before its sessions: in another order two would wait for each other."""
        owner = select(Session.account_id).join(Token).where(Token.digest == _digest(secret)).scalar_subquery()
        self._session.execute(select(Account.id).where(Account.id == owner).with_for_update())

    def _find(self, secret: str, purpose: TokenPurpose, *, now: datetime) -> Token | None:
        query = (
            select(Token)
            .join(Session, Session.id == Token.session_id)
            .where(Token.digest == _digest(secret), Token.purpose == purpose, Token.expires_at > now)
            .where(Session.revoked_at.is_(None))
        )
        if purpose is TokenPurpose.REFRESH:  # two refreshes of one session take their turns
            query = query.with_for_update(of=Session)
        return self._session.scalar(query)

    def _in_grace(self, token: Token, *, now: datetime) -> bool:
        """Just replaced, and none of its successors has been used: the answer was lost on the way."""
        if token.replaced_at is None or now - token.replaced_at > GRACE:
            return False
        used = select(Token.digest).where(Token.parent == token.digest, Token.replaced_at.is_not(None))
        return self._session.scalar(used.limit(1)) is None

    def _replace(self, token: Token, *, now: datetime) -> None:
        """Mark the token as used, and with it its siblings: those that grew from the same lost answer."""
        if token.replaced_at is None:
            token.replaced_at = now
        if token.parent is not None:
            self._session.execute(
                update(Token)
                .where(Token.parent == token.parent, Token.purpose == TokenPurpose.REFRESH)
                .where(Token.digest != token.digest, Token.replaced_at.is_(None))
                .values(replaced_at=now - GRACE * 2)
            )

    def _issue(self, opened: Session, *, parent: bytes | None, now: datetime) -> IssuedTokens:
        access, refresh = token_urlsafe(32), token_urlsafe(32)
        for secret, purpose, lifetime in (
            (access, TokenPurpose.ACCESS, ACCESS_LIFETIME),
            (refresh, TokenPurpose.REFRESH, REFRESH_LIFETIME),
        ):
            self._session.add(
                Token(
                    digest=_digest(secret),
                    session_id=opened.id,
                    purpose=purpose,
                    parent=parent if purpose is TokenPurpose.REFRESH else None,
                    expires_at=now + lifetime,
                )
            )
        return IssuedTokens(opened.account_id, access, refresh, expires_in=int(ACCESS_LIFETIME.total_seconds()))


def _digest(secret: str) -> bytes:
    """Tokens have 256 random bits, so a plain hash keeps them."""
    return sha256(secret.encode()).digest()
