"""Routes of the workbench. A route unpacks what was sent, asks the desk, and shows a page; the desk decides."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape

from lighed.core.accounts import Session, actions, may, roles
from lighed.core.errors import DataError, DefinitionError, LighedError, LoadError, SignInError
from lighed.core.release import Release, found_in
from lighed.core.text import DEFAULT_LANG, LANGUAGES, Lang, number, say
from lighed.report.page import Link
from lighed.sources.draft import columns
from lighed.sources.raw import read
from lighed.store.schema import tables
from lighed.web.app import Site
from lighed.workbench import form, zone
from lighed.workbench.desk import Desk, Upload
from lighed.workbench.jobs import Job

router = APIRouter()
COOKIE = "lighed"
MOST_FIELDS = 20_000
PROBLEMS_SHOWN = 200


def language(request: Request) -> Lang:
    """Return the language of the address."""
    given = request.url.path.split("/")[1]
    return "en" if given == "en" else DEFAULT_LANG


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("lighed.workbench"), PackageLoader("lighed.report")]),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["kind"] = lambda block: type(block).__name__.lower()
    environment.filters["when"] = lambda at: datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    environment.globals |= {"may": may, "roles": roles, "actions": actions, "problems_shown": PROBLEMS_SHOWN}
    return environment


def written(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """Show a page of the workbench."""
    lang = language(request)
    other: Lang = "da" if lang == "en" else "en"
    common = {
        "lang": lang,
        "other": other,
        "here": request.url.path,
        "other_address": "/".join(["", other, *request.url.path.split("/")[2:]]) or f"/{other}/zone/",
        "session": _session(request),
        "say": lambda key, **words: say(key, lang, **words),
        "count": lambda value: number(value, lang, digits=0),
        "zone": f"/{lang}/zone",
    }
    return HTMLResponse(_environment().get_template(template).render(common | values), status)


def _cookie(request: Request) -> str:
    # Only over https can a browser be told that the cookie belongs to this host alone.
    return f"__Host-{COOKIE}" if request.url.scheme == "https" else COOKIE


def _session(request: Request) -> Session | None:
    session: Session | None = request.app.state.accounts.session(request.cookies.get(_cookie(request)))
    return session


async def _sent(request: Request) -> AsyncIterator[dict[str, Any]]:
    """What was sent with a form; several values of one name become a list. A file is closed with the answer."""
    if request.method != "POST":
        yield {}
        return
    async with request.form(max_fields=MOST_FIELDS, max_files=1) as given:
        yield {name: given.getlist(name) if name == "role" else given[name] for name in given}


Sent = Annotated[dict[str, Any], Depends(_sent)]


def _desk(request: Request, sent: Sent) -> Desk:
    """The desk of whoever is signed in; a form must carry the session's own token."""
    state, session = request.app.state, _session(request)
    if session is None:
        # What was to be sent is lost, so that only a page can be gone on to.
        onward = f"?next={quote(request.url.path)}" if request.method == "GET" else ""
        away = f"/{language(request)}/zone/sign-in{onward}"
        raise HTTPException(303, headers={"Location": away})
    if request.method == "POST" and not hmac.compare_digest(str(sent.get("token", "")), session.form_token):
        raise HTTPException(403)
    return Desk(state.project, state.accounts, session.user)


AtDesk = Annotated[Desk, Depends(_desk)]


def _to(request: Request, path: str = "") -> Response:
    return RedirectResponse(f"/{language(request)}/zone/{path}", 303)


def _start(request: Request, desk: Desk, kind: str, thing: str, work: Any) -> Response:
    user = desk.accounts.demand(desk.user, kind)
    job = request.app.state.jobs.start(kind, thing, user.name, work)
    return _to(request, f"jobs/{job.id}")


# --- in and out


@router.get("/")
def door() -> Response:
    """Lead to the overview."""
    return RedirectResponse(f"/{DEFAULT_LANG}/zone/")


