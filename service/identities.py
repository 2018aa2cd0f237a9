"""Signing in with Apple, Google and others, and which of them open an account."""

from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, status
from starlette.concurrency import run_in_threadpool

from schemas.access import AccessAction
from schemas.account import SessionTokens
from schemas.errors import (
    EmailTaken,
    EmailUnverified,
    IdempotencyKeyReused,
    IdentityNotFound,
    IdentityTaken,
    IdTokenInvalid,
    IssuerUnavailable,
    LastWayIn,
    NotSignedIn,
    ProviderUnknown,
    SessionNotFound,
    SignInTooOld,
)
from schemas.identity import IdentityCreate, IdentityRead, OidcSessionCreate
from service.dependencies import IdempotencyKeyDep, IdTokensDep, SignedIn, SignedInDep, StoreDep, limit_refreshes
from service.id_tokens import IdTokens, VerifiedIdToken
from service.problems import documented
from store.identities import identity_id
from store.opening import Store
from store.tables import OidcIdentity
from store.unit_of_work import UnitOfWork

router = APIRouter(prefix="/v1", tags=["Accounts"])


@router.post(
    "/sessions/oidc",
    summary="Sign in with Apple, Google or another",
    status_code=status.HTTP_201_CREATED,
    responses=documented(
        IdempotencyKeyReused,
        ProviderUnknown,
        EmailUnverified,
        IdTokenInvalid,
        EmailTaken,
        IdentityTaken,
        IssuerUnavailable,
    ),
    dependencies=[Depends(limit_refreshes)],  # like those, ID tokens cannot be guessed
)
async def create_oidc_session(
    create: OidcSessionCreate, store: StoreDep, id_tokens: IdTokensDep, key: IdempotencyKeyDep = None
) -> SessionTokens:
    """Sign in with the ID token that the provider's SDK gave the app. It is good for one session.

    Who comes for the first time gets an account, with the e-mail that the provider has verified. If that e-mail has an
    account already, it is not opened: sign in to it as before, and link the provider with
    `POST /v1/accounts/me/identities`. Sent again with its `Idempotency-Key`, the session whose answer was lost makes
    room for another.
    """
    verified = await _verified(id_tokens, create, store)
    return await run_in_threadpool(_sign_in, store, verified, create.device_name, key)


@router.post(
    "/accounts/me/identities",
    summary="Link Apple, Google or another",
    status_code=status.HTTP_201_CREATED,
    responses=documented(
        ProviderUnknown, NotSignedIn, SignInTooOld, SessionNotFound, IdTokenInvalid, IdentityTaken, IssuerUnavailable
    ),
)
async def create_identity(
    create: IdentityCreate, signed_in: SignedInDep, store: StoreDep, id_tokens: IdTokensDep
) -> IdentityRead:
    """From now on, this identity opens the account as well. The e-mail of the account stays as it is."""
    await run_in_threadpool(signed_in.check_recent)
    verified = await _verified(id_tokens, create, store)
    identity = await run_in_threadpool(_link, store, verified, signed_in)
    return _read(identity, id_tokens)


@router.get("/accounts/me/identities", summary="What else opens the account", responses=documented(NotSignedIn))
def list_identities(signed_in: SignedInDep, store: StoreDep, id_tokens: IdTokensDep) -> list[IdentityRead]:
    """The identities that are linked to the account, oldest first."""
    with store.reading() as reading:
        return [_read(identity, id_tokens) for identity in reading.identities.list_for(signed_in.account_id)]


@router.delete(
    "/accounts/me/identities/{identity_id}",
    summary="Unlink one",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(NotSignedIn, SignInTooOld, IdentityNotFound, LastWayIn),
)
def delete_identity(identity_id: UUID, signed_in: SignedInDep, store: StoreDep) -> None:
    """It opens the account no longer. Refused where nothing else would. Devices that are signed in stay so."""
    signed_in.check_recent()
    with store.unit_of_work() as work:
        work.identities.remove(signed_in.account_id, identity_id)
        signed_in.note(work, AccessAction.IDENTITY_UNLINKED, identity_id)


async def _verified(id_tokens: IdTokens, create: IdentityCreate, store: Store) -> VerifiedIdToken:
    return await id_tokens.verify(
        create.provider, create.id_token.get_secret_value(), nonce=create.nonce, now=store.clock()
    )


def _sign_in(store: Store, verified: VerifiedIdToken, device_name: str, key: str | None) -> SessionTokens:
    now, session_id, asked = store.clock(), uuid4(), f"oidc {verified.digest.hex()}"
    with store.unit_of_work() as work:
        account_id = work.identities.owner_of(verified.issuer, verified.subject)
        before = work.idempotency.made_by(str(account_id), key, asked, now=now) if account_id and key else None
        if before is None:
            work.identities.use(verified.digest, expires_at=verified.expires_at)
        if account_id is None:
            account_id = _sign_up(work, verified, store)
        if before is not None:
            work.sessions.revoke(before, now=now)
            work.idempotency.made_instead(account_id, key, session_id)
        else:
            work.idempotency.claim(account_id, key, asked, made=session_id, now=now)
        issued = work.sessions.open(account_id, device_name=device_name, now=now, session_id=session_id)
    return SessionTokens.model_validate(issued)


def _sign_up(work: UnitOfWork, verified: VerifiedIdToken, store: Store) -> UUID:
    """Never to an account that has the e-mail: whoever made it may not be the one who owns the e-mail."""
    if verified.email is None:
        raise EmailUnverified
    now = store.clock()
    try:
        account = work.accounts.add(verified.email, password_hash="", now=now)
    except EmailTaken:
        meanwhile = work.identities.owner_of(verified.issuer, verified.subject)  # two first sign-ins at once
        if meanwhile is None:
            raise
        return meanwhile
    work.identities.link(account.id, verified.issuer, verified.subject, now=now)
    return account.id


def _link(store: Store, verified: VerifiedIdToken, signed_in: SignedIn) -> OidcIdentity:
    account_id = signed_in.account_id
    with store.unit_of_work() as work:
        work.identities.use(verified.digest, expires_at=verified.expires_at)
        work.accounts.lock(account_id)
        work.sessions.get_for(account_id, signed_in.session_id)  # it may have been revoked meanwhile
        identity = work.identities.link(account_id, verified.issuer, verified.subject, now=store.clock())
        signed_in.note(work, AccessAction.IDENTITY_LINKED, identity_id(identity))
        return identity


def _read(identity: OidcIdentity, id_tokens: IdTokens) -> IdentityRead:
    return IdentityRead(
        id=identity_id(identity),
        provider=id_tokens.name_of(identity.issuer),
        issuer=identity.issuer,
        linked_at=identity.linked_at,
    )
