"""The database of filled-in forms. Who and what was answered is sealed; only dates, unit and state stand open.

A row is found again by a keyed hash of the person's number under the forms' own key, which nothing else has: it joins
with no other database. On its date a row is deleted, and of it a count by form, year and state is left.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sql

from lighed.core.errors import FormError
from lighed.core.form import Form, Offer, Result
from lighed.core.keys import hashed
from lighed.core.sqlite import sqlite
from lighed.forms.seal import opened, seal

State = Literal["filled", "refused", "withdrawn"]

_DATA = sql.MetaData()
FILLED = sql.Table(
    "filled",
    _DATA,
    sql.Column("id", sql.String, primary_key=True),
    sql.Column("form", sql.String, nullable=False),
    sql.Column("unit", sql.String, nullable=False),
    sql.Column("made_by", sql.String, nullable=False),
    sql.Column("made", sql.Date, nullable=False),
    sql.Column("valid_until", sql.Date, nullable=False),
    sql.Column("delete_on", sql.Date, nullable=False, index=True),
    sql.Column("state", sql.String, nullable=False),
    sql.Column("person", sql.String, index=True),
    sql.Column("sealed", sql.LargeBinary, nullable=False),
)
OPEN = ("id", "unit", "made_by", "made", "valid_until", "delete_on", "state")  # what of a form is not sealed
STEP = sql.Table(
    "step",
    _DATA,
    sql.Column("filled", sql.String, sql.ForeignKey("filled.id"), primary_key=True),
    sql.Column("offer", sql.String, primary_key=True),
    sql.Column("step", sql.String, primary_key=True),
    sql.Column("on", sql.Date, nullable=False),
)
DELETED = sql.Table(
    "deleted",
    _DATA,
    sql.Column("form", sql.String, primary_key=True),
    sql.Column("year", sql.Integer, primary_key=True),
    sql.Column("state", sql.String, primary_key=True),
    sql.Column("n", sql.Integer, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Step:
    """That an offer was made, accepted, started or completed, and when."""

    offer: str
    step: str
    on: date


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it was filled in, refused or withdrawn, with the definition that it was filled in on.

    ``added`` are the offers that the clinician adds beyond the points. Whose it is, is never shown.
    """

    id: str
    form: Form
    unit: str
    made_by: str
    made: date
    valid_until: date
    delete_on: date
    state: State
    person: str = field(default="", repr=False)
    answers: dict[str, str] = field(default_factory=dict, repr=False)
    added: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def result(self) -> Result:
        """Return what the answers come to."""
        return self.form.result(self.answers)

    @property
    def offers(self) -> tuple[Offer, ...]:
        """Return what is offered on top of what everybody is offered: what the points add, and what was added."""
        named = {*self.added, *(offer.id for offer in self.result.offers)}
        return tuple(offer for offer in self.form.offers if offer.id in named)

    def state_on(self, day: date) -> str:
        """Return the state on a day: what was filled in is ``expired`` after its last day."""
        return "expired" if self.state == "filled" and day > self.valid_until else self.state


