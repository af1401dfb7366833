"""What stands behind a mean of amounts: who gave most of the sum. It never leaves the zone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from lighed.analysis.parts import EVERYWHERE, holding
from lighed.analysis.summarise import THOUSAND
from lighed.catalogue import Catalogue
from lighed.core.condition import columns
from lighed.core.estimates import KEPT, Estimates
from lighed.core.types import COUNTRY, Indicator, Stratifier
from lighed.store.engine import Expression, expression

CELL = ["year", "area", "level"]
SUMS = ("total", "largest", "second")


def largest(
    people: Expression,
    rows: Expression | None,
    indicators: Sequence[Indicator],
    shown: Sequence[Stratifier | None],
    catalogue: Catalogue,
    towns: Sequence[str],
) -> Estimates:
    """Return, of each mean of amounts, the sum of every group, and what the two who gave most gave of it.

    Amounts are taken without their sign, in thousandths. `shown` is the stratifier that the groups are of, or None for
    everybody and, after it, the groups of areas.
    """
    means = [one for one in indicators if one.kind == "mean" and one.basis != "survey"]
    by = shown[0].id if shown[0] else None
    cells = [
        *_own(people, [one for one in means if one.item is None], by),
        *_had(rows, [one for one in means if one.item is not None], by),
    ]
    made = [_kept(pa.concat_tables(cells), stratifier, catalogue, towns) for stratifier in shown if cells]
    return Estimates.concat(made)


def _own(people: Expression, means: Sequence[Indicator], by: str | None) -> Iterator[pa.Table]:
    """What persons have themselves."""
    for one in means:
        (column,) = columns(one.numerator)  # of a mean, the numerator names the amount
        inside = people.filter(expression(one.population, people) & people[column].notnull())
        yield _cells(inside, _thousandths(inside[column]), one.id, by)


def _had(rows: Expression | None, means: Sequence[Indicator], by: str | None) -> Iterator[pa.Table]:
    """What happened to persons, added up for each of them first."""
    for one in means:
        assert rows is not None
        mine = rows.filter((rows.indicator == one.id) & (rows.has if one.how_often else True))
        amount = ibis.literal(THOUSAND) if one.how_often else _thousandths(mine.amount.coalesce(0.0))
        key = [name for name in mine.columns if name not in {"indicator", "has", "amount"}]
        persons = mine.mutate(amount=amount).group_by(key).aggregate(amount=lambda t: t.amount.sum())
        yield _cells(persons, persons.amount, one.id, by)


def _cells(rows: Expression, amount: Expression, indicator: str, by: str | None) -> pa.Table:
    """Add up a row each of persons, and find the two largest amounts; no row is put in order."""
    rows = rows.select("year", "area", level=rows[by] if by else ibis.literal(""), amount=amount)
    firsts = rows.group_by(CELL).aggregate(total=rows.amount.sum(), largest=rows.amount.max())
    beside = rows.join(firsts, CELL)
    less = (beside.amount < beside.largest).ifelse(beside.amount, 0)
    cells = beside.group_by([*CELL, "total", "largest"]).aggregate(
        below=less.max(), first=(beside.amount == beside.largest).ifelse(1, 0).sum()
    )
    cells = cells.mutate(second=(cells["first"] > 1).ifelse(cells.largest, cells.below))
    table = cells.mutate(level=cells.level.nullif("")).select(*CELL, *SUMS).to_pyarrow()
    return table.append_column("indicator", pa.repeat(indicator, table.num_rows))


def _thousandths(amount: Expression) -> Expression:
    return ((amount < 0).ifelse(-amount, amount) * THOUSAND + 0.5).floor().cast("int64")


def _kept(cells: pa.Table, stratifier: Stratifier | None, catalogue: Catalogue, towns: Sequence[str]) -> Estimates:
    """Put the cells of municipalities together to the groups that are shown."""
    if stratifier and stratifier.areas:
        of = [(code, level) for level, codes in stratifier.crosswalks[0].levels.items() for code in codes]
        names = pa.table({"area": [code for code, _ in of], "group": [level for _, level in of]})
        joined = cells.drop_columns(["level"]).join(names, "area", join_type="inner").rename_columns({"group": "level"})
        joined = joined.append_column("place", pa.repeat(COUNTRY, joined.num_rows))
    else:
        held = holding(catalogue, towns, pc.unique(cells["year"]).to_pylist(), EVERYWHERE)
        joined = cells.join(held.rename_columns({"period": "year"}), ["year", "area"], join_type="inner")
    key = ["indicator", "year", "place", "level"]
    totals = joined.group_by(key, use_threads=False).aggregate([("total", "sum")])
    both = pa.concat_tables(
        joined.select([*key, name]).rename_columns([*key, "amount"]) for name in ("largest", "second")
    ).sort_by([*((name, "ascending") for name in key), ("amount", "descending")])
    most = both.group_by(key, use_threads=False).aggregate([("amount", "list")])
    two = {name: (most, pc.list_element(most["amount_list"], k)) for k, name in enumerate(SUMS[1:])}
    return Estimates.concat(
        [
            Estimates.of(
                indicator=of["indicator"].combine_chunks(),
                period=of["year"].cast(pa.string()).combine_chunks(),
                area=of["place"].combine_chunks(),
                stratifier=stratifier.id if stratifier else None,
                level=of["level"].combine_chunks(),
                measure=KEPT,
                component=name,
                value=value.cast(pa.float64()).combine_chunks(),
            )
            for name, (of, value) in {"total": (totals, totals["total_sum"]), **two}.items()
        ]
    )
