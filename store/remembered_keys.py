"""Remembered keys: a key management service far away is not asked anew for every transaction."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock

from store.server_keys import ServerKeys, WrappedKey

MOST = 1_000
"""Accounts whose keys are remembered: those that were asked for last."""
REMEMBERED_SECONDS = 300.0
"""A key that the service would unwrap no more is used for so long at most."""

_Question = tuple[str, bytes, bytes]


class RememberingServerKeys:
    """Server keys that remember what they unwrapped. For use from several threads.

    What has had its time is forgotten when something else is unwrapped; until then it lies in memory unused.
    """

    def __init__(self, keys: ServerKeys, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds that never go back."""
        self._keys = keys
        self._clock = clock
        self._lock = Lock()
        self._known: OrderedDict[_Question, tuple[float, bytes]] = OrderedDict()

    def known_ids(self) -> Sequence[str] | None:
        """As the keys below tell."""
        return self._keys.known_ids()

    def current_id(self) -> str:
        """As the keys behind it say."""
        return self._keys.current_id()

    def wrap(self, key: bytes, *, bound_to: bytes) -> WrappedKey:
        """With the keys behind it."""
        return self._keys.wrap(key, bound_to=bound_to)

    def unwrap(self, wrapped: WrappedKey, *, bound_to: bytes) -> bytes:
        """From memory, or with the keys behind it: others do not wait meanwhile. A failure is not remembered."""
        question = (wrapped.server_key_id, wrapped.wrapped, bound_to)
        if (remembered := self._recall(question)) is not None:
            return remembered
        key = self._keys.unwrap(wrapped, bound_to=bound_to)
        self._remember(question, key)
        return key

    def _recall(self, question: _Question) -> bytes | None:
        with self._lock:
            until, key = self._known.get(question, (0.0, b""))
            if until <= self._clock():
                return None
            self._known.move_to_end(question)
            return key

    def _remember(self, question: _Question, key: bytes) -> None:
        with self._lock:
            now = self._clock()
            for over in [other for other, (until, _) in self._known.items() if until <= now]:
                del self._known[over]
            self._known[question] = now + REMEMBERED_SECONDS, key
            self._known.move_to_end(question)
            if len(self._known) > MOST:
                self._known.popitem(last=False)
