"""The one place that groups persons into cells.

``summarise`` takes person-years and records (events or answers), the definitions of indicators, and a stratifier, and
returns a ``Summary``: a row per indicator, period, area, sex, age band and level, with additive integers; records of
indicators whose figures do not rest on ages are of everybody, without sex and age. All
indicators of a stratifier are counted in one pass over the person-years and one over the records that any of them
names.

| statistic | what is added up |
|---|---|
| n | person-years in the population, or records, or respondents |
| events | those with the thing; over time, how often it happened |
| time | days at risk |
| total, total2 | Σ and Σ² of an amount, or of how often, in thousandths and in whole units squared |
| weight, weighted | Σw and Σw·y, in millionths |
| weight2, weighted2 | Σw² and Σw²·y of a sample whose persons are drawn one by one, in millionths |
| uses, uses2 | Σ and Σ² of how often a person used a service |
| first, last, both | of persons who stand in two years: those with the thing in the first, in the last, in both |
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from lighed.analysis.grid import SEXES, SHOWN_PARENTS
from lighed.core.condition import Condition, columns
from lighed.core.summary import Summary
from lighed.core.types import Indicator
from lighed.core.use import Use
from lighed.store.engine import Expression, age_band, count_if, expression, memory_table

CELL = ("period", "area", "sex", "age")
COUNTS = ("n", "events", "time", "total", "total2")
SAMPLE = ("n", "events", "weight", "weighted", "weight2", "weighted2")
NEED = ("n", "events", "uses", "uses2")
TWICE = ("n", "first", "last", "both")
HOLDING = ("area", *SHOWN_PARENTS)  # the areas that may hold a person at both times
RECORDS = ("event", "pathway")  # a row of theirs is what is counted, not the person
DIGIT, DIGITS = 2, 31  # bits of what an episode is to one indicator, and of how many a number tells
INSIDE, WITH = 1, 2  # in the population, and one of those with the thing
PARTITIONS = ("area", "sex", "age", "level", "stratum", "sampling_unit")
MILLION, THOUSAND = 1_000_000, 1_000


def summarise(
    engine: Any, people: Expression, records: Expression, indicators: Sequence[Indicator], *, by: str | None
) -> Summary:
    """Count the cells of person and event indicators.

    Parameters
    ----------
    people
        Person-years: ``person_id, year, area, sex, age, days`` and the columns that the conditions name.
    records
        Events: ``person_id, year, item, category, amount``; or the episodes of a pathway.
    indicators
        Definitions with basis person, event or pathway.
    by
        The column of `people` that holds the level; None counts everybody together (level null).
    """
    return count(people, tagged(engine, people, records, [i for i in indicators if i.item]), indicators, by=by)


@dataclass(frozen=True, slots=True)
class Patterns:
    """Episodes with what they are to every indicator of their pathway in one number: once for every stratifier.

    ``rows`` have the person's place and positions, the ``block`` of indicators, and the ``pattern``, in which each of
    them has a digit; ``at`` says of an indicator in which block it is and at which digit. Those who follow a pathway
    are much alike, so few patterns occur, and a cell of all indicators is counted at once.
    """

    rows: Expression
    at: dict[str, tuple[int, int]]

    @classmethod
    def of(cls, told: Iterable[tuple[Expression, Sequence[Indicator]]], levels: Iterable[str]) -> Patterns | None:
        """Look once at the episodes of each pathway, which have place and positions, and keep what was seen."""
        parts, at = list[Expression](), dict[str, tuple[int, int]]()
        for rows, indicators in told:
            for first in range(0, len(indicators), DIGITS):
                pattern = ibis.literal(0, "int64")
                for digit, one in enumerate(indicators[first : first + DIGITS]):
                    inside, has = expression(one.population, rows), expression(one.numerator, rows)
                    what = ibis.cases((inside & has, WITH), (inside, INSIDE), else_=0).cast("int64")
                    pattern = pattern + what * 2 ** (DIGIT * digit)
                    at[one.id] = len(parts), digit
                seen = rows.mutate(block=ibis.literal(len(parts)), pattern=pattern, age_band=age_band(rows.age))
                seen = seen.filter(seen.pattern > 0)
                parts.append(seen.select("block", "pattern", *dict.fromkeys((*_CELL, *sorted(levels)))).cache())
        return cls(ibis.union(*parts) if len(parts) > 1 else parts[0], at) if parts else None


def count(
    people: Expression,
    rows: Expression | None,
    indicators: Sequence[Indicator],
    *,
    by: str | None,
    patterns: Patterns | None = None,
) -> Summary:
    """Count the cells as ``summarise`` does, from records that were tagged before: once for every stratifier.

    The indicators of which there are `patterns` are counted from those.
    """
    at = patterns.at if patterns else {}
    seen, indicators = [i for i in indicators if i.id in at], [i for i in indicators if i.id not in at]
    parts = [
        _followed(patterns, [i for i in seen if i.by_age], by, ages=True),
        _followed(patterns, [i for i in seen if not i.by_age], by, ages=False),
        _persons(people, [i for i in indicators if i.basis == "person"], by),
        _happened(rows, [i for i in indicators if i.basis == "person" and i.item], by),
        _records(rows, [i for i in indicators if i.basis in RECORDS and i.by_age], by, ages=True),
        _records(rows, [i for i in indicators if i.basis in RECORDS and not i.by_age], by, ages=False),
    ]
    dims = ("indicator", *CELL, "level")
    found = [_integers(part, dims, COUNTS) for part in parts if part is not None]
    return Summary(dims, COUNTS, pa.concat_tables(found or [_empty(dims, COUNTS)]), PARTITIONS)


def summarise_sample(
    engine: Any, people: Expression, answers: Expression, indicators: Sequence[Indicator], *, by: str | None
) -> Summary:
    """Count the cells of survey indicators; stratum and sampling unit stay as dimensions, for the variance needs them.

    `answers` has ``person_id, year, item, category, amount, weight, stratum, sampling_unit``; the rest is as in
    ``summarise``. Where there is no sampling unit each person is one, and the squares of the weights are added up here.
    """
    return count_sample(tagged(engine, people, answers, indicators), indicators, by=by)


def count_sample(rows: Expression | None, indicators: Sequence[Indicator], *, by: str | None) -> Summary:
    """Count the cells as ``summarise_sample`` does, from answers that were tagged before: once for every stratifier."""
    dims = ("indicator", *CELL, "level", "stratum", "sampling_unit")
    if not indicators:
        return Summary(dims, SAMPLE, _empty(dims, SAMPLE), PARTITIONS)
    rows = _of(rows, indicators, by)
    has = rows.has.ifelse(1, 0)
    weight = (rows.weight * MILLION + 0.5).floor().cast("int64")
    square = ((rows.weight * THOUSAND + 0.5).floor().cast("int64")) ** 2
    square = square.cast("int64")
    key = ["indicator", *_CELL, "level", "stratum", "sampling_unit"]
    cells = rows.group_by(key).aggregate(
        n=rows.count(),
        events=has.sum(),
        weight=weight.sum(),
        weighted=(weight * has).sum(),
        weight2=square.sum(),
        weighted2=(square * has).sum(),
    )
    # what is made of these sums is not whole numbers, so the order of the rows is a part of the result
    ordered = cells.order_by(key)
    return Summary(dims, SAMPLE, _integers(_named(ordered), dims, SAMPLE), PARTITIONS)


def standing_twice(
    people: Expression, rows: Expression | None, places: Expression, indicators: Sequence[Indicator], levels: set[str]
) -> Expression:
    """Return the persons who stand in both of two years, for all stratifiers; columns of the last end in ``_last``.

    For each indicator of shares there is a column that says who has the thing, null outside the population. `places`
    has ``year``, ``end`` (first or last) and the areas; one that does not hold a person in both years is null.
    """
    people = people.join(places, ["year", "area"])
    happened = [i for i in indicators if i.item]
    if rows is not None and happened:
        had = {f"{i.id}_had": (rows.indicator == i.id).ifelse(1, 0).max() for i in happened}
        once = rows.filter(rows.has).group_by(["person_id", "year"]).aggregate(**had)
        people = people.left_join(once, ["person_id", "year"])
    has = {i.id: people[f"{i.id}_had"] == 1 if i.item else expression(i.numerator, people) for i in indicators}
    people = people.select(
        *dict.fromkeys(["person_id", "end", *HOLDING, "sex", *sorted(levels)]),
        age=age_band(people.age),
        **{i.id: expression(i.population, people).ifelse(has[i.id].coalesce(False), None) for i in indicators},
    )
    first, last = (people.filter(people.end == end) for end in ("first", "last"))
    both = first.join(last, "person_id", rname="{name}_last")
    return both.mutate(**{a: (both[a] == both[f"{a}_last"]).ifelse(both[a], ibis.null(str)) for a in HOLDING})


def count_twice(both: Expression, indicators: Sequence[Indicator], *, by: str) -> Summary:
    """Count the persons that ``standing_twice`` gives, by their age band and their level in each of the two years."""
    key = [*HOLDING, "sex", "age", "age_last", "level", "level_last"]
    both = both.mutate(level=both[by], level_last=both[f"{by}_last"])
    wanted: dict[str, Any] = {}
    for i in indicators:
        first, last = both[i.id], both[f"{i.id}_last"]
        known = first.notnull() & last.notnull()
        parts = zip(TWICE, (known, known & first, known & last, first & last), strict=True)
        wanted |= {f"{i.id}_{name}": count_if(part) for name, part in parts}
    # in order, as of a sample, for what is made of these sums is not whole numbers
    cells, dims = both.group_by(key).aggregate(**wanted).order_by(key).to_pyarrow(), ("indicator", *key)
    tables = []
    for i in indicators:
        part = cells.select([*key, *(f"{i.id}_{name}" for name in TWICE)]).rename_columns([*key, *TWICE])
        part = part.append_column("indicator", pa.chunked_array([pa.repeat(i.id, cells.num_rows)]))
        tables.append(_integers(part.filter(pc.greater(part["n"], 0)), dims, TWICE))
    return Summary(dims, TWICE, pa.concat_tables(tables), dims[1:])


def users(people: Expression, rows: Expression, use: Use, levels: Iterable[str]) -> Expression:
    """Return the person-years of the use's population, with how often they used it (``times``) in the year.

    `rows` are tagged events, of this use and perhaps of others; of the columns the use's own are kept, and `levels`.
    """
    used = rows.filter((rows.indicator == use.id) & rows.has)
    used = used.group_by(["person_id", "year"]).aggregate(times=used.count())
    inside = people.filter(expression(use.population, people)).left_join(used, ["person_id", "year"])
    inside = inside.mutate(times=inside.times.coalesce(0), age_band=age_band(inside.age))
    return inside.select(*dict.fromkeys((*_CELL, "times", *use.columns, *levels)))


def count_need(persons: Expression, use: Use, *, by: str) -> Summary:
    """Count the cells of need by level, from the persons that ``users`` gives.

    With them every sum of squares and products of the persons is known, and no person leaves the engine.
    """
    rows = persons.mutate(level=persons[by])
    cells = rows.group_by([*_CELL, "level", *use.columns]).aggregate(
        n=rows.count(),
        events=count_if(rows.times > 0),
        uses=rows.times.sum(),
        uses2=(rows.times * rows.times).sum(),
    )
    table, dims = _named(cells), ("indicator", *CELL, "level", *use.columns)
    table = table.append_column("indicator", pa.chunked_array([pa.repeat(use.id, table.num_rows)]))
    return Summary(dims, NEED, _integers(table, dims, NEED), (*PARTITIONS[:4], *use.columns))


_CELL = ("year", "area", "sex", "age_band")  # the columns of person-years that become CELL


def _named(cells: Expression) -> pa.Table:
    table = cells.to_pyarrow()
    return table.rename_columns([dict(zip(_CELL, CELL, strict=True)).get(name, name) for name in table.column_names])


def _persons(people: Expression, indicators: Sequence[Indicator], by: str | None) -> pa.Table | None:
    """One pass over the person-years: for each indicator the population, its time, and what persons are or have."""
    if not indicators:
        return None
    people = _levelled(people.mutate(age_band=age_band(people.age)), by)
    populations = _distinct([i.population for i in indicators])
    inside = {key: expression(condition, people) for key, condition in populations.items()}
    key_of = {i.id: next(k for k, c in populations.items() if c == i.population) for i in indicators}
    wanted: dict[str, Any] = {f"{key}_n": count_if(condition) for key, condition in inside.items()}
    for i in indicators:
        key = key_of[i.id]
        if i.over_time:
            wanted[f"{key}_time"] = inside[key].ifelse(people.days, 0).sum().coalesce(0)
        if i.kind == "proportion" and not i.item:
            wanted[f"{i.id}_events"] = count_if(inside[key] & expression(i.numerator, people))
        if i.kind == "mean" and not i.how_often:
            wanted |= _amount(i, inside[key], people)
    cells = people.group_by([*_CELL, "level"]).aggregate(**wanted).to_pyarrow()
    return pa.concat_tables(_long(cells, i, key_of[i.id]) for i in indicators)


def _distinct(conditions: list[Condition]) -> dict[str, Condition]:
    return {f"population{k}": condition for k, condition in enumerate(dict.fromkeys(conditions))}


def _amount(i: Indicator, inside: Expression, people: Expression) -> dict[str, Any]:
    (column,) = columns(i.numerator)  # of a mean, the numerator names the amount
    known = inside & people[column].notnull()
    value = people[column]
    return {
        f"{i.id}_events": count_if(known),
        f"{i.id}_total": known.ifelse((value * THOUSAND + 0.5).floor().cast("int64"), 0).sum(),
        f"{i.id}_total2": known.ifelse((value * value + 0.5).floor().cast("int64"), 0).sum(),
    }


def _long(cells: pa.Table, i: Indicator, key: str) -> pa.Table:
    """The rows of one indicator out of the wide table; its dimension columns are shared, not copied."""
    zero = pa.chunked_array([pa.repeat(pa.scalar(0, pa.int64()), cells.num_rows)])
    column = {
        "n": f"{i.id}_events" if i.kind == "mean" and not i.how_often else f"{key}_n",
        "events": f"{i.id}_events",
        "time": f"{key}_time" if i.over_time else "",
        "total": f"{i.id}_total",
        "total2": f"{i.id}_total2",
    }
    data = [pa.chunked_array([pa.repeat(i.id, cells.num_rows)])]
    data += [cells[name] for name in (*_CELL, "level")]
    data += [cells[column[name]].cast(pa.int64()) if column[name] in cells.column_names else zero for name in COUNTS]
    table = pa.table(data, names=["indicator", *CELL, "level", *COUNTS])
    return table.filter(pc.greater(table["n"], 0))


def tagged(
    engine: Any, people: Expression | None, records: Expression, indicators: Sequence[Indicator]
) -> Expression | None:
    """Return records with the person's place and positions, once for each indicator that counts them.

    Those outside an indicator's population are left out; ``has`` says who has the thing. None without indicators.
    Records that have place and positions need no `people`.
    """
    if not indicators:
        return None
    names = pa.table({"item": [i.item for i in indicators], "indicator": [i.id for i in indicators]})
    tags = memory_table(engine, "tags", names)
    rows = records.join(tags, "item")
    rows = rows if people is None else rows.join(people, ["person_id", "year"])
    inside = ibis.cases(*[(rows.indicator == i.id, expression(i.population, rows)) for i in indicators], else_=False)
    has = ibis.cases(*[(rows.indicator == i.id, expression(i.numerator, rows)) for i in indicators], else_=False)
    rows = rows.mutate(inside=inside, has=has.coalesce(False), age_band=age_band(rows.age))
    return rows.filter(rows.inside)


def _of(rows: Expression, indicators: Sequence[Indicator], by: str | None) -> Expression:
    """Return the tagged records of some indicators, with their level."""
    return _levelled(rows.filter(rows.indicator.isin([i.id for i in indicators])), by)


def _levelled(rows: Expression, by: str | None) -> Expression:
    return rows.mutate(level=rows[by] if by else ibis.null(str))


def _happened(rows: Expression | None, indicators: Sequence[Indicator], by: str | None) -> pa.Table | None:
    """What happened to persons in the year: persons to whom it did, or how often it did (over time, and of a mean)."""
    if not indicators:
        return None
    rows = _of(rows, indicators, by).filter(lambda t: t.has)
    persons = rows.group_by(["indicator", "person_id", *_CELL, "level"]).aggregate(times=rows.count())
    often = persons.indicator.isin([i.id for i in indicators if i.over_time] or [""])
    times = persons.indicator.isin([i.id for i in indicators if i.how_often] or [""]).ifelse(persons.times, 0)
    cells = persons.group_by(["indicator", *_CELL, "level"]).aggregate(
        events=often.ifelse(persons.times, 1).sum(), total=(times * THOUSAND).sum(), total2=(times * times).sum()
    )
    return _counted(cells, "events", "total", "total2")


def _records(
    rows: Expression | None, indicators: Sequence[Indicator], by: str | None, *, ages: bool
) -> pa.Table | None:
    """Records as the rows that are counted: applications, tests, notifications."""
    if not indicators:
        return None
    rows = _of(rows, indicators, by)
    rows = rows if ages else _ageless(rows)
    amount = rows.amount.coalesce(0.0)
    cells = rows.group_by(["indicator", *_CELL, "level"]).aggregate(
        n=rows.count(),
        events=rows.has.ifelse(1, 0).sum(),
        total=(amount * THOUSAND + 0.5).floor().cast("int64").sum(),
        total2=(amount * amount + 0.5).floor().cast("int64").sum(),
    )
    return _counted(cells, "n", "events", "total", "total2")


def _followed(
    patterns: Patterns | None, indicators: Sequence[Indicator], by: str | None, *, ages: bool
) -> pa.Table | None:
    """Episodes as the rows that are counted: first those of each pattern, and of these what each indicator counts."""
    if not patterns or not indicators:
        return None
    blocks = {patterns.at[i.id][0] for i in indicators}
    rows = _levelled(patterns.rows.filter(patterns.rows.block.isin(sorted(blocks))), by)
    rows = rows if ages else _ageless(rows)
    key = ["block", *_CELL, "level"]
    cells = rows.group_by([*key, "pattern"]).aggregate(persons=rows.count())
    wanted: dict[str, Any] = {}
    for digit in sorted({patterns.at[i.id][1] for i in indicators}):
        what = (cells.pattern >> DIGIT * digit) & (2**DIGIT - 1)
        wanted[f"{digit}_n"] = (what > 0).ifelse(cells.persons, 0).sum()
        wanted[f"{digit}_events"] = (what == WITH).ifelse(cells.persons, 0).sum()
    table = cells.group_by(key).aggregate(**wanted).to_pyarrow()
    of_block = {block: table.filter(pc.equal(table["block"], block)) for block in blocks}
    made = []
    for i in indicators:
        block, digit = patterns.at[i.id]
        own = {f"{digit}_{name}": f"{i.id}_{name}" for name in ("n", "events")}
        part = of_block[block]
        made.append(_long(part.rename_columns([own.get(name, name) for name in part.column_names]), i, i.id))
    return pa.concat_tables(made)


def _ageless(rows: Expression) -> Expression:
    """Take sex and age, which must be known, from records whose figures do not rest on them: null is everybody."""
    known = rows.filter(rows.sex.isin(SEXES) & rows.age_band.notnull())
    return known.mutate(sex=ibis.null(str), age_band=ibis.null("int16"))


def _counted(cells: Expression, *given: str) -> pa.Table:
    table = _named(cells)
    zero = pa.chunked_array([pa.repeat(pa.scalar(0, pa.int64()), table.num_rows)])
    dims = ["indicator", *CELL, "level"]
    return pa.table(
        [table[name] for name in dims] + [table[name].cast(pa.int64()) if name in given else zero for name in COUNTS],
        names=[*dims, *COUNTS],
    )


def _schema(dims: Sequence[str], statistics: Sequence[str]) -> pa.Schema:
    kinds = {"period": pa.int32(), "age": pa.int16(), "age_last": pa.int16()}
    return pa.schema([(d, kinds.get(d, pa.string())) for d in dims] + [(s, pa.int64()) for s in statistics])


def _empty(dims: Sequence[str], statistics: Sequence[str]) -> pa.Table:
    return _schema(dims, statistics).empty_table()


def _integers(table: pa.Table, dims: Sequence[str], statistics: Sequence[str]) -> pa.Table:
    return table.select([*dims, *statistics]).cast(_schema(dims, statistics))
