"""Routes of the workbench. A route unpacks what was sent, asks the desk, and shows a page; the desk decides."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from lighed.core.errors import DataError, DefinitionError, LighedError, LoadError
from lighed.core.release import Release, found_in
from lighed.core.text import DEFAULT_LANG, LANGUAGES, Lang, say
from lighed.report.page import Link
from lighed.sources.draft import columns
from lighed.sources.raw import read
from lighed.store.schema import tables
from lighed.web import door
from lighed.web.app import Site
from lighed.web.door import AtDesk as AtOffice
from lighed.web.door import Sent, language, to, written
from lighed.workbench import form, zone
from lighed.workbench.desk import Desk, Upload
from lighed.workbench.jobs import Job

router = APIRouter()


def _desk(office: AtOffice) -> Desk:
    assert isinstance(office, Desk)
    return office


AtDesk = Annotated[Desk, Depends(_desk)]


def _start(request: Request, desk: Desk, kind: str, thing: str, work: Any) -> Response:
    user = desk.accounts.demand(desk.user, kind)
    job = request.app.state.jobs.start(kind, thing, user.name, work)
    return to(request, f"jobs/{job.id}")


@router.get("/")
def front() -> Response:
    """Lead to the overview."""
    return RedirectResponse(f"/{DEFAULT_LANG}/zone/")


router.include_router(door.router, prefix="/{lang}/zone")


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
        internals=desk.internals(),
        releases=releases,
        project=desk.project.folder.resolve().name,
    )


@router.post("/{lang}/zone/files")
def upload(request: Request, desk: AtDesk, sent: Sent) -> Response:
    """Take a file in."""
    given = sent.get("file")
    if given is None or not getattr(given, "filename", ""):
        raise LoadError("no_file_chosen")
    return to(request, f"files/{desk.take_upload(given.filename, given.file).id}")


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
    return to(request, f"files/{one.id}")


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
    return to(request, f"files/{one.id}")


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
    return to(request, f"plans/{desk.take_table(desk.upload(name)).stem}")


@router.post("/{lang}/zone/files/{name}/discard")
def discard_upload(request: Request, desk: AtDesk, name: str) -> Response:
    """Delete a file."""
    desk.discard_upload(desk.upload(name))
    return to(request)


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
    return to(request)


@router.post("/{lang}/zone/plans/{plan}/build")
def build(request: Request, desk: AtDesk, plan: str) -> Response:
    """Build a candidate."""
    return _start(request, desk, "build", plan, lambda: desk.build(plan))


@router.post("/{lang}/zone/plans/{plan}/internal")
def build_internal(request: Request, desk: AtDesk, plan: str) -> Response:
    """Build the internal edition."""
    return _start(request, desk, "internal", plan, lambda: desk.build_internal(plan))


@router.get("/{lang}/zone/releases")
def register_page(request: Request, desk: AtDesk) -> Response:
    """Show every release that was put in force, and who built and signed it."""
    return written(request, "register.html", register=desk.register(), user=desk.user)


@router.get("/{lang}/zone/releases.json")
def register_twin(desk: AtDesk) -> Response:
    """Tell the same as data."""
    return JSONResponse({"releases": desk.register()})


@router.get("/{lang}/zone/candidates/{plan}")
def candidate_page(request: Request, desk: AtDesk, plan: str) -> Response:
    """Show what was built: what is hidden, what the audit found, and who may sign it."""
    found = desk.candidate(plan)
    changed = desk.changed_rules(found)
    return written(request, "candidate.html", candidate=found, release=found.release, changed=changed, user=desk.user)


@router.post("/{lang}/zone/candidates/{plan}/sign-off")
def sign_off(request: Request, desk: AtDesk, sent: Sent, plan: str) -> Response:
    """Put a candidate in force."""
    desk.sign_off(desk.candidate(plan), seen=str(sent.get("candidate", "")), rules=bool(sent.get("rules")))
    return to(request)


@router.post("/{lang}/zone/candidates/{plan}/discard")
def discard(request: Request, desk: AtDesk, plan: str) -> Response:
    """Delete a candidate."""
    desk.discard(desk.candidate(plan))
    return to(request)


# --- the pages of a candidate, before it is signed


@router.get("/{lang}/{plan}/{path:path}")
def preview(request: Request, desk: AtDesk, lang: str, plan: str, path: str) -> Response:
    """Show a page of a candidate as it will stand."""
    if lang not in LANGUAGES:
        raise HTTPException(404)
    shown: Lang = "en" if lang == "en" else "da"
    internal = desk.internal(plan, path)
    if internal:
        stamp = say("zone.internal.stamp", shown)
        site = Site({plan: internal}, stamp, Link(say("zone.menu.overview", shown), f"/{lang}/zone/"), stamp=stamp)
        return site.answer(lang, plan, path, dict(request.query_params))
    if plan not in {candidate.plan for candidate in desk.candidates()}:
        raise HTTPException(404)
    found = desk.candidate(plan)
    back = Link(say("zone.candidate.back", shown), f"/{lang}/zone/candidates/{plan}")
    unsigned = say("zone.candidate.unsigned", shown)
    return Site({plan: found.release}, unsigned, back).answer(lang, plan, path, dict(request.query_params))
