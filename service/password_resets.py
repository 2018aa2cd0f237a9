"""Passwords: setting one anew by a letter, and changing it."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from fastapi import APIRouter, Depends, status
from starlette.concurrency import run_in_threadpool

from schemas.access import AccessAction
from schemas.errors import LettersOff, LimitsUnavailable, NotSignedIn, PasswordWrong, ResetTokenInvalid
from schemas.password import PasswordResetConfirm, PasswordResetCreate, PasswordResetRead, PasswordUpdate
from service.dependencies import (
    ClientAddressDep,
    PasswordCheckDep,
    PasswordsDep,
    RateLimitsDep,
    SettingsDep,
    SignedIn,
    SignedInDep,
    StoreDep,
    limit_refreshes,
)
from service.problems import documented
from service.rate_limits import Guarded, Per
from store.opening import Store
from store.password_resets import LIFETIME
from store.tables import Account

ANSWER_SECONDS = 0.3
"""When a letter that was asked for is answered. Writing a row takes longer than finding no account, and would tell."""

router = APIRouter(prefix="/v1", tags=["Accounts"])


@router.post(
    "/password-resets",
    summary="Ask for a letter to set a new password",
    status_code=status.HTTP_202_ACCEPTED,
    responses=documented(LettersOff, LimitsUnavailable),
)
async def create_password_reset(
    create: PasswordResetCreate,
    store: StoreDep,
    settings: SettingsDep,
    rate_limits: RateLimitsDep,
    address: ClientAddressDep,
) -> PasswordResetRead:
    """Have a letter with a code sent to the e-mail of an account.

    The answer is the same whether or not there is one.
    """
    if not settings.smtp_url:
        raise LettersOff
    await rate_limits.take(Guarded.PASSWORD_RESET, {Per.ADDRESS: address, Per.EMAIL: create.email})
    async with _taking(ANSWER_SECONDS):
        await run_in_threadpool(_ask, store, create.email)
    return PasswordResetRead(minutes=int(LIFETIME.total_seconds() // 60))


@router.post(
    "/password-resets/confirm",
    summary="Set a new password",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(ResetTokenInvalid),
    dependencies=[Depends(limit_refreshes)],
)
async def confirm_password_reset(confirm: PasswordResetConfirm, store: StoreDep, passwords: PasswordsDep) -> None:
    """Set a new password with the code of the letter. It works once, for 30 minutes.

    Whatever somebody else may have got hold of ends with it: all devices are signed out, other letters are void, and
    Apple, Google and others have to be linked again.
    """
    token = confirm.token.get_secret_value()
    await run_in_threadpool(_check, store, token)
    password_hash = await passwords.hash(confirm.password.get_secret_value())
    await run_in_threadpool(_reset, store, token, password_hash)


@router.put(
    "/accounts/me/password",
    summary="Change the password",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(NotSignedIn, PasswordWrong, LimitsUnavailable),
)
async def update_password(
    update: PasswordUpdate,
    signed_in: SignedInDep,
    store: StoreDep,
    passwords: PasswordsDep,
    known: PasswordCheckDep,
) -> None:
    """All other devices are signed out. An account without a password gets its first one by a letter."""
    account = await run_in_threadpool(_get_account, store, signed_in)
    current = update.current_password.get_secret_value()
    await known.check(current, account.password_hash, email=account.email, failure=PasswordWrong)
    password_hash = await passwords.hash(update.password.get_secret_value())
    await run_in_threadpool(_change, store, account, signed_in, password_hash)


@asynccontextmanager
async def _taking(seconds: float) -> AsyncIterator[None]:
    """So long, if what is inside does not take longer."""
    ends = time.monotonic() + seconds
    yield
    await anyio.sleep(max(0.0, ends - time.monotonic()))


def _ask(store: Store, email: str) -> None:
    with store.unit_of_work() as work:
        account = work.accounts.find(email)
        if account is not None:
            work.password_resets.ask(account.id, now=store.clock())


def _check(store: Store, token: str) -> None:
    with store.reading() as reading:
        reading.password_resets.check(token, now=store.clock())


def _reset(store: Store, token: str, password_hash: str) -> None:
    now = store.clock()
    with store.unit_of_work() as work:
        account = work.accounts.lock(work.password_resets.check(token, now=now))
        work.password_resets.use(token, now=now)
        work.password_resets.remove_all(account.id)
        work.identities.remove_all(account.id)
        account.password_hash = password_hash
        work.sessions.revoke_all(account.id, now=now)
        work.accesses.record(account.id, AccessAction.PASSWORD_CHANGED, now=now)
        work.announce(account.id)


def _get_account(store: Store, signed_in: SignedIn) -> Account:
    with store.reading() as reading:
        return reading.accounts.get(signed_in.account_id)


def _change(store: Store, known: Account, signed_in: SignedIn, password_hash: str) -> None:
    with store.unit_of_work() as work:
        account = work.accounts.lock(known.id)
        if account.password_hash != known.password_hash:  # it was changed meanwhile
            raise PasswordWrong
        account.password_hash = password_hash
        work.password_resets.remove_all(account.id)
        work.sessions.revoke_all(account.id, but=signed_in.session_id, now=store.clock())
        signed_in.note(work, AccessAction.PASSWORD_CHANGED)
        work.announce(account.id)
