"""What a signed-in person can do with the registers. Every method asks ``may`` first and writes down what was done."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, count
from typing import Any, BinaryIO

import sqlalchemy as sql

from lighed.core.accounts import Accounts, User, may
from lighed.core.diagnostic import Diagnostic
from lighed.core.errors import AccessError, DataError, Problem, RegisterError
from lighed.core.identifiers import shows_number
from lighed.core.office import Office
from lighed.core.register import ORGANISATIONS, Field, Register, Transition
from lighed.core.report import Report, Step, way
from lighed.core.types import Policy
from lighed.portfolio.archive import Archive, Asked, ConflictError, Record
from lighed.portfolio.exchange import Row, rows
from lighed.portfolio.files import Files
from lighed.portfolio.obligations import Due, dues
from lighed.portfolio.reports import missing

SHORT = 36  # letters of an id that is made of a title
Rules = Iterable[Diagnostic]
LETTERS = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe", "é": "e", "ü": "ue"})


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation, as something that may be written in."""

    unit: str


class Desk(Office):
    """The work of one user with the registers."""

    def __init__(
        self,
        accounts: Accounts,
        user: User | None,
        archive: Archive,
        files: Files,
        registers: Mapping[str, Register],
        reports: Mapping[str, Report],
        policies: Mapping[str, Policy],
        rules: Rules = (),
    ) -> None:
        super().__init__(accounts, user)
        self.archive, self.files, self._registers = archive, files, registers
        self.rules, self.policies, self._reports = tuple(rules), policies, reports

    # --- reading

    def registers(self) -> list[Register]:
        """Return the registers."""
        self._demand("see_registers")
        return list(self._registers.values())

    def register(self, name: str) -> Register:
        """Return the register of that id."""
        self._demand("see_registers")
        if name not in self._registers:
            raise RegisterError("no_register")
        return self._registers[name]

    def visible(self, register: Register, asked: Asked | None = None) -> Asked:
        """Return what is asked for, of what the user may see."""
        asked = asked or Asked()
        if may(self.user, "read_drafts"):
            return asked
        shown = [state.id for state in register.workflow.states if state.shown]
        return replace(asked, states=shown, organisations=self._own())

    def _own(self) -> list[str]:
        return [unit for unit in self._units() if may(self.user, "read_own_drafts", Place(unit))]

    def _units(self) -> frozenset[str]:
        return self.user.units if self.user else frozenset()

    def listed(self, register: Register, asked: Asked) -> tuple[list[Record], int]:
        """Return a page of a register, and how many records there are in all."""
        self._demand("see_registers")
        seen = self.visible(register, asked)
        return self._listed(register, seen), self.archive.count(register, seen)

    def _listed(self, register: Register, asked: Asked) -> list[Record]:
        return [self._shown(register, one) for one in self.archive.listed(register, asked)]

    def _shown(self, register: Register, one: Record, now: Record | None = None) -> Record:
        """Return a version as the user sees it: what lacks consent is the approver's alone to see."""
        if may(self.user, "approve_record", one):
            return one
        return replace(one, content=register.shown(one.content, (now or one).content))

    def count(self, register: Register) -> int:
        """Return how many records of a register the user may see."""
        self._demand("see_registers")
        return self.archive.count(register, self.visible(register))

    def for_revision(self, today: date) -> list[tuple[Register, Record]]:
        """Return the records that count as due for revision on a day, by their registers."""
        self._demand("see_registers")
        found = {
            (register.id, one.id): (register, one)
            for register in self._registers.values()
            for name in register.review
            for one in self._listed(
                register, self.visible(register, Asked(between={name: ("", today.isoformat())}, page=0))
            )
        }
        return [(of, one) for of, one in found.values() if of.workflow.state(one.state).due]

    def get(self, register: Register, name: str) -> Record:
        """Return a record that the user may see; one that they may not is not there."""
        self._demand("see_registers")
        found = self.archive.get(register.id, name)
        if not self._sees(register, found):
            raise RegisterError("no_record")
        return self._shown(register, found)

    def withheld(self, register: Register, name: str) -> list[Field]:
        """Return the fields of a record that are not shown because consent is missing or was taken back."""
        self.get(register, name)
        content = self.archive.get(register.id, name).content
        return register.withheld(content, content)

    def _sees(self, register: Register, one: Record) -> bool:
        shown = register.workflow.state(one.state).shown or may(self.user, "read_drafts")
        return shown or may(self.user, "read_own_drafts", one)

    def history(self, register: Register, name: str) -> list[Record]:
        """Return the versions of a record that the user may see, the newest first."""
        self.get(register, name)
        versions = self.archive.history(register.id, name)
        return [self._shown(register, one, versions[0]) for one in versions if self._sees(register, one)]

    def version(self, register: Register, name: str, number: int) -> Record:
        """Return a version of a record."""
        found = next((one for one in self.history(register, name) if one.version == number), None)
        if found is None:
            raise RegisterError("no_record")
        return found

    def file(self, register: Register, name: str, number: int, field: str) -> tuple[str, bytes]:
        """Return name and bytes of a file of a version."""
        value = self.version(register, name, number).content.get(field)
        if not isinstance(value, dict) or any(register.field(field).faults(value)):
            raise RegisterError("no_record")
        return value["name"], self.files.read(value["checksum"])

    def titles(self, register: Register, records: list[Record]) -> dict[tuple[str, str], str]:
        """Return what the records point at, by register and id: the titles of those that the user may see."""
        wanted = {
            (field.register_id, value)
            for field in register.fields
            if field.register_id
            for one in records
            for value in field.values(one.content)
        }
        found: dict[tuple[str, str], str] = {}
        with self.archive.engine.begin() as db:
            for of, name in sorted(wanted):
                one, there = self.archive.find(db, of, name), self._registers[of]
                if one and self._sees(there, one):
                    found[of, name] = there.titled(one.content)
        return found

    def choices(self, register: Register, only: Collection[str] | None = None) -> dict[str, list[tuple[str, str]]]:
        """Return id and title of what its references (or `only` some) can point at, by the register pointed into."""
        fields = [field for field in register.fields if only is None or field.id in only]
        return {of: self._choices(self._registers[of]) for of in {f.register_id for f in fields if f.register_id}}

    def _choices(self, register: Register) -> list[tuple[str, str]]:
        gone = [state.id for state in register.workflow.states if state.gone]
        return self.archive.choices(register, self.visible(register, Asked(page=0, without=gone)))

    def belonging(self, register: Register, one: Record) -> list[tuple[Register, Record]]:
        """Return the records that point at this one and that the user may see, with their registers."""
        with self.archive.engine.begin() as db:
            found = self.archive.pointing(db, self._pointers(register), one.id)
        pairs = [(self._registers[each.register], each) for each in found]
        return [(of, self._shown(of, each)) for of, each in pairs if self._sees(of, each)]

    def parts(self, register: Register) -> list[Register]:
        """Return the registers whose records are parts of this one's."""
        return [self._registers[of] for of, _ in self._pointers(register, parts=True)]

    # --- reports and what is owed

    def dues(self, today: date) -> list[Due]:
        """Return what the user's organisations owe; who may read the drafts of others sees what all of them owe."""
        self._demand("see_registers")
        found = dues(self.archive, self._registers, today)
        everybody = may(self.user, "read_drafts")
        return [due for due in found if everybody or may(self.user, "read_own_drafts", Place(due.organisation))]

    def report(self, name: str) -> Report:
        """Return the report of that id that is made of all that the user may see."""
        self._demand("see_registers")
        if name not in self._reports or self._reports[name].register_id is not None:
            raise RegisterError("no_record")
        return self._reports[name]

    def report_of(self, register: Register, content: Mapping[str, Any]) -> Report | None:
        """Return the report that is made of such a record, if there is one."""
        for report in self._reports.values():
            fits = all(content.get(name) in wanted for name, wanted in report.where.items())
            if report.register_id == register.id and fits and self._chosen(register, report, content):
                return report
        return None

    def _chosen(self, register: Register, report: Report, content: Mapping[str, Any]) -> bool:
        path, _, name = (report.chosen or "").rpartition("/")
        if not report.chosen:
            return True
        there, found = self.related(register, content, path)
        return any(report.id in there.field(name).values(one.content) for one in found)

    def related(
        self, register: Register | None, content: Mapping[str, Any], path: str, name: str = ""
    ) -> tuple[Register, list[Record]]:
        """Return the records at the end of a way from a record (its content, and its id), and their register.

        Records that the user may not see, and those that are gone, are left out.
        """
        self._demand("see_registers")
        there, ends, found = register, list[Record](), [(name, content)]
        for step in way(self._registers, register.id if register else None, path):
            before, there = there, self._registers[step.register]
            ends = self._ends(before, there, step, found)
            found = [(one.id, one.content) for one in ends]
        assert there is not None
        return there, ends

    def _ends(
        self, before: Register | None, there: Register, step: Step, found: Collection[tuple[str, Mapping[str, Any]]]
    ) -> list[Record]:
        if before is None or not step.field:
            records = self.archive.listed(there, Asked(page=0))
        else:
            with self.archive.engine.begin() as db:
                if step.back:
                    fields = [(there.id, step.field)]
                    records = [one for name, _ in found if name for one in self.archive.pointing(db, fields, name)]
                else:
                    named = dict.fromkeys(to for _, each in found for to in before.field(step.field).values(each))
                    records = [one for to in named if (one := self.archive.find(db, there.id, to))]
        return [one for one in records if self._sees(there, one) and not self._stands(one).gone]

    def missing(self, register: Register, one: Record) -> list[Problem]:
        """Say what the report that is made of a record lacks before it can be submitted."""
        report = self.report_of(register, one.content)
        if report is None:
            return []
        return missing(report, one.content, lambda path: self._contents(register, one, path))

    def _contents(self, register: Register, one: Record, path: str) -> list[dict[str, Any]]:
        return [each.content for each in self.related(register, one.content, path, one.id)[1]]

    # --- writing

    def may_write(self, register: Register, one: Record | None = None) -> bool:
        """Return whether the user may write a record; without one, whether they may begin one anywhere."""
        if one is None:
            return any(may(self.user, register.edit, Place(unit)) for unit in ("", *self._units()))
        return register.workflow.state(one.state).editable and may(self.user, register.edit, one)

    def may_begin(self, register: Register, organisation: str) -> bool:
        """Return whether the user may begin a record of an organisation."""
        return may(self.user, register.edit, Place(organisation))

    def moves(self, register: Register, one: Record) -> list[Transition]:
        """Return the ways out of where a record stands that the user may take."""
        return [way for way in register.workflow.out_of(one.state) if may(self.user, way.action, one)]

    def keep_file(self, register: Register, field: str, name: str, stream: BinaryIO) -> dict[str, str]:
        """Keep a file that a record is going to have in a field, and return what the field holds of it."""
        if not self.may_write(register):
            self._demand(register.edit, Place(""))
        try:
            kept = self.files.keep(name, stream)
        except DataError as error:
            raise DataError([replace(each, column=field) for each in error.problems]) from None
        self._done(register.edit, register.id, f"file {kept['checksum']}")
        return kept

    def create(self, register: Register, content: Mapping[str, Any]) -> Record:
        """Keep a new record."""
        with self.archive.writing() as db:
            made = self._create(db, register, content)
        self._done(register.edit, _named(made), f"version 1 {made.digest}")
        return self._shown(register, made)

    def _create(self, db: sql.Connection, register: Register, content: Mapping[str, Any], name: str = "") -> Record:
        taken = self._checked(db, register, content)
        organisation = self._organisation(db, register, taken)
        user = self._demand(register.edit, Place(organisation))
        first = register.workflow.states[0].id
        one = Record(
            register=register.id,
            id=self._free(db, register, name or register.titled(taken)),
            version=1,
            change="created",
            state=first,
            organisation=organisation,
            content=taken,
            author=user.name,
            by=user.name,
            at=self.accounts.clock(),
        )
        return self.archive.put(db, register, one)

    def edit(self, register: Register, name: str, seen: int, content: Mapping[str, Any]) -> Record:
        """Keep a changed record; raises ConflictError when another has changed it since version `seen`."""
        self.get(register, name)
        with self._writing(register) as db:
            made, new = self._edit(db, register, name, seen, content)
        if new:
            self._done(register.edit, _named(made), f"version {made.version} {made.digest}")
        return self._shown(register, made)

    @contextmanager
    def _writing(self, register: Register) -> Iterator[sql.Connection]:
        try:
            with self.archive.writing() as db:
                yield db
        except ConflictError as error:
            raise ConflictError(self._shown(register, error.now)) from None

    def _edit(
        self, db: sql.Connection, register: Register, name: str, seen: int, content: Mapping[str, Any]
    ) -> tuple[Record, bool]:
        now = self.archive.find(db, register.id, name)
        if now is None:
            raise RegisterError("no_record")
        self._demand(register.edit, now)
        hidden = now.content.keys() - self._shown(register, now).content.keys()
        content = {name: now.content[name] for name in hidden} | dict(content)
        taken = self._checked(db, register, content, now.content)
        organisation = self._organisation(db, register, taken)
        user = self._demand(register.edit, Place(organisation))
        if seen == now.version and not register.workflow.state(now.state).editable:
            raise RegisterError("not_editable")
        if seen == now.version and taken == now.content:
            return now, False
        made = replace(
            now, version=seen + 1, change="edited", organisation=organisation, content=taken, author=user.name,
            by=user.name, at=self.accounts.clock(), reason="",
        )  # fmt: skip
        return self.archive.put(db, register, made), True

    def export(self, register: Register) -> list[Record]:
        """Return all the records of a register that the user may see."""
        self._demand("see_registers")
        return self._listed(register, self.visible(register, Asked(page=0)))

    def take_in(self, register: Register, name: str, data: bytes) -> list[Record]:
        """Keep the records in a file, all or none; returns those that are new or changed."""
        self._demand("see_registers")
        found, problems, made = rows(register, name, data), list[Problem](), list[Record]()
        with self.archive.writing() as db:
            for row in found:
                wrong = self._take(db, register, row, made)
                problems += [replace(each, file=name, row=row.number) for each in wrong]
            if problems:
                raise DataError(problems)
        for one in made:
            self._done(register.edit, _named(one), f"version {one.version} {one.digest}")
        return made

    def keep(
        self, found: Iterable[tuple[Register, str, Mapping[str, Any]]], *, dry_run: bool = False
    ) -> list[tuple[Register, Record | None, Record]]:
        """Keep records of several registers by their ids, all or none, and in a dry run none.

        Returns each that is new or changed, with its register and what it was before.
        """
        self._demand("see_registers")
        made: list[tuple[Register, Record | None, Record]] = []
        with self.archive.engine.connect() if dry_run else self.archive.writing() as db:
            for register, name, content in found:
                now = self.archive.find(db, register.id, name)
                if now is None:
                    made.append((register, None, self._create(db, register, content, name)))
                else:
                    one, new = self._edit(db, register, name, now.version, content)
                    made += [(register, now, one)] if new else []
        for register, _, one in made if not dry_run else []:
            self._done(register.edit, _named(one), f"version {one.version} {one.digest}")
        return made

    def _take(self, db: sql.Connection, register: Register, row: Row, made: list[Record]) -> list[Problem]:
        now = self.archive.find(db, register.id, row.id) if row.id else None
        state = now.state if now else register.workflow.states[0].id
        if row.state not in ("", state):
            return [Problem("other_state", "", column="state", value=row.state, values={"state": state})]
        if now and row.version is None:
            return [Problem("no_version", "", column="version")]
        if row.id and (slug(row.id) != row.id or shows_number(row.id)):
            return [Problem("not_an_id", "", column="id", value=row.id, values={"most": SHORT})]
        try:
            if now and row.version is not None:
                one, new = self._edit(db, register, row.id, row.version, row.content)
                made += [one] if new else []
            else:
                made.append(self._create(db, register, row.content, row.id))
        except DataError as error:
            return error.problems
        except ConflictError as error:
            said = {"by": error.now.by, "version": error.now.version}
            return [Problem("changed_since", "", column="version", values=said)]
        except AccessError:
            return [Problem("not_yours", "")]
        except RegisterError as error:
            return [Problem(error.key.partition(".")[2], "")]
        return []

    def move(self, register: Register, name: str, seen: int, transition: str, reason: str = "") -> Record:
        """Move a record to another state, as the register allows; pressed twice by one person it is done once."""
        done = self.get(register, name)
        if self.user and (done.version, done.change, done.by) == (seen + 1, transition, self.user.name):
            return done
        self._demand_complete(register, done, transition)
        with self._writing(register) as db:
            made = self._move(db, register, name, seen, transition, reason)
        way = register.workflow.transition(transition, after=made[0].state)
        self._done(way.action, _named(made[1]), f"version {made[1].version} {made[1].digest}")
        return self._shown(register, made[1])

    def _move(
        self, db: sql.Connection, register: Register, name: str, seen: int, transition: str, reason: str
    ) -> tuple[Record, Record]:
        now = self.archive.find(db, register.id, name)
        assert now is not None
        way = register.workflow.transition(transition, after=now.state)
        user = self._demand(way.action, now)
        if way.reason and not reason.strip():
            raise RegisterError("no_reason")
        if shows_number(reason):
            raise DataError([Problem("person_number", register.id, column="reason")])
        self._demand_settled(db, register, now, way)
        made = replace(
            now, version=seen + 1, change=way.id, state=way.to, by=user.name, at=self.accounts.clock(),
            reason=reason.strip(),
        )  # fmt: skip
        return now, self.archive.put(db, register, made)

    def _demand_complete(self, register: Register, one: Record, transition: str) -> None:
        way = register.workflow.transition(transition, after=one.state)
        to = register.workflow.state(way.to)
        if register.workflow.state(one.state).editable and not to.editable and not to.gone:
            self._demand(way.action, one)
            lacks = self.missing(register, one)
            if lacks:
                raise DataError(lacks)

    def _demand_settled(self, db: sql.Connection, register: Register, one: Record, way: Transition) -> None:
        to = register.workflow.state(way.to)
        if to.approved:
            parts = self.archive.pointing(db, self._pointers(register, parts=True), one.id)
            self._refuse("children", [part for part in parts if not self._settled(part)])
        if to.gone:
            left = self.archive.pointing(db, self._pointers(register), one.id)
            self._refuse("in_use", [each for each in left if not self._stands(each).gone])

    def _refuse(self, key: str, records: list[Record]) -> None:
        if records:
            titles = [self._registers[one.register].titled(one.content) for one in records]
            raise RegisterError(key, titles=", ".join(titles))

    def _stands(self, one: Record) -> Any:
        return self._registers[one.register].workflow.state(one.state)

    def _settled(self, one: Record) -> bool:
        # A register in which nothing is approved holds nothing up.
        states = self._registers[one.register].workflow.states
        return not any(state.approved for state in states) or self._stands(one).approved or self._stands(one).gone

    def _pointers(self, register: Register, *, parts: bool = False) -> list[tuple[str, str]]:
        return [
            (other.id, field.id)
            for other in self._registers.values()
            for field in other.fields
            if field.register_id == register.id and (not parts or other.parent == field.id)
        ]

    def _checked(
        self,
        db: sql.Connection,
        register: Register,
        content: Mapping[str, Any],
        before: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        kept = {name: value for name, value in content.items() if value not in (None, "", [], {})}
        problems = register.problems(kept) or [
            *self._dangling(db, register, kept, before or {}),
            *self._without_file(register, kept),
        ]
        if problems:
            raise DataError(problems)
        return kept

    def _dangling(
        self, db: sql.Connection, register: Register, content: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Iterator[Problem]:
        for field in register.fields:
            if field.register_id is None:
                continue
            there = self._registers[field.register_id]
            for value in set(field.values(content)) - set(field.values(before)):
                one = self.archive.find(db, there.id, value)
                if one is None or not self._sees(there, one) or there.workflow.state(one.state).gone:
                    yield Problem("no_record", register.id, column=field.id, value=value)

    def _without_file(self, register: Register, content: Mapping[str, Any]) -> Iterator[Problem]:
        for field in register.fields:
            if field.kind == "file" and field.id in content and content[field.id]["checksum"] not in self.files:
                yield Problem("not_uploaded", register.id, column=field.id)

    def _organisation(self, db: sql.Connection, register: Register, content: Mapping[str, Any]) -> str:
        if register.organisation and register.organisation in content:
            return str(content[register.organisation])
        if register.parent and register.parent in content:
            of = register.field(register.parent).register_id
            parent = self.archive.find(db, of or "", content[register.parent])
            if parent:
                return parent.id if of == ORGANISATIONS else parent.organisation
        return ""

    def _free(self, db: sql.Connection, register: Register, title: str) -> str:
        name = slug(title) or register.id
        tried = chain([name], (f"{name}-{number}" for number in count(2)))
        return next(one for one in tried if self.archive.find(db, register.id, one) is None)


def _named(one: Record) -> str:
    return f"{one.register}/{one.id}"


def slug(title: str) -> str:
    """Return the id that a record gets from its title.

    Examples
    --------
    >>> slug("Fælles gravidteam på tværs"), slug("=1+1"), slug("«»")
    ('faelles-gravidteam-paa-tvaers', '1-1', '')
    """
    letters = re.sub(r"[^a-z0-9]+", "-", title.casefold().translate(LETTERS)).strip("-")
    return letters[:SHORT].rstrip("-")
