"""A gap over time: one measure with its interval, and the value that means no inequality."""

from __future__ import annotations

from typing import Any

import altair as alt

from lighed.charts.theme import GREY, Drawn, data, finished
from lighed.core.text import Lang

COLOUR = "#12436D"


def gap(
    rows: list[dict[str, Any]], *, null: float, title: str, subtitle: str, description: str, axis: str, lang: Lang
) -> Drawn:
    """Draw a measure over the periods; a ratio (null 1) stands on a logarithmic axis.

    `rows` have ``period, value, lower, upper``.
    """
    drawn = [{k: row[k] for k in ("period", "value", "lower", "upper")} for row in rows if row["value"] is not None]
    base = alt.Chart(data(drawn)).encode(
        x=alt.X("period:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True))
    )
    scale = alt.Scale(type="log", nice=False, padding=12) if null == 1.0 else alt.Scale(zero=True)
    axes = alt.Axis(format=",.4~g", tickCount=6)
    y = alt.Y("value:Q", title=axis, scale=scale, axis=axes)
    band = base.mark_rule(strokeWidth=9, opacity=0.25, color=COLOUR).encode(
        y=alt.Y("lower:Q", scale=scale, title=axis, axis=axes), y2="upper:Q"
    )
    line = base.mark_line(color=COLOUR, strokeWidth=2).encode(y=y)
    point = base.mark_point(filled=True, size=90, opacity=1, color=COLOUR).encode(
        y=y, tooltip=[alt.Tooltip("period:O", title="–"), alt.Tooltip("value:Q", format=",.2f", title=axis)]
    )
    none = (
        alt.Chart(data([{"value": null}]))
        .mark_rule(strokeDash=[4, 3], color=GREY)
        .encode(y=alt.Y("value:Q", scale=scale))
    )
    bands = [band] if any(row["lower"] is not None for row in drawn) else []
    chart = alt.layer(none, *bands, line, point).properties(width="container", height=220)
    return finished(chart, title=title, subtitle=subtitle, description=description, lang=lang)
