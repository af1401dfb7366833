"""Columns that count days (of stays, positions, residence) against a plain reading of the same days, one by one."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lighed.catalogue import Catalogue
from lighed.store import Store
from lighed.store.engine import connect
from lighed.store.frame import build
from lighed.store.schema import tables

YEARS = [2019, 2020, 2021]
FIRST = date(2018, 1, 1)
COLUMNS = ["psychiatric_days_before", "hostel_days", "assistance_days", "here_after_a_year", "work_after_a_year"]
Row = dict[str, Any]


def lives(rng: np.random.Generator, persons: int) -> dict[str, list[Row]]:
    """Persons with a spell or two here, positions without overlap, and stays of every length that may overlap."""
    found: dict[str, list[Row]] = {name: [] for name in ("person", "residence", "position", "event")}
    for person in range(1, persons + 1):
        died = FIRST + timedelta(int(rng.integers(700, 1600))) if person % 4 == 0 else None
        found["person"].append(
            {"person_id": person, "sex": "female", "birth_date": date(1970, 1, 1), "death_date": died}
        )
        for a, b in spells(rng, 4, 1500 if person % 3 else 40):
            home = {"area": "0101", "valid_from": a, "valid_to": b}
            found["residence"].append({"person_id": person} | home)
        for dimension, categories in (("work", ["employed", "sick"]), ("benefit", ["cash", "unemployment"])):
            for a, b in spells(rng, 8, 200):
                held = {"dimension": dimension, "category": str(rng.choice(categories)), "valid_from": a, "valid_to": b}
                found["position"].append({"person_id": person} | held)
        for item in ("hostel_stay", "psychiatric_admission"):
            for _ in range(rng.integers(0, 6)):
                day, length = FIRST + timedelta(int(rng.integers(0, 1460))), int(rng.integers(0, 150))
                last = day + timedelta(length) if length else None
                status = str(rng.choice(["active", "superseded"], p=[0.8, 0.2]))
                stay = {"item": item, "date": day, "date_to": last, "status": status}
                found["event"].append({"event_id": len(found["event"]), "person_id": person} | stay)
    return found


def spells(rng: np.random.Generator, most: int, longest: int) -> list[tuple[date, date | None]]:
    day, made = FIRST + timedelta(int(rng.integers(0, 300))), list[tuple[date, date | None]]()
    for _ in range(rng.integers(1, most + 1)):
        last = day + timedelta(int(rng.integers(1, longest)))
        made.append((day, last if rng.random() < 0.8 else None))
        if made[-1][1] is None:
            break
        day = last + timedelta(int(rng.integers(0, 60)))
    return made


def days(first: date, last: date) -> set[date]:
    return {first + timedelta(k) for k in range((last - first).days + 1)}


def held(rows: list[Row], person: Row, category: str | None = None) -> set[date]:
    """The days of one's spells, the day on which they end being the first without."""
    of = [row for row in rows if row["person_id"] == person["person_id"] and category in (None, row.get("category"))]
    return set().union(*(days(r["valid_from"], (r["valid_to"] or date(2025, 1, 1)) - timedelta(1)) for r in of))


def stays(rows: list[Row], person: Row, item: str) -> set[date]:
    of = [r for r in rows if (r["person_id"], r["item"], r["status"]) == (person["person_id"], item, "active")]
    return set().union(*(days(r["date"], r["date_to"] or r["date"]) for r in of))


def read_by_hand(found: dict[str, list[Row]]) -> dict[tuple[int, int], Row]:
    made = {}
    for person in found["person"]:
        home, died = held(found["residence"], person), person["death_date"]
        here = {day for day in home if died is None or day <= died}
        if died and died - timedelta(1) in home and not any(day > died for day in home):
            here.add(died)  # a last spell that ends on the day of death
        work, cash = (
            held([r for r in found["position"] if r["dimension"] == name], person, category)
            for name, category in (("work", "employed"), ("benefit", "cash"))
        )
        for year in YEARS:
            lived = sorted(day for day in here if day.year == year)
            if lived:
                entry = lived[0]
                window = {name: days(entry + timedelta(a), b) for name, (a, b) in _windows(entry).items()}
                made[person["person_id"], year] = {
                    "psychiatric_days_before": len(
                        stays(found["event"], person, "psychiatric_admission") & window["before"]
                    ),
                    "hostel_days": len(stays(found["event"], person, "hostel_stay") & window["around"]),
                    "assistance_days": len(cash & window["after"]),
                    "here_after_a_year": len(here & window["later"]),
                    "work_after_a_year": len(work & window["later"]),
                }
    return made


def _windows(entry: date) -> dict[str, tuple[int, date]]:
    return {
        "before": (-365, entry - timedelta(1)),
        "around": (-90, date(entry.year, 12, 31)),
        "after": (1, entry + timedelta(366)),
        "later": (365, entry + timedelta(365)),
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_days_are_counted_as_they_are_counted_by_hand(seed: int, tmp_path: Path, catalogue: Catalogue) -> None:
    found = lives(np.random.default_rng(seed), 60)
    store = Store.create(tmp_path / "store")
    with store.writing() as writer:
        for name, rows in found.items():
            writer.add(name, pa.Table.from_pylist(rows, schema=tables()[name].schema), "by hand")
    made = build(connect(), store.current(), catalogue, YEARS, COLUMNS).to_pyarrow().to_pylist()
    due = read_by_hand(found)
    assert {(row["person_id"], row["year"]): {c: row[c] for c in COLUMNS} for row in made} == due
    assert all(len({row[column] for row in due.values()}) > 1 for column in COLUMNS)
