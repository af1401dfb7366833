"""Tables of counts, with every figure that is published of them: the golden cases, and a large cube."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from dataclasses import dataclass, replace
from itertools import combinations, pairwise, product
from typing import Any

import numpy as np
from scipy.sparse import csr_array, eye_array

from tests.golden import FOLDER, Row, read

Key = tuple[str, ...]

# Of each column of what is published, the columns of the input that its words come from, the finest first.
DIMENSIONS: dict[str, dict[str, Key]] = {
    "01_textbook_15": {"var1": ("var1",), "var2": ("var2",)},
    "02_mun_accidents_max3": {"mun": ("mun",), "inj": ("inj",)},
    "03_mun_accidents_max3_zeros_open": {"mun": ("mun",), "inj": ("inj",)},
    "05_d2_hierarchy": {"region": ("region", "county", "k_group")},
    "06_d2_3way": {"region": ("region", "county"), "main_income": ("main_income",)},
    "07_linked_geo_eu_year": {"age": ("age",), "geo": ("geo", "eu"), "year": ("year",)},
    "08_three_linked_tables": {"region": ("geo", "eu"), "sector": ("sector4", "sector2")},
    "09_time_Q1": {"quarter": ("quarter",), "main_income": ("main_income",), "size": ("size",)},
    "10_time_Q1Q2_given_Q1": {"quarter": ("quarter",), "main_income": ("main_income",), "size": ("size",)},
    "11_time_Q1Q2_naive": {"quarter": ("quarter",), "main_income": ("main_income",), "size": ("size",)},
    "14_plsround_b5": {"mun": ("mun",), "inj": ("inj",)},
    "15_plsround_d2_b3": {"region": ("region", "county"), "main_income": ("main_income",)},
}
CUBE = {"area": ("kommune", "region"), "edu": ("edu",), "sex": ("sex",), "year": ("year",)}
TOTALS = "Total", "quarter_Q1_Q2"  # the second one is called so in 10 and 11 only


@dataclass(frozen=True)
class Cube:
    """``figures`` by their ``keys``, each the sum of some ``records``: ``totals``, shape (figure, record).

    ``steps``, shape (line, figure), are shorter sums that say the same, where all records are figures.
    """

    keys: list[Key]
    totals: csr_array
    records: Any
    steps: csr_array | None = None

    @classmethod
    def of(cls, rows: list[Row], count: str | None, dimensions: dict[str, Key], keys: list[Key] | None = None) -> Cube:
        """Sum rows to records, one of every combination of words, and these to figures: to all without `keys`."""
        found: Counter[tuple[Key, ...]] = Counter()
        for row in rows:
            own = tuple(tuple(row[column] for column in columns) for columns in dimensions.values())
            found[own] += int(row[count]) if count else 1
        atoms = [*product(*(dict.fromkeys(words) for words in zip(*found, strict=True)))]
        total = TOTALS if keys else TOTALS[:1]
        places = [[*product(*((*words, *total) for words in atom))] for atom in atoms]
        keys = keys or [*dict.fromkeys(key for place in places for key in place)]
        at = {key: k for k, key in enumerate(keys)}
        figure, record = np.array([(at[key], r) for r, place in enumerate(places) for key in place if key in at]).T
        totals = csr_array((np.ones(len(figure)), (figure, record)), shape=(len(keys), len(atoms)))
        return cls(keys, totals, np.array([found[atom] for atom in atoms], float))

    @property
    def figures(self) -> Any:
        """The published counts."""
        return self.totals @ self.records

    @property
    def place(self) -> Any:
        """Where each record stands among the cells: it is a figure, or it stands after them and is not published."""
        alone = np.flatnonzero(self.totals.sum(axis=1) == 1)
        place = np.full(len(self.records), -1)
        place[self.totals[alone].indices] = alone
        place[place < 0] = len(self.keys) + np.arange((place < 0).sum())
        return place

    @property
    def sums(self) -> csr_array:
        """What anybody knows of the cells: each figure less its records is 0, but for those that are a record."""
        if self.steps is not None:
            return self.steps
        of = self.totals.tocoo()
        cells = max(len(self.keys), self.place.max() + 1)
        parts = csr_array((of.data, (of.row, self.place[of.col])), shape=(len(self.keys), cells))
        return (eye_array(*parts.shape, format="csr") - parts)[np.setdiff1d(np.arange(len(self.keys)), self.place)]

    @property
    def counts(self) -> Any:
        """The counts of the cells: the figures, then the records that are not published."""
        return np.concatenate([self.figures, self.records[self.place >= len(self.keys)]])

    def cells(self, of_figures: Any, of_records: Any) -> Any:
        """What is said of the figures, and after it what is said of every record that is not published."""
        return np.concatenate([of_figures, np.full(len(self.counts) - len(of_figures), of_records)])


def golden(name: str) -> tuple[Cube, list[Row]]:
    """A golden case, and the rows of its output."""
    dimensions, figures, rows = DIMENSIONS[name], read(f"sdc/{name}/output.csv"), read(f"sdc/{name}/input.csv")
    count = next((column for column in ("f", "freq", "values") if column in rows[0]), None)
    return Cube.of(rows, count, dimensions, [tuple(row[column] for column in dimensions) for row in figures]), figures


def flagged(rows: list[Row], column: str) -> Any:
    """A column of TRUE and FALSE."""
    return np.array([row[column] == "TRUE" for row in rows])


def large(*years: str, count: str = "rare") -> Cube:
    """The large cube of some years, with all totals; of all years without any named."""
    with gzip.open(FOLDER / "sdc/cube.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["year"] in (years or row["year"])]
    dimensions = {name: columns for name, columns in CUBE.items() if len(years) != 1 or name != "year"}
    cube = Cube.of(rows, count, dimensions)
    above = [
        {row[fine]: row.get(whole, "Total") for row in rows for fine, whole in pairwise([*columns, "Total"])}
        for columns in dimensions.values()
    ]
    return replace(cube, steps=_steps(cube.keys, above))


def _steps(keys: list[Key], above: list[dict[str, str]]) -> csr_array:
    """Each figure less those that are one step finer in one dimension."""
    at, lines = {key: k for k, key in enumerate(keys)}, {}
    for key, cell in at.items():
        for d, word in enumerate(key):
            if word in above[d]:
                whole = at[(*key[:d], above[d][word], *key[d + 1 :])]
                lines.setdefault((d, whole), []).append(cell)
    line, part = np.array([(line, cell) for line, cells in enumerate(lines.values()) for cell in cells]).T
    parts = csr_array((np.ones(len(part)), (line, part)), shape=(len(lines), len(keys)))
    return csr_array(eye_array(len(keys), format="csr")[[whole for _, whole in lines]] - parts)


def of_two_levels(records: Any) -> Cube:
    """Eight records of three dimensions of two levels, with all totals; the grand total is the first figure."""
    keys, atoms = [*product(("Total", "0", "1"), repeat=3)], [*product("01", repeat=3)]
    belongs = [[all(k in ("Total", a) for k, a in zip(key, atom, strict=True)) for atom in atoms] for key in keys]
    return Cube(keys, csr_array(np.array(belongs, float)), np.array(records, float))


def every_table(total: int, records: int) -> Any:
    """Every way to put so many persons into so many records, shape (way, record)."""
    bars = np.array([*combinations(range(total + records - 1), records - 1)])
    return np.diff(np.pad(bars, ((0, 0), (1, 1)), constant_values=((0, 0), (-1, total + records - 1))), axis=1) - 1


def weighted(cube: Cube, weights: Any) -> csr_array:
    """A formula of the records as one of the cells, shape (1, cell)."""
    row = np.zeros(len(cube.counts))
    row[cube.place] = weights
    return csr_array(row[None])