@router.get("/{lang}/zone/sign-in")
def sign_in_page(request: Request) -> Response:
    """Show the form for signing in."""
    return written(request, "sign_in.html", error=None, next=request.query_params.get("next", ""))


@router.post("/{lang}/zone/sign-in")
def sign_in(request: Request, sent: Sent) -> Response:
    """Sign somebody in, under a new session."""
    onward = str(sent.get("next", ""))
    accounts = request.app.state.accounts
    try:
        token = accounts.sign_in(str(sent.get("name", "")).strip(), str(sent.get("password", "")))
    except SignInError as error:
        return written(request, "sign_in.html", status=401, error=error, next=onward)
    accounts.sign_out(request.cookies.get(_cookie(request)))
    inside = onward if onward.startswith("/") and not onward.startswith(("//", "/\\")) else ""
    response = RedirectResponse(inside or f"/{language(request)}/zone/", 303)
    secure = request.url.scheme == "https"
    response.set_cookie(_cookie(request), token, httponly=True, samesite="strict", secure=secure, path="/")
    return response


@router.post("/{lang}/zone/sign-out")
def sign_out(request: Request, desk: AtDesk) -> Response:
    """End the session."""
    desk.accounts.sign_out(request.cookies.get(_cookie(request)))
    response = _to(request, "sign-in")
    response.delete_cookie(_cookie(request), path="/")
    return response


@router.get("/{lang}/zone/account")
def account_page(request: Request, desk: AtDesk) -> Response:
    """Show one's own account."""
    return written(request, "account.html", user=desk.user, error=None)


@router.post("/{lang}/zone/account")
def account(request: Request, desk: AtDesk, sent: Sent) -> Response:
    """Change one's own password; all one's sessions end."""
    assert desk.user is not None
    try:
        desk.accounts.sign_out(desk.accounts.sign_in(desk.user.name, str(sent.get("old", ""))))
        desk.accounts.set_password(desk.user.name, str(sent.get("new", "")), by=desk.user.name)
    except SignInError as error:
        return written(request, "account.html", status=400, user=desk.user, error=error)
    return _to(request, "sign-in")


# --- overview and files


@router.get("/{lang}/zone/")
def overview(request: Request, desk: AtDesk) -> Response:
    """Show what there is, and what can be done next."""
    releases = [Release.open(path) for path in found_in(desk.project.releases)]
    snapshot = desk.snapshot()
    held = (
        [(table.title[language(request)], snapshot.rows(name)) for name, table in tables().items()] if snapshot else []
    )
    return written(
        request,
        "overview.html",
        user=desk.user,
        snapshot=snapshot,
        held=[(title, rows) for title, rows in held if rows],
        uploads=desk.uploads(),
        plans=desk.plans(),
        policies=desk.catalogue.policies,
        candidates=desk.candidates(),
        releases=releases,
        project=desk.project.folder.resolve().name,
    )


@router.post("/{lang}/zone/files")
def upload(request: Request, desk: AtDesk, sent: Sent) -> Response:
    """Take a file in."""
    given = sent.get("file")
    if given is None or not getattr(given, "filename", ""):
        raise LoadError("no_file_chosen")
    return _to(request, f"files/{desk.take_upload(given.filename, given.file).id}")


@router.get("/{lang}/zone/files/{name}")
def file_page(request: Request, desk: AtDesk, name: str) -> Response:
    """Show a file: its columns and where they go, or what is wrong with it."""
    return _file(request, desk, desk.upload(name))


