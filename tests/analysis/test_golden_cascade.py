"""Episodes of a log that outside programs followed too: who reached which step, who died, and where the gap opens."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import date
from functools import cache
from typing import Any

import pyarrow as pa
import pytest

from lighed.analysis.cascade import opened
from lighed.analysis.pathways import TABLES, Along, episodes
from lighed.catalogue import Catalogue
from lighed.core.estimates import Estimates
from lighed.core.pathway import Pathway
from lighed.store.engine import connect, memory_table
from lighed.store.schema import tables
from tests.golden import Row, by_case, read

EXACT = 1e-12  # relative: the same counts, divided
EDUCATION = {row["person"]: row["education"] for row in read("cascade/persons.csv")}
VARIANTS = by_case("cascade/definitions.csv", "variant")
GROUPS = ["all", *(f"edu{n}" for n in range(1, 6))]
PAIRS = [("edu1", "edu5"), ("edu1", "edu4"), ("edu2", "edu5")]
TEXT = {"da": "x", "en": "x"}
LOG = "cascade/events"
STEPS = ["step1", "step2", "step3", "step4"]


def pathway(rows: list[Row], *, dying: bool) -> Pathway:
    """The pathway that the rows of a variant define; `dying`: death in the window is an exception from a step."""
    steps: list[dict[str, Any]] = []
    for row in rows:
        before = steps[-1]["id"] if steps else "index"
        anchor = before if row["anchor"] == "previous" else "index"
        low, high = int(row["lo_days"]), int(row["hi_days"])
        unless = [{"item": "death", "anchor": anchor, "days": [0, high]}] if dying else []
        after = "index" if row["order"] == "free" else before
        named = {"id": f"step{row['step']}", "title": TEXT, "short": TEXT, "item": row["event"]}
        window = {"anchor": anchor, "days": [low, high], "upper": row["upper_end"]}
        steps.append(named | window | {"after": after, "unless": unless})
        steps[-1]["apart"] = int(row["order"] == "strictly_after")
    index = {"item": "discharge", "rule": rows[0]["index_rule"], "washout": int(rows[0]["washout_days"])}
    titled = {"id": "golden", "title": TEXT, "short": TEXT, "source": {"title": TEXT, "owner": "x"}}
    return Pathway.model_validate(titled | {"clock": rows[0]["clock"], "index": index, "steps": steps})


@cache
def followed(variant: str, *, as_event: bool = True) -> list[dict[str, Any]]:
    """The episodes of a variant, each with its group; death is an event among others, or ends what is looked at."""
    log = [
        {"person_id": int(row["person"]), "item": row["event"], "date": day(row), "time": minute(row["time"])}
        for row in read(f"{LOG}.csv")
    ]
    events = [{"event_id": n, **row} for n, row in enumerate(log) if as_event or row["item"] != "death"]
    died = {} if as_event else {row["person_id"]: row["date"] for row in deaths(log)}
    persons = [{"person_id": person, "death_date": when} for person, when in died.items()]
    engine = connect()
    given = dict.fromkeys(TABLES, ()) | {"event": events, "person": persons}
    read_in = {
        name: memory_table(engine, name, pa.Table.from_pylist([*rows], schema=tables()[name].schema))
        for name, rows in given.items()
    }
    along = Along.read(read_in, date(2030, 1, 1), {})
    found = episodes(pathway(VARIANTS[variant], dying=as_event), along).to_pyarrow().to_pylist()
    return [row | {"group": f"edu{EDUCATION[str(row['person_id'])]}"} for row in found]


def deaths(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Deaths, the earliest of a person's last; some are recorded twice."""
    return sorted((row for row in log if row["item"] == "death"), key=lambda row: row["date"], reverse=True)


def day(row: Row) -> date:
    return date.fromisoformat(row["date"])


def minute(time: str) -> int:
    return 60 * int(time[:2]) + int(time[3:])


