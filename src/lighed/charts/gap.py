"""A gap over time: one measure with its interval, and the value that means no inequality."""

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
    known,
    level_line,
    measured,
    tips,
)


def gap(rows: Rows, heads: Heads, *, null: float) -> Drawn:
    """Draw a measure over the periods; a ratio (null 1) stands on a logarithmic axis.

    `rows` have ``period, value, lower, upper``.
    """
    period = alt.X("period:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True))
    base = chart_of(known(rows), "period", "value", "lower", "upper").encode(period)
    band = base.mark_rule(strokeWidth=9, opacity=0.25, color=BLUE)
    band = band.encode(measured("lower", heads, null=null, channel=alt.Y), y2=alt.Y2("upper:Q"))
    value = measured("value", heads, null=null, channel=alt.Y)
    line = base.mark_line(color=BLUE, strokeWidth=2).encode(value)
    point = base.mark_point(filled=True, size=90, opacity=1, color=BLUE)
    point = point.encode(value, tooltip=tips(heads, "period", digits=2))
    bands = [band] if has_intervals(rows) else []
    return finished([*level_line(null, alt.Y), *bands, line, point], heads, height=220)
