"""Logs: one JSON object a line, a static event and fields from an allow-list. Never a person's words.

An exception is logged as its types and places, without its message: messages can quote what they choke on.
"""

import logging
import sys
import threading
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

import structlog

FIELDS = frozenset(
    {
        "event", "level", "timestamp", "process", "error", "where",
        "check_in_id", "attempt", "stage", "worker", "state", "reason",
        "seconds", "audio_seconds", "count", "path", "method", "status", "name", "pid", "exit_code",
    }
)  # fmt: skip
"""Every field a log line may have."""

Event = MutableMapping[str, Any]


def set_up_logs(*, log_format: str, process: str) -> None:
    """Send our own lines and those of libraries to standard error, in one shape."""
    for_people = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    renderer = structlog.dev.ConsoleRenderer() if for_people else structlog.processors.JSONRenderer()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _of_process(process),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        exceptions_without_messages,
        only_allowed_fields,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        # A line in one write: processes share the file, and unbuffered, print would write its end by itself.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[library_line, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda caught: _log_uncaught(caught.exc_type, caught.exc_value, caught.exc_traceback)


def _of_process(process: str) -> structlog.typing.Processor:
    """Names the process in every line, whatever thread it comes from."""

    def add_process(_logger: Any, _method: str, event: Event) -> Event:
        event["process"] = process
        return event

    return add_process


def _log_uncaught(_kind: type[BaseException], error: BaseException | None, _trace: TracebackType | None) -> None:
    """What ends a process or a thread is logged as everything else: without its message."""
    structlog.get_logger().critical("process.failed", exc_info=error)


def library_line(_logger: Any, _method: str, event: Event) -> Event:
    """A library's line becomes its place alone: what it says we do not know."""
    record: logging.LogRecord = event["_record"]
    event["event"] = "library.logged"
    event["where"] = f"{record.name}:{record.funcName}:{record.lineno}"
    if record.exc_info:
        event["exc_info"] = record.exc_info
    return event


def exceptions_without_messages(_logger: Any, _method: str, event: Event) -> Event:
    """Replace `exc_info` by the types of the chain and the place where the last was raised."""
    info = event.pop("exc_info", None)
    error = info[1] if isinstance(info, tuple) else sys.exc_info()[1] if info is True else info
    if isinstance(error, BaseException):
        event["error"] = " < ".join(type(link).__name__ for link in _chain(error))
        frames = traceback.extract_tb(error.__traceback__)
        event["where"] = " > ".join(f"{frame.name}:{frame.lineno}" for frame in frames[-6:])
    return event


def only_allowed_fields(_logger: Any, _method: str, event: Event) -> Event:
    """Drop every field that is not on the list."""
    for field in set(event) - FIELDS - {"_record", "_from_structlog"}:
        del event[field]
    return event


def _chain(error: BaseException) -> list[BaseException]:
    links = [error]
    while (cause := links[-1].__cause__) is not None and cause not in links:
        links.append(cause)
    return links
