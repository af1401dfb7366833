"""The door of every process with accounts: signing in, form tokens, guards, users and the log.

What is behind it is the process's own: it says under which word its addresses and texts stand (``root``), what its menu
has, where its templates are, and which desk a user sits down at.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.exceptions import HTTPException as Refused

from lighed import __version__
from lighed.core.accounts import NOBODY, Accounts, Session, User, actions, may, roles
from lighed.core.errors import AccessError, DataError, LighedError, SignInError
from lighed.core.identifiers import shows_number
from lighed.core.office import Office
from lighed.core.settings import Settings
from lighed.core.text import DEFAULT_LANG, Lang, day, number, say
from lighed.web.app import guards
from lighed.web.openid import WAITS, OpenId

COOKIE = "lighed"
FLOW = "lighed-flow"
MOST_FIELDS = 20_000
MOST_FILES = 2  # an export and its mapping
PROBLEMS_SHOWN = 200
HERE = {"127.0.0.1", "::1", "localhost", "testclient"}
MEGABYTE = 1 << 20
WRONG = "wrong.html"
JSON = ".json"  # how the address of a page's twin ends
MANY = "many."  # how the name of a field begins that can have several values
router = APIRouter()


@dataclass(frozen=True, slots=True)
class Door:
    """What a process puts behind its door.

    ``menu`` has the address of each page, the key of its title, and the action it takes; ``gone`` the errors that say
    that what an address names is not there. More than ``megabytes`` are not taken in. ``openid`` is the way to a
    provider who says who somebody is, where there is one.
    """

    root: str
    package: str
    accounts: Accounts
    desk: Callable[[User], Office]
    menu: tuple[tuple[str, str, str], ...]
    gone: frozenset[str]
    units: bool = False
    megabytes: int | None = None
    openid: OpenId | None = None


def opened(door: Door, routes: APIRouter) -> FastAPI:
    """Return the application behind a door; its routes are those of the door and its own."""
    app = FastAPI(title="Lighed", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.door = door
    app.mount("/static", StaticFiles(directory=str(files("lighed.report").joinpath("static"))), name="static")
    app.include_router(routes)
    app.middleware("http")(_guarded)
    app.add_exception_handler(LighedError, _went_wrong)
    app.add_exception_handler(Refused, _went_wrong)
    return app


def language(request: Request) -> Lang:
    """Return the language of the address."""
    given = request.url.path.split("/")[1]
    return "en" if given == "en" else DEFAULT_LANG


@cache
def _environment(package: str) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(name) for name in (package, "lighed.web", "lighed.report")]),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["kind"] = lambda block: type(block).__name__.lower()
    environment.filters["when"] = lambda at: datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    environment.filters["date"] = day
    environment.globals |= {"may": may, "roles": roles, "actions": actions, "problems_shown": PROBLEMS_SHOWN}
    environment.globals["say"] = say  # in the blocks of pages, which are given the language
    return environment


def written(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """Show a page."""
    lang, door = language(request), _door(request)
    other: Lang = "da" if lang == "en" else "en"
    # An address that names nothing may be anything, also a number.
    same = [door.root, ""] if shows_number(request.url.path) and template == WRONG else request.url.path.split("/")[2:]
    common = {
        "lang": lang,
        "other": other,
        "here": request.url.path,
        "other_address": "/".join(["", other, *same]) or f"/{other}/{door.root}/",
        "session": _session(request),
        "say": lambda key, lang=lang, **words: say(key, lang, **words),
        "count": lambda value: number(value, lang, digits=0),
        "door": door,
        "zone": f"/{lang}/{door.root}",
    }
    return HTMLResponse(_environment(door.package).get_template(template).render(common | values), status)


def to(request: Request, path: str = "") -> Response:
    """Lead on to another page."""
    return RedirectResponse(f"/{language(request)}/{_door(request).root}/{path}", 303)


def _door(request: Request) -> Door:
    door: Door = request.app.state.door
    return door


# --- guards


async def _guarded(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Refuse what is too large, comes unencrypted from elsewhere, or was sent by another site's page."""
    lang, refused = language(request), None
    size, most = request.headers.get("content-length", ""), _door(request).megabytes or Settings().upload_megabytes
    if request.url.scheme != "https" and request.client and request.client.host not in HERE:
        refused = 403, say(f"{_door(request).root}.refused.https", lang)
    # A body in chunks has no length, whatever length it claims.
    elif request.method == "POST" and (not size.isdecimal() or "transfer-encoding" in request.headers):
        refused = 411, say("zone.refused.length", lang)
    elif request.method == "POST" and int(size) > most * MEGABYTE:
        refused = 413, say("zone.refused.size", lang, most=most)
    elif request.method == "POST" and _elsewhere(request):
        refused = 403, say("zone.refused.origin", lang)
    response = _refusal(request, *refused) if refused else await _answered(request, call_next)
    response.headers.update(guards(request))
    if not request.url.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-store"
    return response


