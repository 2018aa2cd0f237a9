"""What routes ask for: the store, who is signed in, and the tools the app was built with."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from schemas.errors import NotSignedIn
from service.news import News
from service.passwords import Passwords
from service.settings import ServiceSettings
from store.media.sandbox import Sandbox
from store.opening import Store

_bearer = HTTPBearer(
    auto_error=False, scheme_name="Access token", description="The `access_token` of the session, as Bearer token."
)


def get_settings(request: Request) -> ServiceSettings:
    """The settings the app was built with."""
    settings: ServiceSettings = request.app.state.settings
    return settings


def get_store(request: Request) -> Store:
    """The store the app was built with."""
    store: Store = request.app.state.store
    return store


def get_news(request: Request) -> News:
    """What tells waiting readers that a feed has grown."""
    news: News = request.app.state.news
    return news


def get_sandbox(request: Request) -> Sandbox:
    """Where recordings are looked into."""
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox


def get_passwords(request: Request) -> Passwords:
    """What hashes passwords."""
    passwords: Passwords = request.app.state.passwords
    return passwords


SettingsDep = Annotated[ServiceSettings, Depends(get_settings)]
StoreDep = Annotated[Store, Depends(get_store)]
NewsDep = Annotated[News, Depends(get_news)]
SandboxDep = Annotated[Sandbox, Depends(get_sandbox)]
PasswordsDep = Annotated[Passwords, Depends(get_passwords)]
BearerDep = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


class SignedIn:
    """The account and session on whose behalf a request is made."""

    def __init__(self, store: StoreDep, bearer: BearerDep) -> None:
        if bearer is None:
            raise NotSignedIn("The request has no access token")
        self.access_token = bearer.credentials
        self._store = store
        self.account_id, self.session_id = self.check()

    def check(self) -> tuple[UUID, UUID]:
        """Look again: (account, session). Raises NotSignedIn once the token is expired or revoked."""
        with self._store.reading() as reading:
            return reading.sessions.account_of(self.access_token, now=self._store.clock())


SignedInDep = Annotated[SignedIn, Depends()]
