"""A list of gaps, largest first, each with its interval."""

from __future__ import annotations

import altair as alt

from lighed.charts.theme import (
    BLUE,
    Drawn,
    Heads,
    Rows,
    chart_of,
    finished,
    has_intervals,
    level_line,
    lines,
    listed,
    listed_height,
    measured,
    tips,
)


def ranking(rows: Rows, heads: Heads, *, null: float) -> Drawn:
    """Draw a point and its interval for each row, in the order given; `rows` have ``label, value, lower, upper``."""
    drawn = [row | {"label": lines(row["label"])} for row in rows]
    order = [row["label"] for row in drawn]
    base = chart_of(drawn, "label", "value", "lower", "upper").encode(listed("label", order))
    whisker = base.mark_rule(strokeWidth=7, opacity=0.28, color=BLUE)
    whisker = whisker.encode(measured("lower", heads, null=null), x2=alt.X2("upper:Q"))
    point = base.mark_point(filled=True, size=100, opacity=1, color=BLUE)
    point = point.encode(measured("value", heads, null=null), tooltip=tips(heads, "label", digits=2))
    whiskers = [whisker] if has_intervals(rows) else []
    return finished([*level_line(null, alt.X), *whiskers, point], heads, height=listed_height(order))
