"""Equiplot: a row per period (or area), a point per group, the distance between them drawn as a line."""

from __future__ import annotations

from typing import Any

import altair as alt

from lighed.charts.theme import GREY, LINE, Drawn, data, finished, levels_shown, palette
from lighed.core.text import Lang
from lighed.core.types import UNKNOWN, Stratifier


def equiplot(
    rows: list[dict[str, Any]],
    stratifier: Stratifier,
    *,
    title: str,
    subtitle: str,
    description: str,
    axis: str,
    lang: Lang,
) -> Drawn:
    """Draw the groups of each period with their intervals; ordered groups stand from dark (worst-off) to light.

    `rows` have ``row`` (the label of the line), ``level, value, lower, upper``; rows without a value are left out and
    say so in the table beside.
    """
    shown = levels_shown(stratifier, [row for row in rows if row["value"] is not None])
    names = {level.id: level.title[lang] for level in stratifier.levels}
    names[UNKNOWN] = {"da": "Uoplyst", "en": "Unknown"}[lang]
    order = [names[level] for level in shown]
    drawn = [
        {
            "row": row["row"],
            "group": names[row["level"]],
            "value": row["value"],
            "lower": row["lower"],
            "upper": row["upper"],
        }
        for row in rows
        if row["value"] is not None
    ]
    lines = list(dict.fromkeys(row["row"] for row in rows))
    colours, shapes = (some[: len(stratifier.levels)] for some in palette(stratifier))
    colours, shapes = _with_unknown(colours, shapes, shown)
    y = alt.Y("row:N", sort=lines, title=None, axis=alt.Axis(ticks=False, domain=False, labelPadding=8))
    x = alt.X("value:Q", title=axis, scale=alt.Scale(zero=True, nice=True), axis=alt.Axis(format=",.4~g"))
    base = alt.Chart(data(drawn)).encode(y=y)
    connector = base.mark_rule(color=LINE, strokeWidth=6).encode(x=alt.X("min(value):Q", title=axis), x2="max(value):Q")
    offset = alt.YOffset("group:N", sort=order, scale=alt.Scale(paddingOuter=0.9))
    colour = alt.Color("group:N", sort=order, title=None, scale=alt.Scale(domain=order, range=colours))
    whisker = base.mark_rule(strokeWidth=1.5).encode(x="lower:Q", x2="upper:Q", yOffset=offset, color=colour)
    tooltip = [
        alt.Tooltip("row:N", title="–"),
        alt.Tooltip("group:N", title="–"),
        alt.Tooltip("value:Q", format=",.1f", title=axis),
    ]
    point = base.mark_point(filled=True, size=110, opacity=1, stroke="white", strokeWidth=0.5).encode(
        x=x,
        yOffset=offset,
        color=colour,
        tooltip=tooltip,
        shape=alt.Shape("group:N", sort=order, title=None, scale=alt.Scale(domain=order, range=shapes)),
    )
    whiskers = [whisker] if any(row["lower"] is not None for row in drawn) else []
    chart = alt.layer(connector, *whiskers, point).properties(width="container", height={"step": 46, "for": "position"})
    return finished(chart, title=title, subtitle=subtitle, description=description, lang=lang)


def _with_unknown(colours: list[str], shapes: list[str], shown: list[str]) -> tuple[list[str], list[str]]:
    return ([*colours, GREY], [*shapes, "cross"]) if UNKNOWN in shown else (colours, shapes)
