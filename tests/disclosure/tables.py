"""Small tables of estimates in which everything adds up, as the program makes them, from counts per municipality."""

from __future__ import annotations

from collections import defaultdict
from itertools import product
from typing import Any

import numpy as np
from hypothesis import Phase, settings
from hypothesis import strategies as st

from lighed.catalogue import Catalogue, load
from lighed.catalogue.areas import parent_of
from lighed.core.estimates import Estimates
from lighed.core.types import COUNTRY, UNKNOWN
from lighed.stats import TESTS

CATALOGUE = load()
QUICK = settings(max_examples=60, deadline=None, derandomize=True, database=None)
FEW = settings(QUICK, max_examples=12, phases=[Phase.generate])  # of what takes a second each

SHARE, RATE, SURVEY, LIFE = "F6.1", "F6.4a", "F3.1", "life_expectancy_30"
EDUCATION, SEX = ("short", "medium", "long", UNKNOWN), ("female", "male")
# Three municipalities of the North and three of the Capital Region: three municipality groups and four fifths.
MUNICIPALITIES = ("0851", "0813", "0849", "0101", "0147", "0240")

Cell = tuple[str, str, str, str]  # period, municipality, education, sex
Counts = dict[Cell, tuple[int, int]]  # persons and cases
Part = tuple[str, str | None, str | None, str | None]  # measure, component, counterpart, horizon

# Where they came from, what became of those who left, why some were excepted, how many were there within so many days.
SENT: list[Part] = [("sent", None, sender, None) for sender in ("A", "B", "C")]
FATE: list[Part] = [("fate", fate, None, None) for fate in ("excepted", "died", "emigrated")]
WHY: list[Part] = [("exception", reason, None, None) for reason in ("postponed", "free_choice", "not_stated")]
WAITING: list[Part] = [("waiting", None, None, days) for days in ("7", "30", "90")]


def table(
    counts: Counts,
    indicator: str = SHARE,
    catalogue: Catalogue = CATALOGUE,
    *,
    crossed: bool = False,
    parts: dict[Part, Counts] | None = None,
) -> Estimates:
    """Every group with its standardised twin, every measure, change and unknown share that the program would make."""
    groups = _grouped(counts, catalogue, crossed=crossed)
    rows = [row for key, (n, events) in groups.items() for row in _group(key, n, events)]
    rows += _compared(groups)
    rows += [
        row for part, of in (parts or {}).items() for row in _parted(part, _grouped(of, catalogue, crossed=crossed))
    ]
    return estimates([{"indicator": indicator, "unit": "percent"} | row for row in rows])


def _grouped(counts: Counts, catalogue: Catalogue, *, crossed: bool) -> dict[tuple[Any, ...], list[int]]:
    groups: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    for (period, municipality, education, sex), pair in counts.items():
        for key in _keys(catalogue, period, municipality, education, sex, crossed=crossed):
            groups[key][0] += pair[0]
            groups[key][1] += pair[1]
    return groups


def _parted(part: Part, groups: dict[tuple[Any, ...], list[int]]) -> list[dict[str, Any]]:
    """A part of every group, and what the program works out of it for the group and over the groups."""
    named = dict(zip(("measure", "component", "counterpart", "horizon"), part, strict=True))
    rows = [_group(key, n, events)[0] | named for key, (n, events) in groups.items()]
    worked_out = {"measure": f"{part[0]}_worked_out", "value": 1.0, "se": None, "lower": None, "upper": None}
    over = {(row["period"], row["area"], row["stratifier"]): row | {"level": None} for row in rows if row["stratifier"]}
    return rows + [row | worked_out for row in (*rows, *over.values())]


def estimates(rows: list[dict[str, Any]]) -> Estimates:
    names = sorted({name for row in rows for name in row})
    return Estimates.of(**{name: [row.get(name) for row in rows] for name in names})


def _keys(
    catalogue: Catalogue, period: str, municipality: str, education: str, sex: str, *, crossed: bool
) -> list[tuple[Any, ...]]:
    """The groups (period, area, stratifier, level) that a person of a municipality belongs to."""
    kinds = ("region", "municipality_group")
    above = [parent_of(catalogue.areas, municipality, kind, int(period[:4])) for kind in kinds]
    levels = [(None, None), ("education", education), ("sex", sex)]
    if crossed:
        levels.append(("education_sex", UNKNOWN if UNKNOWN in (education, sex) else f"{education}+{sex}"))
    keys = [(period, area, *level) for area in (municipality, *above, COUNTRY) for level in levels]
    for name in ("poverty_fifth", "municipality_group"):
        made_of = catalogue.stratifiers[name].crosswalks[0].levels
        keys += [(period, COUNTRY, name, level) for level, codes in made_of.items() if municipality in codes]
    return keys


