"""Pages of the registers. A route unpacks what was sent and asks the desk; each has a JSON twin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from lighed.charts import svg
from lighed.core.diagnostic import Diagnostic
from lighed.core.errors import DataError, LighedError, Problem, RegisterError
from lighed.core.register import Field, Register, typed
from lighed.core.release import Release
from lighed.core.text import Lang, say
from lighed.portfolio.archive import PAGE, Asked, ConflictError, Record
from lighed.portfolio.desk import Desk
from lighed.portfolio.diagnostics import Kept, flags, shelf_of
from lighed.portfolio.efforts import INITIATIVES, efforts_of
from lighed.portfolio.exchange import WRITERS
from lighed.portfolio.files import MEGABYTES, media
from lighed.portfolio.find import sentence
from lighed.portfolio.house import House
from lighed.portfolio.obligations import OBLIGATIONS
from lighed.portfolio.words import differences, merged, named, words
from lighed.report.page import Choices, Page
from lighed.report.pages.effort import effort
from lighed.web import door, overviews
from lighed.web.door import MANY, Door, Sent, file_of, language, opened, to, token, written
from lighed.web.openid import OpenId
from lighed.web.overviews import AtDesk, day_of, owing, plain, view_of, views_of

MENU = (
    ("", "portfolio.menu.overview", "see_registers"),
    ("due", "portfolio.menu.due", "see_registers"),
    ("report/overview", "portfolio.menu.report", "see_registers"),
    ("diagnostics", "portfolio.menu.diagnostics", "see_registers"),
    ("revision", "portfolio.menu.revision", "see_registers"),
    ("users", "zone.menu.users", "manage_users"),
    ("log", "zone.menu.log", "read_log"),
)
GONE = frozenset({"register.no_register", "register.no_record", "account.no_user"})
GROUPS = ("work", "results", "knowledge", "policy", "partners")
CHOSEN = "f."
FIRST, LAST = "from.", "to."
GOALS, EVALUATIONS = "goals", "evaluations"
router = APIRouter()
router.include_router(door.router)
router.include_router(overviews.router)


def create_app(house: House) -> FastAPI:
    """Open the registers; the application is mounted under ``/{lang}/portfolio``.

    Who mounts it beside releases takes its ``state.efforts`` and gives it ``state.releases``, by id.
    """
    guards: dict[str, Any] = {"units": True, "megabytes": MEGABYTES, "openid": OpenId.of(house.folder)}
    app = opened(Door("portfolio", "lighed.web", house.accounts, house.desk, MENU, GONE, **guards), router)
    app.state.efforts, app.state.releases = efforts_of(house), {}
    return app


@router.get("/")
def overview(request: Request, desk: AtDesk) -> Response:
    """Show which registers there are, and how much each holds."""
    counts = {register.id: desk.count(register) for register in desk.registers()}
    groups = [(group, [r for r in desk.registers() if r.group == group]) for group in GROUPS]
    releases = [one.manifest for one in request.app.state.releases.values()]
    return written(request, "registers.html", groups=groups, counts=counts, releases=releases)


@router.get("/registers.json")
def overview_twin(request: Request, desk: AtDesk) -> Response:
    """Give every register's definition, and the token that goes with what is sent."""
    registers = [
        register.model_dump(mode="json", by_alias=True, exclude={"example"}) | {"count": desk.count(register)}
        for register in desk.registers()
    ]
    return JSONResponse({"token": token(request), "registers": registers})


# --- lists


@router.get("/register/{name}.json")
def list_twin(request: Request, desk: AtDesk, name: str) -> Response:
    """Give a page of a register."""
    register = desk.register(name)
    asked = _asked(request, register)
    records, count = desk.listed(register, asked)
    return JSONResponse({"count": count, "page": asked.page, "records": [plain(one) for one in records]})


