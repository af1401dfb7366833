"""Cumulative incidence: a step curve per group over the days at which it was read, with the interval at each."""

from __future__ import annotations

import altair as alt

from lighed.charts.theme import Drawn, Heads, Rows, chart_of, finished, known, levels_shown, look, names, tips
from lighed.core.types import Stratifier


def incidence(rows: Rows, stratifier: Stratifier, heads: Heads, *, days: str) -> Drawn:
    """Draw what part of each group is there by each day; between two days the line stays at what is there at least.

    `rows` have ``level, horizon, value, lower, upper``; `days` is the title of the axis of days.
    """
    shown, called = levels_shown(stratifier, rows), names(stratifier, heads.lang)
    order = [called[level] for level in shown]
    colours, shapes = look(stratifier, shown)
    read = [row | {"group": called[row["level"]], "day": int(row["horizon"])} for row in known(rows)]
    begin = [{"group": group, "day": 0, "value": 0.0} for group in order if (group, 0) not in _days(read)]
    day = alt.X("day:Q", title=days, axis=alt.Axis(values=sorted({0, *(row["day"] for row in read)}), grid=False))
    share = alt.Y("value:Q", title=heads.axis, scale=alt.Scale(zero=True), axis=alt.Axis(format=",.4~g"))
    colour = alt.Color("group:N", sort=order, title=None, scale=alt.Scale(domain=order, range=colours))
    colour = colour.legend(symbolOpacity=1)
    line = chart_of([*begin, *read], "group", "day", "value").mark_line(interpolate="step-after", strokeWidth=2)
    limits = chart_of([row for row in read if row["lower"] is not None], "group", "day", "lower", "upper")
    band = limits.mark_area(interpolate="step-after", opacity=0.13, line=False)
    whisker, low = limits.mark_rule(strokeWidth=1.5), alt.Y("lower:Q", title=heads.axis)
    point = chart_of(read, "group", "day", "value").mark_point(
        filled=True, size=80, opacity=1, stroke="white", strokeWidth=0.5
    )
    shape = alt.Shape("group:N", sort=order, title=None, scale=alt.Scale(domain=order, range=shapes))
    layers = [
        *(mark.encode(day, low, y2=alt.Y2("upper:Q"), color=colour) for mark in (band, whisker)),
        line.encode(day, share, color=colour),
        point.encode(day, share, color=colour, shape=shape, tooltip=tips(heads, "day", "group")),
    ]
    return finished(layers, heads, height=300)


def _days(rows: Rows) -> set[tuple[str, int]]:
    return {(row["group"], row["day"]) for row in rows}
