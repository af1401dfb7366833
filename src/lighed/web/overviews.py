"""Pages of what is worked out of many records: what is owed and what is due, surveys, rules and reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from lighed import catalogue
from lighed.catalogue.load import parse_yaml, validated
from lighed.charts import svg
from lighed.core.errors import DataError, LighedError, Problem
from lighed.core.release import Release
from lighed.core.survey import SurveyMapping
from lighed.core.text import Lang, say
from lighed.portfolio.answers import INVITATIONS, SURVEYS, Export, take_in
from lighed.portfolio.archive import Record
from lighed.portfolio.desk import Desk
from lighed.portfolio.diagnostics import shelf_of
from lighed.portfolio.obligations import ASSIGNMENTS, REPORTS, Due, row
from lighed.portfolio.surveys import Results, results
from lighed.portfolio.words import words
from lighed.report.docx import docx
from lighed.report.page import Page
from lighed.report.pages.diagnostics import diagnostics
from lighed.report.pages.effort import aims
from lighed.report.pages.survey import survey
from lighed.report.papers import paper
from lighed.report.pdf import pdf
from lighed.report.rows import home
from lighed.report.view import View
from lighed.web.door import AtDesk as AtOffice
from lighed.web.door import Sent, file_of, language, to, written

PRINTED: dict[str, tuple[Callable[[Page, date], bytes], str]] = {
    "pdf": (pdf, "application/pdf"),
    "docx": (docx, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
}
router = APIRouter()


def _desk(office: AtOffice) -> Desk:
    assert isinstance(office, Desk)
    return office


AtDesk = Annotated[Desk, Depends(_desk)]


def day_of(desk: Desk) -> date:
    """Return the day on which it is asked, by the clock of the accounts."""
    return datetime.fromtimestamp(desk.accounts.clock()).astimezone().date()


def plain(one: Record) -> dict[str, Any]:
    """Return a record as its JSON twin has it."""
    names = ("register", "id", "version", "change", "state", "organisation", "content", "by", "at", "reason")
    return {name: getattr(one, name) for name in names}


# --- what is owed, and what is due for revision


@router.get("/due.json")
def due_twin(desk: AtDesk) -> Response:
    """Give what is owed today."""
    return JSONResponse({"on": day_of(desk).isoformat(), "due": [row(one) for one in desk.dues(day_of(desk))]})


@router.get("/due")
def due_page(request: Request, desk: AtDesk) -> Response:
    """Show what must be reported, by whom and until when."""
    shown = owing(desk, desk.dues(day_of(desk)))
    return written(request, "due.html", **shown)


def owing(desk: Desk, found: list[Due]) -> dict[str, Any]:
    """Return what the table of what is owed shows."""
    titles = desk.titles(desk.register(ASSIGNMENTS), desk.export(desk.register(ASSIGNMENTS)))
    reports = desk.register(REPORTS)
    templates = {one.obligation.id: desk.report_of(reports, {"obligation": one.obligation.id}) for one in found}
    writable = {one.organisation for one in found if desk.may_begin(reports, one.organisation)}
    return {"found": found, "titles": titles, "templates": templates, "writable": writable, "reports": reports}


@router.get("/revision")
def revision_page(request: Request, desk: AtDesk) -> Response:
    """Show what is due for revision."""
    lang, today = language(request), day_of(desk)
    return written(
        request, "registers_revision.html", due=desk.for_revision(today), today=today,
        since=lambda of, one: [(field.title[lang], words(field, one.content, lang, {})) for field in
                               of.overdue(one.content, today)],
    )  # fmt: skip


@router.get("/revision.json")
def revision_twin(desk: AtDesk) -> Response:
    """Give what is due for revision."""
    return JSONResponse({"records": [plain(one) for _, one in desk.for_revision(day_of(desk))]})


# --- surveys and rules


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a page of blocks stands, for its pictures."""

    here: str

    def address(self, _: Lang, *, suffix: str = "") -> str:
        """Return an address that belongs to the page."""
        return f"{self.here}{suffix}"


def _survey(request: Request, desk: Desk, one: str) -> tuple[Results, Page]:
    found = results(desk, one)
    title = desk.register(SURVEYS).titled(found.survey.content)
    return found, survey(found, desk.register(INVITATIONS), title, language(request))


@router.get("/survey/{one}.json")
def survey_twin(request: Request, desk: AtDesk, one: str) -> Response:
    """Give what a survey says."""
    found, page = _survey(request, desk, one)
    return JSONResponse(page.plain() | found.plain())


@router.get("/survey/{one}")
def survey_page(request: Request, desk: AtDesk, one: str) -> Response:
    """Show what a survey says."""
    _, page = _survey(request, desk, one)
    lang = language(request)
    trail = [(f"/{lang}/portfolio/record/{SURVEYS}/{one}", desk.register(SURVEYS).one[lang].capitalize())]
    links = [(f"{request.url.path}/import", say("portfolio.survey.import", lang))]
    shown: dict[str, Any] = {"trail": trail, "links": links if desk.may_write(desk.register(INVITATIONS)) else []}
    return written(request, "register_page.html", page=page, frame=Frame(request.url.path), **shown)


@router.get("/survey/{one}/import")
def survey_import_page(request: Request, desk: AtDesk, one: str) -> Response:
    """Show where the export of a survey program and its mapping are chosen."""
    return _survey_import(request, desk, one)


