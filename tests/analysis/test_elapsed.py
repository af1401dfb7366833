"""Windows from time of day to time of day: patients on each side of every end, and what cannot be counted so."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from pydantic import ValidationError

from lighed.analysis.examples import along_of, mistakes_along
from lighed.analysis.pathways import episodes
from lighed.catalogue import Catalogue
from lighed.catalogue.check import check
from lighed.core.errors import DefinitionError, StoreError
from lighed.core.pathway import Pathway
from lighed.core.yaml import parse
from lighed.store.engine import connect

WITHIN_48_HOURS = """
id: contact_48
title: {da: Kontakt inden for 48 timer, en: Contact within 48 hours}
short: {da: Kontakt, en: Contact}
clock: elapsed
index: {item: psychiatric_admission, day: last, rule: each, washout: 1}
steps:
  - id: seen
    title: {da: kontakt inden for 48 timer, en: contact within 48 hours}
    short: {da: kontakt, en: contact}
    item: aftercare_contact
    hours: [0, 48]
    unless: [{item: hospital_admission, hours: [0, 48], upper: exclusive}]
  - id: treated
    title: {da: behandling inden for et døgn, en: treatment within a day}
    short: {da: behandling, en: treatment}
    item: medicine_collected
    after: seen
    anchor: seen
    days: [0, 1]
source: {title: {da: Landspatientregistret, en: The National Patient Register}, owner: Sundhedsdatastyrelsen}
example:
  known_until: 2020-03-05
  persons:
    - {person: 5, died: 2020-03-02}
    - {person: 6, died: 2020-03-03}
    - {person: 7, left: 2020-03-02}
  events:
    - {person: 1, item: psychiatric_admission, date: 2020-02-01, time: 09:00, date_to: 2020-03-01, time_to: 14:00}
    - {person: 1, item: aftercare_contact, date: 2020-03-01, time: 13:59}    # before the discharge
    - {person: 1, item: aftercare_contact, date: 2020-03-03, time: 14:00}    # after 48 hours to the minute
    - {person: 1, item: medicine_collected, date: 2020-03-04, time: 14:00}
    - {person: 2, item: psychiatric_admission, date: 2020-02-01, time: 09:00, date_to: 2020-03-01, time_to: 14:00}
    - {person: 2, item: aftercare_contact, date: 2020-03-03, time: 14:01}    # a minute too late, on the second day
    - {person: 3, item: psychiatric_admission, date: 2020-03-01, time: 08:30, date_to: 2020-03-01, time_to: 14:00}
    - {person: 3, item: aftercare_contact, date: 2020-03-01, time: 14:00}    # at once
    - {person: 3, item: medicine_collected, date: 2020-03-02, time: 14:01}   # a minute too late, on the next day
    - {person: 4, item: psychiatric_admission, date: 2020-02-01, time: 09:00, date_to: 2020-03-01, time_to: 14:00}
    - {person: 4, item: hospital_admission, date: 2020-03-03, time: 13:59}   # excepts until the last minute
    - {person: 4, item: psychiatric_admission, date: 2020-03-02, time: 09:00, date_to: 2020-03-02, time_to: 14:00}
    - {person: 5, item: psychiatric_admission, date: 2020-02-01, time: 09:00, date_to: 2020-03-01, time_to: 14:00}
    - {person: 6, item: psychiatric_admission, date: 2020-02-01, time: 09:00, date_to: 2020-03-01, time_to: 14:00}
    - {person: 7, item: psychiatric_admission, date: 2020-02-01, time: 09:00, date_to: 2020-03-01, time_to: 14:00}
    - {person: 8, item: psychiatric_admission, date: 2020-02-01, time: 09:00, date_to: 2020-03-03, time_to: 00:00}
    - {person: 8, item: aftercare_contact, date: 2020-03-03, time: 00:01}
    - {person: 9, item: psychiatric_admission, date: 2020-02-01, time: 09:00, date_to: 2020-03-01, time_to: 14:00}
    - {person: 9, item: hospital_admission, date: 2020-03-03, time: 14:00}   # 48 hours to the minute: excepts no more
    - {person: 10, item: psychiatric_admission, date: 2020-02-01, time: 09:00}  # has not ended
  expect:
    - {person: 1, seen: 2, seen_fate: reached, treated: 3, treated_fate: reached}
    - {person: 2, seen: null, seen_fate: lost, treated_fate: before}
    - {person: 3, seen: 0, seen_fate: reached, treated: null, treated_fate: lost}
    - {person: 4, seen_fate: excepted}        # and the second discharge, 24 hours later, begins nothing
    - {person: 5, seen_fate: died}
    - {person: 6, seen_fate: lost}            # alive, as far as is known, when the window ended
    - {person: 7, seen_fate: emigrated}
    - {person: 8, seen: 1, seen_fate: reached, treated_fate: open}
    - {person: 9, seen_fate: lost}
