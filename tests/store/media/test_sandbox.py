"""The sandbox's processes: shared by threads, replaced when they die, and gone when their owner is."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from schemas.errors import DecoderUnavailable
from schemas.recording import RecordingFormat
from store.media.sandbox import Probe, Sandbox
from tests.store.media.processes import alive, children
from tests.store.media.recordings import KINDS, file_of, flac_bomb, made, wav
from tests.waiting import wait_until

A_SECOND = wav(bytes(32_000))
OWNER = """
import sys
from schemas.recording import RecordingFormat
from store.media.sandbox import Sandbox

sandbox = Sandbox()
with open(sys.argv[1], "rb") as file:
    sandbox.probe(file, RecordingFormat.WAV, max_seconds=60)
print(sandbox.pid, flush=True)
sys.stdin.read()
"""
WITHOUT_INTERPRETER = """
import sys
from schemas.errors import DecoderUnavailable
from schemas.recording import RecordingFormat
from store.media.sandbox import Sandbox

sys.executable = sys.argv[2]
with open(sys.argv[1], "rb") as file, Sandbox() as sandbox:
    try:
        sandbox.probe(file, RecordingFormat.WAV, max_seconds=60)
    except DecoderUnavailable:
        print("unavailable")
"""


@pytest.fixture
def own_sandbox() -> Iterator[Sandbox]:
    """One that a test may break."""
    with Sandbox() as sandbox:
        yield sandbox


def probe_second(sandbox: Sandbox) -> Probe:
    """Have the sandbox do something easy."""
    with file_of(A_SECOND) as file:
        return sandbox.probe(file, RecordingFormat.WAV, max_seconds=60)


def pid_of(sandbox: Sandbox) -> int:
    """Its warm process, which must be there."""
    assert sandbox.pid is not None
    return sandbox.pid


def test_eight_probes_at_once_do_not_mix(sandbox: Sandbox) -> None:
    """Each caller gets the answer about its own recording."""
    lengths = [1 + number / 4 for number in range(8)]

    def probe(seconds: float) -> float | None:
        with file_of(made(KINDS["webm as it is streamed"], seconds=seconds)) as file:
            return sandbox.probe(file, RecordingFormat.WEBM, max_seconds=60).seconds

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(probe, lengths)) == pytest.approx(lengths, abs=0.05)


def test_one_open_file_serves_many_calls(sandbox: Sandbox) -> None:
    """The file's position is neither used nor moved."""
    with file_of(made(KINDS["m4a"])) as file, ThreadPoolExecutor(4) as pool:
        file.seek(5)
        alone = sandbox.decode(file, RecordingFormat.MP4, max_seconds=60)
        decoded = pool.map(lambda _: sandbox.decode(file.fileno(), RecordingFormat.MP4, max_seconds=60), range(8))
        assert set(decoded) == {alone}
        assert file.tell() == 5


def test_nothing_is_started_before_it_is_needed() -> None:
    """An API that only serves results has no such process."""
    with Sandbox() as sandbox:
        assert sandbox.pid is None


def test_the_process_is_kept(own_sandbox: Sandbox) -> None:
    """The second call finds it warm."""
    probe_second(own_sandbox)
    pid = pid_of(own_sandbox)
    probe_second(own_sandbox)
    assert own_sandbox.pid == pid


def test_a_dead_process_is_replaced(own_sandbox: Sandbox) -> None:
    """The call that finds it dead does not notice."""
    probe_second(own_sandbox)
    first = pid_of(own_sandbox)
    os.kill(first, signal.SIGKILL)
    assert probe_second(own_sandbox) == Probe(1.0, "pcm_s16le")
    assert own_sandbox.pid != first
    assert not alive(first)


def test_a_call_survives_the_death_of_the_warm_process(own_sandbox: Sandbox) -> None:
    """Its child works on."""
    with ThreadPoolExecutor(1) as pool, file_of(flac_bomb(hours=1)) as file:
        call = pool.submit(own_sandbox.decode, file, RecordingFormat.FLAC, max_seconds=3600)
        wait_until(lambda: own_sandbox.pid and children(own_sandbox.pid), description="decoding has begun")
        os.kill(pid_of(own_sandbox), signal.SIGKILL)
        assert len(call.result()) > 3590 * 32_000


def test_closing_leaves_no_process() -> None:
    """Neither the warm one nor a child of it; and what still ran is not called damaged."""
    sandbox = Sandbox()
    with ThreadPoolExecutor(1) as pool, file_of(flac_bomb(hours=6)) as file:
        call = pool.submit(sandbox.decode, file, RecordingFormat.FLAC, max_seconds=30_000)
        wait_until(lambda: sandbox.pid and children(sandbox.pid), description="decoding has begun")
        pid = pid_of(sandbox)
        (child,) = children(pid)
        sandbox.close()
        with pytest.raises(DecoderUnavailable):
            call.result()
    assert not alive(pid)
    wait_until(lambda: not alive(child), description="the child has ended")


def test_a_closed_sandbox_is_unavailable() -> None:
    """It does not start again behind its owner's back."""
    sandbox = Sandbox()
    sandbox.close()
    sandbox.close()
    with pytest.raises(DecoderUnavailable):
        probe_second(sandbox)


def test_an_owner_that_is_killed_leaves_no_process(tmp_path: Path) -> None:
    """Not even one that had no chance to clean up. It works from any folder, too."""
    recording = tmp_path / "recording"
    recording.write_bytes(A_SECOND)
    argv = [sys.executable, "-c", OWNER, str(recording)]
    with subprocess.Popen(argv, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert alive(pid)
        owner.kill()
    wait_until(lambda: not alive(pid), description="the warm process has ended")


@pytest.mark.parametrize("interpreter", ["/nowhere/python", "/bin/false"])
def test_a_process_that_does_not_start_makes_it_unavailable(tmp_path: Path, interpreter: str) -> None:
    """Whether it cannot be found or ends at once."""
    recording = tmp_path / "recording"
    recording.write_bytes(A_SECOND)
    argv = [sys.executable, "-c", WITHOUT_INTERPRETER, str(recording), interpreter]
    assert subprocess.check_output(argv, text=True) == "unavailable\n"


def test_no_child_is_left_unwaited_for(own_sandbox: Sandbox) -> None:
    """A zombie would stay among the children."""
    for _ in range(5):
        probe_second(own_sandbox)
    wait_until(lambda: not children(pid_of(own_sandbox)), description="there is no child")


def test_calls_wait_for_a_free_child() -> None:
    """With one child allowed, a quick probe ends only after the long decoding before it."""
    with Sandbox(children=1) as sandbox, ThreadPoolExecutor(2) as pool, file_of(flac_bomb(hours=2)) as file:
        decoding = pool.submit(sandbox.decode, file, RecordingFormat.FLAC, max_seconds=7200)
        wait_until(lambda: sandbox.pid and children(sandbox.pid), description="decoding has begun")
        pool.submit(probe_second, sandbox).result()
        assert decoding.result(timeout=0.5)


def test_a_disk_that_fails_does_not_make_a_recording_damaged(sandbox: Sandbox, tmp_path: Path) -> None:
    """Reading a folder fails like a broken disk does."""
    folder = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(DecoderUnavailable):
        sandbox.probe(folder, RecordingFormat.WAV, max_seconds=60)
    os.close(folder)


def test_a_descriptor_that_is_not_open_is_unavailable(sandbox: Sandbox) -> None:
    """The caller's mistake is no fault of the recording."""
    with pytest.raises(DecoderUnavailable):
        sandbox.probe(1_000_000, RecordingFormat.WAV, max_seconds=60)
