"""Funnel plot: each unit by its number of persons, between the limits that chance and the common differences allow."""

from __future__ import annotations

from typing import Any

import altair as alt

from lighed.charts.theme import BLUE, GREY, Drawn, Heads, Rows, chart_of, finished, level_line, tips

OUTSIDE = "#F46A25"


def funnel(rows: Rows, heads: Heads, *, across: str, places: tuple[str, str]) -> Drawn:
    """Draw the units, those outside the outer limits with their names; `places` are the words for inside and outside.

    `rows` have ``name, place`` (one of `places`), ``n, value, mean`` and the limits ``inner_lower, inner_upper,
    outer_lower, outer_upper`` at the unit's `n`.
    """
    limits = [f"{limit}_{end}" for limit in ("inner", "outer") for end in ("lower", "upper")]
    drawn = sorted(rows, key=lambda row: row["n"])
    base = chart_of(drawn, "name", "place", "n", "value", *limits)
    base = base.encode(alt.X("n:Q", title=across, scale=alt.Scale(zero=True), axis=alt.Axis(grid=False)))
    colour = alt.Color("place:N", title=None, scale=alt.Scale(domain=list(places), range=[BLUE, OUTSIDE]))
    shape = alt.Shape("place:N", title=None, scale=alt.Scale(domain=list(places), range=["circle", "diamond"]))
    y = alt.Y("value:Q", title=heads.axis, axis=alt.Axis(format=",.4~g"), scale=alt.Scale(zero=False, padding=14))
    point = base.mark_point(filled=True, size=90, opacity=1).encode(
        y, color=colour, shape=shape, tooltip=tips(heads, "name")
    )
    outside = base.transform_filter(alt.datum.place == places[1])
    named = outside.mark_text(align=_towards_middle("'right'", "'left'"), dx=_towards_middle("-10", "10"), fontSize=12)
    named = named.encode(y, text="name:N")
    mean = level_line(drawn[0]["mean"] if drawn else None, alt.Y)
    return finished([*mean, *(_limit(base, limit, heads) for limit in limits), point, named], heads, height=340)


def _towards_middle(large: str, small: str) -> Any:
    """Say which of two a unit has by the half of the axis that it lies in: its name has room on the other side."""
    return alt.expr(f"datum.n > domain('x')[1] / 2 ? {large} : {small}")


def _limit(base: Any, limit: str, heads: Heads) -> Any:
    dash = [6, 3] if limit.startswith("inner") else [1, 0]
    line = base.mark_line(color=GREY, strokeWidth=1.2, strokeDash=dash, interpolate="monotone")
    return line.encode(alt.Y(f"{limit}:Q", title=heads.axis))
