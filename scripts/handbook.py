"""Write the handbook of measures, ``docs/handbook.md``, from the registry and its texts: ``make handbook``."""

from __future__ import annotations

import re
from inspect import getdoc
from pathlib import Path

import yaml

from lighed.core.text import say
from lighed.stats import MEASURES, TESTS, Measure, Shape

DOCS = Path(__file__).parent.parent / "docs"
HEAD = """# Handbook of measures

Written by `make handbook` from the registry of `lighed.stats`; what is registered stands here, in `lighed measure`,
in a build and on the pages alike.

Groups stand worst-off first: *p* is a group's share of the population, *y* its outcome, *s* the standard error of
that, *ȳ* = Σ*py* the average and *R* the group's mean rank from 0 to 1. A measure with a direction is turned round
for an outcome that is good when high: **positive (or above 1) always means that the worse-off are worse off.** A
measure of spread has no direction and is never negative; what sampling error adds to it is taken out. For groups
without an order the group in the worst position stands first and the reference, or else the group in the best
position, last.

What cannot be computed is missing with a flag, never 0. Relative measures of fewer than 25 cases are marked
unreliable. How often each interval holds the truth, from a village to the country, is measured in
[benchmarks/results.md](../benchmarks/results.md).

| measure | dansk | absolute or relative | groups in order | by size of groups | no inequality | interval |
|---|---|---|---|---|---|---|
"""


def text() -> str:
    """Return the handbook as it should stand."""
    more: dict[str, dict[str, str]] = yaml.safe_load((DOCS / "handbook.yaml").read_text("utf-8"))
    rows = [_row(measure) for measure in MEASURES.values()]
    sections = [_section(one, more[one.id]) for one in (*MEASURES.values(), *TESTS.values())]
    return HEAD + "\n".join(rows) + "\n\n" + "\n".join(sections)


def _row(measure: Measure) -> str:
    order = "needed" if measure.order == "required" else "not needed"
    named = f"[{say(f'measure.{measure.id}.title', 'en')}](#{measure.id})"
    danish = say(f"measure.{measure.id}.title", "da")
    size = "yes" if measure.weighted else "no"
    return f"| {named} | {danish} | {measure.scale} | {order} | {size} | {measure.null:g} | {measure.interval} |"


def _section(measure: Measure | Shape, more: dict[str, str]) -> str:
    lines = [
        f'## <a id="{measure.id}"></a>{say(f"measure.{measure.id}.title", "en")} – `{measure.id}`',
        "",
        say(f"measure.{measure.id}.meaning", "en"),
        "",
        f"> {say(f'measure.{measure.id}.meaning', 'da')}",
        "",
        f"- **Formula:** {more['formula']}",
        f"- **When:** {more['use']}",
        f"- **When not:** {more['avoid']}",
        *(_limits(measure) if isinstance(measure, Measure) else []),
        *(f"- {reference}" for reference in _references(measure)),
        "",
    ]
    return "\n".join(lines)


def _limits(measure: Measure) -> list[str]:
    of_shares = ["- Of shares between 0 and 1 only."] if measure.bounded else []
    country = [] if measure.everywhere else ["- A build computes it for the whole country, not for each municipality."]
    return of_shares + country


def _references(measure: Measure | Shape) -> list[str]:
    documented = getdoc(measure.function) or ""
    section = re.search(r"References\n-+\n(.*?)(?:\n\n|\Z)", documented, re.DOTALL)
    entries = re.split(r"\.\. \[\d+\] ", section.group(1))[1:] if section else []
    return [" ".join(entry.split()) for entry in entries]


if __name__ == "__main__":
    (DOCS / "handbook.md").write_text(text(), "utf-8")