def _group(key: tuple[Any, ...], n: int, events: int) -> list[dict[str, Any]]:
    period, area, stratifier, level = key
    share = 100 * events / n if n else None
    row = {"period": period, "area": area, "stratifier": stratifier, "level": level, "n": n, "events": events}
    numbers = (
        {"value": share, "se": share / 9, "lower": share / 2, "upper": 2 * share, "flags": ""}
        if share is not None
        else {"flags": "not_applicable"}
    )
    crude = row | numbers | {"measure": "crude", "method": "wilson", "confidence": 0.95}
    return [crude, crude | {"measure": "standardised", "method": "direct"}]


def _compared(groups: dict[tuple[Any, ...], list[int]]) -> list[dict[str, Any]]:
    levels = defaultdict(dict)
    for (period, area, stratifier, level), pair in groups.items():
        if stratifier:
            levels[period, area, stratifier][level] = pair
    rows: list[dict[str, Any]] = []
    first, last = min(key[0] for key in levels), max(key[0] for key in levels)
    for (period, area, stratifier), of_level in levels.items():
        place = {"period": period, "area": area, "stratifier": stratifier, "flags": ""}
        ranked = [pair for level, pair in of_level.items() if level != UNKNOWN]
        n, events = (sum(pair[k] for pair in ranked) for k in (0, 1))
        rows.append(place | {"measure": "difference", "value": n / 7, "se": 1.0, "n": n, "events": events})
        rows += [place | {"measure": name, "value": 1 / (n + 2), "n": n, "events": events} for name in TESTS]
        if UNKNOWN in of_level:
            every = sum(pair[0] for pair in of_level.values())
            unknown = of_level[UNKNOWN][0]
            rows.append(
                place | {"measure": "unknown_share", "value": unknown / (every or 1), "n": every, "events": unknown}
            )
        if stratifier == "education_sex":
            rows += [place | {"measure": "interaction", "level": level, "value": 1.0} for level in of_level]
        if period == last != first:
            rows.append(place | {"measure": "difference", "component": "change", "horizon": first, "value": n / 11})
    return rows


SIZES = (0, 0, 1, 2, 4, 5, 6, 9, 14, 40, 300)
PARTS = (0.0, 0.0, 0.01, 0.1, 0.3, 0.5, 0.9, 1.0)


@st.composite
def counts(draw: st.DrawFn, *, scale: int = 1, most: tuple[int, int] = (len(MUNICIPALITIES), 2)) -> Counts:
    """Persons and cases of municipalities in periods, with many groups that are small, empty or whole."""
    codes = MUNICIPALITIES[: draw(st.integers(2, most[0]))]
    periods = ("2023", "2024")[: draw(st.integers(1, most[1]))]
    sizes, parts = st.sampled_from(SIZES), st.sampled_from(PARTS)
    return {key: _pair(scale * draw(sizes), draw(parts)) for key in product(periods, codes, EDUCATION, SEX)}


def drawn(rng: np.random.Generator) -> Counts:
    """Persons and cases of one period, of the same kind, drawn from `rng`."""
    codes = MUNICIPALITIES[: rng.integers(2, len(MUNICIPALITIES) + 1)]
    keys = product(("2024",), codes, EDUCATION, SEX)
    return {key: _pair(int(rng.choice(SIZES)), float(rng.choice(PARTS))) for key in keys}


def parted(rng: np.random.Generator) -> tuple[Counts, dict[Part, Counts]]:
    """Persons and cases of one period, and parts of four kinds that agree with them."""
    whole = drawn(rng)
    return whole, _sent(whole, rng) | _left(whole, rng) | _waited(whole, rng)


def _sent(whole: Counts, rng: np.random.Generator) -> dict[Part, Counts]:
    """Everybody comes from one of three, of which one sends few."""
    found: dict[Part, Counts] = {part: {} for part in SENT}
    for cell, (n, events) in whole.items():
        chances = rng.permutation([0.75, 0.2, 0.05]) if n % 2 else [1.0, 0.0, 0.0]
        with_it, without = (rng.multinomial(count, chances).tolist() for count in (events, n - events))
        for part, yes, no in zip(SENT, with_it, without, strict=True):
            found[part][cell] = (yes + no, yes)
    return found


def _left(whole: Counts, rng: np.random.Generator) -> dict[Part, Counts]:
    """Beside those who are counted there came some who left; those excepted were for one of three reasons."""
    left = {cell: rng.choice([0, 0, 0, 1, 2, 5, 20], 3).tolist() for cell in whole}
    came = {cell: n + sum(left[cell]) for cell, (n, _) in whole.items()}
    split = {cell: [*left[cell], *rng.multinomial(left[cell][0], [0.6, 0.3, 0.1]).tolist()] for cell in whole}
    return {part: {cell: (came[cell], split[cell][k]) for cell in whole} for k, part in enumerate(FATE + WHY)}


def _waited(whole: Counts, rng: np.random.Generator) -> dict[Part, Counts]:
    """Those who are there within more days are those within fewer, and others."""
    when = {cell: np.sort(rng.binomial(events, 0.6, len(WAITING))).tolist() for cell, (_, events) in whole.items()}
    return {part: {cell: (whole[cell][0], when[cell][k]) for cell in whole} for k, part in enumerate(WAITING)}


def _pair(n: int, part: float) -> tuple[int, int]:
    return n, round(n * part)