def _refusal(request: Request, status: int, said: str) -> Response:
    if request.url.path.endswith(JSON):
        return JSONResponse({"error": said}, status)
    return written(request, WRONG, status=status, error=None, said=said)


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
    onward = error.headers.get("Location") if isinstance(error, Refused) and error.headers else None
    if onward:
        return RedirectResponse(onward, 303)
    if isinstance(error, LighedError):
        status = 403 if isinstance(error, AccessError) else 404 if error.key in _door(request).gone else 400
        if request.url.path.endswith(JSON):
            return JSONResponse(_plain(error, language(request)), status)
        return written(request, WRONG, status=status, error=error, said=None)
    status = error.status_code if isinstance(error, Refused) else 500
    return _refusal(request, status, say("zone.wrong.missing", language(request)))


def _plain(error: LighedError, lang: Lang) -> dict[str, Any]:
    problems = error.problems if isinstance(error, DataError) else []
    told = [{"field": one.column, "row": one.row, "problem": one.fault(lang)} for one in problems]
    return {"error": error.sentence(lang)} | ({"problems": told} if told else {})


# --- who is there, and what was sent


def token(request: Request) -> str:
    """Return the token that everything sent in this session carries."""
    session = _session(request)
    return session.form_token if session else ""


def _cookie(request: Request) -> str:
    # Only over https can a browser be told that the cookie belongs to this host alone.
    return f"__Host-{COOKIE}" if request.url.scheme == "https" else COOKIE


def _session(request: Request) -> Session | None:
    return _door(request).accounts.session(request.cookies.get(_cookie(request)))


async def _sent(request: Request) -> AsyncIterator[dict[str, Any]]:
    """What was sent with a form; what has several values becomes a list. A file is closed with the answer."""
    if request.method != "POST":
        yield {}
        return
    if request.headers.get("content-type", "").startswith("application/json"):
        yield await _read_json(request)
        return
    async with request.form(max_fields=MOST_FIELDS, max_files=MOST_FILES) as given:
        yield {
            name: given.getlist(name) if name in {"role", "added"} or name.startswith(MANY) else given[name]
            for name in given
        }


async def _read_json(request: Request) -> dict[str, Any]:
    try:
        given = json.loads(await request.body())
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise HTTPException(400)
    return given


Sent = Annotated[dict[str, Any], Depends(_sent)]


def file_of(sent: Mapping[str, Any], name: str) -> tuple[str, bytes]:
    """Return the name of a file that was sent, and what is in it."""
    given: Any = sent.get(name)
    if not getattr(given, "filename", ""):
        raise LighedError("no_file_chosen")
    return given.filename, given.file.read()


def at_desk(request: Request, sent: Sent) -> Office:
    """Return the desk of whoever is signed in; a form must carry the session's own token."""
    session = _session(request)
    if session is None and request.url.path.endswith(JSON):
        raise HTTPException(401)
    if session is None:
        # What was to be sent is lost, so that only a page can be gone on to.
        onward = f"?next={quote(request.url.path)}" if request.method == "GET" else ""
        away = f"/{language(request)}/{_door(request).root}/sign-in{onward}"
        raise HTTPException(303, headers={"Location": away})
    if request.method == "POST" and not hmac.compare_digest(str(sent.get("token", "")), session.form_token):
        raise HTTPException(403)
    return _door(request).desk(session.user)


AtDesk = Annotated[Office, Depends(at_desk)]


# --- in and out


@router.get("/sign-in")
def sign_in_page(request: Request) -> Response:
    """Show the form for signing in."""
    return written(request, "sign_in.html", error=None, next=request.query_params.get("next", ""))


@router.post("/sign-in")
def sign_in(request: Request, sent: Sent) -> Response:
    """Sign somebody in, under a new session."""
    onward, accounts, openid = str(sent.get("next", "")), _door(request).accounts, _door(request).openid
    try:
        if openid and not openid.provider.takes_password(str(sent.get("name", "")).strip()):
            accounts.record(NOBODY, "sign_in_failed", "", "no_passwords")
            raise SignInError("no_passwords")
        token = accounts.sign_in(str(sent.get("name", "")).strip(), str(sent.get("password", "")))
    except SignInError as error:
        return written(request, "sign_in.html", status=401, error=error, next=onward)
    return _signed_in(request, token, RedirectResponse(_inside(request, onward), 303))


