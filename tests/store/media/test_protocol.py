"""A child may have been taken over by its recording: what it sends is bounded and checked."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.media.protocol import BrokenReply, End, ReplyReader, Request, Task, Verdict, write_end, write_samples


@contextmanager
def reply(*, seconds: float = 5) -> Iterator[tuple[ReplyReader, int]]:
    """A reader and the pipe's other end, which a test may close."""
    pipe, sink = os.pipe()
    with os.fdopen(pipe, "rb"), os.fdopen(sink, "wb") as writer:
        yield ReplyReader(pipe, seconds=seconds), writer.fileno()


def read_all(sent: bytes) -> list[bytes | End]:
    """What a reader makes of these bytes and the end of the pipe."""
    pipe, sink = os.pipe()
    with os.fdopen(pipe, "rb"):
        with os.fdopen(sink, "wb", buffering=0) as writer:
            writer.write(sent)
        reader = ReplyReader(pipe, seconds=5)
        frames: list[bytes | End] = []
        while not frames or isinstance(frames[-1], bytes):
            frames.append(reader.read())
        return frames


def test_what_is_written_is_read() -> None:
    """Samples, then the end."""
    with reply() as (reader, sink):
        write_samples(sink, b"12345")
        write_end(sink, End(Verdict.DONE, 1.5, "opus"))
        assert reader.read() == b"12345"
        assert reader.read() == End(Verdict.DONE, 1.5, "opus")


def test_a_request_arrives_as_it_was_sent() -> None:
    """With its task and all its limits."""
    request = Request(Task.DECODE, "mov", 600, 400_000_000, 30, 120)
    assert Request.from_bytes(request.to_bytes()) == request


def test_a_pipe_that_closes_without_an_end_is_broken() -> None:
    """That is how a killed child looks."""
    with pytest.raises(BrokenReply):
        read_all(b"s\2\0\0\0ab")


def test_silence_is_not_waited_for_longer_than_the_limit() -> None:
    """Should a child neither write nor end."""
    with reply(seconds=0.05) as (reader, _), pytest.raises(BrokenReply):
        reader.read()


@pytest.mark.parametrize(
    "sent",
    [
        b"x\0\0\0\0",
        b"s\xff\xff\xff\xff",
        b"e\2\0\0\0{}",
        b"e\4\0\0\0null",
        b'e\x2e\0\0\0{"verdict": "fine", "seconds": 1, "codec": ""}',
        b'e\x30\0\0\0{"verdict": "done", "seconds": NaN, "codec": ""}',
        b'e\x2f\0\0\0{"verdict": "done", "seconds": -1, "codec": ""}',
    ],
)
def test_what_is_no_frame_is_broken(sent: bytes) -> None:
    """An unknown kind, a size beyond the limit, an end that says nothing."""
    with pytest.raises(BrokenReply):
        read_all(sent)


@given(st.binary(max_size=200))
def test_no_bytes_surprise_the_reader(sent: bytes) -> None:
    """Any bytes are frames, or broken."""
    with suppress(BrokenReply):
        assert isinstance(read_all(sent)[-1], End)
