"""Waiting for something that happens in another process or thread."""

import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")


def wait_until(look: Callable[[], Seen], *, description: str, seconds: float = 30) -> Seen:
    """What `look` returns once it is true. Fails with the description where that never comes."""
    ends = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > ends:
            raise AssertionError(f"never saw that {description}, after {seconds} s")
        time.sleep(0.02)
    return seen
