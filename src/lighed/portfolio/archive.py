"""The database of records. A change is a new version; what was before stays, and the later of two who write is told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from typing import Any

import sqlalchemy as sql

from lighed.core.errors import RegisterError
from lighed.core.register import FOUND_BY, Register
from lighed.portfolio.find import indexed, inside, wanted, whole
from lighed.portfolio.table import MARK, RECORD, VERSION, opened, writing

PAGE, ALL = 50, 1_000_000


@dataclass(frozen=True, slots=True)
class Record:
    """A version of a record: its content, where it stands, whose it is, and who made it so and when.

    ``author`` wrote the content last, ``by`` made the version, which may be a move alone.
    """

    register: str
    id: str
    version: int
    change: str
    state: str
    organisation: str
    content: dict[str, Any]
    author: str
    by: str
    at: float
    reason: str = ""
    before: str = field(default="", repr=False)
    digest: str = field(default="", repr=False)

    @property
    def unit(self) -> str:
        """Return the organisation, as what rights are given for."""
        return self.organisation

    @property
    def made_by(self) -> str:
        """Return who wrote the content, and therefore does not approve it."""
        return self.author

    @property
    def key(self) -> tuple[str, str]:
        """Return register and id."""
        return self.register, self.id


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list is asked for: words, chosen values by field, days, states, and whose records may be seen.

    ``between`` has the first and last day of a field, either of which may be empty. ``states`` are shown of every
    organisation, and of ``organisations`` all; None is everything. Page 0 is all pages. ``among`` has several values of
    a field, or of the ``id``, any of which is enough.
    """

    words: str = ""
    chosen: Mapping[str, str] = field(default_factory=dict)
    between: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    state: str = ""
    without: Collection[str] = ()
    states: Collection[str] | None = None
    organisations: Collection[str] = ()
    page: int = 1
    among: Mapping[str, Collection[str]] = field(default_factory=dict)


class ConflictError(RegisterError):
    """Somebody else has changed the record in between: ``now`` is what it is."""

    def __init__(self, now: Record) -> None:
        self.now = now
        super().__init__("conflict", by=now.by)


class Archive:
    """The records of all registers, and everything that they ever were."""

    def __init__(self, url: str) -> None:
        self.engine = opened(url)

    def writing(self) -> AbstractContextManager[sql.Connection]:
        """Open a transaction: all that is put in it is kept, or nothing."""
        return writing(self.engine)

    def put(self, db: sql.Connection, register: Register, one: Record) -> Record:
        """Keep a new version; raises ConflictError unless it follows the newest one."""
        last = self.find(db, *one.key)
        if (last.version if last else 0) != one.version - 1:
            assert last is not None
            raise ConflictError(last)
        fields = asdict(one) | {"before": last.digest if last else ""}
        fields["digest"] = _digest(fields)
        db.execute(VERSION.insert().values(fields))
        self._point(db, register, one, new=last is None)
        return Record(**fields)

    def _point(self, db: sql.Connection, register: Register, one: Record, *, new: bool) -> None:
        here = {name: getattr(one, name) for name in ("version", "state", "organisation")}
        title = register.titled(one.content)
        here |= {"title": title, "named": indexed(title), "search": indexed(_searched(register, one))}
        mine = (RECORD.c.register == one.register) & (RECORD.c.id == one.id)
        if new:
            db.execute(RECORD.insert().values(register=one.register, id=one.id, **here))
        else:
            db.execute(RECORD.update().where(mine).values(here))
            db.execute(MARK.delete().where((MARK.c.register == one.register) & (MARK.c.id == one.id)))
        marks = [
            {"register": one.register, "id": one.id, "field": each.id, "value": value}
            for each in register.fields
            if each.kind in FOUND_BY
            for value in sorted(set(each.values(one.content)))
        ]
        if marks:
            db.execute(MARK.insert(), marks)

    def refresh(self, registers: Mapping[str, Register]) -> None:
        """Make again by what a record is found, of those whose words are not kept yet."""
        with self.writing() as db:
            left = db.execute(sql.select(RECORD.c.register, RECORD.c.id).where(RECORD.c.search == "")).all()
            for of, name in (row for row in left if row.register in registers):
                one = self.find(db, of, name)
                assert one is not None
                self._point(db, registers[of], one, new=False)

    def get(self, register: str, name: str) -> Record:
        """Return the newest version of a record."""
        with self.engine.begin() as db:
            found = self.find(db, register, name)
        if found is None:
            raise RegisterError("no_record")
        return found

    def find(self, db: sql.Connection, register: str, name: str) -> Record | None:
        """Return the newest version of a record, or None."""
        mine = (VERSION.c.register == register) & (VERSION.c.id == name)
        row = db.execute(sql.select(VERSION).where(mine).order_by(VERSION.c.version.desc()).limit(1)).one_or_none()
        return Record(*row) if row else None

    def history(self, register: str, name: str) -> list[Record]:
        """Return every version of a record, the newest first."""
        mine = (VERSION.c.register == register) & (VERSION.c.id == name)
        with self.engine.begin() as db:
            return [
                Record(*row) for row in db.execute(sql.select(VERSION).where(mine).order_by(VERSION.c.version.desc()))
            ]

    def versions(self, register: str) -> Iterator[Record]:
        """Return every version of every record of a register."""
        with self.engine.begin() as db:
            for row in db.execute(sql.select(VERSION).where(VERSION.c.register == register)):
                yield Record(*row)

    def listed(self, register: Register, asked: Asked) -> list[Record]:
        """Return the records that are asked for, a page of them or (page 0) all, what fits best first."""
        fits = _fits(asked).label("fits")
        page = _found(register, asked, RECORD.c.id, RECORD.c.version, RECORD.c.title, fits).subquery()
        here = (VERSION.c.register == register.id) & (VERSION.c.id == page.c.id) & (VERSION.c.version == page.c.version)
        joined = sql.select(VERSION).select_from(page.join(VERSION, here))
        with self.engine.begin() as db:
            ordered = joined.order_by(page.c.fits.desc(), page.c.title, page.c.id)
            return [Record(*row) for row in db.execute(ordered)]

    def choices(self, register: Register, asked: Asked) -> list[tuple[str, str]]:
        """Return id and title of the records that are asked for, by title."""
        with self.engine.begin() as db:
            rows = db.execute(_found(register, asked, RECORD.c.id, RECORD.c.title))
            return [(row.id, row.title) for row in rows]

    def count(self, register: Register, asked: Asked) -> int:
        """Return how many records are asked for."""
        with self.engine.begin() as db:
            return db.scalar(sql.select(sql.func.count()).select_from(RECORD).where(*_wanted(register, asked))) or 0

    def stamp(self, registers: Collection[str]) -> tuple[int, int]:
        """Return numbers that change whenever a record of the registers does."""
        there = RECORD.c.register.in_(sorted(registers))
        with self.engine.begin() as db:
            row = db.execute(sql.select(sql.func.count(), sql.func.sum(RECORD.c.version)).where(there)).one()
        return row[0], row[1] or 0

    def pointing(self, db: sql.Connection, fields: Iterable[tuple[str, str]], name: str) -> list[Record]:
        """Return the records that point at `name` by one of the fields (register and field)."""
        at = sql.select(MARK.c.register, MARK.c.id).where(
            sql.tuple_(MARK.c.register, MARK.c.field).in_(list(fields)), MARK.c.value == name
        )
        found = [self.find(db, row.register, row.id) for row in db.execute(at.distinct())]
        return sorted((one for one in found if one), key=lambda one: one.key)

    def broken(self) -> list[tuple[str, str, int]]:
        """Return register, id and number of the versions that do not follow from those before; none when all is well.

        A record whose newest version is not the one that its list shows is among them.
        """
        found: list[tuple[str, str, int]] = []
        last: dict[tuple[str, str], Record] = {}
        with self.engine.begin() as db:
            rows = sql.select(VERSION).order_by(VERSION.c.register, VERSION.c.id, VERSION.c.version)
            for one in (Record(*row) for row in db.execute(rows)):
                before = last.get(one.key)
                follows = (before.version, before.digest) if before else (0, "")
                if (one.version - 1, one.before) != follows or one.digest != _digest(asdict(one)):
                    found.append((*one.key, one.version))
                last[one.key] = one
            shown = {(row.register, row.id): row.version for row in db.execute(sql.select(RECORD))}
        newest = {key: one.version for key, one in last.items()}
        return found + [(*key, number) for key, number in sorted(set(newest.items()) ^ set(shown.items()))]


