"""Deletion of an account, and the receipt of it."""

from functools import partial
from uuid import UUID

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from schemas.account import AccountDelete, DeletionReceiptRead
from schemas.errors import LimitsUnavailable, NotSignedIn, PasswordWrong, ReceiptNotFound, SignInTooOld
from service.dependencies import PasswordCheckDep, SignedInDep, StoreDep
from service.problems import documented
from store.opening import Store
from store.tables import Account

router = APIRouter(prefix="/v1", tags=["Accounts"])


@router.delete(
    "/accounts/me",
    summary="Delete the account",
    responses=documented(NotSignedIn, PasswordWrong, SignInTooOld, LimitsUnavailable),
)
async def delete_account(
    asked: AccountDelete,
    signed_in: SignedInDep,
    store: StoreDep,
    known: PasswordCheckDep,
) -> DeletionReceiptRead:
    """Delete everything, at once and for good: its key is destroyed. A backup of the database from before
    still has it, wrapped.

    All devices are signed out. The answer is a receipt.
    """
    account = await run_in_threadpool(_account, store, signed_in.account_id)
    if account.password_hash:
        password = asked.password.get_secret_value() if asked.password else ""
        await known.check(password, account.password_hash, email=account.email, failure=PasswordWrong)
    else:
        await run_in_threadpool(signed_in.check_recent)
    return await run_in_threadpool(_erase, store, account.id)


@router.get("/deletions/{receipt_id}", summary="Read a receipt", responses=documented(ReceiptNotFound))
def read_receipt(receipt_id: UUID, store: StoreDep) -> DeletionReceiptRead:
    """Whoever holds the id of a receipt may read it; there is no account to sign in to any more."""
    with store.reading() as reading:
        receipt = reading.erasure.receipt(receipt_id)
    if receipt is None:
        raise ReceiptNotFound
    return DeletionReceiptRead.model_validate(receipt)


def _account(store: Store, account_id: UUID) -> Account:
    with store.reading() as reading:
        return reading.accounts.get(account_id)


def _erase(store: Store, account_id: UUID) -> DeletionReceiptRead:
    with store.unit_of_work() as work:
        erased = work.erasure.erase(account_id, now=store.clock())
        for key in erased.recordings:
            work.afterwards(partial(store.recordings.delete, key))
        for key in erased.parts:
            work.afterwards(partial(store.upload_parts.delete, key))
        work.afterwards(store.database.forget_deleted)
        work.announce(account_id)
    return DeletionReceiptRead.model_validate(erased.receipt)