@router.get("/register/{name}")
def list_page(request: Request, desk: AtDesk, name: str) -> Response:
    """Show a page of a register, after words and filters."""
    register, lang = desk.register(name), language(request)
    asked = _asked(request, register)
    records, found = desk.listed(register, asked)
    shown: dict[str, Any] = {
        "register": register,
        "asked": asked,
        "records": records,
        "found": found,
        "pages": max(1, -(-found // PAGE)),
        "query": {key: value for key, value in request.query_params.items() if key != "page" and value},
        "choices": desk.choices(register, only=register.filters),
        "titles": desk.titles(register, records),
        "may_write": desk.may_write(register),
        "words": lambda field, one, titles: words(field, one.content, lang, titles),
        "stands": lambda one: register.stands(one.state, one.content, day_of(desk)).title[lang],
        "sentence": lambda one: sentence((str(one.content.get(name, "")) for name in register.search), asked.words),
        "flags": _flags(desk, register, records),
    }
    return written(request, "register_list.html", **shown)


def _flags(desk: Desk, register: Register, records: list[Record]) -> dict[str, list[Diagnostic]]:
    """The flags of each record; nothing is looked up where no rule asks for flags."""
    rules = [rule for rule in desk.rules if rule.kind == "flag" and register.id in rule.registers]
    page = [Kept(register.id, one.id, one.content) for one in records]
    shelf = shelf_of(desk, page)
    return {one.id: flags(shelf, rules, one) for one in page}


def _asked(request: Request, register: Register) -> Asked:
    query = request.query_params
    chosen = {key.removeprefix(CHOSEN): v for key, v in query.items() if key.startswith(CHOSEN) and v}
    page = query.get("page", "1")
    number = max(1, int(page)) if page.isdecimal() and len(page) < len("100000") else 1
    dates = [field for name in register.filters if (field := register.field(name)).kind == "date"]
    days = {field.id: (_day(query, field, FIRST), _day(query, field, LAST)) for field in dates}
    between = {name: given for name, given in days.items() if any(given)}
    return Asked(query.get("q", "")[:200], chosen, between, query.get("state", ""), page=number)


def _day(query: Mapping[str, str], field: Field, end: str) -> str:
    given = query.get(f"{end}{field.id}", "")
    read = field.read({field.id: given}) or ""
    if read and any(field.faults(read)):
        raise DataError([Problem("not_a_day", field.id, value=given)])
    return str(read)


# --- files


@router.get("/register/{name}/export.{kind}")
def export(desk: AtDesk, name: str, kind: str) -> Response:
    """Give a register as a file."""
    register = desk.register(name)
    if kind not in WRITERS:
        raise HTTPException(404)
    write, media = WRITERS[kind]
    named = {"Content-Disposition": f'attachment; filename="{register.id}.{kind}"'}
    return Response(write(register, desk.export(register)), media_type=media, headers=named)


@router.get("/register/{name}/import")
def import_page(request: Request, desk: AtDesk, name: str) -> Response:
    """Show where a file is chosen."""
    return written(request, "register_import.html", register=desk.register(name), error=None)


@router.post("/register/{name}/import")
def take_in(request: Request, desk: AtDesk, sent: Sent, name: str) -> Response:
    """Keep the records in a file, all or none."""
    register = desk.register(name)
    try:
        desk.take_in(register, *file_of(sent, "file"))
    except LighedError as error:
        return written(request, "register_import.html", status=400, register=register, error=error)
    return to(request, f"register/{name}")


# --- a new record


@router.get("/register/{name}/new")
def new_page(request: Request, desk: AtDesk, name: str) -> Response:
    """Show the form of a new record; the address may fill some of it in."""
    register = desk.register(name)
    given = register.read(dict(request.query_params))
    return _form(request, desk, register, given)


@router.post("/register/{name}/new")
def create(request: Request, desk: AtDesk, sent: Sent, name: str) -> Response:
    """Keep a new record."""
    register = desk.register(name)
    content = register.read(_cells(sent))
    try:
        content |= _files(desk, register, sent)
        made = desk.create(register, content)
    except DataError as error:
        return _form(request, desk, register, content, error=error)
    return to(request, f"record/{made.register}/{made.id}")


@router.post("/register/{name}.json")
def create_twin(desk: AtDesk, sent: Sent, name: str) -> Response:
    """Keep a new record that was sent as JSON."""
    return JSONResponse(plain(desk.create(desk.register(name), _content(sent))), 201)


def _form(
    request: Request,
    desk: Desk,
    register: Register,
    content: Mapping[str, Any],
    *,
    now: Record | None = None,
    error: LighedError | None = None,
    both: Any = (),
) -> Response:
    status = 409 if isinstance(error, ConflictError) else 400 if error else 200
    wrong = {problem.column: problem for problem in getattr(error, "problems", [])}
    fields = _fields(desk, register, content)
    shown = {
        "fields": fields,
        "register": register,
        "content": content,
        "now": now,
        "error": error,
        "wrong": wrong,
        "both": both,
    }
    return written(
        request, "register_form.html", status=status, many=MANY, typed=typed, choices=desk.choices(register), **shown
    )


def _fields(desk: Desk, register: Register, content: Mapping[str, Any]) -> list[Field]:
    """Return what is asked for: all, or of a register with several reports what this one needs or is filled in."""
    report = desk.report_of(register, content)
    if report is None or not report.chosen:
        return list(register.fields)
    return [one for one in register.fields if one.id in {*report.fields, *content} or one.required]


def _cells(sent: Mapping[str, Any]) -> dict[str, Any]:
    return {key.removeprefix(MANY): value for key, value in sent.items()}


def _files(desk: Desk, register: Register, sent: Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {field.id: sent.get(f"{field.id}.new") for field in register.fields if field.kind == "file"}
    return {
        name: desk.keep_file(register, name, file.filename, file.file)
        for name, file in given.items()
        if getattr(file, "filename", "")
    }


def _content(sent: Mapping[str, Any]) -> dict[str, Any]:
    content = sent.get("content")
    if not isinstance(content, dict):
        raise RegisterError("no_content")
    return content


# --- a record


@router.get("/record/{name}/{one}.json")
def record_twin(request: Request, desk: AtDesk, name: str, one: str) -> Response:
    """Give a record, and the figures that it is to move."""
    register = desk.register(name)
    record = desk.get(register, one)
    figures = _figures(request, desk, register, record)
    return JSONResponse(plain(record) | ({"figures": figures.plain()} if figures else {}))


@router.get("/record/{name}/{one}/figure/{figure}.svg")
def picture(request: Request, desk: AtDesk, name: str, one: str, figure: str) -> Response:
    """Give a picture of the figures that a record is to move."""
    register = desk.register(name)
    figures = _figures(request, desk, register, desk.get(register, one))
    found = figures.figure(figure) if figures else None
    if found is None:
        raise HTTPException(404)
    return Response(svg(found.chart), media_type="image/svg+xml")


@router.get("/record/{name}/{one}")
def record_page(request: Request, desk: AtDesk, name: str, one: str) -> Response:
    """Show a record, what belongs to it, and what can be done with it."""
    return _record(request, desk, desk.register(name), one)


def _record(
    request: Request, desk: Desk, register: Register, name: str, error: LighedError | None = None, status: int = 200
) -> Response:
    record, lang = desk.get(register, name), language(request)
    titles = desk.titles(register, [record])
    owed = [due for due in desk.dues(day_of(desk)) if due.obligation.id == name] if register.id == OBLIGATIONS else []
    shown: dict[str, Any] = {
        "owed": owing(desk, owed) if owed else {},
        "report": desk.report_of(register, record.content),
        "lacks": desk.missing(register, record) if register.workflow.state(record.state).editable else [],
        "register": register,
        "one": record,
        "named": lambda field: named(field, record.content, lang, titles),
        "words": lambda field: words(field, record.content, lang, titles),
        "flags": _flags(desk, register, [record])[name],
        "stands": register.stands(record.state, record.content, day_of(desk)).title[lang],
        "withheld": [field.title[lang] for field in desk.withheld(register, name)],
        "belonging": desk.belonging(register, record),
        "parts_of": [part for part in desk.parts(register) if desk.may_write(part)],
        "here_record": f"/{lang}/portfolio/record/{register.id}/{name}",
        "moves": desk.moves(register, record),
        "figures": _figures(request, desk, register, record),
        "frame": Pictures(f"/{lang}/portfolio/record/{register.id}/{name}", request.url.query),
        "may_write": desk.may_write(register, record),
        "error": error,
    }
    return written(request, "register_record.html", status=status, **shown)


@router.get("/record/{name}/{one}/file/{version}/{field}")
def file(desk: AtDesk, name: str, one: str, version: str, field: str) -> Response:
    """Give a file of a version, to be kept and not to be shown."""
    register = desk.register(name)
    if field not in register.names:
        raise RegisterError("no_record")
    title, data = desk.file(register, one, _version({"version": version}), field)
    named = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(title, safe='')}"}
    return Response(data, media_type=media(title), headers=named)


@dataclass(frozen=True, slots=True)
class Pictures:
    """Where the pictures of a record's figures are."""

    path: str
    query: str

    def address(self, _: Lang, *, suffix: str) -> str:
        """Return the address of a picture."""
        return self.path + suffix + (f"?{self.query}" if self.query else "")


def _figures(request: Request, desk: Desk, register: Register, record: Record) -> Page | None:
    """The figures of the releases that an initiative is to move; None of what points at none."""
    releases: Mapping[str, Release] = request.app.state.releases
    first = view_of(request)
    if register.id != INITIATIVES or not first:
        return None
    views = views_of(request, record.content)
    belonging = desk.belonging(register, record)
    goals = [each.content for of, each in belonging if of.id == GOALS]
    named = {each.content.get("definition") for of, each in belonging if of.id == EVALUATIONS}
    effects = [one for each in releases.values() for name, one in each.evaluations.items() if name in named]
    made = effort(views, record.content, goals, desk.register(GOALS), effects, first)
    if not made.blocks:
        return None
    choice = tuple(Choices("", (view.area_choice(),), first.say("choice.show")) for view in [*views.values()][:1])
    return replace(made, blocks=(*choice, *made.blocks))


@router.get("/record/{name}/{one}/edit")
def edit_page(request: Request, desk: AtDesk, name: str, one: str) -> Response:
    """Show the form of a record."""
    register = desk.register(name)
    record = desk.get(register, one)
    return _form(request, desk, register, record.content, now=record)


@router.post("/record/{name}/{one}/edit")
def edit(request: Request, desk: AtDesk, sent: Sent, name: str, one: str) -> Response:
    """Keep a changed record; who comes second gets both texts."""
    register, seen = desk.register(name), _version(sent)
    content = register.read(_cells(sent))
    try:
        content |= _files(desk, register, sent)
        desk.edit(register, one, seen, content)
    except ConflictError as error:
        return _both(request, desk, register, error, seen, content)
    except DataError as error:
        return _form(request, desk, register, content, now=desk.version(register, one, seen), error=error)
    return to(request, f"record/{name}/{one}")


def _both(
    request: Request, desk: Desk, register: Register, error: ConflictError, seen: int, content: dict[str, Any]
) -> Response:
    base, lang = desk.version(register, error.now.id, seen), language(request)
    mine = merged(base.content, error.now.content, content)
    titles = desk.titles(register, [error.now])
    both = list(differences(register, error.now.content, mine, lang, titles))
    return _form(request, desk, register, mine, now=error.now, error=error, both=both)


@router.post("/record/{name}/{one}/move")
def move(request: Request, desk: AtDesk, sent: Sent, name: str, one: str) -> Response:
    """Move a record to another state."""
    register = desk.register(name)
    try:
        desk.move(register, one, _version(sent), str(sent.get("move", "")), str(sent.get("reason", "")))
    except (RegisterError, DataError) as error:
        status = 409 if isinstance(error, ConflictError) else 400
        return _record(request, desk, register, one, error, status)
    return to(request, f"record/{name}/{one}")


@router.post("/record/{name}/{one}.json")
def change_twin(desk: AtDesk, sent: Sent, name: str, one: str) -> Response:
    """Keep a change that was sent as JSON: a ``move``, or a whole new ``content``."""
    register, seen = desk.register(name), _version(sent)
    try:
        if "move" in sent:
            made = desk.move(register, one, seen, str(sent["move"]), str(sent.get("reason", "")))
        else:
            made = desk.edit(register, one, seen, _content(sent))
    except ConflictError as error:
        return JSONResponse({"error": error.sentence("en"), "now": plain(error.now)}, 409)
    return JSONResponse(plain(made))


def _version(sent: Mapping[str, Any]) -> int:
    given = str(sent.get("version", ""))
    if not given.isdecimal() or len(given) > len("1000000"):
        raise RegisterError("no_version")
    return int(given)


# --- history


@router.get("/record/{name}/{one}/history.json")
def history_twin(desk: AtDesk, name: str, one: str) -> Response:
    """Give every version of a record."""
    return JSONResponse({"versions": [plain(each) for each in desk.history(desk.register(name), one)]})


@router.get("/record/{name}/{one}/history")
def history_page(request: Request, desk: AtDesk, name: str, one: str) -> Response:
    """Show what became of a record: who, when, and what differs from the version before."""
    register, lang = desk.register(name), language(request)
    versions = desk.history(register, one)
    titles = desk.titles(register, versions)
    before: list[dict[str, Any]] = [*(each.content for each in versions[1:]), {}]
    told = [
        (
            each,
            list(differences(register, last, each.content, lang, titles))
            if each.change in {"created", "edited"}
            else [],
        )
        for each, last in zip(versions, before, strict=True)
    ]
    shown: dict[str, Any] = {"register": register, "one": versions[0], "told": told}
    return written(request, "register_history.html", change=lambda each: _change(register, each, lang), **shown)


def _change(register: Register, one: Record, lang: Lang) -> str:
    moves = {way.id: way.title[lang] for way in register.workflow.transitions}
    return moves.get(one.change) or say(f"portfolio.history.{one.change}", lang)
