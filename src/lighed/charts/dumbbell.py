"""Pairs of groups: one line per indicator, a point for the worst-off and one for the best-off."""

from __future__ import annotations

import altair as alt

from lighed.charts.theme import (
    BLUE,
    LINE,
    Drawn,
    Heads,
    Rows,
    chart_of,
    finished,
    lines,
    listed,
    listed_height,
    measured,
    tips,
)

ENDS = [BLUE, "#F46A25"]


def dumbbell(rows: Rows, heads: Heads, *, ends: tuple[str, str]) -> Drawn:
    """Draw each line's two ends; `rows` have ``label, end`` (0 worst-off, 1 best-off), ``value, group``."""
    drawn = [row | {"label": lines(row["label"]), "end": ends[row["end"]]} for row in rows]
    base = chart_of(drawn, "label", "end", "value", "group")
    order = list(dict.fromkeys(row["label"] for row in drawn))
    base = base.encode(listed("label", order))
    line = base.mark_rule(color=LINE, strokeWidth=6)
    line = line.encode(x=alt.X("min(value):Q", title=heads.axis), x2=alt.X2("max(value):Q"))
    point = base.mark_point(filled=True, size=110, opacity=1).encode(
        measured("value", heads),
        color=alt.Color("end:N", title=None, scale=alt.Scale(domain=list(ends), range=ENDS)),
        shape=alt.Shape("end:N", title=None, scale=alt.Scale(domain=list(ends), range=["circle", "diamond"])),
        tooltip=tips(heads, "group"),
    )
    return finished([line, point], heads, height=listed_height(order))