"""


def pathway(**changed: Any) -> Pathway:
    return Pathway.model_validate(parse(WITHIN_48_HOURS) | changed)


def step(**changed: Any) -> dict[str, Any]:
    """The first step, with something else in the place of its window."""
    first: dict[str, Any] = parse(WITHIN_48_HOURS)["steps"][0]
    return {key: value for key, value in first.items() if key not in {"hours", "unless"}} | changed


def check_with(catalogue: Catalogue, path: Pathway) -> None:
    check(dataclasses.replace(catalogue, pathways=catalogue.pathways | {path.id: path}))


def test_the_patients_come_as_far_as_they_should(catalogue: Catalogue) -> None:
    check_with(catalogue, pathway())
    assert list(mistakes_along(connect(), pathway())) == []


def test_hours_reach_into_days_and_a_definition_reads_as_it_was_written() -> None:
    path = pathway(steps=[step(hours=[-1, 25])], example=None)
    assert path.steps[0].days == (-1, 2)
    assert path.steps[0].read_at == (2,)
    assert [one.follow_up for one in path.indicators] == [2]
    assert Pathway.model_validate(path.model_dump(mode="json")) == path


def test_calendar_days_look_at_no_time() -> None:
    days = pathway(clock="calendar_day", steps=[step(days=[0, 2])])
    rows = episodes(days, along_of(connect(), days.example)).order_by("person_id").to_pyarrow().to_pylist()
    assert [row["seen"] for row in rows if row["person_id"] in {1, 2, 3, 9}] == [0, 2, 0, None]


# --- what has no time


def without(time: str, item: str, **changed: Any) -> Pathway:
    """The pathway, one of whose patients has such an event of which the time is not known."""
    example = parse(WITHIN_48_HOURS)["example"]
    found = next(event for event in example["events"] if event["item"] == item)
    found[time] = None
    return pathway(example=example, **changed)


@pytest.mark.parametrize(
    ("time", "item"),
    [("time_to", "psychiatric_admission"), ("time", "aftercare_contact"), ("time", "hospital_admission")],
)
def test_an_event_that_is_looked_for_and_has_no_time_is_told(time: str, item: str) -> None:
    path = without(time, item)
    with pytest.raises(StoreError) as caught:
        list(mistakes_along(connect(), path))
    assert "“contact_48”" in caught.value.sentence("en")
    assert f"events of the kind “{item}” have none: 1." in caught.value.sentence("en")
    assert f"»{item}« har intet: 1." in caught.value.sentence("da")


def test_the_time_of_another_day_or_of_another_event_is_not_asked_for() -> None:
    assert list(mistakes_along(connect(), without("time", "psychiatric_admission"))) == []
    path = without("time", "medicine_collected", steps=parse(WITHIN_48_HOURS)["steps"][:1])
    assert len(episodes(path, along_of(connect(), path.example)).to_pyarrow()) == 9


def test_a_definition_may_leave_out_what_has_no_time(catalogue: Catalogue) -> None:
    path = without("time", "aftercare_contact", steps=[step(hours=[0, 48], where={"time": {"exists": True}})])
    check_with(catalogue, path)
    rows = episodes(path, along_of(connect(), path.example)).to_pyarrow().to_pylist()
    assert {row["person_id"]: row["seen_fate"] for row in rows}[1] == "reached"


# --- what cannot be said


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "hours by a clock of days": (
        {"clock": "calendar_day", "steps": [step(hours=[0, 48])]},
        "a window is of hours, and the clock is the calendar day",
    ),
    "an end left out by a clock of days": (
        {"clock": "calendar_day", "steps": [step(days=[0, 2], upper="exclusive")]},
        "a window leaves its end out, and the clock is the calendar day",
    ),
    "states": (
        {"states": {"dimension": "employment", "among": "employed", "at": [30]}},
        "states are of whole days, and the clock is elapsed time",
    ),
    "a window that its end takes away": (
        {"steps": [step(hours=[48, 48], upper="exclusive")]},
        "has the window 48 to 48, which nothing can be in",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_a_clock_has_not_is_refused(name: str, catalogue: Catalogue) -> None:
    changed, said = FAULTS[name]
    path = pathway(**changed)
    with pytest.raises(DefinitionError, match=re.escape(said)):
        check_with(catalogue, path)


@pytest.mark.parametrize("window", [{"hours": [0, 48], "days": [0, 3]}, {"hours": 48}, {"hours": ["0", "48"]}, {}])
def test_a_window_is_of_hours_or_of_days(window: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        pathway(steps=[step(**window)])
