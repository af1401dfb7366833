"""What the ``method`` of a row says, in words."""

from __future__ import annotations

from lighed.report.view import View

# The beginning of each part of a method, and the text that explains it. The first that fits is taken.
BEGINNINGS = (
    ("wilson", "wilson"),
    ("byar", "byar"),
    ("student t", "student"),
    ("normal", "normal"),
    ("dobson", "dobson"),
    ("effective n", "effective"),
    ("weighted", "weighted"),
    ("direct", "direct"),
    ("delta on the log", "delta_log"),
    ("delta", "delta"),
    ("residual", "residual"),
    ("standardised to", "standardised"),
    ("against", "against"),
    ("extremes", "extremes"),
    ("without interval", "without"),
    ("population-weighted", "mean"),
    ("independent", "independent"),
    ("same ", "same"),
    ("count", "count"),
)


def explained(method: str, view: View) -> str:
    """Write a method out: ``delta on the log scale, standardised to esp_2013`` as a reader would say it."""
    if method.startswith("published: "):
        return view.say("method.published", detail=method.removeprefix("published: "))
    parts = [part for part in method.split(", ") if part != "covariance left out"]
    return "; ".join(dict.fromkeys(_part(part, view) for part in parts if part))


def _part(part: str, view: View) -> str:
    if part in view.catalogue.standards:
        return view.say("method.standard", detail=view.catalogue.standards[part].title[view.lang])
    name = next((text for beginning, text in BEGINNINGS if part.startswith(beginning)), None)
    return view.say(f"method.{name}", detail=part.removeprefix("residual ")) if name else part
