"""Bars with intervals: the groups of one period, for those who have not met an equiplot."""

from __future__ import annotations

from typing import Any

import altair as alt

from lighed.charts.theme import INK, Drawn, data, finished, levels_shown, palette
from lighed.core.text import Lang
from lighed.core.types import UNKNOWN, Stratifier


def bars(
    rows: list[dict[str, Any]],
    stratifier: Stratifier,
    *,
    average: float | None,
    title: str,
    subtitle: str,
    description: str,
    axis: str,
    lang: Lang,
) -> Drawn:
    """Draw a bar from zero for each group, its interval, and the average as a dashed line.

    `rows` have ``level, value, lower, upper``.
    """
    names = {level.id: level.title[lang] for level in stratifier.levels}
    names[UNKNOWN] = {"da": "Uoplyst", "en": "Unknown"}[lang]
    order = [names[level] for level in levels_shown(stratifier, rows)]
    drawn = [
        {"group": names[row["level"]], "value": row["value"], "lower": row["lower"], "upper": row["upper"]}
        for row in rows
        if row["value"] is not None
    ]
    colours = [*palette(stratifier)[0]]
    base = alt.Chart(data(drawn)).encode(
        y=alt.Y("group:N", sort=order, title=None, axis=alt.Axis(ticks=False, domain=False))
    )
    x = alt.X("value:Q", title=axis, scale=alt.Scale(zero=True), axis=alt.Axis(format=",.4~g"))
    tooltip = [alt.Tooltip("group:N", title="–"), alt.Tooltip("value:Q", format=",.1f", title=axis)]
    bar = base.mark_bar(height={"band": 0.62}).encode(
        x=x,
        color=alt.Color("group:N", sort=order, legend=None, scale=alt.Scale(domain=order, range=colours[: len(order)])),
        tooltip=tooltip,
    )
    whisker = base.mark_rule(strokeWidth=2, color=INK).encode(x="lower:Q", x2="upper:Q")
    layers = [bar, whisker] if any(row["lower"] is not None for row in drawn) else [bar]
    if average is not None:
        mean = alt.Chart(data([{"value": average}])).mark_rule(strokeDash=[4, 3], color=INK).encode(x="value:Q")
        layers.append(mean)
    chart = alt.layer(*layers).properties(width="container", height=alt.Step(38))
    return finished(chart, title=title, subtitle=subtitle, description=description, lang=lang)
