"""What the ``method`` of a row says, in words."""

from __future__ import annotations

import re
from collections import Counter

from lighed.report.view import View

PUBLISHED = "published: "

# The beginning of each part of a method, and the text that explains it. The first that fits is taken.
BEGINNINGS = (
    ("wilson", "wilson"),
    ("byar", "byar"),
    ("student t", "student"),
    ("normal", "normal"),
    ("dobson", "dobson"),
    ("effective n", "effective"),
    ("weighted", "weighted"),
    ("delta on the log", "delta_log"),
    ("delta", "delta"),
    ("against", "against"),
    ("extremes", "extremes"),
    ("without interval", "without"),
    ("population-weighted", "mean"),
    ("independent", "independent"),
    ("same ", "same"),
    ("count", "count"),
)


def all_explained(methods: list[str], view: View) -> list[str]:
    """Write out the methods of many rows, each once; published sources that differ by their year alone are one."""
    latest = {re.sub(r"\d{4}", "", method) if method.startswith(PUBLISHED) else method: method for method in methods}
    alike = Counter(re.sub(r"\d{4}", "", method) for method in set(methods) if method.startswith(PUBLISHED))
    written = dict[str, None]()
    for key, method in latest.items():
        others = view.say("method.other_years") if alike[key] > 1 else ""
        written[explained(method, view) + others] = None
    return list(written)


def explained(method: str, view: View) -> str:
    """Write a method out: ``delta on the log scale, standardised to esp_2013`` as a reader would say it."""
    if method.startswith(PUBLISHED):
        return view.say("method.published", detail=method.removeprefix(PUBLISHED))
    parts = [part for part in method.split(", ") if part != "covariance left out"]
    return "; ".join(dict.fromkeys(_part(part, view) for part in parts if part))


def _part(part: str, view: View) -> str:
    way, _, standard = part.partition(" to ")
    if standard in view.catalogue.standards:
        return view.say(f"method.{way}", detail=view.catalogue.standards[standard].title[view.lang])
    residual = re.fullmatch(r"residual t\((\d+)\)(?: over (\d+) municipalities)?", part)
    if residual:
        return view.say("method.residual", degrees=residual[1], count=int(residual[1]) + 2)
    name = next((text for beginning, text in BEGINNINGS if part.startswith(beginning)), None)
    return view.say(f"method.{name}", detail=part) if name else part
