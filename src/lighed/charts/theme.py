"""What all charts share: colours and shapes of the groups, letters, number formats, and how a chart becomes a picture.

Every colour has at least 3:1 against white, and no two groups differ by colour alone: each has a shape of its own.
Ordered groups go from dark (worst-off) to light, groups without order take the categorical colours of the British
government's analysis function in their order.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import altair as alt

from lighed.core.text import Lang
from lighed.core.types import UNKNOWN, Stratifier

INK, GREY, LINE = "#1a1a1a", "#6A6C6D", "#DCDCDC"
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

FORMAT_LOCALE: dict[Lang, dict[str, Any]] = {
    "da": {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", " kr."], "minus": "−"},
    "en": {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["£", ""], "minus": "−"},
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart as a Vega-Lite specification, ready for a page or a picture."""

    spec: dict[str, Any]
    lang: Lang


def palette(stratifier: Stratifier) -> tuple[list[str], list[str]]:
    """Return a colour and a shape for each level, and for the unknown one."""
    size = len(stratifier.levels)
    colours = IN_ORDER[size] if stratifier.ordered and size in IN_ORDER else [CATEGORIES[k % 6] for k in range(size)]
    return [*colours, GREY], [*(SHAPES[k % 6] for k in range(size)), "stroke"]


def levels_shown(stratifier: Stratifier, rows: list[dict[str, Any]]) -> list[str]:
    """Return the levels that occur, in the order of the definition, the unknown one last."""
    present = {row["level"] for row in rows}
    return [level for level in (*stratifier.level_ids, UNKNOWN) if level in present]


def data(rows: list[dict[str, Any]]) -> Any:
    """Give rows to a chart: only the columns that it draws, for whatever is given is written into the page."""
    return alt.Data(values=rows)


def finished(chart: Any, *, title: str, subtitle: str, description: str, lang: Lang) -> Drawn:
    """Put the title into the picture and the look on it."""
    fit = alt.AutoSizeParams(type="fit-x", contains="padding")
    made = chart.properties(
        autosize=fit,
        title=alt.TitleParams(title, subtitle=subtitle, anchor="start", offset=12),
        description=description,
    )
    made = made.configure(font=FONT, background="white", padding={"left": 4, "right": 12, "top": 4, "bottom": 4})
    made = made.configure_view(stroke=None)
    made = made.configure_axis(
        labelFontSize=13,
        titleFontSize=13,
        titleFontWeight="normal",
        labelColor=INK,
        titleColor=INK,
        gridColor=LINE,
        domainColor=GREY,
        tickColor=GREY,
        labelLimit=260,
    )
    made = made.configure_legend(
        labelFontSize=13, titleFontSize=13, labelLimit=320, symbolSize=110, labelColor=INK, orient="bottom", columns=2
    )
    made = made.configure_title(
        fontSize=15, subtitleFontSize=13, color=INK, subtitleColor="#454545", fontWeight=600, limit=620
    )
    return Drawn(made.to_dict(validate=False), lang)


@lru_cache(maxsize=512)
def _svg(spec: str, lang: Lang) -> str:
    import vl_convert  # loading it takes a second: only those who want a picture wait for it

    locale: Any = {"da": "da-DK", "en": "en-GB"}[lang]
    return str(vl_convert.vegalite_to_svg(spec, vl_version="6.4", format_locale=locale))


def svg(drawn: Drawn) -> str:
    """Draw a chart as SVG, without a browser."""
    fixed = json.dumps(_with_width(drawn.spec), sort_keys=True)
    return _svg(fixed, drawn.lang)


def _with_width(spec: dict[str, Any]) -> dict[str, Any]:
    """A picture has no page to fill, so what is as wide as its container gets a width of its own."""
    return {key: WIDTH if key == "width" and value == "container" else value for key, value in spec.items()}
