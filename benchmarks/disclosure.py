"""Protection of a large cube: hidden counts and slope indices, an audit of ten years, and rounding in its place."""

from __future__ import annotations

import csv
import gzip
import time
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array, eye_array, kron, vstack

from _table import Line, arguments, show, took
from lighed.catalogue import Catalogue, load
from lighed.catalogue.areas import parent_of
from lighed.core.estimates import Estimates
from lighed.core.types import COUNTRY
from lighed.disclosure.attack import intervals
from lighed.disclosure.flows import Table, doubt, price, suppress
from lighed.disclosure.ledger import Ledger, counted
from lighed.disclosure.release import _protected
from lighed.disclosure.rounding import rounded

CUBE = Path(__file__).parents[1] / "tests/golden/sdc/cube.csv.gz"
SHAPE = 98, 10, 5, 2  # municipalities, years, education, sex
K, LAST = 5, 9
EDUCATION = "basic", "short", "short_higher", "medium_higher", "long_higher"


def cube() -> tuple[Any, Any, Any]:
    """Return cases and persons, shape (municipality, year, education, sex), and the municipalities of each region."""
    with gzip.open(CUBE, "rt", encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    cases, persons = (np.array([float(row[name]) for row in rows]).reshape(SHAPE) for name in ("rare", "pop"))
    regions = np.array([row["region"] for row in rows]).reshape(SHAPE)[:, 0, 0, 0]
    return cases, persons, (regions == np.unique(regions)[:, None]).astype(float)


def dimension(size: int, parts: Any = None) -> tuple[csr_array, csr_array]:
    """Return what is in all, in each part and in each word, shape (level, word), and the lines of the levels."""
    parts = np.zeros((0, size)) if parts is None else parts
    levels, wholes = np.vstack([np.ones((1, size)), parts, np.eye(size)]), 1 + len(parts)
    lines = np.eye(wholes, len(levels))
    lines[0, 1:] -= np.arange(1, len(levels)) < wholes if len(parts) else 1
    lines[1:, wholes:] -= parts
    return csr_array(levels), csr_array(lines)


def product(matrices: list[Any]) -> csr_array:
    """Return the Kronecker product of some matrices."""
    return csr_array(reduce(kron, matrices))


def figures(regions: Any) -> tuple[csr_array, csr_array]:
    """Return which records of a year are in each figure, and the lines of the figures."""
    axes = [dimension(SHAPE[0], regions), dimension(SHAPE[2]), dimension(SHAPE[3])]
    each = [eye_array(levels.shape[0]) for levels, _ in axes]
    lines = [product([*each[:d], axis[1], *each[d + 1 :]]) for d, axis in enumerate(axes)]
    return product([levels for levels, _ in axes]), csr_array(vstack(lines))


def slopes(persons: Any) -> csr_array:
    """Return the slope index per 100,000 of each area as a sum of its figures, shape (area, figure)."""
    groups = np.arange(len(persons)).reshape(-1, SHAPE[2] + 1, SHAPE[3] + 1)[:, 1:, 0]
    n = persons[groups]
    rank = (n.cumsum(-1) - n / 2) / n.sum(-1, keepdims=True) - 0.5
    rows = np.zeros((len(groups), len(persons)))
    np.put_along_axis(rows, groups, 1e5 * rank / (n * rank**2).sum(-1, keepdims=True), axis=-1)
    return csr_array(rows)


def hide(unit: float | None = None) -> tuple[int, int, int, float]:
    """Protect the last year, with the slope indices that are printed to a unit per 100,000.

    How many figures and measures are hidden, how many measures are shown though a group is not, and the seconds.
    """
    cases, persons, regions = cube()
    totals, lines = figures(regions)
    value = totals @ cases[:, LAST].ravel()
    table = Table.of(lines, value, price(value, np.log10(totals.sum(axis=1))))
    rows = slopes(totals @ persons[:, LAST].ravel())
    if unit:
        printed, areas = np.round(rows @ value / unit) * unit, rows.shape[0]
        table = table.with_measures(rows, printed - unit / 2, printed + unit / 2, np.ones(areas))
    small = (table.value > 0) & (table.value < K)
    start = time.process_time()
    hidden = suppress(table, small, np.tile(doubt(K), (len(small), 1)))
    took = time.process_time() - start
    counts, measures = np.split(hidden, [len(value)])
    beside = (abs(rows) @ counts > 0) & ~measures if unit else np.zeros(0)
    return int(counts.sum()), int(measures.sum()), int(beside.sum()), took


def ten_years() -> tuple[int, int, float, float]:
    """Protect and audit each year: figures that are hidden, and in too little doubt, and the seconds of both."""
    cases, _, regions = cube()
    totals, lines = figures(regions)
    hidden, unsafe, protecting, auditing = 0, 0, 0.0, 0.0
    for year in range(SHAPE[1]):
        value = totals @ cases[:, year].ravel()
        small, start = (value > 0) & (value < K), time.process_time()
        table = Table.of(lines, value, price(value, np.log10(totals.sum(axis=1))))
        found = suppress(table, small, np.tile(doubt(K), (len(small), 1)))
        between = time.process_time()
        lower, upper = intervals(lines, np.where(found, np.nan, value), asked=small, narrow=3 * K)
        protecting, auditing = protecting + between - start, auditing + time.process_time() - between
        safe = (lower <= 1) & (upper >= K - 1) & (upper - lower >= K)
        hidden, unsafe = hidden + int(found.sum()), unsafe + int((small & ~safe).sum())
    return hidden, unsafe, protecting, auditing


def table(last: int, known: Catalogue) -> Estimates:
    """Return the groups by education and by sex of all areas, with their totals, of the years up to the `last`."""
    cases, persons, _ = cube()
    inside = [code for code, area in known.areas.items() if area.kind == "municipality"][: SHAPE[0]]
    above = np.array([parent_of(known.areas, code, "region", 2014) for code in inside])
    regions = np.unique(above)
    areas = np.vstack([np.ones((1, SHAPE[0])), above == regions[:, None], np.eye(SHAPE[0])])
    groups = np.vstack([np.ones(10), np.repeat(np.eye(5), 2, axis=1), np.tile(np.eye(2), 5)])
    records = (count.reshape(*SHAPE[:2], -1)[:, : last + 1] for count in (persons, cases))
    n, events = (np.einsum("am,myg,lg->yal", areas, count, groups).ravel().astype(int) for count in records)
    names = [COUNTRY, *regions.tolist(), *inside]
    levels = [(None, None), *(("education_profile", word) for word in EDUCATION), ("sex", "female"), ("sex", "male")]
    places = [(str(2014 + year), area, *level) for year in range(last + 1) for area in names for level in levels]
    named = dict(zip(("period", "area", "stratifier", "level"), map(list, zip(*places, strict=True)), strict=True))
    return Estimates.of(**named, n=n, events=events, indicator="I7.1", measure="crude", flags="")


def one_by_one() -> tuple[int, float, float]:
    """Publish ten years one by one, with those before again: how many counts, and the seconds of the last and alone."""
    known, shown = load(), list[Any]()
    policy = known.policies["research_export"]
    for last in range(SHAPE[1]):
        made, start = table(last, known), time.process_time()
        released, _ = _protected(made, policy, known, Ledger.of(shown))
        spent = time.process_time() - start
        shown.append(counted(released))
    start = time.process_time()
    _protected(made, policy, known)
    return len(made), spent, time.process_time() - start


def rounding(years: bool) -> tuple[float, float]:
    """Round the last year, or all with their totals: the largest and the mean difference."""
    cases, _, regions = cube()
    totals, _ = figures(regions)
    value = np.moveaxis(cases, 1, 0).reshape(SHAPE[1], -1)[LAST:]
    if years:
        value = np.moveaxis(cases, 1, 0)
        totals = product([dimension(SHAPE[1])[0], totals])
    off = np.abs(totals @ (rounded(totals, value.ravel(), K) - value.ravel()))
    return float(off.max()), float(off.mean())


def main() -> None:
    """Protect, audit and round the cube."""
    given = arguments(__doc__)
    counts, measured, coarse = took(hide), took(hide, 1.0), took(hide, 100.0)
    history = took(one_by_one)
    decade, one, all_years = took(ten_years), took(rounding, False), took(rounding, True)
    lines = [
        Line("hidden of the 1,872 counts of a year, 190 of them small", counts.result[0], "", 378),
        Line("processors", counts.result[3], "s", 3),
        Line("hidden counts beside the slope indices of 104 areas", measured.result[0], "", 410),
        Line("hidden slope indices", measured.result[1], "", 25),
        Line("processors", measured.result[3], "s", 3),
        Line("shown though a group is hidden, printed as whole numbers per 100,000", measured.result[2], ""),
        Line("shown though a group is hidden, printed in per cent with one decimal", coarse.result[2], ""),
        Line("hidden counts beside them", coarse.result[0], ""),
        Line("hidden counts of ten years one by one", decade.result[0], ""),
        Line("small ones in less doubt than they need", decade.result[1], ""),
        Line("processors, to protect them", decade.result[2], "s"),
        Line("processors, to audit them", decade.result[3], "s", 5),
        Line("counts of the tenth yearly release, with the nine years before again", history.result[0], ""),
        Line("processors, against nine earlier releases", history.result[1], "s", 5),
        Line("processors, against none", history.result[2], "s"),
        Line("largest difference of a year rounded", one.result[0], "", 6),
        Line("mean difference", one.result[1], "", 0.5096),
        Line("largest difference of ten years and their totals rounded", all_years.result[0], "", 10),
        Line("mean difference", all_years.result[1], "", 0.6274),
        Line("processors, with reading the cube", all_years.cpu, "s"),
    ]
    show("Disclosure control: 98 municipalities × education × sex", lines, write=given.write)


if __name__ == "__main__":
    main()