@router.post("/survey/{one}/import")
def take_in_survey(request: Request, desk: AtDesk, sent: Sent, one: str) -> Response:
    """Keep the answers in an export, all or none."""
    try:
        take_in(desk, _export(sent, one))
    except LighedError as error:
        return _survey_import(request, desk, one, error)
    return to(request, f"survey/{one}")


def _survey_import(request: Request, desk: Desk, one: str, error: LighedError | None = None) -> Response:
    there = desk.register(SURVEYS)
    title = there.titled(desk.get(there, one).content)
    return written(request, "survey_import.html", status=400 if error else 200, one=one, title=title, error=error)


def _export(sent: Mapping[str, Any], survey: str) -> Export:
    name, data = file_of(sent, "file")
    said, tree = file_of(sent, "mapping")
    mapping = validated(SurveyMapping, parse_yaml(tree, Path(said)), Path(said))
    if mapping.survey != survey:
        raise DataError([Problem("mapping_of_another", said, value=mapping.survey, values={"survey": survey})])
    return Export(name, data, mapping)


@router.get("/survey/{one}/figure/{name}.svg")
def survey_picture(request: Request, desk: AtDesk, one: str, name: str) -> Response:
    """Give a chart of a survey as a picture."""
    figure = _survey(request, desk, one)[1].figure(name)
    if figure is None:
        raise HTTPException(404)
    return Response(svg(figure.chart), media_type="image/svg+xml")


def _diagnostics(request: Request, desk: Desk) -> Page:
    lang, shelf = language(request), shelf_of(desk)
    pitfalls = {one.id: one for one in catalogue.load().pitfalls}
    return diagnostics(shelf, desk.rules, pitfalls, f"/{lang}/portfolio", lang)


@router.get("/diagnostics.json")
def diagnostics_twin(request: Request, desk: AtDesk) -> Response:
    """Give what the rules find."""
    return JSONResponse(_diagnostics(request, desk).plain())


@router.get("/diagnostics")
def diagnostics_page(request: Request, desk: AtDesk) -> Response:
    """Show what the rules find in all that the user may see."""
    page = _diagnostics(request, desk)
    return written(request, "register_page.html", page=page, frame=Frame(request.url.path), trail=[], links=[])


# --- figures of the releases


def view_of(request: Request) -> View | None:
    """Return a view that gives language and definitions; None where no release stands beside the registers."""
    releases: Mapping[str, Release] = request.app.state.releases
    return View(next(iter(releases.values())), catalogue.load(), language(request), "") if releases else None


def views_of(request: Request, content: Mapping[str, Any]) -> dict[str, View]:
    """Return the views of what an initiative is to move, by indicator, of the first release that has it."""
    first = view_of(request)
    return {name: view for name, *_ in aims(first, content) if (view := _having(request, first, name))} if first else {}


def _having(request: Request, like: View, indicator: str) -> View | None:
    """The first release that has an indicator, at the area that is asked for or at its own."""
    area, releases = request.query_params.get("area", ""), request.app.state.releases
    release = next((one for one in releases.values() if indicator in one.indicators), None)
    if release is None:
        return None
    return replace(like, release=release, area=area if area in release.areas else home(release, indicator))


# --- reports


@router.get("/report/{name}.json")
def report_twin(request: Request, desk: AtDesk, name: str) -> Response:
    """Give a report that is made of all that the user may see."""
    return JSONResponse(_report(request, desk, name).plain())


@router.get("/report/{name}.{kind}")
def report_file(request: Request, desk: AtDesk, name: str, kind: str) -> Response:
    """Give such a report as a file."""
    return _printed(_report(request, desk, name), day_of(desk), name, kind)


@router.get("/report/{name}")
def report_page(request: Request, desk: AtDesk, name: str) -> Response:
    """Show such a report."""
    return _paper(request, _report(request, desk, name), f"report/{name}")


def _report(request: Request, desk: Desk, name: str) -> Page:
    return paper(desk, desk.report(name), day_of(desk), language(request))


@router.get("/record/{name}/{one}/report.json")
def record_report_twin(request: Request, desk: AtDesk, name: str, one: str) -> Response:
    """Give the report that is made of a record."""
    return JSONResponse(_report_of(request, desk, name, one).plain())


@router.get("/record/{name}/{one}/report.{kind}")
def record_report_file(request: Request, desk: AtDesk, name: str, one: str, kind: str) -> Response:
    """Give the report that is made of a record as a file."""
    return _printed(_report_of(request, desk, name, one), day_of(desk), one, kind)


@router.get("/record/{name}/{one}/report")
def record_report(request: Request, desk: AtDesk, name: str, one: str) -> Response:
    """Show the report that is made of a record."""
    return _paper(request, _report_of(request, desk, name, one), f"record/{name}/{one}/report")


def _report_of(request: Request, desk: Desk, name: str, one: str) -> Page:
    register = desk.register(name)
    record = desk.get(register, one)
    report = desk.report_of(register, record.content)
    if report is None:
        raise HTTPException(404)
    made: dict[str, Any] = {"register": register, "record": record, "figures": partial(views_of, request)}
    return paper(desk, report, day_of(desk), language(request), **made)


def _paper(request: Request, page: Page, place: str) -> Response:
    return written(request, "paper.html", page=page, place=place)


def _printed(page: Page, made: date, name: str, kind: str) -> Response:
    if kind not in PRINTED:
        raise HTTPException(404)
    write, media = PRINTED[kind]
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    return Response(write(page, made), media_type=media, headers=headers)