def _found(register: Register, asked: Asked, *columns: sql.ColumnElement[Any]) -> sql.Select[Any]:
    found = sql.select(*columns).where(*_wanted(register, asked))
    ordered = found.order_by(_fits(asked).desc(), RECORD.c.title, RECORD.c.id)
    # With a limit the newest are found first, and only their versions are looked up.
    return ordered.limit(PAGE if asked.page else ALL).offset(PAGE * max(0, asked.page - 1))


def _wanted(register: Register, asked: Asked) -> Iterator[sql.ColumnElement[bool]]:
    yield RECORD.c.register == register.id
    if asked.states is not None:
        shown = RECORD.c.state.in_(sorted(asked.states))
        yield shown | RECORD.c.organisation.in_(sorted(asked.organisations))
    if asked.without:
        yield RECORD.c.state.not_in(sorted(asked.without))
    if asked.state:
        yield RECORD.c.state == asked.state
    for word in wanted(asked.words):
        yield _has(RECORD.c.search, map(inside, word))
    for name, value in asked.chosen.items():
        yield _marked(register, name, MARK.c.value == value)
    for name, values in asked.among.items():
        held = sorted(values)
        yield RECORD.c.id.in_(held) if name == "id" else _marked(register, name, MARK.c.value.in_(held))
    for name, (first, last) in asked.between.items():
        until = [MARK.c.value <= last] if last else []
        yield _marked(register, name, MARK.c.value >= first, *until)


def _marked(register: Register, name: str, *chosen: sql.ColumnElement[bool]) -> sql.ColumnElement[bool]:
    return RECORD.c.id.in_(sql.select(MARK.c.id).where(MARK.c.register == register.id, MARK.c.field == name, *chosen))


def _fits(asked: Asked) -> sql.ColumnElement[int]:
    """Return how well a record fits the words: each counts as 4 in the title, 2 whole, 1 inside of a longer word."""
    return sum((_fit(word) for word in wanted(asked.words)), sql.literal(0))


def _fit(word: Collection[str]) -> sql.ColumnElement[int]:
    named, here = (_has(column, map(whole, word)) for column in (RECORD.c.named, RECORD.c.search))
    return sql.case((named, 4), (here, 2), else_=1)


def _has(column: sql.ColumnElement[str], parts: Iterable[str]) -> sql.ColumnElement[bool]:
    return sql.or_(*(column.contains(part, autoescape=True) for part in sorted(parts)))


def _searched(register: Register, one: Record) -> str:
    shown = register.shown(one.content, one.content)
    return " ".join(str(shown.get(name, "")) for name in (register.title_field, *register.search))


def _digest(fields: Mapping[str, Any]) -> str:
    said = {name: value for name, value in fields.items() if name != "digest"}
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
