"""The command line. Each command imports what it needs, so that none waits for the others."""

import os
import signal
import sys
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from pydantic import ValidationError
from sqlalchemy.exc import ArgumentError

from schemas.errors import TandemError
from tandem.keys_commands import keys

app = typer.Typer(
    help="Spoken check-ins become transcripts with feelings, needs, requests and demands.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(keys, name="keys")

Files = Annotated[list[Path], typer.Argument(help="Recordings: m4a, mp3, ogg, wav, flac, webm, 3gp, amr, caf, mp4.")]


class EvaluationData(StrEnum):
    """Labelled text that the model can be scored on."""

    GOEMOTIONS = "goemotions"


Language = Annotated[str | None, typer.Option(help="Spoken language (ISO 639-1); detected where it is left out.")]


@app.command()
def up() -> None:
    """Start the whole system on this machine: queue, API and workers. Ctrl-C stops it."""
    from service.settings import ServiceSettings
    from tandem.running import run_here

    raise typer.Exit(run_here(ServiceSettings()))


@app.command()
def demo(
    keep: Annotated[bool, typer.Option(help="Keep the temporary folder.")] = False,
) -> None:
    """Send real recordings through the whole system, in a temporary folder, and check what comes back."""
    from tandem.demo import run_demo

    raise typer.Exit(run_demo(keep=keep))


@app.command()
def doctor() -> None:
    """Look at everything a start needs, and say what to do about what is missing."""
    from service.settings import ServiceSettings
    from tandem.doctor import examine, report
    from workers.settings import WorkerSettings

    well = [report(finding) for finding in examine(ServiceSettings(), WorkerSettings())]
    raise typer.Exit(0 if all(well) else 1)


@app.command()
def api() -> None:
    """Run the API alone."""
    from service.settings import ServiceSettings
    from tandem.running import run_api

    run_api(ServiceSettings())


@app.command()
def worker(kind: Annotated[str, typer.Argument(help="transcription or light: the queue it works.")]) -> None:
    """Run one worker alone."""
    from store.logs import set_up_logs
    from workers.main import run_worker
    from workers.settings import WorkerKind, WorkerSettings

    if kind not in set(WorkerKind):
        raise typer.BadParameter(f"there is no worker {kind!r}; there are: {', '.join(WorkerKind)}")
    settings = WorkerSettings()
    set_up_logs(log_format=settings.log_format, process=settings.worker_name)
    signal.signal(signal.SIGTERM, _leave)  # until RQ takes the signals over
    run_worker(WorkerKind(kind), settings)


@app.command()
def migrate() -> None:
    """Bring the database up to date, and seal what is not sealed yet. Safe to run at every start."""
    from store.settings import StoreSettings
    from tandem.stores import bring_up_to_date

    bring_up_to_date(StoreSettings())


@app.command()
def audit() -> None:
    """Look whether an entry is missing or changed in the access log of an account. Safe while everything runs."""
    from store.settings import StoreSettings
    from tandem.auditing import audit_accesses

    raise typer.Exit(audit_accesses(StoreSettings()))


@app.command()
def model() -> None:
    """Put the speech model in its place, and check it. Useful when an image is built."""
    from tandem.reporting import joining_progress
    from workers.settings import WorkerSettings
    from workers.transcription.model_files import locate

    settings = WorkerSettings()
    with joining_progress() as on_progress:
        typer.echo(locate(settings.model, folder=settings.models_folder, on_progress=on_progress))


@app.command()
def alive(
    heartbeat_file: Annotated[Path, typer.Argument(help="The TANDEM_HEARTBEAT_FILE of the process.")],
    within: Annotated[float, typer.Option(help="Seconds.")] = 15.0,
) -> None:
    """Whether a process has shown a sign of life lately: the health check of a worker's container."""
    import time

    age = time.time() - heartbeat_file.stat().st_mtime if heartbeat_file.exists() else None
    if age is None or age > within:
        raise typer.Exit(1)


@app.command()
def transcribe(
    files: Files,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with words and times.")] = False,
    language: Language = None,
    languages: Annotated[str, typer.Option(help="Detect among these only, e.g. en,de.")] = "",
    vocabulary: Annotated[str, typer.Option(help="Names and words that may be said, with commas between.")] = "",
    translate: Annotated[
        bool, typer.Option("--translate", help="Into English, what is said in other languages.")
    ] = False,
) -> None:
    """Write down what is said in recordings, many at once. No server is needed."""
    from schemas.language import LANGUAGES
    from tandem.transcribing import Speaker, transcribe_files

    unknown = set(_listed(languages)) - LANGUAGES
    if unknown:
        raise typer.BadParameter(
            f"{', '.join(sorted(unknown))}: give ISO 639-1 codes such as en,de", param_hint="--languages"
        )
    speaker = Speaker(language=language, languages=_listed(languages), vocabulary=_listed(vocabulary))
    raise typer.Exit(transcribe_files(files, speaker, as_json=as_json, translate=translate))


@app.command()
def tag(
    jsonl: Annotated[bool, typer.Option("--jsonl", help='Lines of {"id", "text"} in, {"id", "tags"} out.')] = False,
    file: Annotated[Path | None, typer.Argument(help="Read from here; standard input where it is left out.")] = None,
    reflect: Annotated[bool, typer.Option("--reflect", help="With --jsonl: add what would be asked back.")] = False,
) -> None:
    """Tag the feelings, needs, requests and demands in text. No server is needed."""
    from tandem.tagging import tag_lines, tag_text

    with file.open(encoding="utf-8") if file else nullcontext(sys.stdin) as lines:
        raise typer.Exit(tag_lines(lines, with_reflections=reflect) if jsonl else tag_text(lines.read()))


@app.command()
def evaluate(
    data: Annotated[EvaluationData, typer.Argument(help="What the file holds.")],
    file: Annotated[Path, typer.Argument(help="A split in its published form.")],
) -> None:
    """Score the model on labelled text: `tandem evaluate goemotions dev.tsv`."""
    from tandem.evaluation import evaluate_goemotions

    raise typer.Exit({EvaluationData.GOEMOTIONS: evaluate_goemotions}[data](file))


@app.command()
def openapi() -> None:
    """Print the API's OpenAPI document."""
    import json

    from service.app import create_app
    from service.settings import ServiceSettings

    typer.echo(json.dumps(create_app(ServiceSettings()).openapi(), indent=2))


def _listed(words: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in words.split(",") if word.strip())


def _leave(_signum: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def main() -> None:
    """The entry point `tandem`. Whatever it writes is for its user alone."""
    os.umask(0o077)
    try:
        app()
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            name = "_".join(str(part) for part in detail["loc"]).upper()
            typer.echo(f"TANDEM_{name}: {detail['msg']}. docs/settings.md tells what it may be.", err=True)
        sys.exit(2)
    except TandemError as error:
        typer.echo(f"{error.detail.removesuffix('.')}. `tandem doctor` looks at everything a start needs.", err=True)
        sys.exit(1)
    except (OSError, ArgumentError) as error:
        typer.echo(f"{_said_by(error)}. `tandem doctor` looks at everything a start needs.", err=True)
        sys.exit(1)


def _said_by(error: OSError | ArgumentError) -> str:
    if isinstance(error, ArgumentError):
        return "TANDEM_DATABASE_URL is not a database URL"
    return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)


if __name__ == "__main__":
    main()
