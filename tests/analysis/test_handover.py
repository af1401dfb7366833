"""Handover: senders counted by hand, the hospital that loses patients found, the limits that senders are held to."""

from __future__ import annotations

import dataclasses
import re
from datetime import date
from typing import Any

import ibis
import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed import stats
from lighed.analysis.handover import compared, handover
from lighed.analysis.parts import Told
from lighed.catalogue import Catalogue, load
from lighed.catalogue.check import check
from lighed.core.errors import DefinitionError
from lighed.core.estimates import Estimates
from lighed.core.pathway import Pathway
from lighed.core.types import COUNTRY, UNKNOWN, Provider
from lighed.sources.synthetic.happenings import LEVELS
from lighed.sources.synthetic.senders import hospitals, losses
from lighed.store.engine import connect, memory_table
from tests.conftest import Synthetic
from tests.disclosure.tables import estimates
from tests.disclosure.test_protect import protected

CATALOGUE = load()
PATHWAY = CATALOGUE.pathways["rehabilitation"]
STARTED = "rehabilitation.started"
SLOW = "syn-kornblomst"
IN_TIME = 29 / 39  # of days 2 to 40, those within 30
SAME = 1e-9

# --- counted by hand

# Who was sent by whom, where they live, their education, and what became of the plan and of the attendance.
EPISODES = [
    ("a", "0101", "short", "reached", "reached"),
    ("a", "0101", "short", "reached", "lost"),
    ("a", "0147", "long", "reached", "reached"),
    ("a", "0851", "long", "lost", "before"),
    ("b", "0101", "short", "reached", "died"),
    ("b", "0101", UNKNOWN, "reached", "lost"),
    (None, "0101", "long", "reached", "reached"),
    (None, "0851", "long", "reached", "lost"),
]
EVERYBODY = {  # of those with a plan who are neither dead nor gone: how many, and how many attended
    (COUNTRY, "a"): (3, 2),
    (COUNTRY, "b"): (1, 0),
    (COUNTRY, UNKNOWN): (2, 1),
    ("1084", "a"): (3, 2),
    ("1084", "b"): (1, 0),
    ("1084", UNKNOWN): (1, 1),
    ("0101", "a"): (2, 1),
    ("0101", "b"): (1, 0),
    ("0101", UNKNOWN): (1, 1),
    ("0147", "a"): (1, 1),
    ("0851", "a"): (0, 0),
    ("0851", UNKNOWN): (1, 0),
}
SHORT = {(COUNTRY, "a"): (2, 1), (COUNTRY, "b"): (0, 0), ("0101", "a"): (2, 1), ("0101", "b"): (0, 0)}


def told(senders: bool = True) -> Told:
    """The episodes as the engine holds them: grown persons, in 2023, whose later steps do not matter."""
    rows = [
        {"person_id": k, "year": 2023, "area": area, "sex": "female", "age": 40, "education": education}
        | {"sender": sender if senders else None, "died": None, "left": None, "excluded": None}
        | {step.fate: "open" for step in PATHWAY.steps}
        | {"planned_fate": planned, "started_fate": started}
        for k, (sender, area, education, planned, started) in enumerate(EPISODES)
    ]
    table = ibis.memtable(rows, schema=_schema(rows[0])).to_pyarrow()
    towns = [area.code for area in CATALOGUE.areas.values() if area.kind == "municipality"]
    return Told(
        PATHWAY,
        memory_table(connect(), "told", table),
        CATALOGUE,
        towns,
        (None, CATALOGUE.stratifiers["education"]),
        senders,
    )


def _schema(row: dict[str, Any]) -> dict[str, str]:
    whole = {"person_id", "year", "age", "died", "left"}
    return {name: "int32" if name in whole else "string" for name in row}


def found(made: list[Estimates], *, level: str | None = None) -> dict[tuple[str, str], tuple[int, int]]:
    rows = Estimates.concat(made).where(measure="sent", indicator=STARTED, level=level).rows()
    return {(row["area"], row["counterpart"]): (row["n"], row["events"]) for row in rows}


def test_senders_are_counted_as_by_hand() -> None:
    counts = found(list(handover(told())))
    assert {key: pair for key, pair in counts.items() if not key[0].startswith("group")} == EVERYBODY | {
        ("1081", "a"): (0, 0),
        ("1081", UNKNOWN): (1, 0),
    }


def test_groups_are_counted_by_sender_too() -> None:
    counts = found(list(handover(told())), level="short")
    assert {key: counts.get(key, (0, 0)) for key in SHORT} == SHORT


def test_where_nobody_is_known_to_have_sent_nothing_is_said() -> None:
    assert list(handover(told(senders=False))) == []


def test_a_municipality_has_the_handover_alone() -> None:
    made = Estimates.concat(list(handover(told()))).where(measure="sent")
    assert made.where(area="0101").distinct("indicator") == [STARTED]
    assert set(made.where(area=COUNTRY).distinct("indicator")) == {i.id for i in PATHWAY.indicators}