def _file(
    request: Request, desk: Desk, one: Upload, error: LighedError | None = None, text: str | None = None
) -> Response:
    lang = language(request)
    common: dict[str, Any] = {
        "upload": one,
        "user": desk.user,
        "error": error,
        "saved": desk.mapping_path(one).is_file(),
    }
    try:
        if desk.is_table(one):
            return written(request, "table.html", **common)
        shown = text if text is not None else desk.mapping_text(one, lang)
        found = columns(read(desk.path_of(one), name=one.name))
        mapping = zone.parsed(shown, desk.mapping_path(one))
    except DataError as wrong:
        return written(request, "file_wrong.html", **common | {"error": wrong})
    return written(
        request,
        "file.html",
        **common,
        text=shown,
        mapping=mapping,
        columns=[column.name for column in found],
        rows=len(found[0].texts),
        lines=form.lines(found, mapping, desk.catalogue, lang),
        targets=form.targets(desk.catalogue, lang),
        read_as=form.READ_AS,
        forms=form.FORMS,
    )


@router.post("/{lang}/zone/files/{name}/mapping")
def save_mapping(request: Request, desk: AtDesk, sent: Sent, name: str) -> Response:
    """Keep the mapping of a file, from the form or from its text, and go on to what the button said."""
    one = desk.upload(name)
    if "text" in sent:
        text = str(sent["text"])
    else:
        found = columns(read(desk.path_of(one), name=one.name))
        text = form.mapping_text(desk.mapping_path(one).stem, found, sent)
    try:
        desk.save_mapping(one, text)
    except DefinitionError as error:
        return written(request, "file_text.html", status=400, upload=one, user=desk.user, error=error, text=text)
    if sent.get("then") == "try":
        return _start(request, desk, "try", one.id, lambda: desk.load(one, dry_run=True, replace=False))
    return _to(request, f"files/{one.id}")


@router.get("/{lang}/zone/files/{name}/text")
def mapping_page(request: Request, desk: AtDesk, name: str) -> Response:
    """Show the mapping of a file as text."""
    one = desk.upload(name)
    text = desk.mapping_text(one, language(request))
    return written(request, "file_text.html", upload=one, user=desk.user, error=None, text=text)


@router.post("/{lang}/zone/files/{name}/draft")
def draft_again(request: Request, desk: AtDesk, name: str) -> Response:
    """Put a new draft in the place of the mapping."""
    one = desk.upload(name)
    desk.save_mapping(one, desk.draft(one, language(request)))
    return _to(request, f"files/{one.id}")


@router.post("/{lang}/zone/files/{name}/load")
def load(request: Request, desk: AtDesk, sent: Sent, name: str) -> Response:
    """Load a file into the store."""
    one = desk.upload(name)
    return _start(
        request, desk, "load", one.id, lambda: desk.load(one, dry_run=False, replace=bool(sent.get("replace")))
    )


@router.post("/{lang}/zone/files/{name}/table")
def take_table(request: Request, desk: AtDesk, name: str) -> Response:
    """Take a table of published figures into the project."""
    return _to(request, f"plans/{desk.take_table(desk.upload(name)).stem}")


@router.post("/{lang}/zone/files/{name}/discard")
def discard_upload(request: Request, desk: AtDesk, name: str) -> Response:
    """Delete a file."""
    desk.discard_upload(desk.upload(name))
    return _to(request)


# --- jobs


def _job(request: Request, desk: Desk, name: str) -> Job:
    assert desk.user is not None
    found: Job | None = request.app.state.jobs.get(name, desk.user.name)
    if found is None:
        raise HTTPException(404)
    return found


@router.get("/{lang}/zone/jobs/{name}.json")
def job_state(request: Request, desk: AtDesk, name: str) -> Response:
    """Say how far a job is."""
    return JSONResponse({"state": _job(request, desk, name).state})


@router.get("/{lang}/zone/jobs/{name}")
def job_page(request: Request, desk: AtDesk, name: str) -> Response:
    """Show how far a job is, and what came of it."""
    job = _job(request, desk, name)
    uploads = {one.id: one for one in desk.uploads()}
    known = desk.catalogue
    named: dict[str, Any] = {"tables": tables(), "things": {**known.dimensions, **known.items}}
    return written(
        request, "job.html", job=job, user=desk.user, upload=uploads.get(job.thing), error=job.error, **named
    )


