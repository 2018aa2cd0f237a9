"""Tokens rotate; a stolen one ends its session."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from schemas.errors import NotSignedIn, RefreshTokenInvalid
from store.opening import Store
from store.sessions import IssuedTokens
from tests.conftest import FakeClock
from tests.making import make_account


@pytest.fixture
def account_id(store: Store) -> UUID:
    """Somebody."""
    return make_account(store)


@pytest.fixture
def tokens(store: Store, account_id: UUID) -> IssuedTokens:
    """Their phone, just signed in."""
    with store.unit_of_work() as work:
        return work.sessions.open(account_id, device_name="phone", now=store.clock())


def refresh(store: Store, token: str) -> IssuedTokens | None:
    """Exchange a token."""
    with store.unit_of_work() as work:
        return work.sessions.refresh(token, now=store.clock())


def refreshed(store: Store, token: str) -> IssuedTokens:
    """Exchange a token that is good."""
    issued = refresh(store, token)
    assert issued is not None
    return issued


def signed_in(store: Store, access_token: str) -> bool:
    """Whether a request with this token would be let in."""
    try:
        with store.reading() as reading:
            reading.sessions.account_of(access_token, now=store.clock())
    except NotSignedIn:
        return False
    return True


def test_an_access_token_speaks_for_its_account(store: Store, account_id: UUID, tokens: IssuedTokens) -> None:
    """For a quarter of an hour."""
    with store.reading() as reading:
        assert reading.sessions.account_of(tokens.access_token, now=store.clock())[0] == account_id


def test_an_access_token_expires(store: Store, tokens: IssuedTokens, clock: FakeClock) -> None:
    """Then the phone refreshes."""
    clock.advance(minutes=15)

    assert not signed_in(store, tokens.access_token)
    assert signed_in(store, refreshed(store, tokens.refresh_token).access_token)


def test_one_kind_of_token_does_not_pass_for_the_other(store: Store, tokens: IssuedTokens) -> None:
    """A refresh token opens nothing, an access token refreshes nothing."""
    assert not signed_in(store, tokens.refresh_token)
    with pytest.raises(RefreshTokenInvalid):
        refresh(store, tokens.access_token)


def test_a_lost_answer_can_be_asked_for_again_within_ten_seconds(
    store: Store, tokens: IssuedTokens, clock: FakeClock
) -> None:
    """The token just replaced still refreshes, and both answers are good."""
    lost = refreshed(store, tokens.refresh_token)
    clock.advance(seconds=10)
    again = refreshed(store, tokens.refresh_token)

    assert signed_in(store, lost.access_token)
    assert signed_in(store, refreshed(store, again.refresh_token).access_token)


def test_a_token_used_twice_ends_its_session(store: Store, tokens: IssuedTokens, clock: FakeClock) -> None:
    """Whoever has the newest token, thief or owner, has to sign in again."""
    newest = refreshed(store, tokens.refresh_token)
    clock.advance(seconds=11)

    assert refresh(store, tokens.refresh_token) is None
    assert not signed_in(store, newest.access_token)
    with pytest.raises(RefreshTokenInvalid):
        refresh(store, newest.refresh_token)


def test_the_grace_ends_when_what_came_of_it_is_used(store: Store, tokens: IssuedTokens) -> None:
    """The answer has arrived, so a second use within the ten seconds is not the phone's."""
    arrived = refreshed(store, tokens.refresh_token)
    refreshed(store, arrived.refresh_token)

    assert refresh(store, tokens.refresh_token) is None


def test_of_two_answers_only_one_lives_on(store: Store, tokens: IssuedTokens) -> None:
    """Once one of them is used, the other counts as used too."""
    first = refreshed(store, tokens.refresh_token)
    second = refreshed(store, tokens.refresh_token)
    refreshed(store, second.refresh_token)

    assert refresh(store, first.refresh_token) is None


def test_signing_out_ends_all_tokens_at_once(store: Store, tokens: IssuedTokens) -> None:
    """Of this device, and of no other."""
    with store.unit_of_work() as work:
        account_id, session_id = work.sessions.account_of(tokens.access_token, now=store.clock())
        other = work.sessions.open(account_id, device_name="tablet", now=store.clock())
        work.sessions.revoke(session_id, now=store.clock())

    assert not signed_in(store, tokens.access_token)
    assert signed_in(store, other.access_token)


def test_expired_tokens_are_forgotten(store: Store, tokens: IssuedTokens, clock: FakeClock) -> None:
    """And then are unknown, not reused."""
    clock.advance(days=61)
    with store.unit_of_work() as work:
        work.sessions.forget_expired(now=clock())

    with pytest.raises(RefreshTokenInvalid):
        refresh(store, tokens.refresh_token)


def test_two_answers_can_be_refreshed_at_the_same_time(store: Store, tokens: IssuedTokens) -> None:
    """They wait for each other instead of for ever, and at the end at least one is good."""
    siblings = [refreshed(store, tokens.refresh_token).refresh_token for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        issued = list(threads.map(lambda token: refresh_or_none(store, token), siblings))

    assert any(issued)


def refresh_or_none(store: Store, token: str) -> IssuedTokens | None:
    """Exchange a token whose session may be over by now."""
    try:
        return refresh(store, token)
    except RefreshTokenInvalid:
        return None
