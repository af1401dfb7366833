"""A list of gaps, largest first, each with its interval."""

from __future__ import annotations

from typing import Any

import altair as alt

from lighed.charts.theme import GREY, Drawn, data, finished
from lighed.core.text import Lang

COLOUR = "#12436D"


def ranking(
    rows: list[dict[str, Any]], *, null: float, title: str, subtitle: str, description: str, axis: str, lang: Lang
) -> Drawn:
    """Draw a point and its interval for each row, in the order given; `rows` have ``label, value, lower, upper``."""
    order = [row["label"] for row in rows]
    drawn = [{k: row[k] for k in ("label", "value", "lower", "upper")} for row in rows]
    scale = alt.Scale(type="log", nice=False, padding=12) if null == 1.0 else alt.Scale(zero=True)
    axes = alt.Axis(format=",.4~g", tickCount=6)
    base = alt.Chart(data(drawn)).encode(
        y=alt.Y("label:N", sort=order, title=None, axis=alt.Axis(ticks=False, domain=False))
    )
    x = alt.X("value:Q", title=axis, scale=scale, axis=axes)
    whisker = base.mark_rule(strokeWidth=7, opacity=0.28, color=COLOUR).encode(
        x=alt.X("lower:Q", title=axis, scale=scale, axis=axes), x2="upper:Q"
    )
    point = base.mark_point(filled=True, size=100, opacity=1, color=COLOUR).encode(
        x=x, tooltip=[alt.Tooltip("label:N", title="–"), alt.Tooltip("value:Q", format=",.2f", title=axis)]
    )
    none = (
        alt.Chart(data([{"value": null}]))
        .mark_rule(strokeDash=[4, 3], color=GREY)
        .encode(x=alt.X("value:Q", scale=scale))
    )
    chart = alt.layer(none, whisker, point).properties(width="container", height=alt.Step(30))
    return finished(chart, title=title, subtitle=subtitle, description=description, lang=lang)
