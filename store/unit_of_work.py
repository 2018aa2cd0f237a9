"""The unit of work: one transaction, the only place that commits, and what leaves after it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog
from sqlalchemy.exc import OperationalError

from schemas.errors import StorageUnavailable, TemporaryError
from store.accesses import Accesses
from store.accounts import Accounts
from store.changes import Changes
from store.check_ins import CheckIns
from store.claims import ClaimRules, Claims
from store.corrections import Corrections
from store.database import DatabaseSession
from store.erasure import Erasure
from store.exports import Exports
from store.idempotency import Idempotency
from store.identities import Identities
from store.password_resets import PasswordResets
from store.progress import Progress
from store.results import Results
from store.retention import Retention
from store.server_keys import ServerKeys
from store.sessions import Sessions
from store.stage_totals import StageTotals
from store.stages import Stage
from store.uploads import Uploads
from store.vault import Vault
from store.wake_ups import WakeUps

log = structlog.get_logger()


class UnitOfWork:
    """All that can be done within one transaction."""

    def __init__(self, session: DatabaseSession, rules: ClaimRules, keys: ServerKeys) -> None:
        self._session = session
        self._accounts_changed: dict[UUID, None] = {}
        self._nudges: list[tuple[Stage, UUID, int]] = []
        self._afterwards: list[Callable[[], None]] = []
        self.vault = Vault(session, keys)
        self.accesses = Accesses(session)
        self.accounts = Accounts(session, self.vault, self.accesses)
        self.sessions = Sessions(session, self.accesses)
        self.identities = Identities(session)
        self.password_resets = PasswordResets(session)
        self.changes = Changes(session, on_change=self.announce)
        self.exports = Exports(session)
        self.retention = Retention(session, self.changes, self.accesses, self.exports)
        self.erasure = Erasure(session)
        self.check_ins = CheckIns(session, self.changes)
        self.progress = Progress(session, self.changes, self.vault)
        self.claims = Claims(session, self.check_ins, self.progress, rules)
        self.results = Results(session, self.vault)
        self.corrections = Corrections(session, self.vault)
        self.uploads = Uploads(session)
        self.idempotency = Idempotency(session)
        self.stage_totals = StageTotals(session)

    def nudge(self, stage: Stage, check_in_id: UUID, *, attempts: int) -> None:
        """Queue the stage's job, after the commit. `attempts`: how many there have been."""
        self._nudges.append((stage, check_in_id, attempts + 1))

    def announce(self, account_id: UUID) -> None:
        """Have whoever waits for news of an account look again, after the commit."""
        self._accounts_changed[account_id] = None

    def afterwards(self, call: Callable[[], None]) -> None:
        """Do this after the commit, and not at all if there is none. A storage that fails then is only logged."""
        self._afterwards.append(call)

    def commit(self, wake_ups: WakeUps) -> None:
        """Make it durable, then let the messages go."""
        self._session.commit()
        for call in self._afterwards:
            try:
                call()
            except TemporaryError as error:
                log.warning("afterwards.failed", exc_info=error)
        for stage, check_in_id, attempt in self._nudges:
            wake_ups.nudge(stage, check_in_id, attempt)
        for account_id in self._accounts_changed:
            wake_ups.announce(account_id)


@contextmanager
def unit_of_work(
    session_factory: Callable[[], DatabaseSession], wake_ups: WakeUps, rules: ClaimRules, keys: ServerKeys
) -> Iterator[UnitOfWork]:
    """One transaction: committed at the end of the block; an exception takes back everything, messages included.

    Raises StorageUnavailable where the database is away, locked for too long, or full.
    """
    try:
        with session_factory() as session:
            work = UnitOfWork(session, rules, keys)
            yield work
            work.commit(wake_ups)
    except OperationalError as error:
        raise StorageUnavailable from error


@contextmanager
def reading(
    session_factory: Callable[[], DatabaseSession], rules: ClaimRules, keys: ServerKeys
) -> Iterator[UnitOfWork]:
    """A transaction that only looks: nothing is committed. Raises StorageUnavailable."""
    try:
        with session_factory() as session:
            yield UnitOfWork(session, rules, keys)
    except OperationalError as error:
        raise StorageUnavailable from error