# --- in the synthetic population


@pytest.mark.parametrize("by", [None, "education"])
def test_the_senders_of_a_group_are_the_group(by: str | None, synthetic: Synthetic) -> None:
    where = {"stratifier": by, "indicator": STARTED}
    sums: dict[tuple[Any, ...], Any] = {}
    for row in synthetic.estimates.where(measure="sent", **where).rows():
        key = (row["area"], row["period"], row["level"])
        sums[key] = sums.get(key, 0) + np.array([row["n"], row["events"]])
    whole = {
        (r["area"], r["period"], r["level"]): r for r in synthetic.estimates.where(measure="crude", **where).rows()
    }
    assert len(sums) > 500
    assert all([*pair] == [whole[key]["n"], whole[key]["events"]] for key, pair in sums.items())


def test_the_hospital_that_loses_patients_is_found_and_the_others_are_as_they_should_be(synthetic: Synthetic) -> None:
    rows = synthetic.estimates.where(measure="sent", area=COUNTRY, indicator=STARTED, stratifier="education").rows()
    beside = {}
    for hospital in hospitals():
        counted = [
            r for r in rows if r["counterpart"] == hospital and r["level"] in LEVELS and r["period"] < "2025" and r["n"]
        ]
        share = [
            synthetic.truth.share(f"rehabilitation_start {hospital}", int(r["period"]), r["level"]) for r in counted
        ]
        due, n = IN_TIME * np.array(share), np.array([r["n"] for r in counted])
        error = np.sqrt((n * due * (1 - due)).sum())
        beside[hospital] = (sum(r["events"] for r in counted) - (n * due).sum()) / error
    assert max(map(abs, beside.values())) < 3.5  # of 16 standard normal numbers, once in 130
    assert np.square([*beside.values()]).sum() < 34.3  # chi-squared with 16, once in 200


def test_what_was_lost_is_what_was_planted(synthetic: Synthetic) -> None:
    rows = synthetic.estimates.where(measure="sent", area=COUNTRY, indicator=STARTED, stratifier=None).rows()
    sums = {slow: np.zeros(2) for slow in (True, False)}
    for row in rows:
        if row["period"] < "2025":
            sums[row["counterpart"] == SLOW] += [row["n"], row["events"]]
    (n, events), (others, usual) = sums[True], sums[False]
    lost = 1 - (events / n) / (usual / others)
    error = (1 - lost) * np.sqrt(1 / events - 1 / n + 1 / usual - 1 / others)
    planted = losses("rehabilitation_start")[hospitals().index(SLOW)]
    assert planted > 0
    assert abs(lost - planted) < 2.6 * error < planted


# --- held against each other


def senders(many: int, *, level: str | None = None, **changed: Any) -> Estimates:
    """So many senders of the country, of whom the first loses half of its patients."""
    rng = np.random.default_rng(4)
    rows = []
    for k in range(many):
        n = 120 + 40 * k
        events = int(rng.binomial(n, 0.3 if k == 0 else 0.6))
        made = stats.proportion(events, n)
        rows.append(
            {"indicator": STARTED, "period": "2024", "area": COUNTRY, "counterpart": f"s{k:02}", "measure": "sent"}
            | {"stratifier": level and "education", "level": level, "value": 100 * made.value, "se": 100 * made.se}
            | {"lower": 100 * made.lower, "upper": 100 * made.upper, "confidence": 0.95, "n": n, "events": events}
            | {"unit": "percent", "method": "wilson", "flags": ""}
        )
    return estimates([row | changed for row in rows])


def column(rows: list[dict[str, Any]], name: str) -> Any:
    return np.array([row[name] for row in rows], float)


@pytest.mark.parametrize(("measure", "confidence"), [("sent_funnel_95", 0.95), ("sent_funnel_998", 0.998)])
def test_the_limits_are_those_of_the_statistic(measure: str, confidence: float) -> None:
    given = senders(14)
    made = compared(given).where(measure=measure).rows()
    n, events = (column(given.rows(), name) for name in ("n", "events"))
    tau2 = stats.dispersion_of_proportions(events, n)[1]
    due = stats.limits_of_proportions(events.sum() / n.sum(), n, tau2=tau2, scale="arcsine", confidence=confidence)
    assert_allclose([column(made, "lower"), column(made, "upper")], 100 * np.array(due), rtol=SAME)
    assert_allclose(column(made, "value"), 100 * events.sum() / n.sum(), rtol=SAME)
    assert {row["confidence"] for row in made} == {confidence}


def test_the_sender_that_loses_half_lies_outside_and_the_others_do_not() -> None:
    given = senders(14)
    limits = {row["counterpart"]: row for row in compared(given).where(measure="sent_funnel_998").rows()}
    outside = [row["counterpart"] for row in given.rows() if row["value"] < limits[row["counterpart"]]["lower"]]
    assert outside == ["s00"]


@pytest.mark.parametrize(("many", "rows"), [(9, 0), (10, 20)])
def test_few_senders_are_not_held_against_each_other(many: int, rows: int) -> None:
    assert len(compared(senders(many))) == rows


