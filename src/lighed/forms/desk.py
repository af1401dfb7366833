"""What a signed-in professional can do with forms. Every method asks ``may`` first and writes down what was done.

Nothing here takes an offer away: points add, a clinician adds, and what was offered stays offered, also when the
citizen withdraws the form.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from lighed import catalogue
from lighed.core.accounts import Accounts, Entry, User
from lighed.core.errors import FormError
from lighed.core.form import STEPS, Form
from lighed.core.identifiers import CPR
from lighed.core.office import Office
from lighed.forms.cabinet import Cabinet, Filled, State, Step
from lighed.forms.export import Row, rows

FRESH = "filled_in"  # the reason of whoever has just filled the form in
LETTERS = 16  # of the name of a filled-in form; without digits it never looks like a number of a person
NAME = re.compile(f"[a-z]{{{LETTERS}}}")
REASONS = ("planning", "follow_up", "citizen")


def new_name() -> str:
    """Draw the name of a form that is to be filled in.

    Examples
    --------
    >>> bool(NAME.fullmatch(new_name()))
    True
    """
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(LETTERS))


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit, as something that may be worked in."""

    unit: str


class Desk(Office):
    """The work of one user with the forms of their units."""

    def __init__(self, accounts: Accounts, user: User | None, cabinet: Cabinet, folder: Path, today: date) -> None:
        super().__init__(accounts, user)
        self.cabinet, self.folder, self.today = cabinet, folder, today

    def forms(self) -> list[Form]:
        """Return the forms that can be filled in."""
        self._demand("see_forms")
        return list(catalogue.forms(self.folder).values())

    def form(self, name: str) -> Form:
        """Return the form of that id."""
        found = next((form for form in self.forms() if form.id == name), None)
        if found is None:
            raise FormError("no_form")
        return found

    def fill(
        self,
        form: Form,
        person: str,
        unit: str,
        answers: Mapping[str, str],
        added: Collection[str] = (),
        *,
        name: str | None = None,
    ) -> Filled:
        """Keep a filled-in form; `added` are offers beyond what the points add. Under one `name` it is kept once."""
        return self._new(form, person, unit, "filled", dict(answers), _known(form, added), name)

    def note_refusal(self, form: Form, person: str, unit: str, *, name: str | None = None) -> Filled:
        """Keep that the citizen did not wish the form: without answers, and without any other effect."""
        return self._new(form, person, unit, "refused", {}, (), name)

    def _new(
        self,
        form: Form,
        person: str,
        unit: str,
        state: State,
        answers: dict[str, str],
        added: tuple[str, ...],
        name: str | None,
    ) -> Filled:
        user = self._demand("fill_form", Unit(unit))
        if not CPR.fullmatch(person.strip()):
            raise FormError("not_a_cpr")
        if name is not None and not NAME.fullmatch(name):
            raise FormError("no_form")
        form.result(answers)
        made = Filled(
            id=name or new_name(),
            form=form,
            unit=unit,
            made_by=user.name,
            made=self.today,
            valid_until=self.today + timedelta(days=form.valid_days),
            delete_on=self.today + timedelta(days=form.keep_days),
            state=state,
            person=person.strip(),
            answers=answers,
            added=added,
        )
        if self.cabinet.keep(made):
            self._done("fill_form" if state == "filled" else "refuse_form", _named(made))
        elif self.cabinet.get(made.id) != made:
            raise FormError("kept_already")
        return made

    def read(self, name: str, why: str) -> Filled:
        """Return a form of one's own unit; who reads it, when and why is written down first."""
        found = self.cabinet.get(name)
        user = self._demand("read_form", found)
        fresh = why == FRESH and (found.made_by, found.made) == (user.name, self.today)
        if why not in REASONS and not fresh:
            raise FormError("no_reason")
        self._done("read_form", _named(found), why)
        return found

    def find(self, person: str, why: str) -> list[Filled]:
        """Return the forms of a person in one's own units that are still valid, the newest first."""
        assert self.user is not None
        for unit in sorted(self.user.units) or [""]:
            self._demand("read_form", Unit(unit))
        if why not in REASONS:
            raise FormError("no_reason")
        if not CPR.fullmatch(person.strip()):
            raise FormError("not_a_cpr")
        found = self.cabinet.of_person(person.strip(), self.user.units, self.today)
        self._done("find_form", " ".join(_named(one) for one in found), why)
        return found

    def support(self, name: str, added: Collection[str]) -> Filled:
        """Add offers to a form that was filled in; those that it has, it keeps."""
        found = self._open(name)
        more = replace(found, added=tuple(dict.fromkeys((*found.added, *_known(found.form, added)))))
        self.cabinet.put(more)
        self._done("offer_form", _named(found), ", ".join(sorted(added)))
        return more

    def step(self, name: str, offer: str, step: str) -> None:
        """Write down that an offer was made, accepted, started or completed today; any that the form knows may be."""
        found = self._open(name)
        if step not in STEPS:
            raise FormError("no_step", known=", ".join(STEPS))
        (known,) = _known(found.form, [offer])
        self.cabinet.add(found, Step(known, step, self.today))
        self._done("offer_form", _named(found), f"{offer}: {step}")

    def withdraw(self, name: str) -> None:
        """Delete the answers, and whose they were, because the citizen wants it; what the form offers stays offered."""
        found = self._open(name)
        offers = tuple(offer.id for offer in found.offers)
        self.cabinet.put(replace(found, state="withdrawn", person="", answers={}, added=offers))
        self._done("withdraw_form", _named(found))

    def _open(self, name: str) -> Filled:
        found = self.cabinet.get(name)
        self._demand("fill_form", found)
        if found.state != "filled":
            raise FormError("not_filled")
        return found

    def own_log(self) -> list[Entry]:
        """Return what one has done oneself, the newest first."""
        return self.accounts.log(of=self._demand("see_forms").name)

    def export(self, key: bytes, period: str) -> list[Row]:
        """Return the events of a year (2026) or month (2026-11) under pseudonyms of the statistics' key."""
        self._demand("export_forms")
        if key == self.cabinet.key:
            raise FormError("same_key")
        made = rows(self.cabinet.everyone(), key, period)
        self._done("export_forms", period, f"{len(made)} rows")
        return made


def _known(form: Form, offers: Iterable[str]) -> tuple[str, ...]:
    known = [offer.id for offer in form.offers]
    named = tuple(dict.fromkeys(offers))
    if not set(named) <= set(known):
        raise FormError("no_offer", known=", ".join(known))
    return named


def _named(one: Filled) -> str:
    return f"{one.form.id}/{one.id}"
