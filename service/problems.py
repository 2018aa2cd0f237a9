"""Errors as HTTP problems (RFC 9457): the one table from error to status."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException

from schemas import errors
from schemas.errors import TandemError, TemporaryError
from schemas.problem import InvalidField, Problem

MEDIA_TYPE = "application/problem+json"
_SCHEMA = {"$ref": "#/components/schemas/Problem"}

STATUS: Mapping[type[TandemError], int] = {
    TandemError: 500,
    errors.InvalidInput: 422,
    errors.RecordingTooLarge: 413,
    errors.RecordingTooLong: 413,
    errors.RequestTooLarge: 413,
    errors.ContentLengthInvalid: 400,
    errors.RecordingUnsupported: 415,
    errors.RecordingUnreadable: 415,
    errors.RangeNotSatisfiable: 416,
    errors.UploadIncomplete: 400,
    errors.UploadTypeUnsupported: 415,
    errors.UploadTooLong: 413,
    errors.UploadTooFragmented: 413,
    errors.ChecksumMismatch: 460,
    errors.ChecksumUnsupported: 400,
    errors.TusVersionUnsupported: 412,
    errors.NotSignedIn: 401,
    errors.SignInTooOld: 403,
    errors.PasswordWrong: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.CheckInDeleted: 410,
    errors.RecordingDeleted: 410,
    errors.UploadBusy: 423,
    errors.UploadsFull: 429,
    errors.StorageQuotaReached: 507,
    TemporaryError: 503,
    errors.TooManyRequests: 429,
    errors.StorageFull: 507,
}
"""An error has the status of its nearest ancestor here."""

EXPECTED = (errors.StorageQuotaReached, errors.LimitsUnavailable, errors.IssuerUnavailable)
"""Refusals that are no fault of ours, though their status is one of a server."""

log = structlog.get_logger()


def status_of(error: type[TandemError]) -> int:
    """The HTTP status of a class of errors."""
    return next(STATUS[ancestor] for ancestor in error.__mro__ if ancestor in STATUS)


def type_of(error: type[TandemError]) -> str:
    """The stable name: RecordingTooLong is urn:tandem:problem:recording-too-long."""
    return "urn:tandem:problem:" + re.sub(r"(?<!^)(?=[A-Z])", "-", error.__name__).lower()


def problem_of(error: TandemError) -> Problem:
    """What the caller gets to read."""
    return Problem(
        type=type_of(type(error)),
        title=error.title,
        status=status_of(type(error)),
        detail=error.detail,
        action=error.action,
    )


def documented(*listed: type[TandemError]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may raise these errors, for the OpenAPI."""
    responses: dict[int | str, dict[str, Any]] = {}
    for error in listed:
        status = status_of(error)
        described = responses.setdefault(status, {"content": {MEDIA_TYPE: {"schema": _SCHEMA}}, "description": ""})
        described["description"] = f"{described['description']} {error.title} (`{type_of(error)}`).".strip()
    return responses


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every error as a problem, and describe problems in the OpenAPI."""
    generate = app.openapi
    app.openapi = lambda: _with_problem_schema(generate())  # type: ignore[method-assign]  # FastAPI's own way
    app.add_exception_handler(TandemError, _answer_known)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(Exception, _answer_unforeseen)


def _with_problem_schema(document: dict[str, Any]) -> dict[str, Any]:
    """FastAPI describes models as application/json alone, so this one is referred to by name and added here."""
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    document["components"]["schemas"] |= problem.pop("$defs") | {"Problem": problem}
    return document


def _answer_known(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, TandemError):
        raise error
    headers = {}
    if isinstance(error, TemporaryError):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, errors.NotSignedIn):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, errors.RangeNotSatisfiable):
        headers["Content-Range"] = f"bytes */{error.size}"
    if status_of(type(error)) >= 500 and not isinstance(error, EXPECTED):
        log.error("request.failed", exc_info=error)
    return _answer(problem_of(error), headers)


def _answer_invalid(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    fields = tuple(map(_invalid_field, error.errors()))
    problem = problem_of(errors.InvalidInput("; ".join(f"{field.field}: {field.message}" for field in fields)))
    return _answer(problem.model_copy(update={"fields": fields}))


def _invalid_field(detail: ErrorDetails) -> InvalidField:
    """Where and why, without the value that was sent."""
    return InvalidField(
        field=".".join(str(part) for part in detail["loc"]), message=detail["msg"].removeprefix("Value error, ")
    )


def _answer_http(_request: Request, error: Exception) -> JSONResponse:
    """What the framework refuses by itself: unknown paths, wrong methods, broken JSON."""
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == HTTPStatus.BAD_REQUEST:
        return _answer(problem_of(errors.InvalidInput("The body is no JSON")))
    problem = Problem(
        type="about:blank",
        title=error.detail,
        status=error.status_code,
        detail=error.detail,
        action="Check path and method against /docs.",
    )
    return _answer(problem, error.headers)


def _answer_unforeseen(_request: Request, error: Exception) -> JSONResponse:
    log.error("request.failed", exc_info=error)
    return _answer(problem_of(TandemError()))


def answer_problem(error: TandemError) -> JSONResponse:
    """An error as a response, for what answers before any route."""
    return _answer(problem_of(error))


def _answer(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(
        problem.model_dump(mode="json"), problem.status, headers=dict(headers or {}), media_type=MEDIA_TYPE
    )
