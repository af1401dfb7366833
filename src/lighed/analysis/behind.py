"""What stands behind a figure: who gave most of a sum, and how many senders. It never leaves the zone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from heapq import nlargest
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from lighed.analysis.grid import SHOWN_PARENTS
from lighed.analysis.parts import KEY, Told, holding, labels
from lighed.analysis.summarise import THOUSAND
from lighed.catalogue import Catalogue
from lighed.core.condition import columns
from lighed.core.estimates import KEPT, Estimates
from lighed.core.summary import Summary
from lighed.core.types import COUNTRY, UNKNOWN, Indicator, Stratifier
from lighed.store.engine import Expression, expression

EVERYWHERE = (COUNTRY, *SHOWN_PARENTS, "municipality")
SUMS = ("total", "largest", "second")
CELL = ["year", "area", "level"]


def largest(
    people: Expression,
    rows: Expression | None,
    indicators: Sequence[Indicator],
    shown: Sequence[Stratifier | None],
    catalogue: Catalogue,
    towns: Sequence[str],
) -> Estimates:
    """Return, of each mean of amounts, the sum of every group, and what the two who gave most gave of it.

    Amounts are taken without their sign. `shown` is the stratifier that the groups are of, or None for everybody and,
    after it, the groups of areas.
    """
    means = [one for one in indicators if one.kind == "mean" and one.basis != "survey"]
    made = [_rows(one, people, rows, shown, catalogue, towns) for one in means]
    return Estimates.concat(made)


def senders(told: Told) -> Iterator[Estimates]:
    """Return how many senders stand behind each group of each step of a pathway; nothing where none is recorded."""
    if not told.sent:
        return
    rows = told.rows.mutate(of=told.rows.sender.coalesce(UNKNOWN))
    wanted = {one.id: expression(one.population, rows) for one in told.pathway.indicators}
    table = told.count(rows, ["of"], kinds=EVERYWHERE, **wanted).table
    for name in wanted:
        sent = pc.and_(pc.not_equal(table["of"], UNKNOWN), pc.greater(table[name], 0)).cast(pa.float64())
        groups = table.select(KEY).append_column("value", sent).group_by([*KEY], use_threads=False)
        units = groups.aggregate([("value", "sum")])
        value = units["value_sum"].combine_chunks()
        of_what = labels(Summary(KEY, (), units, ("level",)))
        yield Estimates.of(**of_what, indicator=name, measure=KEPT, component="units", value=value)


def _rows(
    one: Indicator,
    people: Expression,
    rows: Expression | None,
    shown: Sequence[Stratifier | None],
    catalogue: Catalogue,
    towns: Sequence[str],
) -> Estimates:
    by = shown[0].id if shown[0] else None
    given = _given(one, people, rows)
    given = given.mutate(level=given[by] if by else ibis.null(str))
    in_order = ibis.window(group_by=CELL, order_by=[ibis.desc("amount")])
    ranked = given.mutate(place=ibis.row_number().over(in_order))
    second = (ranked.place == 1).ifelse(ranked.amount, 0)
    cells = ranked.group_by(CELL).aggregate(total=ranked.amount.sum(), largest=ranked.amount.max(), second=second.max())
    totals, amounts = defaultdict[Any, int](int), defaultdict[Any, list[int]](list)
    for key, cell in _placed(cells.to_pyarrow(), shown, catalogue, towns):
        totals[key] += cell["total"]
        amounts[key] += [cell["largest"], cell["second"]]
    found = {key: (total, *nlargest(2, amounts[key])) for key, total in totals.items()}
    wide = [(*key, name, float(value)) for key, sums in found.items() for name, value in zip(SUMS, sums, strict=True)]
    names = ("period", "area", "stratifier", "level", "component", "value")
    numbered = {name: [row[k] for row in wide] for k, name in enumerate(names)}
    return Estimates.of(indicator=[one.id] * len(wide), measure=KEPT, **numbered)


def _given(one: Indicator, people: Expression, rows: Expression | None) -> Expression:
    """What each person gave to a mean in a year, in thousandths: their own amount, or that of what happened to them."""
    if one.item is None:
        (column,) = columns(one.numerator)  # of a mean, the numerator names the amount
        inside = people.filter(expression(one.population, people) & people[column].notnull())
        return inside.mutate(amount=_thousandths(inside[column]))
    assert rows is not None
    mine = rows.filter((rows.indicator == one.id) & (rows.has if one.how_often else True))
    amount = ibis.literal(THOUSAND) if one.how_often else _thousandths(mine.amount.coalesce(0.0))
    key = [name for name in mine.columns if name not in {"indicator", "has", "amount"}]
    return mine.mutate(amount=amount).group_by(key).aggregate(amount=lambda t: t.amount.sum())


def _thousandths(amount: Expression) -> Expression:
    return ((amount < 0).ifelse(-amount, amount) * THOUSAND + 0.5).floor().cast("int64")


def _placed(
    cells: Any, shown: Sequence[Stratifier | None], catalogue: Catalogue, towns: Sequence[str]
) -> Iterator[tuple[tuple[str | None, ...], dict[str, int]]]:
    """Every group that is shown with each municipal cell that is a part of it."""
    years = pc.unique(cells["year"]).to_pylist()
    of_place = defaultdict(list)
    for row in holding(catalogue, towns, years, EVERYWHERE).to_pylist():
        of_place[row["period"], row["area"]].append(row["place"])
    made_of = {s.id: s.crosswalks[0].levels for s in shown if s and s.areas}
    by = shown[0].id if shown[0] else None
    for cell in cells.to_pylist():
        for place in of_place[cell["year"], cell["area"]]:
            yield (str(cell["year"]), place, by, cell["level"]), cell
        for name, levels in made_of.items():
            for level, codes in levels.items():
                if cell["area"] in codes:
                    yield (str(cell["year"]), COUNTRY, name, level), cell
