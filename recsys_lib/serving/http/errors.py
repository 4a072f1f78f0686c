"""Every error as ``{"detail": "..."}`` with a sentence."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from recsys_lib.errors import (
    ArtifactError,
    ForkedError,
    NotTrainedError,
    QueryError,
    RulesError,
    StorageError,
    UnknownIdError,
)
from recsys_lib.serving.http import schemas

_MEANINGS = {
    401: "the token is wrong or missing",
    403: "the service has no token, which it needs where other machines reach it",
    404: "unknown id",
    408: "the body did not arrive in time",
    409: "the model is not trained; the detail says what to run",
    413: "the body is too long",
    422: "the body is not valid",
    503: "nothing is ready, files of the model are damaged, the rules of the shop have a "
    "mistake, or the disk is full",
}
_STATUS_CODES: dict[type[Exception], int] = {
    UnknownIdError: 404,
    NotTrainedError: 409,
    ArtifactError: 503,
    ForkedError: 503,
    StorageError: 503,
    RulesError: 503,
    QueryError: 422,
}
KNOWN = tuple(_STATUS_CODES)
"""Errors that say what is wrong with a question, or with the model."""
_LONGEST = 2000  # characters of a detail: it may repeat what the client sent


def add_errors(app: FastAPI) -> None:
    """Let the application answer errors in one form."""

    def known(request: Request, error: Exception) -> JSONResponse:
        return problem(status_code(error), str(error))

    for kind in _STATUS_CODES:
        app.add_exception_handler(kind, known)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        sent = request.headers.get("content-type", "")
        if _about_the_body(error) and not _is_json(sent):
            given = f"is {sent!r}" if sent else "is missing"
            return problem(422, f"Content-Type {given}: send application/json")
        problems = [(".".join(map(str, p["loc"][1:])), p["msg"]) for p in error.errors()]
        return problem(422, "; ".join(f"{where or 'body'}: {what}" for where, what in problems))

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> JSONResponse:
        path = request.url.path
        if error.status_code == 400:
            return problem(422, "body: it is not valid JSON in UTF-8")
        if error.status_code == 404:
            return problem(404, f"there is no {path}: /docs lists all paths")
        if error.status_code == 405:
            detail = f"{path} does not take {request.method}: /docs says what it takes"
            return problem(405, detail, error.headers)
        return problem(error.status_code, str(error.detail), error.headers)

    @app.exception_handler(Exception)
    def unexpected(request: Request, error: Exception) -> JSONResponse:
        return problem(500, f"{type(error).__name__}: the log of the service has the details")


def problem(code: int, detail: str, headers: Any = None) -> JSONResponse:
    """The answer to a request that failed."""
    return JSONResponse(schemas.Problem(detail=readable(detail)).model_dump(), code, headers)


def readable(detail: str) -> str:
    """A sentence of bearable length that can be sent: half a character is possible in it."""
    if len(detail) > _LONGEST:
        detail = f"{detail[:_LONGEST]} ..."
    return detail.encode("utf-8", "backslashreplace").decode()


def status_code(error: Exception) -> int:
    """The status code of one of the ``KNOWN`` errors."""
    return next(code for kind, code in _STATUS_CODES.items() if isinstance(error, kind))


def problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """The errors of an endpoint, for its documentation."""
    return {code: {"model": schemas.Problem, "description": _MEANINGS[code]} for code in codes}


def _about_the_body(error: RequestValidationError) -> bool:
    return any(problem["loc"][0] == "body" for problem in error.errors())


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and "+json" in kind)
