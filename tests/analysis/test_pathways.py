"""Episodes of the engine against a plain reading of the same events, and the steps as indicators like any other."""

from __future__ import annotations

import dataclasses
import math
import re
from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lighed.analysis.cascade import trusted
from lighed.analysis.examples import along_of, mistakes_along
from lighed.analysis.pathways import episodes
from lighed.catalogue import Catalogue
from lighed.catalogue.check import check
from lighed.core.errors import DefinitionError
from lighed.core.estimates import Estimates
from lighed.core.pathway import Pathway, PathwayExample
from lighed.core.types import COUNTRY
from lighed.sources.synthetic.happenings import LEVELS
from lighed.store.engine import connect
from tests.conftest import Synthetic

TEXT = {"da": "x", "en": "x"}
NAMED = {"title": TEXT, "short": TEXT}
BEGAN = date(2020, 1, 1)


TICKS = {"calendar_day": 1, "elapsed": 1440}  # of a day
STARTS: dict[str, dict[str, Any]] = {
    "calendar_day": {"days": [1, 8]},
    "elapsed": {"hours": [30, 190], "upper": "exclusive"},
}


def pathway(clock: str = "calendar_day", **index: Any) -> Pathway:
    """A pathway with every kind of window: before the index, from it, from a step, with an exception, excluded."""
    steps = [
        {"id": "plan", "item": "plan", "days": [-3, 5]},
        {"id": "offer", "item": "offer", "after": "plan", "days": [0, 9], "where": {"category": {"is": "real"}}},
        {
            "id": "start", "item": "start", "after": "plan", "anchor": "plan", **STARTS[clock],
            "unless": [{"item": "wait", "days": [0, 6]}, {"item": "offer", "after": "plan", "days": [7, 7]}],
        },
        {"id": "end", "item": "end", "day": "last", "after": "start", "apart": 1, "anchor": "start", "days": [0, 6]},
        {"id": "again", "item": "start", "after": "start", "anchor": "plan", "days": [1, 20], "times": 2},
        {"id": "home", "item": "house", "day": "within", "after": "plan", "days": [2, 9]},
        {"id": "dead", "item": "death", "days": [1, 7]},
    ]  # fmt: skip
    return Pathway.model_validate(
        {
            "id": "p", **NAMED, "clock": clock, "index": {"item": "index", "rule": "each"} | index,
            "exclusions": [{"item": "mistake", "days": [-1, 2]}], "steps": [NAMED | step for step in steps],
            "source": {"title": TEXT, "owner": "x"},
        }
    )  # fmt: skip


# --- the plain reading


def tick_of(event: dict[str, Any], which: str, ticks: int) -> int:
    """What has not ended has no last day: none that any window reaches."""
    day, time = ("date_to", "time_to") if which == "last" else ("date", "time")
    return (
        -(10**10) if event.get(day) is None else event[day].toordinal() * ticks + min(event.get(time) or 0, ticks - 1)
    )


def end_of(day: date | None, ticks: int) -> int:
    """The last tick of a day of which no time is known; one that does not come is far away."""
    return 10**10 if day is None else (day.toordinal() + 1) * ticks - 1


def ticks_of(event: dict[str, Any], which: str, ticks: int, low: int, high: int) -> range:
    """The ticks in a window that count: one, or with "within" all from the first to the last."""
    first, last = ("first", "last") if which == "within" else (which, which)
    return range(max(tick_of(event, first, ticks), low), min(tick_of(event, last, ticks), high) + 1)


def as_events(example: PathwayExample, person: dict[str, Any], ticks: int) -> list[dict[str, Any]]:
    """A death is an event, and a position is one that ends on the day before it holds no more."""
    found = [{"item": "death", "date": person["died"], "time": ticks - 1}] if person.get("died") else []
    for held in example.positions:
        if held["person"] == person["person"]:
            last = (held.get("valid_to") or date(2021, 1, 1)) - timedelta(1)
            spell = {"item": held["dimension"], "date": held["valid_from"], "date_to": last}
            found.append(spell | {"time_to": ticks - 1})
    return found