def counts(variant: str, group: str) -> tuple[list[int], list[int]]:
    """Episodes, and those that reached each step and all before it; and of the rest those that death kept from it."""
    came = [row for row in followed(variant) if group in {"all", row["group"]}]
    reached, died = [len(came)], []
    for step in STEPS:
        fates = Counter(row[f"{step}_fate"] for row in came)
        reached, died = [*reached, fates["reached"]], [*died, fates["excepted"]]
        came = [row for row in came if row[f"{step}_fate"] == "reached"]
    return reached, died


def due(case: str, *quantities: str) -> list[list[float]]:
    """What each program gives, in the order of `quantities`."""
    rows = [row for row in read("cascade/expected.csv") if row["case_id"] == case and row["quantity"] in quantities]
    found = [{r["quantity"]: float(r["value"]) for r in rows if r["oracle"] == name} for name in programs(rows)]
    return [[one[quantity] for quantity in quantities] for one in found]


def programs(rows: list[Row]) -> set[str]:
    return {row["oracle"] for row in rows}


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_as_many_reach_each_step(variant: str, group: str) -> None:
    reached, _ = counts(variant, group)
    wanted = due(f"{variant}.{group}", "n_index", *(f"n_{step}" for step in STEPS))
    assert wanted
    assert all(one == reached for one in wanted)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_as_many_die_on_the_way_to_each_step(variant: str, group: str) -> None:
    _, died = counts(variant, group)
    wanted = due(f"{variant}.{group}", *(f"n_lost_dead_{step}" for step in STEPS))
    assert wanted
    assert all(one == died for one in wanted)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_the_gap_opens_at_the_same_steps(variant: str, pair: tuple[str, str], catalogue: Catalogue) -> None:
    """There the dead count among those who were lost, so they are put into the cells that are split here."""
    path, education = pathway(VARIANTS["V1"], dying=False), catalogue.stratifiers["education"]
    ends = dict(zip(education.level_ids[:: len(education.levels) - 1], pair, strict=True))
    cells = Estimates.concat(
        [
            Estimates.of(
                indicator=path.stage(step), area="DK", period="2023", stratifier="education", level=level,
                measure="crude", value=[100 * passed[k + 1] / passed[k]], n=passed[k], events=passed[k + 1], flags="",
            )
            for level, group in ends.items()
            for passed in [counts(variant, group)[0]]
            for k, step in enumerate(path.chain)
        ]
    )  # fmt: skip
    only = dataclasses.replace(catalogue, pathways={path.id: path})
    found = {(row["measure"], row["component"]): row["value"] / 100 for row in opened(cells, only).rows()}
    case = f"{variant}.{pair[0]}_vs_{pair[1]}"
    for measure, quantity in {"gap_by_step": "shapley", "gap_share_by_step": "log_share"}.items():
        made = [found[measure, step] for step in STEPS]
        wanted = due(case, *(f"{quantity}_{step}" for step in STEPS))
        assert len(wanted) == 2
        assert all(made == pytest.approx(one, rel=EXACT) for one in wanted)
    ((gap,), _) = due(case, "gap")
    assert sum(found["gap_by_step", step] for step in STEPS) == pytest.approx(gap, rel=EXACT)


@pytest.mark.parametrize("variant", [name for name, rows in VARIANTS.items() if rows[0]["clock"] == "calendar_day"])
def test_death_ends_what_is_looked_at_and_changes_nothing_before(variant: str) -> None:
    """The programs look at what is recorded after a death, and Lighed does not: of all others both say the same."""
    log = [{**row, "date": day(row), "item": row["event"]} for row in read(f"{LOG}.csv")]
    died = {row["person"]: row["date"] for row in deaths(log)}
    after = {int(row["person"]) for row in log if row["date"] > died.get(row["person"], date.max)}
    plain, ended = (
        sorted(
            str({key: "died" if value == "excepted" else value for key, value in row.items() if key != "died"})
            for row in followed(variant, as_event=as_event)
            if row["person_id"] not in after
        )
        for as_event in (True, False)
    )
    assert after
    assert sum("'died'" in row for row in ended) > 5
    assert plain == ended
