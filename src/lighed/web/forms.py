"""Pages where a professional fills in a form with a citizen. A route unpacks what was sent and asks the desk."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from lighed.core.errors import FormError
from lighed.core.form import STEPS, Form
from lighed.core.text import DEFAULT_LANG, Lang, day, join
from lighed.forms.clinic import Clinic
from lighed.forms.desk import FRESH, NAME, REASONS, Desk, new_name
from lighed.forms.sentences import sentences
from lighed.web import door
from lighed.web.door import AtDesk as AtOffice
from lighed.web.door import Door, Sent, language, opened, to, written
from lighed.web.openid import OpenId

MENU = (
    ("", "forms.menu.overview", "see_forms"),
    ("mine", "forms.menu.mine", "see_forms"),
    ("users", "zone.menu.users", "manage_users"),
    ("log", "zone.menu.log", "read_log"),
)
GONE = frozenset({"form.no_form", "account.no_user"})
ANSWER = "answer."
router = APIRouter()


def create_app(clinic: Clinic) -> FastAPI:
    """Open the forms of a clinic."""
    openid = OpenId.of(clinic.folder)
    door = Door("forms", "lighed.web", clinic.accounts, clinic.desk, MENU, GONE, units=True, openid=openid)
    return opened(door, router)


def _desk(office: AtOffice) -> Desk:
    assert isinstance(office, Desk)
    return office


AtDesk = Annotated[Desk, Depends(_desk)]


@router.get("/")
def front() -> Response:
    """Lead to the overview."""
    return RedirectResponse(f"/{DEFAULT_LANG}/forms/")


router.include_router(door.router, prefix="/{lang}/forms")


@router.get("/{lang}/forms/")
def overview(request: Request, desk: AtDesk) -> Response:
    """Show which forms there are, and where to look one up."""
    return _overview(request, desk)


def _overview(request: Request, desk: Desk, error: FormError | None = None) -> Response:
    status = 400 if error else 200
    shown = {"user": desk.user, "forms": desk.forms(), "reasons": REASONS, "error": error}
    return written(request, "forms.html", status=status, **shown)


@router.post("/{lang}/forms/find")
def find(request: Request, desk: AtDesk, sent: Sent) -> Response:
    """Show the valid forms of a citizen in one's own units."""
    why = str(sent.get("why", ""))
    try:
        found = desk.find(str(sent.get("person", "")), why)
    except FormError as error:
        return _overview(request, desk, error)
    return written(request, "form_found.html", found=found, why=why, day=_day(request))


@router.get("/{lang}/forms/mine")
def mine(request: Request, desk: AtDesk) -> Response:
    """Show what one has done oneself."""
    return written(request, "form_log.html", entries=desk.own_log())


@router.get("/{lang}/forms/form/{name}")
def form_page(request: Request, desk: AtDesk, name: str) -> Response:
    """Show a form to be filled in."""
    return _form(request, desk, desk.form(name), {})


def _form(request: Request, desk: Desk, form: Form, sent: dict[str, Any], error: FormError | None = None) -> Response:
    shown = {"user": desk.user, "form": form, "sent": sent, "error": error, "filled": new_name()}
    bands, status = _bands(form, language(request)), 400 if error else 200
    return written(request, "form_fill.html", status=status, bands=bands, **shown)


def _bands(form: Form, lang: Lang) -> list[tuple[int, str]]:
    titles = [(band.from_points, form.offered_from(band.from_points)) for band in form.bands]
    return [(points, join([offer.title[lang] for offer in offers], lang)) for points, offers in titles]


@router.post("/{lang}/forms/form/{name}")
def fill(request: Request, desk: AtDesk, sent: Sent, name: str) -> Response:
    """Keep a filled-in form, and show what it adds."""
    form, (person, unit, new) = desk.form(name), _whose(sent)
    answers = {key.removeprefix(ANSWER): str(sent[key]) for key in sent if key.startswith(ANSWER) and sent[key]}
    try:
        made = desk.fill(form, person, unit, answers, [str(offer) for offer in sent.get("added", [])], name=new)
    except FormError as error:
        return _form(request, desk, form, sent, error)
    return to(request, f"filled/{made.id}?why={FRESH}")


@router.post("/{lang}/forms/form/{name}/refused")
def note_refusal(request: Request, desk: AtDesk, sent: Sent, name: str) -> Response:
    """Keep that the citizen did not wish the form."""
    form = desk.form(name)
    try:
        person, unit, new = _whose(sent)
        made = desk.note_refusal(form, person, unit, name=new)
    except FormError as error:
        return _form(request, desk, form, {}, error)
    return to(request, f"filled/{made.id}?why={FRESH}")


def _whose(sent: dict[str, Any]) -> tuple[str, str, str | None]:
    """Whose the form is, of which unit, and the name that the page gave it: who presses twice has sent one form."""
    name = str(sent["filled"]) if "filled" in sent else None
    return str(sent.get("person", "")), str(sent.get("unit", "")), name


@router.get("/{lang}/forms/filled/{name}")
def filled_page(request: Request, desk: AtDesk, name: str, why: str = "") -> Response:
    """Show a filled-in form to whoever says why; without a reason, ask for one."""
    desk.forms()
    if not NAME.fullmatch(name):
        raise FormError("no_form")
    if not why:
        return written(request, "form_why.html", name=name, reasons=REASONS)
    found = desk.read(name, why)
    said = sentences(found, desk.today, language(request))
    return written(request, "form_filled.html", one=found, said=said, steps=STEPS, day=_day(request))


@router.post("/{lang}/forms/filled/{name}/support")
def support(request: Request, desk: AtDesk, sent: Sent, name: str) -> Response:
    """Add offers to a filled-in form."""
    desk.support(name, [str(offer) for offer in sent.get("added", [])])
    return to(request, f"filled/{name}?why=planning")


@router.post("/{lang}/forms/filled/{name}/step")
def step(request: Request, desk: AtDesk, sent: Sent, name: str) -> Response:
    """Write down what became of an offer."""
    desk.step(name, str(sent.get("offer", "")), str(sent.get("step", "")))
    return to(request, f"filled/{name}?why=follow_up")


@router.post("/{lang}/forms/filled/{name}/withdraw")
def withdraw(request: Request, desk: AtDesk, name: str) -> Response:
    """Delete the answers because the citizen wants it."""
    desk.withdraw(name)
    return to(request, f"filled/{name}?why=citizen")


def _day(request: Request) -> Any:
    lang = language(request)
    return lambda value: day(value, lang)
