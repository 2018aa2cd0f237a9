"""The demo: real recordings go through the whole running system, as from a phone, and what comes back is checked."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from uuid import uuid4

import httpx2
from pydantic import ConfigDict
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from schemas.account import SessionTokens
from schemas.base import Schema
from schemas.change import ChangeRead
from schemas.check_in import SETTLED_STATES, CheckInRead, CheckInState
from service.settings import ServiceSettings
from tandem.embedded import api_answers
from tandem.reporting import joining_progress
from tandem.supervisor import STOP_SECONDS
from workers.settings import WorkerSettings
from workers.transcription.model_files import locate

RECORDINGS = Path(__file__).parent.parent / "recordings"
START_SECONDS = 60.0
RESULT_SECONDS = 180.0
WORST_WORD_ERROR_RATE = 0.4
"""Of a single short clip. What the model reaches over all of them stands in docs/measurements.md."""
STEPS = {
    CheckInState.RECEIVED: 1,
    CheckInState.TRANSCRIBING: 2,
    CheckInState.TRANSCRIBED: 3,
    CheckInState.TAGGING: 4,
} | dict.fromkeys(SETTLED_STATES, 5)

console = Console(highlight=False)


class DemoRecording(Schema):
    """A line of recordings/manifest.jsonl."""

    model_config = ConfigDict(extra="ignore")

    id: str
    file: str
    text: str
    """What is said in it; empty where nobody speaks."""
    style: str
    """read, spontaneous, synthetic …"""


def run_demo(*, keep: bool) -> int:
    """Returns 0 only if every recording came back right."""
    workers = WorkerSettings()
    with joining_progress() as on_progress:
        locate(workers.model, folder=workers.models_folder, on_progress=on_progress)
    folder = Path(mkdtemp(prefix="tandem-demo-"))
    settings = ServiceSettings(data_folder=folder, port=_free_port())
    try:
        with _running(settings), httpx2.Client(base_url=f"http://127.0.0.1:{settings.port}/v1", timeout=60) as phone:
            faults = _go_through(phone)
    finally:
        if keep:
            console.print(f"Kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    for fault in faults:
        console.print(f"[red]wrong[/]  {fault}")
    console.print("[red]The demo found faults.[/]" if faults else "[green]All of it is right.[/]")
    return 1 if faults else 0


def _go_through(phone: httpx2.Client) -> list[str]:
    _sign_up(phone)
    lines = (RECORDINGS / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    recordings = [DemoRecording.model_validate_json(line) for line in lines]
    sent = {_send(phone, recording): recording for recording in recordings}
    _follow(phone, sent)
    faults = []
    for check_in_id, recording in sent.items():
        check_in = CheckInRead.model_validate_json(phone.get(f"/check-ins/{check_in_id}").content)
        _show(recording, check_in)
        audio = phone.get(f"/check-ins/{check_in_id}/audio").content
        faults += [f"{recording.file}: {fault}" for fault in _faults(recording, check_in, audio)]
    return faults


def _sign_up(phone: httpx2.Client) -> None:
    account = {"email": "demo@example.org", "password": "a demo of real speech"}
    tokens = SessionTokens.model_validate_json(_checked(phone.post("/accounts", json=account)).content)
    phone.headers["Authorization"] = f"Bearer {tokens.access_token}"


def _send(phone: httpx2.Client, recording: DemoRecording) -> str:
    check_in_id = str(uuid4())
    fields = {"id": check_in_id, "recorded_at": datetime.now(UTC).isoformat(), "time_zone": "Europe/Berlin"}
    with (RECORDINGS / recording.file).open("rb") as audio:
        _checked(phone.post("/check-ins", data=fields, files={"audio": (recording.file, audio)}))
    return check_in_id


def _follow(phone: httpx2.Client, sent: dict[str, DemoRecording]) -> None:
    """Show what the server tells until every check-in is settled. Raises TimeoutError."""
    columns = (TextColumn("{task.description:44}"), BarColumn(bar_width=20), TextColumn("{task.fields[state]:12}"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        rows = {id_: progress.add_task(row.file, total=5, state="sent") for id_, row in sent.items()}
        for change in _events(phone):
            row = rows[str(change.check_in_id)]
            if change.state:
                progress.update(row, completed=STEPS[change.state], state=change.state.value)
            if change.state in SETTLED_STATES:
                progress.stop_task(row)
            if all(_settled(progress, row) for row in rows.values()):
                return


def _settled(progress: Progress, row: TaskID) -> bool:
    return progress.tasks[row].completed == max(STEPS.values())


def _events(phone: httpx2.Client) -> Iterator[ChangeRead]:
    ends = time.monotonic() + RESULT_SECONDS
    with phone.stream("GET", "/events", params={"after": 0}) as response:
        for line in response.iter_lines():
            if line.startswith("data:"):
                yield ChangeRead.model_validate_json(line.removeprefix("data:"))
            if time.monotonic() > ends:
                raise TimeoutError(f"not everything was ready after {RESULT_SECONDS:.0f} s")


def _show(recording: DemoRecording, check_in: CheckInRead) -> None:
    length = check_in.recording.seconds or 0
    console.print(f"\n[bold]{recording.file}[/] ({recording.style}, {length:.1f} s): {check_in.state}")
    if check_in.transcript:
        for heard in filter(None, (check_in.transcript, check_in.transcript.translation)):
            console.print(f"  {heard.text} [dim]({heard.language}, {heard.language_probability:.0%})[/]")
    for tag in check_in.tags or ():
        mark = tag.kind if tag.kind == tag.label else f"{tag.kind}: {tag.label}"
        attributes = ", ".join([tag.holder, *(["negated"] if tag.negated else []), *(["past"] if tag.past else [])])
        place = f"{tag.start_seconds:5.1f} to {tag.end_seconds:5.1f} s"
        asked = f"\n  [dim]{tag.reflection.question}[/]" if tag.reflection else ""
        console.print(f"  [cyan]{place}[/]  {mark} [dim]({attributes}, {tag.confidence:.0%})[/]  “{tag.quote}”{asked}")
    steps = check_in.stage_seconds.model_dump(exclude_none=True)
    console.print(f"  [dim]{', '.join(f'{step} {seconds:.2f} s' for step, seconds in steps.items())}[/]")


def _faults(recording: DemoRecording, check_in: CheckInRead, audio: bytes) -> Iterator[str]:
    if audio != (RECORDINGS / recording.file).read_bytes():
        yield "the recording came back with other bytes"
    expected = CheckInState.READY if recording.text else CheckInState.NO_SPEECH
    if check_in.state is not expected:
        yield f"ended as {check_in.state}, not as {expected}"
    if check_in.transcript is None:
        return
    error_rate = word_error_rate(recording.text, check_in.transcript.text)
    if error_rate > WORST_WORD_ERROR_RATE:
        yield f"{error_rate:.0%} of the words are wrong"
    for tag in check_in.tags or ():
        if check_in.transcript.tagged.text[tag.start : tag.end] != tag.quote:
            yield f"a {tag.kind} does not stand in the transcript where it says"
    if recording.style.startswith("synthetic") and not check_in.tags:
        yield "a spoken check-in has no tag"


def word_error_rate(reference: str, heard: str) -> float:
    """Edits of words over words of the reference (Levenshtein), spelling of case and punctuation aside."""
    expected, got = _words(reference), _words(heard)
    row = list(range(len(got) + 1))
    for number, word in enumerate(expected, start=1):
        above, row = row, [number]
        for column, other in enumerate(got, start=1):
            row.append(min(row[-1] + 1, above[column] + 1, above[column - 1] + (word != other)))
    return row[-1] / max(len(expected), 1)


def _words(text: str) -> Sequence[str]:
    return re.findall(r"[^\W_]+(?:'[^\W_]+)?", text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))


@contextmanager
def _running(settings: ServiceSettings) -> Iterator[None]:
    """`tandem up` in a folder of its own; its log is shown if it does not start or does not stop well."""
    log = settings.data_folder / "tandem.log"
    env = {"TANDEM_DATA_FOLDER": str(settings.data_folder), "TANDEM_PORT": str(settings.port)}
    with log.open("wb") as output:
        system = subprocess.Popen(
            [sys.executable, "-m", "tandem", "up"], env=_environment() | env, stdout=output, stderr=output
        )
    try:
        _wait_for_api(settings, system)
        yield
        _stop(system)
    except (RuntimeError, TimeoutError):
        console.print(log.read_text(errors="replace")[-4000:])
        raise
    finally:
        system.terminate()
        system.wait(2 * STOP_SECONDS)


def _stop(system: "subprocess.Popen[bytes]") -> None:
    """As Ctrl-C does. Raises RuntimeError where it does not end well."""
    system.send_signal(signal.SIGINT)
    if (status := system.wait(2 * STOP_SECONDS)) != 0:
        raise RuntimeError(f"tandem up ended with status {status}")


def _environment() -> dict[str, str]:
    """Ours, without what would lead to another Tandem's servers."""
    return {
        name: value for name, value in os.environ.items() if name not in {"TANDEM_DATABASE_URL", "TANDEM_REDIS_URL"}
    }


def _wait_for_api(settings: ServiceSettings, system: "subprocess.Popen[bytes]") -> None:
    ends = time.monotonic() + START_SECONDS
    with console.status("Starting Tandem"):
        while not api_answers(settings):
            if system.poll() is not None:
                raise RuntimeError(f"tandem up ended with status {system.returncode}")
            if time.monotonic() > ends:
                raise TimeoutError(f"the API did not answer within {START_SECONDS:.0f} s")
            time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _checked(response: httpx2.Response) -> httpx2.Response:
    """Raises RuntimeError with the problem's own words."""
    if response.is_error:
        problem: dict[str, Any] = json.loads(response.content)
        raise RuntimeError(f"{response.request.method} {response.request.url.path}: {problem['detail']}")
    return response
