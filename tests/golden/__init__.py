"""Numbers of outside programs, and how they are read; ``README.md`` says where each comes from."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent

Row = dict[str, str]
Oracle = tuple[str, str, str]


def read(name: str) -> list[Row]:
    """The rows of a file."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def column(rows: list[Row], name: str) -> Any:
    """A column of numbers; an empty cell is missing."""
    return np.array([float(row[name] or "nan") for row in rows])


def by_case(name: str, key: str = "case_id") -> dict[str, list[Row]]:
    """The rows of each case."""
    rows = read(name)
    return {case: [row for row in rows if row[key] == case] for case in dict.fromkeys(row[key] for row in rows)}


def oracles(topic: str, *quantities: str) -> list[Oracle]:
    """Each quantity with each program that gives it."""
    found = {(topic, row["quantity"], row["oracle"]) for row in read(f"{topic}/expected.csv")}
    assert {quantity for _, quantity, _ in found} >= set(quantities)
    return sorted(key for key in found if key[1] in quantities)


def expected(topic: str, quantity: str, oracle: str) -> list[Row]:
    """What a program gives."""
    found = read(f"{topic}/expected.csv")
    return [row for row in found if (row["quantity"], row["oracle"]) == (quantity, oracle)]


def only(topic: str, quantity: str) -> list[Row]:
    """What the one program gives that gives the quantity."""
    (oracle,) = oracles(topic, quantity)
    return expected(*oracle)
