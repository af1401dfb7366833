"""The export of a survey program, read by a mapping into invitations and answers: all of it, or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lighed.core.errors import DataError, Problem
from lighed.core.register import ORGANISATIONS, Register
from lighed.core.survey import Answers, SurveyMapping, plain
from lighed.portfolio.archive import Asked, Record
from lighed.portfolio.desk import Desk
from lighed.portfolio.exchange import lines

INVITATIONS, ANSWERS, ITEMS, SURVEYS = "survey_invitations", "survey_answers", "survey_items", "surveys"
LETTERS = str.maketrans("0123456789", "ghijklmnop")  # digits in a row would look like a person's number
Cells = dict[str, Any]
Change = tuple[Register, Record | None, Record]


@dataclass(frozen=True, slots=True)
class Export:
    """A file of answers, and how it is to be read."""

    name: str
    data: bytes
    mapping: SurveyMapping

    @property
    def source(self) -> str:
        """Return what the file is known by: its name, its digest in fours, and the mapping with its version."""
        digest = hashlib.sha256(self.data).hexdigest()
        fours = " ".join(digest[at : at + 4] for at in range(0, len(digest), 4))
        return f"{self.name}, SHA-256 {fours}, {self.mapping.id} {self.mapping.version}"

    def rows(self) -> list[tuple[int, Cells]]:
        """Return the rows with their numbers; a column that is missing, or that the mapping leaves open, is refused."""
        head, *body = lines(self.name, self.data) or [[]]
        heads = [str(cell).strip() for cell in head]
        wrong = [Problem("missing_column", self.name, 1, name) for name in self.mapping.columns if name not in heads]
        known = {*self.mapping.columns, *self.mapping.ignore, ""}
        wrong += [Problem("open_column", self.name, 1, name) for name in heads if name not in known]
        wrong += [Problem("column_twice", self.name, 1, name) for name in known - {""} if heads.count(name) > 1]
        if wrong:
            raise DataError(wrong)
        told = [(number, dict(zip(heads, line, strict=False))) for number, line in enumerate(body, 2)]
        return [(number, cells) for number, cells in told if any(plain(cell) for cell in cells.values())]


def take_in(desk: Desk, export: Export, *, dry_run: bool = False) -> list[Change]:
    """Keep what an export says of who was asked and what they answered; returns what is new or changed.

    An answer that was kept before and is no longer in the export stays until it is withdrawn.
    """
    mapping = export.mapping
    survey = desk.get(desk.register(SURVEYS), mapping.survey)
    items = [desk.get(desk.register(ITEMS), one.item) for one in mapping.items]
    wrong = [
        Problem("other_survey", export.name, value=one.id) for one in items if one.content.get("survey") != survey.id
    ]
    partners = _partners(desk, mapping)
    found, faults = _found(export, partners)
    if wrong or faults:
        raise DataError([*wrong, *faults])
    invited = _invited(desk, survey)
    members = [one for one in partners.values() if one.content.get("member")] if mapping.asked == "members" else []
    nothing = dict.fromkeys(mapping.columns, "")
    silent = {one.id: (one, 0, nothing) for one in members if one.id not in {*found, *invited}}
    return desk.keep(_records(desk, export, survey, items, {**found, **silent}, invited), dry_run=dry_run)


def _partners(desk: Desk, mapping: SurveyMapping) -> dict[str, Record]:
    there = desk.register(ORGANISATIONS)
    gone = [state.id for state in there.workflow.states if state.gone]
    records = desk.listed(there, Asked(page=0, without=gone))[0]
    return {plain(one.id if mapping.by == "id" else there.titled(one.content)): one for one in records}


def _invited(desk: Desk, survey: Record) -> dict[str, Record]:
    """The invitations that are there already, by organisation."""
    records = desk.listed(desk.register(INVITATIONS), Asked(chosen={"survey": survey.id}, page=0))[0]
    return {one.organisation: one for one in records}


def _found(export: Export, partners: dict[str, Record]) -> tuple[dict[str, tuple[Record, int, Cells]], list[Problem]]:
    found: dict[str, tuple[Record, int, Cells]] = {}
    wrong: list[Problem] = []
    for number, cells in export.rows():
        given = cells.get(export.mapping.organisation)
        partner = partners.get(plain(given))
        if partner is None:
            wrong.append(Problem("no_partner", export.name, number, export.mapping.organisation, str(given)))
            continue
        if partner.id in found:
            said = {"first": found[partner.id][1]}
            wrong.append(Problem("answered_twice", export.name, number, export.mapping.organisation, str(given), said))
        found[partner.id] = partner, number, cells
        wrong += _faults(export, number, cells)
    return found, wrong


def _faults(export: Export, number: int, cells: Cells) -> Iterator[Problem]:
    mapping = export.mapping
    for one in mapping.items:
        for name in one.columns or [one.column or ""]:
            if plain(cells.get(name)) and one.counts(cells[name]) is None:
                known = ", ".join([*one.counted, *one.against, *one.left_out])
                yield Problem("unknown_answer", export.name, number, name, str(cells[name]), {"known": known})
    day = cells.get(mapping.answered_on or "")
    if plain(day) and mapping.day(day) is None:
        yield Problem("not_a_date", export.name, number, mapping.answered_on, str(day), {"form": mapping.dates})
    if mapping.status and plain(cells.get(mapping.status.column)) not in map(plain, mapping.status.values):
        said = {"known": ", ".join(mapping.status.values)}
        yield Problem("unknown_answer", export.name, number, mapping.status.column, None, said)


def _records(
    desk: Desk,
    export: Export,
    survey: Record,
    items: list[Record],
    found: dict[str, tuple[Record, int, Cells]],
    invited: dict[str, Record],
) -> Iterator[tuple[Register, str, dict[str, Any]]]:
    title = desk.register(ORGANISATIONS).titled
    for partner, number, cells in found.values():
        answers = [(one, item, _answer(one, cells)) for one, item in zip(export.mapping.items, items, strict=True)]
        said = [(item, answer) for _, item, answer in answers if answer]
        before = invited.get(partner.id)
        invitation = before.id if before else _own_id(survey.id, partner.id)
        content = {
            **(before.content if before else {}),
            "title": title(partner.content),
            "survey": survey.id,
            "organisation": partner.id,
            "status": _status(export.mapping, cells, len(said)) if number else "invited",
            "answered_on": export.mapping.day(cells.get(export.mapping.answered_on or "", "")),
            "source": export.source,
        }
        yield desk.register(INVITATIONS), invitation, content
        for item, (answer, counts) in said:
            name = f"{title(partner.content)}: {desk.register(ITEMS).titled(item.content)}"[:300]
            told = {"title": name, "invitation": invitation, "item": item.id, "answer": answer, "counts": counts}
            yield desk.register(ANSWERS), _own_id(invitation, item.id), told


def _status(mapping: SurveyMapping, cells: Cells, answers: int) -> str:
    if mapping.status:
        codes = {plain(value): code for value, code in mapping.status.values.items()}
        return codes[plain(cells[mapping.status.column])]
    if mapping.answered_on:
        return "complete" if plain(cells[mapping.answered_on]) else "partial" if answers else "opened"
    return "complete" if answers else "opened"


def _answer(one: Answers, cells: Cells) -> tuple[str, str] | None:
    """What was answered, and what it counts as; None where nothing was."""
    if one.column:
        counts = one.counts(cells[one.column]) if plain(cells[one.column]) else None
        return (str(cells[one.column]).strip(), counts) if counts else None
    ticked = {name: one.counts(cells[name]) for name in one.columns if plain(cells[name])}
    chosen = [one.columns[name] for name, counts in ticked.items() if counts == "counted"]
    if not ticked:
        return None
    if chosen:
        return "; ".join(chosen), "counted"
    return "–", "against" if "against" in ticked.values() else "left_out"


def _own_id(*names: str) -> str:
    """The id of what belongs to several records: the same whenever the file is read again."""
    return hashlib.sha256("/".join(names).encode()).hexdigest().translate(LETTERS)[:20]
