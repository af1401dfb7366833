"""Write the handbook of methods, ``docs/handbook.md``, from the statistics and their texts: ``make handbook``."""

from __future__ import annotations

import csv
import re
from inspect import getdoc, isfunction
from pathlib import Path

import yaml

from lighed import stats
from lighed.core.text import say
from lighed.stats import MEASURES, TESTS, Measure, Shape

DOCS = Path(__file__).parent.parent / "docs"
HEAD = """# Handbook of methods

Written by `make handbook` from `lighed.stats`, its texts and what `benchmarks/coverage.py` has measured. What is
registered as a measure of inequality stands here, in `lighed measure`, in a build and on the pages alike; the other
statistics are called from Python.

Groups stand worst-off first: *p* is a group's share of the population, *y* its outcome, *s* the standard error of
that, *ȳ* = Σ*py* the average and *R* the group's mean rank from 0 to 1. A measure with a direction is turned round
for an outcome that is good when high: **positive (or above 1) always means that the worse-off are worse off.** A
measure of spread has no direction and is never negative; what sampling error adds to it is taken out. For groups
without an order the group in the worst position stands first and the reference, or else the group in the best
position, last. What cannot be computed is missing with a flag, never 0.
"""
MEASURED = """## <a id="coverage"></a>How often do the intervals hold?

95 % intervals should hold the truth in 95 of 100 populations. This is how many do, for five groups of education of
Danish sizes, of an outcome that {share:,.0f} of 100,000 have (a share) and of one that comes to {rate:,.0f} of 100,000
a year (a rate). For measures that need no order the groups are taken to have none. In brackets: most rows of that size
are marked `unreliable`. A dash: most have no interval.

**From a municipality of 50,000 up, what is not marked holds the truth in {least} to {most} %.** Outside of 94–96 %:
{outside}.

A row is marked where a group has fewer cases than the measure takes (in the last column: in the average group for a
measure that needs an order, else in the smallest; of a share the rarer of those with it and those without), and where a
measure asks which of three groups or more without an order is best, or worst, and another may well be.
"""
TABLE = "| measure | dansk | absolute or relative | groups in order | by size of groups | no inequality | interval |"
Texts = dict[str, dict[str, dict[str, str]]]


def text() -> str:
    """Return the handbook as it should stand."""
    texts: Texts = yaml.safe_load((DOCS / "handbook.yaml").read_text("utf-8"))
    written = {name for answers in texts.values() for name in answers}
    assert written == set(statistics()), f"docs/handbook.yaml and lighed.stats differ: {written ^ set(statistics())}"
    return "\n".join([HEAD, *_contents(texts), *_measures(), *_coverage(), *map(_question, texts, texts.values())])


def statistics() -> list[str]:
    """Return the public statistics of ``lighed.stats``: its functions, and the sample whose methods are statistics."""
    return [name for name in stats.__all__ if isfunction(getattr(stats, name)) or name == "Sample"]


def _contents(texts: Texts) -> list[str]:
    listed = {question: ", ".join(f"[{name}](#{name})" for name in answers) for question, answers in texts.items()}
    lines = [f"- **[{question}](#{_anchor(question)})** {names}" for question, names in listed.items()]
    return ["- **[Measures of inequality at a glance](#measures)**", "- **[Coverage](#coverage)**", *lines, ""]


def _anchor(question: str) -> str:
    return re.sub(r"\W+", "-", question.lower()).strip("-")


def _measures() -> list[str]:
    head = [
        '## <a id="measures"></a>Measures of inequality at a glance',
        "",
        TABLE,
        "|" + "---|" * (TABLE.count("|") - 1),
    ]
    return [*head, *map(_row, MEASURES.values()), ""]


def _row(measure: Measure) -> str:
    order = "needed" if measure.order == "required" else "not needed"
    named = f"[{say(f'measure.{measure.id}.title', 'en')}](#{measure.id})"
    danish = say(f"measure.{measure.id}.title", "da")
    size = "yes" if measure.weighted else "no"
    return f"| {named} | {danish} | {measure.scale} | {order} | {size} | {measure.null:g} | {measure.interval} |"


