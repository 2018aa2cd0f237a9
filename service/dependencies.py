"""What routes ask for: the store, who is signed in, and the tools the app was built with."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from schemas.access import AccessAction
from schemas.errors import NotSignedIn, SignInTooOld, TandemError
from service.id_tokens import IdTokens
from service.intake import Intake
from service.news import News
from service.passwords import Passwords
from service.rate_limits import Guarded, Per, RateLimits, counted_address
from service.settings import ServiceSettings
from store.media.sandbox import Sandbox
from store.opening import Store
from store.unit_of_work import UnitOfWork

RECENT = timedelta(minutes=10)
"""Whoever signed in within this has shown who they are."""

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


def get_id_tokens(request: Request) -> IdTokens:
    """What verifies ID tokens."""
    id_tokens: IdTokens = request.app.state.id_tokens
    return id_tokens


def get_rate_limits(request: Request) -> RateLimits:
    """What counts requests."""
    rate_limits: RateLimits = request.app.state.rate_limits
    return rate_limits


def get_client_address(request: Request) -> str:
    """Whom a request without a token is counted for. Behind a trusted proxy it is the address the proxy saw."""
    return counted_address(request.client.host) if request.client else ""


def get_intake(
    request: Request,
    store: Annotated[Store, Depends(get_store)],
    sandbox: Annotated[Sandbox, Depends(get_sandbox)],
    settings: Annotated[ServiceSettings, Depends(get_settings)],
) -> Intake:
    """What makes a check-in of a recording."""
    return Intake(
        store,
        sandbox,
        max_seconds=settings.max_recording_minutes * 60,
        max_account_bytes=int(settings.max_account_gigabytes * 1e9),
        threads=request.app.state.accepting,
    )


IntakeDep = Annotated[Intake, Depends(get_intake)]
IdempotencyKeyDep = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="Chosen by the phone for this request: sent again with it within two days, it does nothing more.",
    ),
]
SettingsDep = Annotated[ServiceSettings, Depends(get_settings)]
StoreDep = Annotated[Store, Depends(get_store)]
NewsDep = Annotated[News, Depends(get_news)]
SandboxDep = Annotated[Sandbox, Depends(get_sandbox)]
PasswordsDep = Annotated[Passwords, Depends(get_passwords)]
IdTokensDep = Annotated[IdTokens, Depends(get_id_tokens)]
RateLimitsDep = Annotated[RateLimits, Depends(get_rate_limits)]
ClientAddressDep = Annotated[str, Depends(get_client_address)]
BearerDep = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


class PasswordCheck:
    """Looks at passwords. Wrong ones count as attempts to sign in, for each e-mail and address."""

    def __init__(self, passwords: PasswordsDep, rate_limits: RateLimitsDep, address: ClientAddressDep) -> None:
        self._passwords = passwords
        self._rate_limits = rate_limits
        self._address = address

    async def check(self, password: str, password_hash: str | None, *, email: str, failure: type[TandemError]) -> None:
        """Raises `failure` where it is not the one, TooManyRequests, LimitsUnavailable."""
        whose = {Per.ADDRESS: self._address, Per.EMAIL: email}
        async with self._rate_limits.failures(Guarded.SIGN_IN, whose, failure=failure):
            if not await self._passwords.verify(password_hash, password):
                raise failure


PasswordCheckDep = Annotated[PasswordCheck, Depends()]


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

    def check_recent(self) -> None:
        """For what must not be done with a phone somebody left lying about. Raises SignInTooOld."""
        with self._store.reading() as reading:
            opened = reading.sessions.get_for(self.account_id, self.session_id)
        if self._store.clock() - opened.created_at > RECENT:
            raise SignInTooOld

    def note(self, work: UnitOfWork, action: AccessAction, subject_id: UUID | None = None) -> None:
        """Write into the access log what this device does, in the transaction that does it."""
        work.accesses.record(
            self.account_id,
            action,
            session_id=self.session_id,
            subject_id=subject_id,
            now=self._store.clock(),
        )

    def note_reading(self, action: AccessAction, subject_id: UUID) -> None:
        """The same for what only looks; looking again soon is the same look. Nothing is shown that is not noted."""
        with self._store.reading() as reading:
            known = reading.accesses.is_known(
                self.account_id, action, session_id=self.session_id, subject_id=subject_id, now=self._store.clock()
            )
        if not known:
            with self._store.unit_of_work() as work:
                self.note(work, action, subject_id)


async def get_signed_in(signed_in: Annotated[SignedIn, Depends()], rate_limits: RateLimitsDep) -> SignedIn:
    """Who is signed in, if the account has not asked too often. Raises NotSignedIn and TooManyRequests."""
    await rate_limits.take(Guarded.SIGNED_IN, {Per.ACCOUNT: str(signed_in.account_id)})
    return signed_in


SignedInDep = Annotated[SignedIn, Depends(get_signed_in)]
"""The only way to ask who is signed in, so no route can forget the limit."""


async def limit_sign_ups(address: ClientAddressDep, rate_limits: RateLimitsDep) -> None:
    """Raises TooManyRequests and LimitsUnavailable."""
    await rate_limits.take(Guarded.SIGN_UP, {Per.ADDRESS: address})


async def limit_refreshes(address: ClientAddressDep, rate_limits: RateLimitsDep) -> None:
    """Raises TooManyRequests."""
    await rate_limits.take(Guarded.REFRESH, {Per.ADDRESS: address})


async def limit_uploads(signed_in: SignedInDep, rate_limits: RateLimitsDep) -> None:
    """For routes that begin an upload. Raises TooManyRequests."""
    await rate_limits.take(Guarded.UPLOAD, {Per.ACCOUNT: str(signed_in.account_id)})
