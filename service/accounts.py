"""Accounts and sessions: sign up, sign in, refresh, sign out."""

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Body, Depends, Response, status
from starlette.concurrency import run_in_threadpool

from schemas.access import AccessAction
from schemas.account import AccountCreate, AccountRead, AccountUpdate, SessionCreate, SessionRefresh, SessionTokens
from schemas.errors import (
    CredentialsWrong,
    EmailTaken,
    IdempotencyKeyReused,
    LimitsUnavailable,
    NotSignedIn,
    RefreshTokenInvalid,
)
from service.dependencies import (
    IdempotencyKeyDep,
    PasswordCheckDep,
    PasswordsDep,
    SignedInDep,
    StoreDep,
    limit_refreshes,
    limit_sign_ups,
)
from service.problems import documented
from store.accounts import Accounts
from store.opening import Store
from store.sessions import IssuedTokens
from store.showing import account_of
from store.tables import Account

router = APIRouter(prefix="/v1", tags=["Accounts"])

SIGN_UPS = "sign-ups"
"""Where idempotency keys of people without an account are looked for."""


@router.post(
    "/accounts",
    summary="Sign up",
    status_code=status.HTTP_201_CREATED,
    responses=documented(EmailTaken, IdempotencyKeyReused, LimitsUnavailable),
    dependencies=[Depends(limit_sign_ups)],
)
async def create_account(
    create: AccountCreate,
    response: Response,
    store: StoreDep,
    passwords: PasswordsDep,
    known: PasswordCheckDep,
    key: IdempotencyKeyDep = None,
) -> SessionTokens:
    """Sign up. The phone is signed in at once; with the same `Idempotency-Key` and password once more, if need be."""
    password = create.password.get_secret_value()
    if key is not None and (made := await run_in_threadpool(_signed_up, store, create, key)) is not None:
        await known.check(password, made.password_hash, email=create.email, failure=EmailTaken)
        response.headers["Idempotent-Replayed"] = "true"
        return await run_in_threadpool(_open_session, store, made, create.device_name, key)
    return await run_in_threadpool(_sign_up, store, create, await passwords.hash(password), key)


@router.get("/accounts/me", summary="Who is signed in", responses=documented(NotSignedIn))
def read_account(signed_in: SignedInDep, store: StoreDep) -> AccountRead:
    """Who is signed in."""
    with store.reading() as reading:
        return _read(reading.accounts, signed_in.account_id)


@router.patch("/accounts/me", summary="Tell about your speech, and what is kept", responses=documented(NotSignedIn))
def update_account(update: AccountUpdate, signed_in: SignedInDep, store: StoreDep) -> AccountRead:
    """Tell which languages are spoken and which names come up, so that recordings are heard better from now on.

    And how long recordings are kept: each goes so many days after its transcript is there, and never before.
    """
    with store.unit_of_work() as work:
        work.accounts.update(signed_in.account_id, languages=update.languages, vocabulary=update.vocabulary)
        if "keep_audio_days" in update.model_fields_set:
            work.accounts.get(signed_in.account_id).keep_audio_days = update.keep_audio_days
        signed_in.note(work, AccessAction.ACCOUNT_CHANGED)
        return _read(work.accounts, signed_in.account_id)


@router.post(
    "/sessions",
    summary="Sign in",
    status_code=status.HTTP_201_CREATED,
    responses=documented(CredentialsWrong, IdempotencyKeyReused, LimitsUnavailable),
)
async def create_session(
    create: SessionCreate,
    store: StoreDep,
    known: PasswordCheckDep,
    key: IdempotencyKeyDep = None,
) -> SessionTokens:
    """Sign in. Sent again with its `Idempotency-Key`, the session whose answer was lost makes room for another."""
    account = await run_in_threadpool(_find_account, store, create.email)
    password, known_hash = create.password.get_secret_value(), account.password_hash if account else None
    await known.check(password, known_hash, email=create.email, failure=CredentialsWrong)
    if account is None:  # then no password is right
        raise CredentialsWrong
    return await run_in_threadpool(_open_session, store, account, create.device_name, key)


@router.post(
    "/sessions/refresh",
    summary="Stay signed in",
    responses=documented(RefreshTokenInvalid),
    dependencies=[Depends(limit_refreshes)],
)
def refresh_session(refresh: Annotated[SessionRefresh, Body()], store: StoreDep) -> SessionTokens:
    """Exchange the refresh token for a new pair.

    Each refresh token is good for one exchange. If the answer was lost, the same token works for another 10 seconds.
    Used later than that it counts as stolen: the whole session ends and its device has to sign in again.
    """
    with store.unit_of_work() as work:
        issued = work.sessions.refresh(refresh.refresh_token.get_secret_value(), now=store.clock())
    if issued is None:
        raise RefreshTokenInvalid("The refresh token had been used before, so its session was ended")
    return _tokens(issued)


@router.delete(
    "/sessions/current", summary="Sign out", status_code=status.HTTP_204_NO_CONTENT, responses=documented(NotSignedIn)
)
def delete_session(signed_in: SignedInDep, store: StoreDep) -> None:
    """Sign this device out. Its tokens stop working at once."""
    with store.unit_of_work() as work:
        work.accounts.lock(signed_in.account_id)
        work.sessions.revoke(signed_in.session_id, now=store.clock())
        signed_in.note(work, AccessAction.SIGNED_OUT, signed_in.session_id)
        work.announce(signed_in.account_id)


def _read(accounts: Accounts, account_id: UUID) -> AccountRead:
    return AccountRead(**account_of(accounts.get(account_id), accounts))


def _signed_up(store: Store, create: AccountCreate, key: str) -> Account | None:
    """The account that this request has made before."""
    with store.reading() as reading:
        made = reading.idempotency.made_by(SIGN_UPS, key, create.email, now=store.clock())
        return reading.accounts.get(made) if made else None


def _sign_up(store: Store, create: AccountCreate, password_hash: str, key: str | None) -> SessionTokens:
    now = store.clock()
    with store.unit_of_work() as work:
        account = work.accounts.add(create.email, password_hash=password_hash, now=now)
        if key is not None:
            work.idempotency.remember(SIGN_UPS, key, create.email, made=account.id, account_id=account.id, now=now)
        session_id = uuid4()
        work.idempotency.claim(account.id, key, f"session {create.device_name}", made=session_id, now=now)
        issued = work.sessions.open(account.id, device_name=create.device_name, now=now, session_id=session_id)
    return _tokens(issued)


def _find_account(store: Store, email: str) -> Account | None:
    with store.reading() as reading:
        return reading.accounts.find(email)


def _open_session(store: Store, account: Account, device_name: str, key: str | None) -> SessionTokens:
    now, session_id = store.clock(), uuid4()
    with store.unit_of_work() as work:
        if work.accounts.lock(account.id).password_hash != account.password_hash:  # it was changed meanwhile
            raise CredentialsWrong
        before = work.idempotency.claim(account.id, key, f"session {device_name}", made=session_id, now=now)
        if key is not None and before is not None:
            work.sessions.revoke(before, now=now)
            work.idempotency.made_instead(account.id, key, session_id)
        issued = work.sessions.open(account.id, device_name=device_name, now=now, session_id=session_id)
    return _tokens(issued)


def _tokens(issued: IssuedTokens) -> SessionTokens:
    return SessionTokens(
        account_id=issued.account_id,
        access_token=issued.access_token,
        refresh_token=issued.refresh_token,
        expires_in=issued.expires_in,
    )
