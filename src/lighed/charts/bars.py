"""Bars: the groups of one period, for those who are at home with bars."""

from __future__ import annotations

import altair as alt

from lighed.charts.theme import (
    INK,
    Drawn,
    Heads,
    Rows,
    chart_of,
    finished,
    has_intervals,
    known,
    level_line,
    levels_shown,
    lines,
    listed,
    listed_height,
    look,
    measured,
    names,
    tips,
)
from lighed.core.types import Stratifier


def bars(rows: Rows, stratifier: Stratifier, heads: Heads, *, average: float | None) -> Drawn:
    """Draw a bar from zero for each group, its interval, and the average as a dashed line.

    `rows` have ``level, value, lower, upper``.
    """
    shown = levels_shown(stratifier, rows)
    called = {level: lines(name) for level, name in names(stratifier, heads.lang).items()}
    order = [called[level] for level in shown]
    base = chart_of([row | {"group": called[row["level"]]} for row in known(rows)], "group", "value", "lower", "upper")
    base = base.encode(listed("group", order))
    colours = alt.Scale(domain=order, range=look(stratifier, shown)[0])
    bar = base.mark_bar(height={"band": 0.62}).encode(
        measured("value", heads), color=alt.Color("group:N", legend=None, scale=colours), tooltip=tips(heads, "group")
    )
    whisker = base.mark_rule(strokeWidth=2, color=INK).encode(x=alt.X("lower:Q"), x2=alt.X2("upper:Q"))
    whiskers = [whisker] if has_intervals(rows) else []
    return finished([bar, *whiskers, *level_line(average, alt.X)], heads, height=listed_height(order))
