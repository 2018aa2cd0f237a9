"""Redis that is away costs little, and is noted once."""

from redis.exceptions import ConnectionError as RedisIsAway
from structlog.testing import capture_logs

from store.quiet_redis import QuietRedis
from tests.waiting import wait_until


class Server:
    """One that is there, or not."""

    def __init__(self) -> None:
        self.is_there = True
        self.asked = 0

    def answer(self) -> int:
        """Raises RedisError."""
        self.asked += 1
        if not self.is_there:
            raise RedisIsAway
        return 7


def test_one_that_is_away_is_left_alone_and_noted_once() -> None:
    """And once more when it is back: with what it was for."""
    server, quiet = Server(), QuietRedis("wake_ups")
    with capture_logs() as logs:
        first = quiet.attempt(server.answer)
        server.is_there = False
        away = [quiet.attempt(server.answer) for _ in range(100)]
        asked = server.asked
        wait_until(lambda: bool(quiet.attempt(server.answer) or server.asked > asked), description="it is asked again")
        server.is_there = True
        wait_until(lambda: quiet.attempt(server.answer) == 7, description="it is back")

    assert (first, set(away), asked) == (7, {None}, 2)
    assert [(line["event"], line["name"]) for line in logs] == [("redis.lost", "wake_ups"), ("redis.back", "wake_ups")]
    assert logs[0]["error"] == "ConnectionError"
