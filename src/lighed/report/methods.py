"""What the ``method`` of a row says, in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from lighed.core.text import Lang, number, say
from lighed.core.types import Standard
from lighed.report.view import View

PUBLISHED = "published: "

# The beginning of each part of a method, and the text that explains it. The first that fits is taken.
BEGINNINGS = (
    ("wilson", "wilson"),
    ("byar", "byar"),
    ("student t", "student"),
    ("chiang", "chiang"),
    ("normal", "normal"),
    ("dobson", "dobson"),
    ("effective n", "effective"),
    ("weighted", "weighted"),
    ("delta on the log", "delta_log"),
    ("delta (marubini-valsecchi) on the log", "marubini_log"),
    ("delta (marubini-valsecchi)", "marubini"),
    ("delta", "delta"),
    ("fieller", "fieller"),
    ("score", "score"),
    ("moments", "moments"),
    ("drawn to 0", "drawn_to_0"),
    ("drawn to the group's mean of senders", "drawn_to_senders"),
    ("drawn to the group", "drawn_to_group"),
    ("against", "against"),
    ("extremes", "extremes"),
    ("without interval", "without"),
    ("groups counted alike", "alike"),
    ("population-weighted", "mean"),
    ("independent persons", "persons"),
    ("independent", "independent"),
    ("same ", "same"),
    ("covariance left out", "covariance_left_out"),
    ("with covariance", "with_covariance"),
    ("count", "count"),
    ("delong", "delong"),
    ("logistic", "logistic"),
    ("newcombe", "newcombe"),
    ("net benefit", "net_benefit"),
    ("expected by points", "expected_by_points"),
    ("trial", "trial"),
    ("before_after", "before_after"),
    ("difference_in_differences ratio", "differences_ratio"),
    ("difference_in_differences", "differences"),
    ("staggered not yet", "staggered_not_yet"),
    ("staggered", "staggered"),
    ("interrupted", "interrupted"),
    ("clustered", "clustered"),
    ("regression on need", "need"),
    ("rows", "rows"),
    ("rounded counts", "rounded_counts"),
    ("rounded", "rounded"),
    ("mean over correlations", "correlations"),
    ("aalen-johansen", "aalen_johansen"),
    ("log-log", "log_log"),
    ("restricted mean", "restricted_mean"),
    ("median of those there", "median_of_those_there"),
    ("shapley", "shapley"),
    ("logarithms", "logarithms"),
    ("kitagawa", "kitagawa"),
    ("ederer 2", "ederer"),
    ("rates of the same group", "rates_of_group"),
    ("organisations", "organisations"),
)


def all_explained(methods: list[str], view: View) -> list[str]:
    """Write out the methods of many rows, each once; published sources that differ by their year alone are one."""
    latest = {re.sub(r"\d{4}", "", method) if method.startswith(PUBLISHED) else method: method for method in methods}
    alike = Counter(re.sub(r"\d{4}", "", method) for method in set(methods) if method.startswith(PUBLISHED))
    written = dict[str, None]()
    for key, method in latest.items():
        others = view.say("method.other_years") if alike[key] > 1 else ""
        written[explained(method, view.lang, view.catalogue.standards) + others] = None
    return list(written)


def explained(method: str, lang: Lang, standards: Mapping[str, Standard]) -> str:
    """Write a method out: ``delta on the log scale, standardised to esp_2013`` as a reader would say it.

    Examples
    --------
    >>> explained("delta on the log scale, groups counted alike", "en", {})
    'interval by the delta method on the log scale; the groups count alike, for not all have a population'
    """
    if method.startswith(PUBLISHED):
        return say("method.published", lang, detail=method.removeprefix(PUBLISHED))
    return "; ".join(dict.fromkeys(_part(part, lang, standards) for part in method.split(", ") if part))


def _part(part: str, lang: Lang, standards: Mapping[str, Standard]) -> str:
    way, _, standard = part.partition(" to ")
    if standard in standards:
        return say(f"method.{way}", lang, detail=standards[standard].title[lang])
    residual = re.fullmatch(r"residual t\((\d+)\)(?: over (\d+) municipalities)?", part)
    if residual:
        return say("method.residual", lang, degrees=residual[1], count=int(residual[1]) + 2)
    test = re.fullmatch(r"(chi-square|chi-bar-square)\((\d+)\)", part)
    if test:
        return say(f"method.{test[1]}", lang, degrees=test[2])
    funnel = re.fullmatch(r"funnel (\d+\.\d\d)", part)
    if funnel:
        return say("method.funnel", lang, phi=number(float(funnel[1]), lang, digits=2))
    name = next((text for beginning, text in BEGINNINGS if part.startswith(beginning)), None)
    return say(f"method.{name}", lang, detail=part) if name else part
