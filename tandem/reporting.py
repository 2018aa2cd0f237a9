"""What commands say to a person besides their result: on standard error."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

console = Console(stderr=True, highlight=False)


@contextmanager
def joining_progress() -> Iterator[Callable[[int, int], None]]:
    """A bar that appears with the first call: (bytes done, bytes in all)."""
    columns = (TextColumn("Joining the speech model"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("model", total=None, visible=False)
        yield lambda done, total: progress.update(task, completed=done, total=total, visible=True)


@contextmanager
def listening_progress(*, seconds: float) -> Iterator[Callable[[float], None]]:
    """A bar with the time left, where there is a terminal to see it: (seconds of audio listened to since)."""
    columns = (TextColumn("Listening"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(compact=True))
    # What is printed meanwhile goes above the bar; but into a file or a pipe it goes as ever.
    with Progress(
        *columns, console=console, transient=True, redirect_stdout=sys.stdout.isatty(), disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("listening", total=seconds)
        yield lambda more: progress.advance(task, more)
