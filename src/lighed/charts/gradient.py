"""Many ordered groups (98 municipalities) of one period: a point each, from the worst-off to the best-off."""

from __future__ import annotations

from typing import Any

import altair as alt

from lighed.charts.theme import GREY, INK, Drawn, data, finished
from lighed.core.text import Lang
from lighed.core.types import Stratifier

COLOUR = "#12436D"
NAMED = 3  # at either end of the values: the rest are in the table


def gradient(
    rows: list[dict[str, Any]],
    stratifier: Stratifier,
    *,
    average: float | None,
    ends: tuple[str, str],
    title: str,
    subtitle: str,
    description: str,
    axis: str,
    lang: Lang,
) -> Drawn:
    """Draw the groups in their order with the average as a dashed line; the highest and the lowest are named.

    `rows` have ``level, value``.
    """
    place = {level.id: k + 1 for k, level in enumerate(stratifier.levels)}
    names = {level.id: level.title[lang] for level in stratifier.levels}
    known = sorted(
        (row for row in rows if row["value"] is not None and row["level"] in place), key=lambda row: row["value"]
    )
    named = {row["level"] for row in (*known[:NAMED], *known[-NAMED:])}
    drawn = [
        {
            "place": place[row["level"]],
            "name": names[row["level"]],
            "value": row["value"],
            "label": names[row["level"]] if row["level"] in named else "",
        }
        for row in known
    ]
    x = alt.X(
        "place:Q",
        title=f"← {ends[0]} … {ends[1]} →",
        scale=alt.Scale(domain=[0, len(place) + 1], nice=False),
        axis=alt.Axis(labels=False, ticks=False, grid=False),
    )
    y = alt.Y("value:Q", title=axis, scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(format=",.4~g"))
    base = alt.Chart(data(drawn)).encode(x=x, y=y)
    point = base.mark_point(filled=True, size=60, opacity=0.85, color=COLOUR).encode(
        tooltip=[alt.Tooltip("name:N", title="–"), alt.Tooltip("value:Q", format=",.1f", title=axis)]
    )
    text = base.mark_text(dy=-9, fontSize=12, color=INK).encode(text="label:N")
    layers = [point, text]
    if average is not None:
        layers.insert(
            0,
            alt.Chart(data([{"value": average}]))
            .mark_rule(strokeDash=[4, 3], color=GREY)
            .encode(y=alt.Y("value:Q", title=axis)),
        )
    chart = alt.layer(*layers).properties(width="container", height=320)
    return finished(chart, title=title, subtitle=subtitle, description=description, lang=lang)
