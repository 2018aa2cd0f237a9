"""Devices that are signed in: seen, and signed out from afar."""

from uuid import UUID

from fastapi import APIRouter, status

from schemas.access import AccessAction
from schemas.account import SessionList, SessionRead
from schemas.errors import NotSignedIn, SessionNotFound
from service.dependencies import SignedInDep, StoreDep
from service.problems import documented

router = APIRouter(prefix="/v1/sessions", tags=["Accounts"], responses=documented(NotSignedIn))


@router.get("", summary="Which devices are signed in")
def list_sessions(signed_in: SignedInDep, store: StoreDep) -> SessionList:
    """Each sign-in is a session of its own."""
    with store.reading() as reading:
        return SessionList(
            items=tuple(
                SessionRead(
                    id=opened.id,
                    device_name=opened.device_name,
                    created_at=opened.created_at,
                    refreshed_at=opened.refreshed_at,
                    current=opened.id == signed_in.session_id,
                )
                for opened in reading.sessions.list_for(signed_in.account_id, now=store.clock())
            )
        )


@router.delete(
    "/{session_id}",
    summary="Sign another device out",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(SessionNotFound),
)
def revoke_session(session_id: UUID, signed_in: SignedInDep, store: StoreDep) -> None:
    """A lost phone: its tokens stop working at once, and what it waits for ends."""
    with store.unit_of_work() as work:
        work.accounts.lock(signed_in.account_id)
        work.sessions.get_for(signed_in.account_id, session_id)
        work.sessions.revoke(session_id, now=store.clock())
        signed_in.note(work, AccessAction.SESSION_REVOKED, session_id)
        work.announce(signed_in.account_id)
