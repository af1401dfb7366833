"""Equiplot: a row per period (or area), a point per group, the distance between them drawn as a line."""

from __future__ import annotations

import altair as alt

from lighed.charts.theme import (
    LINE,
    Drawn,
    Heads,
    Rows,
    chart_of,
    finished,
    has_intervals,
    known,
    levels_shown,
    listed,
    look,
    measured,
    names,
    tips,
)
from lighed.charts.theme import lines as broken
from lighed.core.types import Stratifier

LINE_HEIGHT = 46  # pixels: room for the groups of a period above each other
GROUP_HEIGHT = 8  # pixels: as much of it for each, where they are many


def equiplot(rows: Rows, stratifier: Stratifier, heads: Heads) -> Drawn:
    """Draw the groups of each period with their intervals; ordered groups stand from dark (worst-off) to light.

    `rows` have ``row`` (the label of the line), ``level, value, lower, upper``; rows without a value are left out and
    say so in the table beside.
    """
    shown, called = levels_shown(stratifier, rows), names(stratifier, heads.lang)
    order = [called[level] for level in shown]
    colours, shapes = look(stratifier, shown)
    rows = [row | {"row": broken(row["row"])} for row in rows]
    drawn = [row | {"group": called[row["level"]]} for row in known(rows)]
    base = chart_of(drawn, "row", "group", "value", "lower", "upper")
    lines = list(dict.fromkeys(row["row"] for row in rows))
    base = base.encode(listed("row", lines))
    connector = base.mark_rule(color=LINE, strokeWidth=6)
    connector = connector.encode(x=alt.X("min(value):Q", title=heads.axis), x2=alt.X2("max(value):Q"))
    offset = alt.YOffset("group:N", sort=order, scale=alt.Scale(paddingOuter=0.9))
    colour = alt.Color("group:N", sort=order, title=None, scale=alt.Scale(domain=order, range=colours))
    whisker = base.mark_rule(strokeWidth=1.5).encode(
        x=alt.X("lower:Q"), x2=alt.X2("upper:Q"), yOffset=offset, color=colour
    )
    point = base.mark_point(filled=True, size=110, opacity=1, stroke="white", strokeWidth=0.5).encode(
        measured("value", heads),
        yOffset=offset,
        color=colour,
        shape=alt.Shape("group:N", sort=order, title=None, scale=alt.Scale(domain=order, range=shapes)),
        tooltip=tips(heads, "row", "group"),
    )
    whiskers = [whisker] if has_intervals(drawn) else []
    return finished(
        [connector, *whiskers, point], heads, height=max(LINE_HEIGHT, GROUP_HEIGHT * len(shown)) * len(lines)
    )
