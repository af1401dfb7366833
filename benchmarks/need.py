"""One million persons' use of a service held against three sets of need, by education, in the country and its areas."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from _table import Line, arguments, show, took
from lighed import catalogue
from lighed.analysis.build import from_people
from lighed.store.engine import connect

YEAR, ITEM = 2025, "outpatient_contact"
LEVELS = ("short", "medium", "long", "unknown")
DISEASES = ("type_2_diabetes", "copd", "ischaemic_heart_disease")


def write(folder: Path, persons: int) -> None:
    """Write the person-years of a year, and what happened to them."""
    rng, shares = np.random.default_rng(1), catalogue.load().attributes["population"]
    weight = np.array([*shares.values()])
    ill, education = rng.random(persons) < 0.3, rng.choice(len(LEVELS), persons, p=[0.28, 0.4, 0.3, 0.02])
    people = {
        "person_id": np.arange(persons),
        "year": pa.array(np.full(persons, YEAR), pa.int32()),
        "area": words(rng.choice(len(weight), persons, p=weight / weight.sum()), [*shares]),
        "sex": words(rng.integers(0, 2, persons), ["female", "male"]),
        "age": pa.array(rng.integers(18, 95, persons), pa.int16()),
        "days": pa.array(np.full(persons, 365), pa.int32()),
        "education": words(education, LEVELS),
        "conditions": words(ill * rng.integers(1, 3, persons), ["none", "one", "several"]),
        "origin": words(rng.choice(3, persons, p=[0.85, 0.05, 0.1]), ["danish", "western", "non_western"]),
        "cohabitation": words(rng.integers(0, 2, persons), ["alone", "cohabiting"]),
    }
    people |= {name: words(rng.choice(2, persons, p=[0.06, 0.94]), ["yes", None]) for name in DISEASES}
    who = np.repeat(np.arange(persons), rng.poisson(0.5 + 2 * ill + 0.2 * (education == 2)))
    happened = {
        "person_id": who,
        "year": pa.array(np.full(len(who), YEAR), pa.int32()),
        "item": words(np.zeros(len(who), int), [ITEM]),
        "category": pa.nulls(len(who), pa.string()),
        "amount": pa.nulls(len(who), pa.float64()),
    }
    for name, table in (("people", people), ("events", happened)):
        pq.write_table(pa.table(table), folder / f"{name}.parquet", compression="zstd")


def words(position: Any, known: Any) -> pa.Array:
    """Return words by their position."""
    return pa.array(list(known), pa.string()).take(pa.array(position))


def made(folder: Path, name: str) -> int:
    """Return how many rows an indicator gives: of use held against need, or of what else happens to a person."""
    known = catalogue.load()
    engine = connect(folders=[folder])
    people, events = (engine.read_parquet(str(folder / f"{table}.parquet")) for table in ("people", "events"))
    records: Any = SimpleNamespace(events=events, answers=None, strata=None)
    one = known.indicators["F8.1b"].model_copy(update={"id": name})
    return len(from_people(engine, people, records, known, [(known.stratifiers["education"], [one])]))


def main() -> None:
    """Measure the figures with and without need, and print the table."""
    given = arguments(__doc__, persons=1_000_000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        took(write, folder, given.persons)
        plain, held = (
            min((took(made, folder, one) for _ in range(3)), key=lambda t: t.cpu) for one in ("plain", "F8.1b")
        )
    lines = [
        Line("use as it is, processors", plain.cpu, "s"),
        Line("use as it is and against need, processors", held.cpu, "s"),
        Line("use as it is and against need, by the clock", held.wall, "s"),
        Line("rows at the same need", held.result - plain.result, ""),
        Line("memory", held.peak, "GB", 4),
    ]
    show(f"Need: {given.persons:,} persons, 3 sets of need, 3 groups", lines, write=given.write)


if __name__ == "__main__":
    main()
