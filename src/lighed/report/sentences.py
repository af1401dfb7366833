"""The sentences: rules over released rows, in Danish and English. The same sentence serves eye, ear and paper."""

from __future__ import annotations

from collections.abc import Callable

from lighed.core.text import Lang, say
from lighed.core.types import Indicator, Stratifier
from lighed.report.rows import NULL
from lighed.report.words import Row, clear, interval, written

REFUTED, NEARLY = 0.05, 0.9
# What is worse stands first: each test, and the index of how nearly a gradient has the shape.
SHAPES = {"monotonicity": "index_of_relative_rank", "linearity": "linear_correlation"}


def level_title(stratifier: Stratifier, level: str | None, lang: Lang) -> str:
    """Return the name of a group; the unknown one has a name too."""
    found = next((item for item in stratifier.levels if item.id == level), None)
    return found.title[lang] if found else say("word.Unknown", lang)


def ends(stratifier: Stratifier, rows: list[Row], indicator: Indicator, lang: Lang) -> tuple[str, str]:
    """Return what the worst-off and the best-off are called in a sentence; of unordered groups those that stand so."""
    if stratifier.ends:
        return stratifier.ends.worst[lang], stratifier.ends.best[lang]
    known = ordered(stratifier, rows, indicator)
    names = [say("sentence.in_group", lang, group=level_title(stratifier, row["level"], lang)) for row in known]
    return (names[0], names[-1]) if names else ("", "")


def ordered(stratifier: Stratifier, rows: list[Row], indicator: Indicator) -> list[Row]:
    """Return the rows of a period that have a value, the worst-off group first and the best-off (or reference) last."""
    known = [row for row in rows if row["value"] is not None and row["level"] in stratifier.level_ids]
    if stratifier.ordered:
        return sorted(known, key=lambda row: stratifier.level_ids.index(row["level"]))
    high_is_bad = indicator.polarity == "lower_is_better"
    return sorted(
        known, key=lambda row: (row["level"] == stratifier.reference, -row["value"] if high_is_bad else row["value"])
    )


def groups(indicator: Indicator, stratifier: Stratifier, rows: list[Row], area: str, lang: Lang, step: str = "") -> str:
    """Say what the worst-off and the best-off group have in one period; or how many of them reach a step."""
    known = ordered(stratifier, rows, indicator)
    if len(known) < 2:
        return ""
    first, last = known[0], known[-1]
    names = [say("sentence.in_group", lang, group=level_title(stratifier, row["level"], lang)) for row in (first, last)]
    return say(
        "sentence.groups_reach" if step else "sentence.groups",
        lang,
        step=step,
        area=area,
        period=first["period"],
        worst=names[0],
        worst_value=written(first, lang),
        best=names[1],
        best_value=written(last, lang),
    )


def total(indicator: Indicator, row: Row, area: str, lang: Lang) -> str:
    """Say what everybody together has."""
    key = "sentence.total" if row["lower"] is not None else "sentence.total_plain"
    return say(
        key,
        lang,
        title=indicator.title[lang],
        area=area,
        period=row["period"],
        value=written(row, lang),
        interval=interval(row, lang),
    )


def gap(absolute: Row | None, relative: Row | None, named: tuple[str, str], lang: Lang) -> str:
    """Say how large the gap is, absolute and relative together, in which direction, and how certain."""
    if not absolute or not relative or absolute["value"] is None or relative["value"] is None:
        return ""
    if absolute["lower"] is None:
        return say("sentence.gap_plain", lang, absolute=written(absolute, lang), relative=written(relative, lang))
    direction = clear(absolute, 0.0)
    key = {1: "gap_worse", -1: "gap_better", 0: "gap_unclear"}[direction]
    return say(
        f"sentence.{key}",
        lang,
        worst=named[0],
        best=named[1],
        absolute=written(absolute, lang),
        absolute_interval=interval(absolute, lang),
        relative=written(relative, lang),
        relative_interval=interval(relative, lang),
    )


def shape(latest: Callable[[str], Row | None], lang: Lang) -> str:
    """Say that a gradient turns or, if not, that it bends; nothing of one that does so by accident or hardly does.

    By accident: p is 0.05 or more, or rests on few cases. Hardly: the index beside the test is 0.9 or more (or −0.9 or
    less), where a line explains four fifths of the variance between the groups. Both are asked, for among millions of
    persons no gradient is a line to the last digit. `latest` finds the row of a test or of an index.
    """
    for test, index in SHAPES.items():
        chance, nearly = latest(test), latest(index)
        if chance and nearly and _departs(chance, nearly):
            return say(f"sentence.shape.{test}", lang, period=chance["period"], p=written(chance, lang))
    return ""


