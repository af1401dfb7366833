"""Flow: the steps of a pathway as boxes, and how large a part goes on from one to the next as lines between them."""

from __future__ import annotations

import textwrap

import altair as alt

from lighed.charts.theme import BLUE, INK, Drawn, Heads, Rows, chart_of, finished

ROW, LETTERS = 92, 34  # the height of a step, and the letters in a line of its name


def flow(rows: Rows, heads: Heads) -> Drawn:
    """Draw the steps below each other, each as far to the right as steps come before it.

    `rows` have ``name, count, depth, place, from_depth, from_place, share`` (in percent; nothing where the pathway
    begins or it is hidden) and ``told``, the share in words.
    """
    drawn = [row | {"lines": textwrap.wrap(row["name"], LETTERS)[:2]} for row in rows]
    columns = ("lines", "count", "depth", "place", "from_depth", "from_place", "share", "told")
    base, last = chart_of(drawn, *columns), max(row["place"] for row in rows)
    deepest = max(row["depth"] for row in rows)
    right = alt.Scale(domain=[-0.5, deepest + 1.6])
    below = alt.Scale(domain=[-0.5, last + 0.5], reverse=True)
    x, y = alt.X("depth:Q", axis=None, scale=right), alt.Y("place:Q", axis=None, scale=below)
    start = alt.X("from_depth:Q", axis=None, scale=right), alt.Y("from_place:Q", axis=None, scale=below)
    width = alt.StrokeWidth("share:Q", scale=alt.Scale(domain=[0, 100], range=[1, 16]), legend=None)
    way = base.transform_filter("isValid(datum.from_place)")
    down = way.mark_rule(color=BLUE, opacity=0.45).encode(*start, y2="place:Q", strokeWidth=width)
    across = way.mark_rule(color=BLUE, opacity=0.45).encode(start[0], y, x2="depth:Q", strokeWidth=width)
    box = base.mark_point(shape="square", filled=True, size=260, color=BLUE, opacity=1).encode(x, y)
    name = base.mark_text(align="left", dx=16, dy=-8, fontSize=13, fontWeight=600, color=INK).encode(
        x, y, text="lines:N"
    )
    told = base.mark_text(align="left", dx=16, dy=26, fontSize=12, color=INK).encode(x, y, text="told:N")
    return finished([down, across, box, name, told], heads, height=ROW * (last + 1))
