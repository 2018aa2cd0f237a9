"""What the sandbox's processes hold and may do: as little as decoding needs."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from schemas.errors import DecoderUnavailable, RecordingUnreadable
from schemas.recording import RecordingFormat
from store.media.sandbox import Sandbox
from store.media.warm_process import WarmProcess
from tests.store.media.processes import alive, blocked_child, children, descriptors, environment, open_mode
from tests.store.media.recordings import file_of, flac_bomb, wav
from tests.waiting import wait_until

TEN_MINUTES = wav(bytes(32_000 * 600))


@pytest.fixture
def warm_process() -> Iterator[WarmProcess]:
    """The process without a sandbox around it."""
    process = WarmProcess()
    yield process
    process.end()


def test_the_warm_process_inherits_nothing() -> None:
    """No file that happens to be inheritable, and no secret of the environment."""
    with TemporaryFile() as file:
        os.set_inheritable(file.fileno(), True)
        process = WarmProcess()
        held = wait_until(lambda: _settled(process.pid), description="the interpreter runs")
        process.end()
    assert {number: kind.partition(":")[0] for number, kind in held.items()} == {
        0: "socket",
        1: "/dev/null",
        2: "/dev/null",
    }


def _settled(pid: int) -> dict[int, str]:
    """Its descriptors once its environment is its own and it reads no module any more."""
    held = descriptors(pid)
    own = "PATH" not in environment(pid)
    return held if own and len(held) == 3 else {}


def test_a_child_holds_only_its_recording_and_its_pipe(warm_process: WarmProcess, tmp_path: Path) -> None:
    """Above all not the control socket, whose end it would keep the warm process from seeing."""
    path = tmp_path / "recording"
    path.write_bytes(TEN_MINUTES)
    with path.open("rb") as file, blocked_child(warm_process, file) as child:
        null, recording, pipe = sorted(descriptors(child).values())[2:]
    assert (null, recording) == ("/dev/null", str(path))
    assert pipe.startswith("pipe:")


def test_a_child_cannot_write_the_recording(tmp_path: Path) -> None:
    """It holds it for reading only, though its owner opened it for writing too."""
    path = tmp_path / "recording"
    path.write_bytes(flac_bomb(hours=6))
    with Sandbox() as sandbox, ThreadPoolExecutor(1) as pool, path.open("r+b") as file:
        call = pool.submit(sandbox.decode, file, RecordingFormat.FLAC, max_seconds=30_000)
        wait_until(lambda: sandbox.pid and children(sandbox.pid), description="decoding has begun")
        (child,) = children(sandbox.pid or 0)
        assert [open_mode(child, number) for number, kind in descriptors(child).items() if kind == str(path)] == ["r"]
        sandbox.close()
        assert isinstance(call.exception(), DecoderUnavailable)


def test_a_child_is_limited(warm_process: WarmProcess) -> None:
    """It can write no file, leave no core, open little, and take only so much memory and time."""
    with file_of(TEN_MINUTES) as file, blocked_child(warm_process, file) as child:
        text = Path(f"/proc/{child}/limits").read_text()
    limits = {line[:26].strip(): line[26:].split()[:2] for line in text.splitlines()[1:]}
    assert limits["Max file size"] == ["0", "0"]
    assert limits["Max core file size"] == ["0", "0"]
    assert limits["Max open files"] == ["16", "16"]
    assert limits["Max address space"] == ["400000000", "400000000"]
    assert limits["Max cpu time"] == ["60", "60"]


def test_the_end_of_the_warm_process_takes_its_children_with_it() -> None:
    """Even one that waits for ever."""
    process = WarmProcess()
    with file_of(TEN_MINUTES) as file, blocked_child(process, file) as child:
        process.end()
        wait_until(lambda: not alive(child), description="the child has ended")


def test_a_stopping_service_does_not_look_like_a_damaged_recording() -> None:
    """A service manager signals every process of the service; these end with their owner."""
    with Sandbox() as sandbox, ThreadPoolExecutor(1) as pool, file_of(flac_bomb(hours=1)) as file:
        call = pool.submit(sandbox.decode, file, RecordingFormat.FLAC, max_seconds=3600)
        wait_until(lambda: sandbox.pid and children(sandbox.pid), description="decoding has begun")
        warm = sandbox.pid or 0
        for pid in (warm, *children(warm)):
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                os.kill(pid, number)
        assert len(call.result()) > 3590 * 32_000
        assert alive(warm)


def test_a_child_without_enough_memory_is_ended() -> None:
    """The recording counts as damaged; the warm process does not suffer."""
    with Sandbox(memory_bytes=50_000_000) as sandbox, file_of(TEN_MINUTES) as file:
        with pytest.raises(RecordingUnreadable):
            sandbox.probe(file, RecordingFormat.WAV, max_seconds=600)
        assert alive(sandbox.pid or 0)


def test_a_child_without_enough_time_is_ended() -> None:
    """The alarm kills it where it stands."""
    with (
        Sandbox(decode_seconds=0.01, decode_speed=1_000_000_000) as sandbox,
        file_of(flac_bomb(hours=6)) as file,
        pytest.raises(RecordingUnreadable),
    ):
        sandbox.decode(file, RecordingFormat.FLAC, max_seconds=30_000)