def _departs(chance: Row, nearly: Row) -> bool:
    known = not chance["flags"] and not nearly["flags"]
    return known and chance["value"] < REFUTED and abs(nearly["value"]) < NEARLY


def trend(ends: tuple[Row, Row, Row, Row], changes: tuple[Row | None, Row | None], lang: Lang) -> str:
    """Say how the gap has moved over the periods; `ends` are absolute first and last, relative first and last."""
    if any(row["value"] is None for row in ends):
        return ""
    absolute_first, absolute_last, relative_first, relative_last = ends
    return say(
        "sentence.trend",
        lang,
        first=absolute_first["period"],
        last=absolute_last["period"],
        absolute_first=written(absolute_first, lang),
        absolute_last=written(absolute_last, lang),
        relative_first=written(relative_first, lang),
        relative_last=written(relative_last, lang),
        verdict=say(f"sentence.verdict.{verdict(*changes)}", lang),
    )


def since(ends: tuple[Row, Row, Row, Row], lang: Lang) -> str:
    """Say what the gap was and is, with intervals; `ends` as in `trend`. A number that is hidden is said to be."""
    named = zip(("absolute_first", "absolute_last", "relative_first", "relative_last"), ends, strict=True)
    said: dict[str, str] = {}
    for name, row in named:
        said |= {name: written(row, lang), f"{name}_interval": interval(row, lang)}
    told = say("effort.since", lang, first=ends[0]["period"], last=ends[1]["period"], **said)
    return " ".join(told.split()).replace(" .", ".")


def verdict(absolute: Row | None, relative: Row | None) -> str:
    """Return which of the two scales has moved with certainty, and how."""
    if not absolute or not relative or absolute["lower"] is None or relative["lower"] is None:
        return "no_interval"
    up = {1: "up", -1: "down", 0: ""}
    moved = up[clear(absolute, 0.0)], up[clear(relative, 1.0)]
    match moved:
        case "", "":
            return "unchanged"
        case a, "":
            return f"absolute_{a}"
        case "", r:
            return f"relative_{r}"
        case a, r if a == r:
            return f"both_{a}"
        case a, r:
            return f"absolute_{a}_relative_{r}"


def crossed(stratifier: Stratifier, partition: Row | None, additive: Row | None, lang: Lang) -> str:
    """Say how much of all differences lies between crossed groups, and whether the dimensions one by one explain it."""
    if not partition or partition["value"] is None:
        return ""
    share = additive["value"] if additive else None
    key = "crossed_alone" if share is None else "crossed" if share > 0 else "crossed_beyond"
    named = {"dimensions": stratifier.title[lang].lower(), "additive": written(additive, lang) if additive else ""}
    return say(f"sentence.{key}", lang, partition=written(partition, lang), **named)


def potential(indicator: Indicator, best: str, amount_row: Row | None, fraction: Row | None, lang: Lang) -> str:
    """Say how many fewer (or more) there would be if all had the best-off group's level."""
    if not amount_row or amount_row["value"] is None:
        return ""
    if amount_row["lower"] is not None and amount_row["lower"] <= 0:
        return say("sentence.potential_none", lang)
    key = "sentence.potential" if indicator.polarity == "lower_is_better" else "sentence.potential_more"
    share = written(fraction, lang) if fraction else ""
    return say(
        key, lang, best=best, number=written(amount_row, lang), interval=interval(amount_row, lang), fraction=share
    )


def ranked(indicator: Indicator, stratifier: Stratifier, row: Row, lang: Lang) -> str:
    """Say one line of a list of gaps, in which the worse-off are worse off."""
    assert stratifier.ends is not None, "only ordered dimensions are ranked, and they have names for their ends"
    scale = "relative" if NULL[row["measure"]] == 1.0 else "absolute"
    side = "high" if indicator.polarity == "lower_is_better" else "low"
    return say(
        f"sentence.rank_{scale}_{side}",
        lang,
        indicator=indicator.short[lang],
        value=written(row, lang),
        interval=interval(row, lang),
        worst=stratifier.ends.worst[lang],
        best=stratifier.ends.best[lang],
    )
