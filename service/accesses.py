"""The access log, for the one it is about."""

from typing import Annotated

from fastapi import APIRouter, Query

from schemas.access import AccessPage, AccessRead
from schemas.errors import NotSignedIn
from service.dependencies import SignedInDep, StoreDep
from service.problems import documented
from store.showing import access_of

router = APIRouter(prefix="/v1/accounts/me/accesses", tags=["Accounts"], responses=documented(NotSignedIn))

PAGE_SIZE = 100


@router.get("", summary="Who did what with what is yours")
def list_accesses(
    signed_in: SignedInDep,
    store: StoreDep,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="`next` of the page before.")] = None,
) -> AccessPage:
    """Every sign-in, every look at what was said, every change, newest first.

    `digest` is the SHA-256 of the digest before it and of what the entry says: an entry that was changed shows.
    """
    with store.reading() as reading:
        found = reading.accesses.before(signed_in.account_id, before, limit=PAGE_SIZE)
    items = tuple(AccessRead(**access_of(entry)) for entry in found)
    return AccessPage(items=items, next=items[-1].number if items and items[-1].number > 1 else None)
