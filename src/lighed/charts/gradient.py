"""Many ordered groups (98 municipalities) of one period: a point each, from the worst-off to the best-off."""

from __future__ import annotations

import altair as alt

from lighed.charts.theme import BLUE, INK, Drawn, Heads, Rows, chart_of, finished, known, level_line, names, tips
from lighed.core.types import Stratifier

NAMED = 3  # at either end of the values: the rest are in the table


def gradient(
    rows: Rows, stratifier: Stratifier, heads: Heads, *, average: float | None, ends: tuple[str, str]
) -> Drawn:
    """Draw the groups in their order with the average as a dashed line; the highest and the lowest are named.

    `rows` have ``level, value``; `ends` are what stands at either end of the line.
    """
    place = {level: k + 1 for k, level in enumerate(stratifier.level_ids)}
    called = names(stratifier, heads.lang)
    ranked = sorted((row for row in known(rows) if row["level"] in place), key=lambda row: row["value"])
    named = {row["level"] for row in (*ranked[:NAMED], *ranked[-NAMED:])}
    drawn = [
        {"place": place[row["level"]], "name": called[row["level"]], "value": row["value"]}
        | {"label": called[row["level"]] if row["level"] in named else ""}
        for row in ranked
    ]
    x = alt.X(
        "place:Q",
        title=f"← {ends[0]} … {ends[1]} →",
        scale=alt.Scale(domain=[0, len(place) + 1], nice=False),
        axis=alt.Axis(labels=False, ticks=False, grid=False),
    )
    y = alt.Y("value:Q", title=heads.axis, scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(format=",.4~g"))
    base = chart_of(drawn, "place", "name", "value", "label").encode(x, y)
    point = base.mark_point(filled=True, size=60, opacity=0.85, color=BLUE).encode(tooltip=tips(heads, "name"))
    text = base.mark_text(dy=-9, fontSize=12, color=INK).encode(text=alt.Text("label:N"))
    return finished([*level_line(average, alt.Y), point, text], heads, height=320)