def _coverage() -> list[str]:
    with (DOCS / "coverage.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    per = {row["outcome"]: 1e5 * int(row["cases"]) / int(row["persons"]) for row in rows}
    shown = {
        row["measure"] + f" ({row['outcome']}, {row['size']})": float(row["held"]) for row in rows if _ordinary(row)
    }
    off = ", ".join(f"{name} with {held}" for name, held in shown.items() if not 94 <= held <= 96)
    said = MEASURED.format(least=min(shown.values()), most=max(shown.values()), outside=off or "none", **per)
    sizes = dict.fromkeys(f"{row['outcome']}, {row['size']} of {int(row['persons']):,}" for row in rows)
    lines = [["measure", *sizes, "fewest cases"], ["---"] * (len(sizes) + 2)]
    for name, measure in MEASURES.items():
        cells = (_cell(row) for row in rows if row["measure"] == name)
        lines.append([f"[{name}](#{name})", *cells, str(measure.fewest_events)])
    return [said, *("| " + " | ".join(line) + " |" for line in lines), ""]


def _ordinary(row: dict[str, str]) -> bool:
    return row["size"] in {"municipality", "region", "country"} and not _marked(row)


def _marked(row: dict[str, str]) -> bool:
    return float(row["unreliable"]) >= 50


def _cell(row: dict[str, str]) -> str:
    held = "–" if float(row["none"]) >= 50 else row["held"]
    return f"({held})" if _marked(row) else held


def _question(question: str, answers: dict[str, dict[str, str]]) -> str:
    return "\n".join([f'## <a id="{_anchor(question)}"></a>{question}', "", *map(_entry, answers, answers.values())])


def _entry(name: str, more: dict[str, str]) -> str:
    documented = (getdoc(getattr(stats, name)) or "").replace("``", "`")
    measure = MEASURES.get(name)
    lines = [
        *(_of_measure(shown) if (shown := measure or TESTS.get(name)) else _of_function(name, documented)),
        f"- **Formula:** {more['formula']}",
        f"- **When:** {more['use']}",
        f"- **When not:** {more['avoid']}",
        *_given(documented),
        *(["- Of shares between 0 and 1 only."] if measure and measure.bounded else []),
        *(["- A build computes it for the whole country only."] if measure and not measure.everywhere else []),
        *(f"- {reference}" for reference in _references(documented)),
        "",
    ]
    return "\n".join(lines)


def _of_measure(measure: Measure | Shape) -> list[str]:
    title, meaning = f"measure.{measure.id}.title", f"measure.{measure.id}.meaning"
    head = f'### <a id="{measure.id}"></a>{say(title, "en")} – `{measure.id}`'
    return [head, "", say(meaning, "en"), "", f"> {say(meaning, 'da')}", ""]


def _of_function(name: str, documented: str) -> list[str]:
    return [f'### <a id="{name}"></a>`{name}`', "", documented.partition("\n")[0], ""]


def _part(documented: str, title: str) -> str:
    found = re.search(rf"^{title}\n-+\n(.*?)(?=\n\n[A-Z]\w+\n-+\n|\Z)", documented, re.DOTALL | re.MULTILINE)
    return found.group(1) if found else ""


def _given(documented: str) -> list[str]:
    entries = [entry.partition("\n") for entry in re.split(r"\n(?=\S)", _part(documented, "Returns")) if entry]
    said = [f"{what} – {' '.join(more.split())}" if more else what for what, _, more in entries]
    return [f"- **Gives:** {' '.join(said)}"] if said else []


def _references(documented: str) -> list[str]:
    return [" ".join(entry.split()) for entry in re.split(r"\.\. \[\d+\] ", _part(documented, "References"))[1:]]


if __name__ == "__main__":
    (DOCS / "handbook.md").write_text(text(), "utf-8")
