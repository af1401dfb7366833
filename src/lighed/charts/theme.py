"""What all charts share: words, axes, colours and shapes of the groups, and how a chart becomes a picture.

Every colour has at least 3:1 against white, and no two groups differ by colour alone: each has a shape of its own.
Ordered groups go from dark (worst-off) to light, groups without order take the categorical colours of the British
government's analysis function in their order.
"""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import altair as alt

from lighed.core.text import Lang, say
from lighed.core.types import UNKNOWN, Stratifier

INK, GREY, LINE, BLUE = "#1a1a1a", "#6A6C6D", "#DCDCDC", "#12436D"
IN_ORDER = {
    1: ["#12436D"],
    2: ["#12436D", "#5C95CB"],
    3: ["#12436D", "#376FA5", "#5C95CB"],
    4: ["#12436D", "#29608F", "#417DB4", "#5C95CB"],
    5: ["#12436D", "#235A8A", "#376FA5", "#4A83B9", "#5C95CB"],
}
CATEGORIES = ["#12436D", "#28A197", "#801650", "#F46A25", "#3D3D3D", "#A285D1"]
SHAPES = ["circle", "square", "diamond", "triangle-up", "triangle-down", "cross"]
FONT = "IBM Plex Sans, Arial, sans-serif"
WIDTH = 560
LETTERS = 30  # in a line of a label beside an axis: on a telephone there must be room for the chart
LOOK = {
    "font": FONT,
    "background": "white",
    "padding": {"left": 4, "right": 12, "top": 4, "bottom": 4},
    "view": {"stroke": None},
    "axis": {
        "labelFontSize": 13,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "labelColor": INK,
        "titleColor": INK,
        "gridColor": LINE,
        "domainColor": GREY,
        "tickColor": GREY,
        "labelLimit": 260,
    },
    "legend": {
        "labelFontSize": 13,
        "titleFontSize": 13,
        "labelLimit": 320,
        "symbolSize": 110,
        "labelColor": INK,
        "orient": "bottom",
        "columns": 2,
    },
    "title": {
        "fontSize": 15,
        "subtitleFontSize": 13,
        "color": INK,
        "subtitleColor": "#454545",
        "fontWeight": 600,
        "limit": 620,
    },
}

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Heads:
    """The words of a chart: its title, what it is of, the sentence that says it all, and what its axis measures."""

    title: str
    subtitle: str
    description: str
    axis: str
    lang: Lang


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart as a Vega-Lite specification, ready for a page or a picture."""

    spec: dict[str, Any]
    lang: Lang


def names(stratifier: Stratifier, lang: Lang) -> dict[str, str]:
    """Return what each level is called, the unknown one too."""
    return {level.id: level.title[lang] for level in stratifier.levels} | {UNKNOWN: say("word.Unknown", lang)}


def look(stratifier: Stratifier, shown: list[str]) -> tuple[list[str], list[str]]:
    """Return a colour and a shape for each shown level; the unknown one is grey."""
    size = len(stratifier.levels)
    colours = IN_ORDER[size] if stratifier.ordered and size in IN_ORDER else [CATEGORIES[k % 6] for k in range(size)]
    shapes = [SHAPES[(k + k // 6) % 6] for k in range(size)]  # more than six groups: no two have both alike
    of = dict(zip(stratifier.level_ids, zip(colours, shapes, strict=True), strict=True))
    chosen = [of.get(level, (GREY, "stroke")) for level in shown]
    return [colour for colour, _ in chosen], [shape for _, shape in chosen]


def levels_shown(stratifier: Stratifier, rows: Rows) -> list[str]:
    """Return the levels that have a value, in the order of the definition, the unknown one last."""
    present = {row["level"] for row in rows if row["value"] is not None}
    return [level for level in (*stratifier.level_ids, UNKNOWN) if level in present]


def chart_of(rows: Rows, *columns: str) -> Any:
    """Begin a chart with those columns of `rows`: whatever is given to a chart is written into the page."""
    return alt.Chart(alt.Data(values=[{name: row[name] for name in columns} for row in rows]))


def listed(field: str, order: list[str]) -> Any:
    """Return the axis of a list of names, the first on top, long names on several lines."""
    axis = alt.Axis(ticks=False, domain=False, labelPadding=8, labelExpr="split(datum.label, '\\n')")
    return alt.Y(f"{field}:N", sort=order, title=None, axis=axis)


def lines(text: str) -> str:
    """Break a name into lines that leave room for the chart beside it; a line break that it has stays."""
    return "\n".join(textwrap.fill(part, LETTERS) for part in text.split("\n"))


def listed_height(labels: list[str]) -> int:
    """Return the height of a list, in pixels: each line has room for the name with the most lines."""
    return len(labels) * (10 + 15 * max((1 + label.count("\n") for label in labels), default=1))


def measured(field: str, heads: Heads, *, null: float = 0.0, channel: Any = alt.X) -> Any:
    """Return the axis of a number: from zero, or, where 1 means no difference, logarithmic."""
    scale = alt.Scale(type="log", nice=False, padding=12) if null == 1.0 else alt.Scale(zero=True)
    return channel(f"{field}:Q", title=heads.axis, scale=scale, axis=alt.Axis(format=",.4~g", tickCount=6))


def tips(heads: Heads, *fields: str, digits: int = 1) -> list[Any]:
    """Return what is shown when a point is pointed at: names, and the value."""
    named = [alt.Tooltip(f"{field}:N", title="–") for field in fields]
    return [*named, alt.Tooltip("value:Q", format=f",.{digits}f", title=heads.axis)]


def level_line(value: float | None, channel: Any) -> list[Any]:
    """Return a dashed line at a value: no difference, or the average."""
    if value is None:
        return []
    return [chart_of([{"value": value}], "value").mark_rule(strokeDash=[4, 3], color=GREY).encode(channel("value:Q"))]


def has_intervals(rows: Rows) -> bool:
    """Return whether any row has an interval to draw."""
    return any(row["lower"] is not None for row in rows)


def known(rows: Rows) -> Rows:
    """Return the rows that have a value; the table beside a chart says why the others have none."""
    return [row for row in rows if row["value"] is not None]


def finished(layers: list[Any], heads: Heads, *, height: int) -> Drawn:
    """Lay the parts of a chart over each other, with the title in the picture and the look on it."""
    # alt.layer says the same, and copies every part of every layer a few times: half of the time of a page
    datasets: dict[str, Any] = {}
    spec = {
        "$schema": alt.SCHEMA_URL,
        "title": {"text": heads.title, "subtitle": heads.subtitle, "anchor": "start", "offset": 12},
        "description": heads.description,
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": LOOK,
        "layer": [
            layer.to_dict(validate=False, context={"top_level": False, "datasets": datasets}) for layer in layers
        ],
        "datasets": datasets,
    }
    return Drawn(spec, heads.lang)


@lru_cache(maxsize=512)
def _svg(spec: str, lang: Lang) -> str:
    import vl_convert  # loading it takes a second: only those who want a picture wait for it

    locale: Any = {"da": "da-DK", "en": "en-GB"}[lang]
    return str(vl_convert.vegalite_to_svg(spec, vl_version="6.4", format_locale=locale))


def svg(drawn: Drawn) -> str:
    """Draw a chart as SVG, without a browser; a picture has no page to fill, so it has a width of its own."""
    fixed = drawn.spec | {"width": WIDTH}
    return _svg(json.dumps(fixed, sort_keys=True), drawn.lang)