@pytest.mark.parametrize(
    "changed", [{"area": "1084"}, {"flags": "immature"}, {"flags": "suppressed"}, {"counterpart": UNKNOWN}]
)
def test_of_regions_of_what_is_not_complete_and_of_unknown_senders_nothing_is_made(changed: dict[str, Any]) -> None:
    assert len(compared(senders(14, **changed))) == 0


def test_groups_are_drawn_to_their_own_mean_and_those_of_unknown_education_are_not() -> None:
    given = Estimates.concat([senders(14, level=level) for level in ("short", "long", UNKNOWN)])
    low = [row | {"value": row["value"] / 3} if row["level"] == "short" else row for row in given.rows()]
    made = compared(estimates(low))
    assert (set(made.distinct("measure")), made.distinct("level")) == ({"sent_shrunk"}, ["long", "short"])
    for level in ("short", "long"):
        own = [row for row in low if row["level"] == level]
        due = stats.shrink(column(own, "value"), column(own, "se") ** 2)
        assert_allclose(column(made.where(level=level).rows(), "value"), due.value, rtol=SAME)


def test_a_hidden_sender_is_in_no_limit() -> None:
    """Two tables that differ in a sender that is too small to be shown: the limits of the others are the same."""
    made = []
    for events in (2, 3):
        rows = senders(14).rows()
        rows.append(rows[0] | {"counterpart": "small", "n": 40, "events": events, "value": 2.5 * events})
        whole = {"n": sum(r["n"] for r in rows), "events": sum(r["events"] for r in rows)}
        rows.append(rows[1] | whole | {"measure": "crude", "counterpart": None})
        shown = protected(estimates(rows))
        assert "small" not in compared(shown).distinct("counterpart")
        made.append(
            [(row["counterpart"], row["lower"]) for row in compared(shown).where(measure="sent_funnel_95").rows()]
        )
    assert made[0] == made[1]
    assert len(made[0]) >= 10


# --- definitions


def test_prevention_moves_to_the_regions_on_the_first_of_january_2027(catalogue: Catalogue) -> None:
    kinds = {name: [path.receivers(year) for year in (2026, 2027)] for name, path in catalogue.pathways.items()}
    moved = {name for name, (before, after) in kinds.items() if before != after}
    assert moved == {"prevention", "cardiac_rehabilitation"}
    assert kinds["prevention"] == ["municipality", "region"]
    assert kinds["psychiatric_aftercare"] == ["municipality", "municipality"]


OPEN = {"kind": "municipality"}
RULES: dict[str, tuple[Any, str]] = {
    "two at once": ([OPEN, {"kind": "region"}], "begins on the day after"),
    "a day without": (
        [OPEN | {"valid_to": date(2026, 12, 30)}, {"kind": "region", "valid_from": date(2027, 1, 1)}],
        "begins on the day after",
    ),
    "an end": ([OPEN | {"valid_to": date(2026, 12, 31)}], "begins on the day after"),
    "a beginning": ([OPEN | {"valid_from": date(2007, 1, 1)}], "begins on the day after"),
    "in the middle of a year": (
        [OPEN | {"valid_to": date(2026, 6, 30)}, {"kind": "region", "valid_from": date(2026, 7, 1)}],
        "write a 1 January",
    ),
    "a kind that is none": ([{"kind": "parish"}], "'parish' is no kind of area"),
}


@pytest.mark.parametrize("name", RULES)
def test_a_day_has_one_responsible_kind_of_area(name: str, catalogue: Catalogue) -> None:
    rules, said = RULES[name]
    path = Pathway.model_validate(PATHWAY.model_dump(mode="json", exclude={"example"}) | {"responsible": rules})
    with pytest.raises(DefinitionError, match=re.escape(said)):
        check(dataclasses.replace(catalogue, pathways={path.id: path}))


def test_a_handover_is_at_a_step(catalogue: Catalogue) -> None:
    path = PATHWAY.model_copy(update={"handover": "later"})
    with pytest.raises(DefinitionError, match="the step 'later' is not known"):
        check(dataclasses.replace(catalogue, pathways={path.id: path}))


def test_the_catchments_of_the_synthetic_hospitals_divide_the_country(catalogue: Catalogue) -> None:
    served = [code for provider in catalogue.providers.values() for code in provider.catchment]
    assert sorted(served) == sorted(a.code for a in catalogue.areas.values() if a.kind == "municipality")
    assert all("(syntetisk)" in provider.title.da for provider in catalogue.providers.values())


@pytest.mark.parametrize("wrong", [{"area": "1090"}, {"catchment": ("0100",)}])
def test_a_provider_stands_in_areas_that_exist(wrong: dict[str, Any], catalogue: Catalogue) -> None:
    one: Provider = next(iter(catalogue.providers.values())).model_copy(update=wrong)
    with pytest.raises(DefinitionError, match="is not known"):
        check(dataclasses.replace(catalogue, providers={one.id: one}))