# --- plans, candidates, releases


@router.get("/{lang}/zone/plans/{plan}")
def plan_page(request: Request, desk: AtDesk, plan: str) -> Response:
    """Show a plan as text."""
    return written(request, "plan.html", plan=plan, user=desk.user, text=desk.plan_text(plan), error=None)


@router.post("/{lang}/zone/plans/{plan}")
def save_plan(request: Request, desk: AtDesk, sent: Sent, plan: str) -> Response:
    """Keep a plan."""
    text = str(sent.get("text", ""))
    try:
        desk.save_plan(plan, text)
    except DefinitionError as error:
        return written(request, "plan.html", status=400, plan=plan, user=desk.user, text=text, error=error)
    return _to(request)


@router.post("/{lang}/zone/plans/{plan}/build")
def build(request: Request, desk: AtDesk, plan: str) -> Response:
    """Build a candidate."""
    return _start(request, desk, "build", plan, lambda: desk.build(plan))


@router.get("/{lang}/zone/candidates/{plan}")
def candidate_page(request: Request, desk: AtDesk, plan: str) -> Response:
    """Show what was built: what is hidden, what the audit found, and who may sign it."""
    found = desk.candidate(plan)
    return written(request, "candidate.html", candidate=found, release=found.release, user=desk.user)


@router.post("/{lang}/zone/candidates/{plan}/sign-off")
def sign_off(request: Request, desk: AtDesk, sent: Sent, plan: str) -> Response:
    """Put a candidate in force."""
    desk.sign_off(desk.candidate(plan), seen=str(sent.get("candidate", "")))
    return _to(request)


@router.post("/{lang}/zone/candidates/{plan}/discard")
def discard(request: Request, desk: AtDesk, plan: str) -> Response:
    """Delete a candidate."""
    desk.discard(desk.candidate(plan))
    return _to(request)


# --- users and the log


@router.get("/{lang}/zone/users")
def users_page(request: Request, desk: AtDesk) -> Response:
    """Show the accounts."""
    return written(request, "users.html", users=desk.users(), user=desk.user, error=None)


@router.post("/{lang}/zone/users")
def add_user(request: Request, desk: AtDesk, sent: Sent) -> Response:
    """Open an account."""
    try:
        desk.add_user(str(sent.get("name", "")), str(sent.get("password", "")), sent.get("role", []))
    except SignInError as error:
        return written(request, "users.html", status=400, users=desk.users(), user=desk.user, error=error)
    return _to(request, "users")


@router.post("/{lang}/zone/users/{name}")
def change_user(request: Request, desk: AtDesk, sent: Sent, name: str) -> Response:
    """Change an account."""
    password = str(sent.get("password", ""))
    desk.change_user(name, roles=sent.get("role", []), closed=bool(sent.get("closed")), password=password)
    return _to(request, "users")


@router.get("/{lang}/zone/log")
def log_page(request: Request, desk: AtDesk) -> Response:
    """Show the log, and whether its chain holds."""
    entries, broken = desk.log()
    return written(request, "log.html", entries=entries, broken=broken, user=desk.user)


# --- the pages of a candidate, before it is signed


@router.get("/{lang}/{plan}/{path:path}")
def preview(request: Request, desk: AtDesk, lang: str, plan: str, path: str) -> Response:
    """Show a page of a candidate as it will stand."""
    if lang not in LANGUAGES:
        raise HTTPException(404)
    if plan not in {candidate.plan for candidate in desk.candidates()}:
        raise HTTPException(404)
    found = desk.candidate(plan)
    shown: Lang = "en" if lang == "en" else "da"
    back = Link(say("zone.candidate.back", shown), f"/{lang}/zone/candidates/{plan}")
    unsigned = say("zone.candidate.unsigned", shown)
    return Site({plan: found.release}, unsigned, back).answer(lang, plan, path, dict(request.query_params))
