"""What an evaluation says in sentences: rules over its rows, in Danish and English."""

from __future__ import annotations

from collections.abc import Sequence

from lighed.core.release import Evaluated
from lighed.core.text import Lang, number, say
from lighed.core.types import UNKNOWN, Evaluation, Level
from lighed.report.page import Cell, Column, Table
from lighed.report.words import DIGITS, Row, amount, flag_word, interval

SIZES = ("without", "reached")
ENDS = ("indicator.value", "word.interval")


def sentences(evaluation: Evaluation, groups: Sequence[Level], rows: list[Row], lang: Lang) -> list[str]:
    """Say what the initiative has done to each group and to the gap, who took part, and what to be careful of."""
    parts = {name: [row for row in rows if row["part"] == name] for name in ("group", "gap", "participants")}
    title = evaluation.title[lang]
    said = [say(f"evaluated.design.{evaluation.design}", lang, title=title, start=evaluation.start)]
    said += [_group(row, groups, lang) for row in parts["group"] if row["measure"] == "effect"]
    said += _gap(evaluation, groups, parts["gap"], lang)
    said += [_participants(r, groups, lang) for r in parts["participants"] if r["measure"] == "representation_index"]
    if any(row["flags"] == "unreliable" for row in parts["gap"]):
        thin = evaluation.design if evaluation.design in {"staggered", "interrupted"} else "few"
        said.append(say(f"evaluated.reserve.{thin}", lang))
    return said + [caveat[lang] for caveat in evaluation.caveats]


def table(one: Evaluated, caption: str, lang: Lang) -> Table:
    """Return the effect on each group, and what became of the gap, as a table."""
    heads = ("evaluated.head.group", "measured.measure", "evaluated.head.without", "evaluated.head.reached")
    columns = [Column(say(head, lang), number=k > 1) for k, head in enumerate((*heads, *ENDS))]
    rows = (row for row in one.rows if row["part"] != "participants")
    cells = tuple(tuple(Cell(text) for text in _line(one, row, lang)) for row in rows)
    return Table(caption, tuple(columns), cells, id=f"evaluation-{one.evaluation.id}")


def _line(one: Evaluated, row: Row, lang: Lang) -> list[str]:
    before = DIGITS[one.evaluation.unit] if row["part"] == "group" else DIGITS[row["unit"]]
    sizes = [number(row[size], lang, digits=before) for size in SIZES]
    value = amount(row["value"], row["unit"], lang, form="difference") if row["value"] is not None else ""
    return [
        group_title(one.groups, row["level"], lang),
        say(f"measure.{row['measure']}.title", lang),
        *sizes,
        value or flag_word(row, lang),
        interval(row, lang),
    ]


def group_title(groups: Sequence[Level], level: str | None, lang: Lang) -> str:
    """Return what a group is called; a row of no group is of the gap between them."""
    if level is None or level == UNKNOWN:
        return say("word.Unknown" if level else "evaluated.head.gap", lang)
    return next(group.title[lang] for group in groups if group.id == level)


def _group(row: Row, groups: Sequence[Level], lang: Lang) -> str:
    return say(
        f"evaluated.group.{row['verdict'] or 'none'}",
        lang,
        group=group_title(groups, row["level"], lang),
        without=amount(row["without"], row["unit"], lang),
        reached=amount(row["reached"], row["unit"], lang),
        absolute=_amount(row, lang),
    )


def _gap(evaluation: Evaluation, groups: Sequence[Level], rows: list[Row], lang: Lang) -> list[str]:
    absolute, relative = rows
    said = []
    if absolute["value"] is not None:
        ends = {"worst": groups[0].title[lang], "best": groups[-1].title[lang]}
        sizes = {name: amount(absolute[name], absolute["unit"], lang, form="difference") for name in SIZES}
        said.append(say(f"evaluated.between.{evaluation.gap}", lang, **ends, **sizes))
    if relative["value"] is not None:
        sizes = {name: number(relative[name], lang, digits=DIGITS["ratio"]) for name in SIZES}
        said.append(say("evaluated.between.relative", lang, **sizes))
    verdict = "_".join(row["verdict"] or "none" for row in rows)
    changes = {"absolute": _amount(absolute, lang), "relative": _amount(relative, lang)}
    return [*said, say(f"evaluated.gap.{verdict}", lang, **changes)]


def _participants(row: Row, groups: Sequence[Level], lang: Lang) -> str:
    return say(
        f"evaluated.participants.{row['verdict'] or 'none'}",
        lang,
        group=group_title(groups, row["level"], lang),
        taking=number(row["reached"], lang, digits=0),
        target=number(row["n"], lang, digits=0),
        amount=_amount(row, lang),
    )


def _amount(row: Row, lang: Lang) -> str:
    """A change or an index with its interval."""
    written = amount(row["value"], row["unit"], lang, form="difference")
    if row["lower"] is None:
        return say("evaluated.amount_plain", lang, amount=written)
    low, high = (number(row[end], lang, digits=DIGITS[row["unit"]]) for end in ("lower", "upper"))
    return say("evaluated.amount", lang, amount=written, low=low, high=high)