def read_by_hand(path: Pathway, example: PathwayExample) -> list[dict[str, Any]]:
    return [row for person in example.persons for row in _episodes(path, example, person)]


def _episodes(path: Pathway, example: PathwayExample, person: dict[str, Any]) -> list[dict[str, Any]]:
    ticks = TICKS[path.clock]
    events = [e for e in example.events if e["person"] == person["person"] and e.get("status") != "superseded"]
    events += as_events(example, person, ticks)
    died, left, known = (end_of(day, ticks) for day in (person["died"], person["left"], example.known_until))
    found, before = [], None
    for at in sorted({tick_of(e, "first", ticks) for e in events if e["item"] == path.index.item}):
        counted = before is None or (path.index.rule == "each" and at - before > path.index.washout * ticks)
        before = at
        if counted and at <= died:
            gone = left if left >= at else 10**10
            begun = [e for e in events if e["item"] == path.index.item and tick_of(e, "first", ticks) == at]
            amount = max((e["amount"] for e in begun if e["amount"] is not None), default=None)
            row = _episode(path, events, at, died, gone, known)
            found.append(row | {"amount": amount})
    return [{"person_id": person["person"]} | row for row in found]


def _episode(path: Pathway, events: list[Any], index: int, died: int, left: int, known: int) -> dict[str, Any]:
    at: dict[str, int | None] = {"index": index}
    ticks = TICKS[path.clock]

    def window(wanted: Any) -> tuple[int, int]:
        low, high = (60 * n for n in wanted.hours) if wanted.hours else (ticks * n for n in wanted.days)
        return low, high - 1 if wanted.upper == "exclusive" else high

    def first(wanted: Any) -> int | None:
        anchor, after = at[wanted.anchor], at[wanted.after]
        if anchor is None or after is None:
            return None
        low, high = (anchor + end for end in window(wanted))
        found = [
            tick
            for e in events
            if e["item"] == wanted.item and (wanted.item != "offer" or wanted.id is None or e.get("category") == "real")
            for tick in ticks_of(e, wanted.day, ticks, low, high)
            if tick <= left - ticks or wanted.day != "within"
        ]
        later = low if wanted.after == "index" else after + wanted.apart * ticks
        inside = sorted({tick for tick in found if later <= tick <= died})
        return inside[wanted.times - 1] if len(inside) >= wanted.times else None

    start = window(path.steps[2])[1] + 5 * ticks
    horizon = {"plan": 5 * ticks, "offer": 9 * ticks, "start": start, "end": start + 6 * ticks}
    horizon |= {"again": 25 * ticks, "home": 9 * ticks, "dead": 7 * ticks}
    excluded = first(_Plain(path.exclusions[0]))
    begun = {"died": died, "left": left}
    row: dict[str, Any] = {
        name: math.ceil((tick - index) / ticks) if tick < 10**10 else None for name, tick in begun.items()
    }
    row["known"] = (known - index) // ticks
    for step in path.steps:
        there, excused = first(_Plain(step)), any(first(_Plain(u)) is not None for u in step.unless)
        end = None if at[step.anchor] is None else at[step.anchor] + window(step)[1]
        at[step.id] = there
        if index + horizon[step.id] > known:
            fate = "open"
        elif at[step.after] is None:
            fate = "before"
        elif there is not None:
            fate = "reached"
        elif excused:
            fate = "excepted"
        elif died <= end and died <= left:
            fate = "died"
        else:
            fate = "emigrated" if left <= end else "lost"
        seen = None if there is None else math.ceil((there - index) / ticks)
        row |= {step.id: seen if fate == "reached" else None, step.fate: fate, step.seen: seen}
    return {"year": date.fromordinal(index // ticks).year, "excluded": excluded is not None} | row


class _Plain:
    """A window as it stands, with the id of a step or none."""

    def __init__(self, wanted: Any) -> None:
        for name in ("item", "after", "apart", "anchor", "days", "hours", "upper", "day", "times"):
            setattr(self, name, getattr(wanted, name))
        self.id = getattr(wanted, "id", None)


# --- the same by the engine


def made_by_engine(path: Pathway, example: PathwayExample) -> list[dict[str, Any]]:
    rows = episodes(path, along_of(connect(), example)).to_pyarrow().to_pylist()
    for row in rows:
        row["excluded"] = row["excluded"] is not None
        del row["item"], row["category"], row["sender"]
    return rows


def in_order(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(str(sorted(row.items())) for row in rows)


TIMES = st.sampled_from([0, 1, 359, 360, 1438, 1439])
DAYS = st.integers(-5, 40).map(lambda n: BEGAN + timedelta(n))


@st.composite
def lives(draw: Any) -> PathwayExample:
    persons = [
        {"person": n, "died": draw(st.one_of(st.none(), DAYS)), "left": draw(st.one_of(st.none(), DAYS))}
        for n in range(1, 9)
    ]
    items = st.sampled_from(["index", "index", "plan", "plan", "offer", "start", "start", "end", "wait", "mistake"])
    events = []
    for person in persons:
        for day, item in draw(st.lists(st.tuples(DAYS, items), max_size=12)):
            longer = draw(st.sampled_from([None, None, day, day + timedelta(3)]))
            category = draw(st.sampled_from([None, "real", "other"])) if item == "offer" else None
            status = draw(st.sampled_from([None, "active", "active", "superseded"]))
            amount = draw(st.sampled_from([None, 1.0, 2.0])) if item == "index" else None
            more = {"date_to": longer, "category": category, "status": status, "amount": amount}
            more |= {"time": draw(TIMES), "time_to": 1439}
            events.append({"person": person["person"], "item": item, "date": day} | more)
    known = draw(st.sampled_from([date(2020, 1, 25), date(2020, 12, 31)]))
    homes = []
    for person in persons:
        days = sorted(draw(st.sets(DAYS, max_size=4)))
        spells = zip(days[::2], [*days[1::2], None], strict=False)
        homes += [{"person": person["person"], "dimension": "house", "valid_from": a, "valid_to": b} for a, b in spells]
    lived = {"persons": tuple(persons), "events": tuple(events), "positions": tuple(homes)}
    return PathwayExample(known_until=known, **lived, expect=())


@pytest.mark.parametrize("clock", TICKS)
@pytest.mark.parametrize("index", [{"rule": "each"}, {"rule": "each", "washout": 9}, {"rule": "first"}])
@given(lives())
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_the_engine_reads_events_as_they_are_read_by_hand(
    index: dict[str, Any], clock: str, example: PathwayExample
) -> None:
    path = pathway(clock, **index)
    assert in_order(made_by_engine(path, example)) == in_order(read_by_hand(path, example))


# --- the steps as indicators


# Where education was planted: by what, the outcome, and how large a part of those who come do so within the window,
# each day from the first to the last being as likely as another.
PLANTED: dict[str, tuple[str, str, float]] = {
    "rehabilitation.started": ("education", "rehabilitation_start", 29 / 39),  # days 2 to 40, of which 30
    "prevention.started": ("education", "prevention_start", 54 / 84),  # 7 to 90, 60
    "psychiatric_aftercare.seen_within_7": ("education", "aftercare_contact", 8 / 41),  # 0 to 40, 7
    "psychiatric_aftercare.seen_within_30": ("education", "aftercare_contact", 31 / 41),  # 0 to 40, 30
    "colorectal_follow_up.colonoscopy_14": ("education", "colonoscopy", 11 / 67),  # 4 to 70, 14
    "colorectal_follow_up.colonoscopy_60": ("education", "colonoscopy", 57 / 67),  # 4 to 70, 60
    "smoking_cessation.completed": ("education", "smoking_cessation_completion", 1),
    "cardiac_rehabilitation.started": ("education", "cardiac_start", 28 / 43),  # 3 to 45, 30
    "medicine_collected.collected": ("education", "medicine_collected", 31 / 46),  # 0 to 45, 30
    "newborn_visit.visited": ("parental_education", "newborn_visit", 7 / 12),  # 1 to 12, 7
    "I1.2": ("parental_education", "newborn_visit", 7 / 12),
    "child_examinations.at_5_months": ("parental_education", "child_examination_5_months", 1),
    "cancer_package.treated": ("education", "cancer_treatment", 38 / 45),  # 5 to 49, 42
    "home_visits.accepted": ("education", "home_visit", 84 / 94),  # 7 to 100, 90
    "I3.7": ("education", "home_visit", 84 / 94),
    "breast_screening.attended": ("education", "breast_screening", 84 / 93),  # 7 to 99, 90
    "cervical_screening.attended": ("education", "cervical_screening", 174 / 200),  # 7 to 206, 180
    "dental_care.treated": ("education", "dental_treatment", 180 / 200),  # 1 to 200, 180
    "copd_course.started": ("education", "prevention_start", 54 / 84),
    "type_2_diabetes_course.started": ("education", "prevention_start", 54 / 84),
    "discharge_needs.scored": ("education", "discharge_needs_scored", 1),
    "alcohol_screening.scored": ("education", "alcohol_screening_scored", 1),
    "functional_decline.scored": ("education", "functional_decline_scored", 1),
    "readmission.readmitted": ("education", "hospital_readmission", 1),
    "psychiatric_readmission.readmitted": ("education", "psychiatric_readmission", 1),
}


@pytest.mark.parametrize("indicator", PLANTED)
def test_the_loss_by_education_that_was_planted_is_found_at_its_step(indicator: str, synthetic: Synthetic) -> None:
    by, outcome, in_time = PLANTED[indicator]
    found = synthetic.estimates.where(indicator=indicator, area=COUNTRY, stratifier=by, measure="crude").rows()
    beside = []
    for row in found:
        if row["level"] in LEVELS and row["period"] < "2025":
            year, level = int(row["period"]), row["level"]
            due = in_time * synthetic.truth.share(outcome, year, level)
            if outcome.endswith("_scored"):  # those who are not, some because they refused, who then do not count
                refused = synthetic.truth.share(outcome.replace("_scored", "_refused"), year, level)
                due = due / (1 - (1 - due) * refused)
            beside.append(row["lower"] <= 100 * due <= row["upper"])
    assert len(beside) == 27
    assert sum(beside) >= 23  # of 27 intervals of 95 %, fewer hold once in 300


RARE = "newborn_two_visits"  # too few in a year and a group for an interval


@pytest.mark.parametrize("level", LEVELS)
def test_the_loss_of_few_is_found_over_the_years(level: str, synthetic: Synthetic) -> None:
    """The second visit is 1 to 4 days after the first, which is on one of days 1 to 7."""
    where = {"area": COUNTRY, "stratifier": "parental_education", "level": level, "measure": "crude"}
    events, expected, variance = 0, 0.0, 0.0
    for row in synthetic.estimates.where(indicator=f"{RARE}.visited_twice", **where).rows():
        due = 4.5 / 7 * synthetic.truth.share("newborn_second_visit", int(row["period"]), level)
        events, expected = events + row["events"], expected + row["n"] * due
        variance += row["n"] * due * (1 - due)
    assert variance > 5
    assert abs(events - expected) < 3 * math.sqrt(variance)


def test_a_loss_is_planted_in_every_pathway(catalogue: Catalogue) -> None:
    """In those that hold a form against a need it is found in ``test_validation``, in others in ``test_outcomes``."""
    others = {*catalogue.validations, "heart_outcome", "sick_leave", "psychiatric_discharge_home"}
    assert {RARE, *(name.split(".")[0] for name in PLANTED)} >= {*catalogue.pathways} - others


def test_the_stages_of_a_pathway_multiply_to_the_whole(synthetic: Synthetic) -> None:
    """But for those who die or leave on the way, who count for neither."""
    rows = synthetic.estimates.where(area=COUNTRY, stratifier=None, period="2020", measure="crude").rows()
    share = {row["indicator"]: row["value"] / 100 for row in rows if row["indicator"].startswith("rehabilitation.")}
    product = share["rehabilitation.planned"] * share["rehabilitation.started"] * share["rehabilitation.completed"]
    assert product == pytest.approx(share["rehabilitation.completed.all"], rel=0.02)


CHAINS = ["rehabilitation", "prevention", "smoking_cessation", "cardiac_rehabilitation", "child_examinations"]


@pytest.mark.parametrize("name", [*CHAINS, "cancer_package"])
def test_the_parts_of_the_gap_add_up(name: str, synthetic: Synthetic, catalogue: Catalogue) -> None:
    path = catalogue.pathways[name]
    where = {"area": COUNTRY, "stratifier": path.stratifiers[0], "period": "2020"}
    parts = synthetic.estimates.where(measure="gap_by_step", indicator=path.whole(path.chain[-1]), **where).rows()
    stages = synthetic.estimates.where(measure="crude", indicator=[path.stage(s) for s in path.chain], **where)
    shares = dict.fromkeys(LEVELS, 1.0)
    for row in stages.rows():
        if row["level"] in shares:
            shares[row["level"]] *= row["value"] / 100
    assert [row["component"] for row in parts] == [step.id for step in path.chain]
    assert sum(row["value"] for row in parts) == pytest.approx(100 * (shares["long"] - shares["short"]))


def test_the_shares_of_the_gap_add_up_to_the_whole(synthetic: Synthetic) -> None:
    where = {"area": COUNTRY, "stratifier": "education", "period": "2020", "indicator": "rehabilitation.completed.all"}
    logs = synthetic.estimates.where(measure="gap_share_by_step", **where).rows()
    assert {row["component"] for row in logs} == {"planned", "started", "completed"}
    assert sum(row["value"] for row in logs) == pytest.approx(100)


OPENS = {
    "cardiac_rehabilitation": "started",
    "smoking_cessation": "completed",
    "child_examinations": "at_5_months",
    "cancer_package": "treated",
}


@pytest.mark.parametrize("name", OPENS)
def test_the_gap_opens_at_the_step_at_which_it_was_planted_and_at_no_other(
    name: str, synthetic: Synthetic, catalogue: Catalogue
) -> None:
    path = catalogue.pathways[name]
    where = {"indicator": path.whole(path.steps[-1]), "stratifier": path.stratifiers[0], "area": COUNTRY}
    points, errors = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    for row in synthetic.estimates.where(measure="gap_by_step", **where).rows():
        points[row["component"]].append(row["value"])
        errors[row["component"]].append(row["se"])
    away = {step: sum(points[step]) / math.hypot(*errors[step]) for step in points}
    assert max(away, key=lambda step: away[step]) == OPENS[name]
    assert all(abs(away[step]) < 3 for step in away if step != OPENS[name])  # standard errors from no part at all


def test_a_period_ends_when_its_windows_have(synthetic: Synthetic) -> None:
    rows = synthetic.estimates.where(area=COUNTRY, stratifier=None, measure="crude").rows()
    n = {(row["indicator"], row["period"]): row["n"] for row in rows}
    assert n["rehabilitation.completed", "2025"] < 0.5 * n["rehabilitation.completed", "2024"]
    assert n["rehabilitation.planned", "2025"] > 0.9 * n["rehabilitation.planned", "2024"]
    of_steps = [row for row in synthetic.estimates.where(area=COUNTRY).rows() if "rehabilitation" in row["indicator"]]
    with_value = [row for row in of_steps if row["value"] is not None]
    assert {row["period"] for row in with_value if row["flags"] == "immature"} == {"2025"}
    assert {row["flags"] for row in with_value if row["period"] == "2025"} == {"immature"}
    assert "2025" not in {row["period"] for row in of_steps if row["measure"] == "gap_by_step"}


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "a step that looks ahead": ({"after": "later"}, "follows 'later', which is neither 'index' nor a step before it"),
    "days from a step that it does not follow": ({"anchor": "plan", "after": "index"}, "which it does not follow"),
    "a window that ends before it begins": ({"days": [9, 2]}, "which nothing can be in"),
    "a horizon after the window": ({"horizons": [3, 90]}, "horizons that are not days of its window"),
    "horizons out of order": ({"horizons": [5, 3]}, "horizons that are not days of its window"),
    "a window over before the step before begins": ({"days": [-20, -15], "after": "plan"}, "which nothing can be in"),
    "a window that ends before the step before the one before can have been": (
        {"after": "third", "anchor": "index", "days": [0, 16], "apart": 1},
        "which nothing can be in",
    ),
    "more events than the window has days": ({"days": [0, 2], "times": 4}, "which nothing can be in"),
    "the event that begins the pathway": ({"item": "hospital_admission"}, "begins the pathway and is in a window"),
    "an exception that looks ahead": (
        {"unless": [{"item": "prevention_start", "after": "later", "days": [0, 9]}]},
        "follows 'later', which is neither 'index' nor a step before it",
    ),
    "an event that is not known": ({"item": "xylophone"}, "the item 'xylophone' is not known"),
    "an event in two steps": ({"item": "rehabilitation_plan"}, "two steps are the same event"),
    "an event in two steps beside each other": (
        {"item": "rehabilitation_plan", "after": "index", "days": [-14, 14]},
        "two steps are the same event",
    ),
    "a reason in an event that is not known": (
        {"reasons": {"item": "xylophone", "days": [0, 9]}},
        "the item 'xylophone' is not known",
    ),
    "a reason that can never be there": (
        {"reasons": {"item": "rehabilitation_dropout", "days": [9, 2]}},
        "which nothing can be in",
    ),
    "a name that a column has": ({"id": "age"}, "needs a name of its own"),
    "a column that events have not": ({"where": {"income": {"at_least": 1}}}, "the column 'income' is not known"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_cannot_be_in_a_pathway_is_refused(name: str, catalogue: Catalogue) -> None:
    fault, said = FAULTS[name]
    good = catalogue.pathways["rehabilitation"].model_dump(mode="json", exclude={"example", "handover"})
    plan = {**good["steps"][0], "id": "plan"}
    started, completed = (step for step in good["steps"] if step["id"] in {"started", "completed"})
    second = {**started, "id": "second", "after": "plan", "anchor": "index", "days": [-14, 30]} | fault
    third = {**completed, "id": "third", "after": "plan", "anchor": "plan", "days": [31, 60]}
    path = Pathway.model_validate({**good, "steps": [plan, third, second]})
    with pytest.raises(DefinitionError, match=re.escape(said)):
        check(dataclasses.replace(catalogue, pathways={path.id: path}))


def test_an_example_that_is_wrong_is_told(catalogue: Catalogue) -> None:
    path = catalogue.pathways["rehabilitation"]
    assert path.example is not None
    wrong = ({"person": 1, "planned_fate": "lost"}, *path.example.expect[1:])
    told = path.model_copy(update={"example": path.example.model_copy(update={"expect": wrong})})
    assert [line.split(": ", 1)[1][:25] for line in mistakes_along(connect(), told)] == [
        "gives the episode {'perso",
        "'expect' has {'person': 1",
    ]
    assert list(mistakes_along(connect(), path)) == []


# --- what a figure must rest on


def test_a_figure_on_few_or_on_few_who_were_followed_is_not_to_be_trusted(catalogue: Catalogue) -> None:
    """As STOPbasen has it: 20 participants, 20 followed up, and half of those who completed."""
    path = catalogue.pathways["smoking_cessation"]
    stages = {"completed": {"a": (19, 10), "b": (80, 41)}, "followed_up": {"a": (10, 9), "b": (41, 20)}}
    stages["smoke_free"] = {"a": (9, 5), "b": (20, 10)}
    rows = [(f"{path.id}.{step}", level, *pair) for step, groups in stages.items() for level, pair in groups.items()]
    indicator, level, n, events = (list(column) for column in zip(*rows, strict=True))
    value = [100 * e / m for m, e in zip(n, events, strict=True)]
    given = {"area": "DK", "period": "2023", "stratifier": "education", "measure": "crude", "flags": ""}
    found = Estimates.of(indicator=indicator, level=level, n=n, events=events, value=value, **given)
    marked = {(row["indicator"].split(".")[1], row["level"]): row["flags"] for row in trusted(found, [path]).rows()}
    assert marked == {
        ("completed", "a"): "unreliable",
        ("completed", "b"): "",
        ("followed_up", "a"): "unreliable",
        ("followed_up", "b"): "",
        ("smoke_free", "a"): "unreliable",
        ("smoke_free", "b"): "unreliable",  # 20 of 41 were followed up
    }