class Cabinet:
    """The database of filled-in forms, and the key that opens it."""

    def __init__(self, path: Path, key: bytes) -> None:
        self.key, self.engine = key, sqlite(path)
        _DATA.create_all(self.engine)
        path.chmod(0o600)

    def keep(self, one: Filled) -> bool:
        """Keep a form that is new; where its id is kept already nothing is done. Return whether it was new."""
        row = self._row(one)
        with self.engine.begin() as db:
            new = db.scalar(sql.select(FILLED.c.id).where(FILLED.c.id == one.id)) is None
            if new:
                db.execute(FILLED.insert().values(**row))
        return new

    def put(self, one: Filled) -> None:
        """Keep what has become of a form; refused if it were withdrawn or an offer of it gone."""
        row = self._row(one)
        with self.engine.begin() as db:
            before = self._read(db, FILLED.c.id == one.id)
            if not before:
                raise FormError("no_form")
            if any(set(earlier.offers) - set(one.offers) for earlier in before):
                raise FormError("takes_away")
            if any(earlier.state != "filled" for earlier in before):
                raise FormError("not_filled")
            db.execute(FILLED.update().where(FILLED.c.id == one.id).values(**row))
        self._empty_journal()

    def _row(self, one: Filled) -> dict[str, Any]:
        row = {name: getattr(one, name) for name in OPEN}
        row |= {"form": one.form.id, "person": hashed([one.person], self.key)[0] if one.person else None}
        said = {"person": one.person, "form": one.form.model_dump(mode="json")}
        said |= {"answers": one.answers, "added": one.added}
        return row | {"sealed": seal(json.dumps(said), self.key, of=one.id)}

    def add(self, one: Filled, step: Step) -> None:
        """Write down a step of an offer; what is written already stays as it is."""
        mine = (STEP.c.filled == one.id) & (STEP.c.offer == step.offer) & (STEP.c.step == step.step)
        with self.engine.begin() as db:
            if db.scalar(sql.select(STEP.c.on).where(mine)) is None:
                db.execute(STEP.insert().values(filled=one.id, offer=step.offer, step=step.step, on=step.on))

    def get(self, name: str) -> Filled:
        """Return the form of that id."""
        found = self._found(FILLED.c.id == name)
        if not found:
            raise FormError("no_form")
        return found[0]

    def of_person(self, number: str, units: Collection[str], day: date) -> list[Filled]:
        """Return the forms of a person in some units that are valid on a day, the newest first."""
        mine = (FILLED.c.person == hashed([number], self.key)[0]) & FILLED.c.unit.in_(sorted(units))
        found = self._found(mine & (FILLED.c.state == "filled") & (FILLED.c.valid_until >= day))
        return sorted(found, key=lambda one: (one.made, one.id), reverse=True)

    def everyone(self) -> list[Filled]:
        """Return every form, by id."""
        return self._found(sql.true())

    def delete_due(self, day: date) -> int:
        """Delete what is to be deleted by that day, count it, and return how many there were."""
        due = FILLED.c.delete_on <= day
        with self.engine.begin() as db:
            rows = db.execute(sql.select(FILLED.c.id, FILLED.c.form, FILLED.c.made, FILLED.c.state).where(due)).all()
            for row in rows:
                _count(db, {"form": row.form, "year": row.made.year, "state": row.state})
                db.execute(STEP.delete().where(STEP.c.filled == row.id))
                db.execute(FILLED.delete().where(FILLED.c.id == row.id))
        if rows:
            self._empty_journal()
        return len(rows)

    def _empty_journal(self) -> None:
        # It would keep what was deleted or withdrawn.
        raw = self.engine.raw_connection()
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.close()

    def deleted(self) -> dict[tuple[str, int, str], int]:
        """Return how many were deleted, by form, year and state."""
        with self.engine.begin() as db:
            return {(row.form, row.year, row.state): row.n for row in db.execute(sql.select(DELETED))}

    def _found(self, which: sql.ColumnElement[bool]) -> list[Filled]:
        with self.engine.begin() as db:
            return self._read(db, which)

    def _read(self, db: sql.Connection, which: sql.ColumnElement[bool]) -> list[Filled]:
        rows = db.execute(sql.select(FILLED).where(which).order_by(FILLED.c.id)).mappings().all()
        return [self._opened(dict(row), _steps(db, row["id"])) for row in rows]

    def _opened(self, row: dict[str, Any], steps: tuple[Step, ...]) -> Filled:
        said = json.loads(opened(row.pop("sealed"), self.key, of=row["id"]))
        form = Form.model_validate(said["form"])
        more = {"form": form, "person": said["person"], "answers": said["answers"], "added": tuple(said["added"])}
        return Filled(**row | more, steps=steps)


def _steps(db: sql.Connection, name: str) -> tuple[Step, ...]:
    rows = db.execute(sql.select(STEP).where(STEP.c.filled == name).order_by(STEP.c.on, STEP.c.offer, STEP.c.step))
    return tuple(Step(row.offer, row.step, row.on) for row in rows)


def _count(db: sql.Connection, of: dict[str, Any]) -> None:
    mine = sql.and_(*(DELETED.c[name] == value for name, value in of.items()))
    if not db.execute(DELETED.update().where(mine).values(n=DELETED.c.n + 1)).rowcount:
        db.execute(DELETED.insert().values(**of, n=1))
