"""Stacked bars: where the persons of each group stand, each state with its number in the bar and in the legend."""

from __future__ import annotations

import altair as alt

from lighed.charts.theme import CATEGORIES, GREY, LINE, Drawn, Heads, Rows, chart_of, finished, known, lines, listed

COLOURS = [*CATEGORIES, GREY, "#5C95CB", "#7A5C00", "#B10E1E"]
NARROWEST = 6  # per cent: a narrower part has no room for its number
ROW = 44
ROUNDING = 1e-6  # of a sum of per cents


def states(rows: Rows, groups: list[str], order: list[str], heads: Heads, *, hidden: str) -> Drawn:
    """Draw a bar of 100 per cent for each group, divided among the states in their order.

    `rows` have ``group, state, value``; each name of a state begins with its number. What is left of a bar is `hidden`,
    light and without a number.
    """
    left = {group: 100.0 - sum(row["value"] for row in known(rows) if row["group"] == group) for group in groups}
    rest = [{"group": group, "state": hidden, "value": part} for group, part in left.items() if part > ROUNDING]
    rows, order = [*rows, *rest], [*order, *([hidden] if rest else [])]
    colours = [*COLOURS[: len(order) - bool(rest)], *([LINE] if rest else [])]
    labels = [lines(group) for group in groups]
    called = dict(zip(groups, labels, strict=True))
    parts, reached = [], dict.fromkeys(groups, 0.0)
    for row in sorted(known(rows), key=lambda row: order.index(row["state"])):
        start = reached[row["group"]]
        reached[row["group"]] = start + row["value"]
        number = row["state"].split()[0] if row["value"] >= NARROWEST and row["state"] != hidden else ""
        part = {"group": called[row["group"]], "state": row["state"], "value": row["value"], "number": number}
        parts.append(part | {"from": start, "to": start + row["value"], "middle": start + row["value"] / 2})
    base = chart_of(parts, "group", "state", "value", "number", "from", "to", "middle").encode(listed("group", labels))
    scale = alt.Scale(domain=[0, 100])
    bar = base.mark_bar(stroke="white", strokeWidth=1.5, height={"band": 0.75}).encode(
        x=alt.X("from:Q", title=heads.axis, scale=scale),
        x2=alt.X2("to:Q"),
        color=alt.Color("state:N", sort=order, title=None, scale=alt.Scale(domain=order, range=colours)),
        tooltip=[alt.Tooltip(f"{name}:N", title="–") for name in ("group", "state")]
        + [alt.Tooltip("value:Q", format=",.1f", title=heads.axis)],
    )
    number = base.mark_text(color="white", fontSize=13, fontWeight=600).encode(x=alt.X("middle:Q"), text="number:N")
    return finished([bar, number], heads, height=ROW * len(labels))
