"""What commands say to a person besides their result: on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

console = Console(stderr=True, highlight=False)


@contextmanager
def joining_progress() -> Iterator[Callable[[int, int], None]]:
    """A bar that appears with the first call: (bytes done, bytes in all)."""
    columns = (TextColumn("Joining the speech model"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("model", total=None, visible=False)
        yield lambda done, total: progress.update(task, completed=done, total=total, visible=True)
