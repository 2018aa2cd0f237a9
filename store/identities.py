"""Identities: which accounts Apple, Google and other issuers open, and which of their tokens have been used."""

from collections.abc import Sequence
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.exc import IntegrityError

from schemas.errors import IdentityNotFound, IdentityTaken, IdTokenInvalid, LastWayIn
from store.database import DatabaseSession
from store.tables import Account, OidcIdentity, UsedIdToken


def identity_id(identity: OidcIdentity) -> UUID:
    """What an identity is called outside: neither issuer nor subject stands in a path."""
    return uuid5(NAMESPACE_URL, f"{identity.issuer}#{identity.subject}")


class Identities:
    """A person is (issuer, subject): an e-mail can change hands."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    def use(self, digest: bytes, *, expires_at: datetime) -> None:
        """Remember an ID token until it expires. Raises IdTokenInvalid where it was used before."""
        try:
            with self._session.begin_nested():
                self._session.add(UsedIdToken(digest=digest, expires_at=expires_at))
        except IntegrityError as error:
            raise IdTokenInvalid("It was used before") from error

    def owner_of(self, issuer: str, subject: str) -> UUID | None:
        """The account that an identity opens, held until the end of the transaction; None: it opens none."""
        query = select(Account.id).join(OidcIdentity).where(*_is(issuer, subject)).with_for_update(of=Account)
        account_id = self._session.scalar(query)
        if account_id is None:
            return None
        # Whoever held the account until now may have removed the identity.
        return self._session.scalar(select(OidcIdentity.account_id).where(*_is(issuer, subject)))

    def link(self, account_id: UUID, issuer: str, subject: str, *, now: datetime) -> OidcIdentity:
        """Let an identity open an account. Again: nothing more happens. Raises IdentityTaken."""
        known = self._session.get(OidcIdentity, (issuer, subject))
        if known is None:
            known = OidcIdentity(issuer=issuer, subject=subject, account_id=account_id, linked_at=now)
            try:
                with self._session.begin_nested():
                    self._session.add(known)
            except IntegrityError as error:
                raise IdentityTaken from error
        if known.account_id != account_id:
            raise IdentityTaken
        return known

    def list_for(self, account_id: UUID) -> Sequence[OidcIdentity]:
        """Those of an account, oldest first."""
        query = select(OidcIdentity).where(OidcIdentity.account_id == account_id)
        return self._session.scalars(query.order_by(OidcIdentity.linked_at, OidcIdentity.subject)).all()

    def remove(self, account_id: UUID, sought: UUID) -> None:
        """Let an identity open the account no longer. Raises IdentityNotFound and LastWayIn."""
        account = self._session.get_one(Account, account_id, with_for_update=True, populate_existing=True)
        identities = self.list_for(account_id)
        identity = next((identity for identity in identities if identity_id(identity) == sought), None)
        if identity is None:
            raise IdentityNotFound
        if not account.password_hash and len(identities) == 1:
            raise LastWayIn
        self._session.delete(identity)

    def remove_all(self, account_id: UUID) -> None:
        """Let none of them open the account any longer."""
        self._session.execute(delete(OidcIdentity).where(OidcIdentity.account_id == account_id))

    def forget_expired(self, *, now: datetime) -> None:
        """Forget used tokens that nobody would take any more."""
        self._session.execute(delete(UsedIdToken).where(UsedIdToken.expires_at < now))


def _is(issuer: str, subject: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return OidcIdentity.issuer == issuer, OidcIdentity.subject == subject
