"""The analyst's pages of the secure zone: a process of its own, with accounts, apart from the server of releases."""

from __future__ import annotations

import logging
import secrets
import tempfile
from collections.abc import Awaitable, Callable
from importlib.resources import files

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from lighed import __version__
from lighed.core.accounts import Accounts, roles
from lighed.core.errors import AccessError, LighedError
from lighed.core.project import Project
from lighed.core.settings import Settings
from lighed.core.text import say
from lighed.web.app import HEADERS
from lighed.workbench.jobs import Jobs
from lighed.workbench.routes import language, router, written

FIRST = "admin"
HERE = {"127.0.0.1", "::1", "localhost", "testclient"}
MEGABYTE = 1 << 20
GONE = {"no_upload", "no_plan", "no_candidate", "account.no_user"}  # what the address names is not there


def first_user(project: Project) -> str | None:
    """Make the first user, with every role, and return the password; None when there are users."""
    accounts = Accounts(project.accounts)
    if accounts.users():
        return None
    password = secrets.token_urlsafe(12)
    accounts.add_user(FIRST, password, roles(), by="-")
    return password


def create_app(project: Project) -> FastAPI:
    """Open the workbench of a project."""
    app = FastAPI(title="Lighed", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.project, app.state.accounts, app.state.jobs = project, Accounts(project.accounts), Jobs()
    project.inbox.mkdir(parents=True, exist_ok=True, mode=0o700)
    # What is being uploaded waits inside the zone, not in a folder of everybody's.
    tempfile.tempdir = str(project.inbox)
    app.mount("/static", StaticFiles(directory=str(files("lighed.report").joinpath("static"))), name="static")
    app.include_router(router)
    app.middleware("http")(_guarded)
    app.add_exception_handler(LighedError, _went_wrong)
    app.add_exception_handler(HTTPException, _went_wrong)
    return app


async def _guarded(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Refuse what is too large, comes unencrypted from elsewhere, or was sent by another site's page."""
    lang, refused = language(request), None
    size, most = request.headers.get("content-length", ""), Settings().upload_megabytes
    if request.url.scheme != "https" and request.client and request.client.host not in HERE:
        refused = 403, say("zone.refused.https", lang)
    # A body in chunks has no length, whatever length it claims.
    elif request.method == "POST" and (not size.isdecimal() or "transfer-encoding" in request.headers):
        refused = 411, say("zone.refused.length", lang)
    elif request.method == "POST" and int(size) > most * MEGABYTE:
        refused = 413, say("zone.refused.size", lang, most=most)
    elif request.method == "POST" and _elsewhere(request):
        refused = 403, say("zone.refused.origin", lang)
    response = _refusal(request, *refused) if refused else await _answered(request, call_next)
    response.headers.update(HEADERS)
    if not request.url.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-store"
    return response


def _refusal(request: Request, status: int, said: str) -> Response:
    return written(request, "wrong.html", status=status, error=None, said=said)


async def _answered(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    try:
        return await call_next(request)
    except Exception as error:  # noqa: BLE001 - what went wrong is logged by kind alone: its text may hold a value
        kind, route = type(error).__name__, getattr(request.scope.get("route"), "path", "-")
        logging.getLogger(__name__).error("%s %s failed: %s", request.method, route, kind)
        return _refusal(request, 500, LighedError("unexpected", kind=kind).sentence(language(request)))


def _elsewhere(request: Request) -> bool:
    origin = request.headers.get("origin")
    return origin is not None and origin.partition("://")[2] != request.headers.get("host")


async def _went_wrong(request: Request, error: Exception) -> Response:
    onward = error.headers.get("Location") if isinstance(error, HTTPException) and error.headers else None
    if onward:
        return RedirectResponse(onward, 303)
    if isinstance(error, LighedError):
        status = 403 if isinstance(error, AccessError) else 404 if error.key in GONE else 400
        return written(request, "wrong.html", status=status, error=error, said=None)
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _refusal(request, status, say("zone.wrong.missing", language(request)))