def _inside(request: Request, onward: str) -> str:
    """Return where somebody goes on to: never to another site."""
    # Browsers leave tabs and ends of lines out of an address before they read it.
    inside = onward.startswith("/") and not onward.startswith(("//", "/\\")) and onward.isprintable()
    return onward if inside else f"/{language(request)}/{_door(request).root}/"


def _signed_in(request: Request, token: str, response: Response) -> Response:
    """Give the browser its new session, and end the one that it had."""
    _door(request).accounts.sign_out(request.cookies.get(_cookie(request)))
    secure = request.url.scheme == "https"
    response.set_cookie(_cookie(request), token, httponly=True, samesite="strict", secure=secure, path="/")
    return response


def _openid(request: Request) -> OpenId:
    openid = _door(request).openid
    if openid is None:
        raise HTTPException(404)
    return openid


@router.get("/sign-in/start")
def start(request: Request) -> Response:
    """Lead to the provider, and remember in this browser that it was asked for from here."""
    back = f"{request.url.scheme}://{request.url.netloc}/{language(request)}/{_door(request).root}/sign-in/back"
    flow, address = _openid(request).begin(back, request.query_params.get("next", ""))
    response = RedirectResponse(address, 303)
    secure = request.url.scheme == "https"
    # Strict, it would not come along when the provider sends the browser back.
    response.set_cookie(FLOW, flow.state, max_age=WAITS, httponly=True, samesite="lax", secure=secure, path="/")
    return response


@router.get("/sign-in/back")
def back(request: Request) -> Response:
    """Sign in whoever the provider vouches for, under a new session."""
    accounts = _door(request).accounts
    try:
        vouched, onward = _openid(request).finish(request.query_params, request.cookies.get(FLOW, ""))
        token = accounts.sign_in_as(vouched)
    except SignInError as error:
        accounts.record(NOBODY, "sign_in_failed", "", error.key)
        return written(request, "sign_in.html", status=401, error=error, next="")
    # A page of our own leads on: what another site's answer led to would be asked for without the new cookie.
    response = written(request, "signed_in.html", onward=_inside(request, onward))
    response.delete_cookie(FLOW, path="/")
    return _signed_in(request, token, response)


@router.get("/sign-in/away")
def away(request: Request) -> Response:
    """Lead to where one signs out at the provider."""
    address = _openid(request).away()
    return RedirectResponse(address, 303) if address else to(request, "sign-in")


@router.post("/sign-out")
def sign_out(request: Request, desk: AtDesk) -> Response:
    """End the session."""
    desk.accounts.sign_out(request.cookies.get(_cookie(request)))
    response = to(request, "sign-in")
    response.delete_cookie(_cookie(request), path="/")
    return response


@router.get("/account")
def account_page(request: Request, desk: AtDesk) -> Response:
    """Show one's own account."""
    return written(request, "account.html", user=desk.user, error=None)


@router.post("/account")
def account(request: Request, desk: AtDesk, sent: Sent) -> Response:
    """Change one's own password; all one's sessions end."""
    assert desk.user is not None
    try:
        desk.accounts.sign_out(desk.accounts.sign_in(desk.user.name, str(sent.get("old", ""))))
        desk.accounts.set_password(desk.user.name, str(sent.get("new", "")), by=desk.user.name)
    except SignInError as error:
        return written(request, "account.html", status=400, user=desk.user, error=error)
    return to(request, "sign-in")


# --- users and the log


@router.get("/users")
def users_page(request: Request, desk: AtDesk) -> Response:
    """Show the accounts."""
    return written(request, "users.html", users=desk.users(), user=desk.user, error=None)


@router.post("/users")
def add_user(request: Request, desk: AtDesk, sent: Sent) -> Response:
    """Open an account."""
    try:
        desk.add_user(str(sent.get("name", "")), str(sent.get("password", "")), sent.get("role", []), _units(sent))
    except SignInError as error:
        return written(request, "users.html", status=400, users=desk.users(), user=desk.user, error=error)
    return to(request, "users")


@router.post("/users/{name}")
def change_user(request: Request, desk: AtDesk, sent: Sent, name: str) -> Response:
    """Change an account."""
    password, given = str(sent.get("password", "")), sent.get("role", [])
    desk.change_user(name, roles=given, closed=bool(sent.get("closed")), password=password, units=_units(sent))
    return to(request, "users")


def _units(sent: dict[str, Any]) -> list[str]:
    return str(sent.get("units", "")).split()


@router.get("/log")
def log_page(request: Request, desk: AtDesk) -> Response:
    """Show the log, and whether its chain holds."""
    entries, broken = desk.log()
    return written(request, "log.html", entries=entries, broken=broken, user=desk.user)
