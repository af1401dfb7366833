"""What must be reported, by whom and until when: where each obligation stands on a day that is given.

A deadline may be unknown until it is announced. Until then the period itself is the window, where its name is one of a
year, a quarter or a month.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from lighed.core.register import Register
from lighed.core.types import PERIOD
from lighed.portfolio.archive import Archive, Asked, Record

OBLIGATIONS, REPORTS, ASSIGNMENTS = "obligations", "reports", "assignments"
SOON = 30  # days before the deadline from which it is near, where the obligation does not say
Standing = Literal["coming", "open", "soon", "overdue", "fulfilled"]
STANDINGS: tuple[Standing, ...] = ("overdue", "soon", "open", "coming", "fulfilled")  # the most pressing first
COLUMNS = ("standing", "organisation", "obligation", "title", "period", "opens", "due", "announced", "report", "state")
_QUARTER = re.compile(r"([1-4])(?:\. kvartal|(?:st|nd|rd|th) quarter(?: of)?) (\d{4})")


@dataclass(frozen=True, slots=True)
class Window:
    """The first and the last day of an obligation, and whether the last one was announced."""

    opens: date | None = None
    due: date | None = None
    announced: bool = False

    def standing(self, today: date, remind: int = SOON) -> Standing:
        """Return where an obligation that nothing was handed in for stands.

        Examples
        --------
        >>> quarter = window({"period": "1. kvartal 2017"})
        >>> [quarter.standing(date(*day)) for day in ((2016, 12, 31), (2017, 1, 1), (2017, 3, 31), (2017, 4, 1))]
        ['coming', 'open', 'soon', 'overdue']
        """
        if self.due and today > self.due:
            return "overdue"
        if (self.opens and today < self.opens) or not (self.opens or self.due):
            return "coming"
        return "soon" if self.due and today >= self.due - timedelta(remind) else "open"


@dataclass(frozen=True, slots=True)
class Due:
    """What one organisation owes for one obligation: where that stands, the window, and its report if there is one."""

    obligation: Record
    organisation: str
    standing: Standing
    window: Window
    report: Record | None = None

    @property
    def order(self) -> tuple[int, date, str, str]:
        """Return what puts the most pressing first."""
        last = self.window.due or date.max
        return STANDINGS.index(self.standing), last, self.obligation.id, self.organisation


def window(content: Mapping[str, Any]) -> Window:
    """Return the window of an obligation: the dates that are announced, and else those of its period.

    Examples
    --------
    >>> window({"period": "1st quarter of 2017"}).due, window({"period": "foråret"}).due
    (datetime.date(2017, 3, 31), None)
    >>> window({"period": "1. kvartal 2017", "due": "2017-03-15"}).announced
    True
    """
    first, last = _span(str(content.get("period", ""))) or (None, None)
    opens, due = (date.fromisoformat(content[name]) if name in content else None for name in ("opens", "due"))
    return Window(opens or (first if first and (not due or first <= due) else None), due or last, due is not None)


def _span(period: str) -> tuple[date, date] | None:
    found, named = _QUARTER.fullmatch(period.strip()), re.match(PERIOD, period.strip())
    if found:
        quarter, year, month = int(found[1]), int(found[2]), None
    elif named:
        quarter, year, month = int(named["quarter"] or 0), int(named["year"]), named["month"]
    else:
        return None
    first, last = (3 * quarter - 2, 3 * quarter) if quarter else (int(month), int(month)) if month else (1, 12)
    return date(year, first, 1), date(year, last, monthrange(year, last)[1])


def dues(archive: Archive, registers: Mapping[str, Register], today: date) -> list[Due]:
    """Return what every organisation owes for the obligations that are given, the most pressing first."""
    states = {state.id: state for state in registers[OBLIGATIONS].workflow.states}
    given = [name for name, state in states.items() if state.shown and not state.gone]
    records = archive.listed(registers[OBLIGATIONS], Asked(states=given, page=0))
    assignments = {one.id: one for one in archive.listed(registers[ASSIGNMENTS], Asked(page=0))}
    reports: dict[tuple[str, str], list[Record]] = {}
    for report in archive.listed(registers[REPORTS], Asked(page=0)):
        reports.setdefault((report.content["obligation"], report.organisation), []).append(report)
    found = (
        _due(one, to, reports.get((one.id, to), []), registers[REPORTS], today, done=states[one.state].approved)
        for one in records
        for to in assignments[one.content["assignment"]].content["assignees"]
    )
    return sorted(found, key=lambda due: due.order)


def _due(one: Record, to: str, reports: Iterable[Record], register: Register, today: date, *, done: bool) -> Due:
    kept = [report for report in reports if not register.workflow.state(report.state).gone]
    handed_in = [report for report in kept if not register.workflow.state(report.state).editable]
    span = window(one.content)
    standing = span.standing(today, one.content.get("remind", SOON))
    return Due(one, to, "fulfilled" if done or handed_in else standing, span, next(iter(handed_in or kept), None))


def row(due: Due) -> dict[str, Any]:
    """Return what is owed as plain values, for files and JSON."""
    opens, last, content, report = due.window.opens, due.window.due, due.obligation.content, due.report
    values = (
        due.standing,
        due.organisation,
        due.obligation.id,
        content["title"],
        content["period"],
        opens and opens.isoformat(),
        last and last.isoformat(),
        due.window.announced,
        report and report.id,
        report and report.state,
    )
    return dict(zip(COLUMNS, values, strict=True))
