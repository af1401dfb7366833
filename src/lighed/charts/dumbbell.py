"""Pairs of groups: one line per indicator, a point for the worst-off and one for the best-off."""

from __future__ import annotations

from typing import Any

import altair as alt

from lighed.charts.theme import LINE, Drawn, data, finished
from lighed.core.text import Lang

ENDS = ["#12436D", "#F46A25"]


def dumbbell(
    rows: list[dict[str, Any]],
    *,
    names: tuple[str, str],
    title: str,
    subtitle: str,
    description: str,
    axis: str,
    lang: Lang,
) -> Drawn:
    """Draw each line's two ends; `rows` have ``label, end`` (0 worst-off, 1 best-off), ``value, group``."""
    order = list(dict.fromkeys(row["label"] for row in rows))
    drawn = [
        {"label": row["label"], "end": names[row["end"]], "value": row["value"], "group": row["group"]} for row in rows
    ]
    y = alt.Y("label:N", sort=order, title=None, axis=alt.Axis(ticks=False, domain=False))
    x = alt.X("value:Q", title=axis, scale=alt.Scale(zero=True), axis=alt.Axis(format=",.4~g"))
    base = alt.Chart(data(drawn)).encode(y=y)
    line = base.mark_rule(color=LINE, strokeWidth=6).encode(x=alt.X("min(value):Q", title=axis), x2="max(value):Q")
    point = base.mark_point(filled=True, size=110, opacity=1).encode(
        x=x,
        color=alt.Color("end:N", title=None, sort=list(names), scale=alt.Scale(domain=list(names), range=ENDS)),
        shape=alt.Shape(
            "end:N", title=None, sort=list(names), scale=alt.Scale(domain=list(names), range=["circle", "diamond"])
        ),
        tooltip=[alt.Tooltip("group:N", title="–"), alt.Tooltip("value:Q", format=",.1f", title=axis)],
    )
    chart = alt.layer(line, point).properties(width="container", height=alt.Step(26))
    return finished(chart, title=title, subtitle=subtitle, description=description, lang=lang)
