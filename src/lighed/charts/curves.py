"""Curves: a line for each group, or each way of doing a thing, along something that is counted or chosen."""

from __future__ import annotations

import altair as alt

from lighed.charts.theme import CATEGORIES, SHAPES, Drawn, Heads, Rows, chart_of, finished, has_intervals, known, tips

Look = tuple[list[str], list[str]]  # a colour and a shape for each curve


def curves(rows: Rows, order: list[str], heads: Heads, *, across: str, drawn: Look | None = None) -> Drawn:
    """Draw a line with points and intervals for each of `order`; `across` is what the horizontal axis counts.

    `rows` have ``curve, at, value, lower, upper``; a row without a value is a gap in its line. Without `drawn` the
    curves take the colours of groups that have no order.
    """
    colours, shapes = drawn or (CATEGORIES[: len(order)], SHAPES[: len(order)])
    x = alt.X("at:Q", title=across, scale=alt.Scale(nice=False, padding=14), axis=alt.Axis(grid=False, tickMinStep=1))
    colour = alt.Color("curve:N", sort=order, title=None, scale=alt.Scale(domain=order, range=colours))
    shape = alt.Shape("curve:N", sort=order, title=None, scale=alt.Scale(domain=order, range=shapes))
    base = chart_of(known(rows), "curve", "at", "value", "lower", "upper").encode(x, color=colour)
    y = alt.Y("value:Q", title=heads.axis, axis=alt.Axis(format=",.4~g"))
    whisker = base.mark_rule(strokeWidth=1.5, opacity=0.55).encode(alt.Y("lower:Q", title=heads.axis), y2="upper:Q")
    line = base.mark_line(strokeWidth=2).encode(y)
    point = base.mark_point(filled=True, size=70, opacity=1).encode(y, shape=shape, tooltip=tips(heads, "curve", "at"))
    return finished([*([whisker] if has_intervals(known(rows)) else []), line, point], heads, height=300)
