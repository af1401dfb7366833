"""What stands in a report beside its texts and is worked out from related records: shares, gaps, reach, lights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lighed import catalogue
from lighed.core.register import Register
from lighed.core.report import Part, Report
from lighed.core.text import Lang, join, number, say
from lighed.portfolio.archive import Record
from lighed.portfolio.desk import Desk, slug
from lighed.portfolio.reports import GOALS, OBSERVATIONS, amount, concluded, judged, newest
from lighed.portfolio.words import figure, words
from lighed.report.page import Block, Cell, Column, Facts, Table, Tone, Words
from lighed.report.pages.effort import baselines
from lighed.report.view import View
from lighed.stats.answered import finite_share, silent
from lighed.stats.intervals import wilson

Content = Mapping[str, Any]
Figures = Callable[[Content], Mapping[str, View]]
REACHED = (
    "enrolled",
    "started",
    "contacted",
    "completed",
)  # the stage at which somebody was reached, the first there is
LIGHTS: tuple[Tone, ...] = ("red", "amber", "green")


def no_figures(_: Content) -> Mapping[str, View]:
    """Return no view of a release, as where none stands beside the registers."""
    return {}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a report is made of, in the eyes of whoever reads it: a record of a register, or (none) all there is.

    ``figures`` gives the views of the releases that have what an initiative is to move, by indicator.
    """

    desk: Desk
    report: Report
    lang: Lang
    register: Register | None = None
    record: Record | None = None
    figures: Figures = no_figures

    @property
    def content(self) -> Content:
        """Return the content of the record."""
        return self.record.content if self.record else {}

    def related(self, path: str) -> tuple[Register, list[Record]]:
        """Return the records at the end of a way, and their register."""
        return self.desk.related(self.register, self.content, path, self.record.id if self.record else "")

    def contents(self, path: str) -> list[Content]:
        """Return what stands in the records at the end of a way."""
        return [one.content for one in self.related(path)[1]]

    def taken(self, part: Part) -> tuple[Register, list[Record]]:
        """Return the records that stand in a part."""
        register, found = self.related(part.of)
        return register, [one for one in found if part.takes(one.content)]

    def say(self, key: str, **values: Any) -> str:
        """Return a text of reports."""
        return say(f"paper.{key}", self.lang, **values)

    def words(self, register: Register, found: Sequence[Record], name: str) -> list[str]:
        """Return what stands in a field of each record; a dash where nothing does."""
        titles = self.desk.titles(register, list(found))
        return [words(register.field(name), one.content, self.lang, titles) or "–" for one in found]


def table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[Cell | str]], numbers: Sequence[int] = ()
) -> Table:
    """Return a table of words, the columns in `numbers` set as numbers."""
    columns = tuple(Column(head, number=at in numbers) for at, head in enumerate(heads))
    cells = tuple(
        tuple(one if isinstance(one, Cell) else Cell(one, number=at in numbers) for at, one in enumerate(row))
        for row in rows
    )
    return Table(caption, columns, cells, id=f"table-{slug(caption)}")


def unapproved(register: Register, one: Record, lang: Lang) -> str | None:
    """Return where a record stands that nobody has approved yet, in a register where that is done."""
    state = register.workflow.state(one.state)
    return state.title[lang] if any(each.approved for each in register.workflow.states) and not state.approved else None


# --- figures by social group


def _shares(subject: Subject, part: Part, caption: str) -> Iterator[Block]:
    register, taken = subject.taken(part)
    found = sorted(
        taken,
        key=lambda one: (one.content["title"], str(one.content["period"]), one.content.get("level", "")),
    )
    heads = [subject.say(f"shares.{name}") for name in ("what", "group", "period", "figure", "interval", "source")]
    rows: list[list[Cell | str]] = [
        [
            Cell(one.content["title"], below=unapproved(register, one, subject.lang)),
            one.content.get("level") or subject.say("all"),
            one.content["period"],
            _figure(subject, one.content),
            interval(one.content, subject.lang),
            one.content["source"],
        ]
        for one in found
    ]
    yield table(caption, heads, rows, numbers=(3, 4)) if found else Words(subject.say("none", what=caption))


def _baseline(subject: Subject, part: Part, caption: str) -> Iterator[Block]:
    goals = subject.contents(GOALS)
    blocks = [
        block
        for one in subject.taken(part)[1]
        for block in baselines(
            subject.figures(one.content), one.content, [g for g in goals if g.get("initiative") == one.id], one.id
        )
    ]
    yield from blocks or [Words(subject.say("none", what=caption))]


def _figure(subject: Subject, content: Content) -> str:
    share, value = content.get("share"), amount(content)
    if share:
        said = {name: figure(share[name], subject.lang) for name in ("numerator", "denominator")}
        return say("portfolio.share", subject.lang, percent=number(_percent(share), subject.lang), **said)
    return _amount(subject, value) if value else "–"


def _amount(subject: Subject, value: Content | None, digits: int | None = None) -> str:
    if value is None:
        return "–"
    units = {code.id: code.title[subject.lang] for code in subject.desk.register("goals").field("target").codes}
    told = (
        figure(value["value"], subject.lang) if digits is None else number(value["value"], subject.lang, digits=digits)
    )
    return f"{told} {units.get(value['unit'], value['unit'])}"


def _percent(share: Content) -> float:
    return float(100 * share["numerator"] / share["denominator"])


def interval(content: Content, lang: Lang) -> str:
    """Return how uncertain a figure is: Wilson's interval of a share, the given limits, or why there is none."""
    share, value = content.get("share"), content.get("value")
    if share:
        ends = wilson(share["numerator"] / share["denominator"], share["denominator"])
        return between(lang, *(100 * float(end) for end in ends))
    if "lower" in content and "upper" in content:
        return between(lang, content["lower"], content["upper"])
    return say("paper.no_denominator", lang) if value and value["unit"] == "percent" else "–"


def between(lang: Lang, lower: float, upper: float) -> str:
    """Return an interval in words."""
    return f"{number(lower, lang)}–{number(upper, lang)}"


def _gaps(subject: Subject, part: Part, caption: str) -> Iterator[Block]:
    found: dict[tuple[str, ...], dict[str, dict[str, Any]]] = {}
    for content in (one.content for one in subject.taken(part)[1]):
        value = amount(content)
        if content.get("group") and content.get("level") and value:
            key = (content["title"], str(content["period"]), value["unit"], content["group"], content["initiative"])
            found.setdefault(key, {})[content["level"]] = value
    heads = [subject.say(f"gaps.{name}") for name in ("what", "period", "groups", "absolute", "relative")]
    rows = [_gap(subject, *key[:3], levels=levels) for key, levels in sorted(found.items()) if len(levels) > 1]
    if rows:
        yield table(caption, heads, rows, numbers=(3, 4))
        yield Words(subject.say("gaps.how"))
    else:
        yield Words(subject.say("gaps.none"))


def _gap(subject: Subject, title: str, period: str, unit: str, *, levels: Mapping[str, Content]) -> list[str]:
    ordered = sorted(levels, key=lambda level: levels[level]["value"])
    low, high = (levels[name]["value"] for name in (ordered[0], ordered[-1]))
    difference = {"value": high - low, "unit": "percentage_points" if unit == "percent" else unit}
    ratio = number(high / low, subject.lang, digits=2) if low > 0 else "–"
    compared = subject.say("gaps.compared", high=ordered[-1], low=ordered[0])
    return [title, period, compared, _amount(subject, difference, 1), ratio]


# --- reach


def _reach(subject: Subject, part: Part, caption: str) -> Iterator[Block]:
    register, found = subject.taken(part)
    stages = [code for code in register.field("stage").codes if any(one.content["stage"] == code.id for one in found)]
    counts: dict[tuple[str, ...], Counter[str]] = {}
    for content in (one.content for one in found):
        key = (content["initiative"], str(content["period"]), content.get("group", ""), content.get("level", ""))
        counts.setdefault(key, Counter())[content["stage"]] += content["count"]
    if not found:
        yield Words(subject.say("none", what=caption))
        return
    heads = [subject.say("reach.group"), subject.say("reach.period"), *(code.title[subject.lang] for code in stages)]
    rows = []
    for place, seen in sorted(counts.items()):
        told = [figure(seen[code.id], subject.lang) if code.id in seen else "–" for code in stages]
        ratio = reach_ratio({name[3]: one for name, one in counts.items() if name[:3] == place[:3]}, place[3])
        rows.append([place[3] or subject.say("all"), place[1], *told, number(ratio, subject.lang, digits=2)])
    yield table(caption, [*heads, subject.say("reach.ratio")], rows, numbers=range(2, len(stages) + 3))
    yield Words(subject.say("reach.how"))


def reach_ratio(groups: Mapping[str, Mapping[str, int]], group: str) -> float | None:
    """Return a group's part of those reached over its part of the target group, by the groups with both numbers.

    It is 1 where the group is reached as the others, and below 1 where it is reached less; None where it is not known.

    References
    ----------
    .. [1] Glasgow RE, Vogt TM, Boles SM. Am J Public Health 1999;89:1322-1327. doi:10.2105/AJPH.89.9.1322

    Examples
    --------
    >>> counted = {"short": {"target": 600, "enrolled": 30}, "long": {"target": 400, "enrolled": 70}, "": {"target": 9}}
    >>> reach_ratio(counted, "short"), round(reach_ratio(counted, "long"), 2), reach_ratio(counted, "")
    (0.5, 1.75, None)
    """
    stage = next((stage for stage in REACHED if any(stage in seen for name, seen in groups.items() if name)), "")
    known = {name: seen for name, seen in groups.items() if name and stage in seen and "target" in seen}
    reached, wanted = (sum(seen[of] for seen in known.values()) for of in (stage, "target"))
    if group not in known or not (reached and known[group]["target"]):
        return None
    return (known[group][stage] / reached) / (known[group]["target"] / wanted)


# --- the conclusion


def _conclusion(subject: Subject, _: Part, caption: str) -> Iterator[Block]:
    goals, seen = subject.contents(GOALS), subject.contents(OBSERVATIONS)
    yield Words(subject.say("conclusion.suggests", what=subject.say(f"conclusion.{concluded(goals, seen)}")))
    heads = [subject.say(f"conclusion.{name}") for name in ("goal", "baseline", "target", "now", "judged")]
    rows = []
    for goal in goals:
        last = newest(goal, seen)
        figures = [_amount(subject, goal.get(name)) for name in ("baseline", "target")]
        now = f"{_figure(subject, last)}, {last['period']}" if last else "–"
        rows.append([goal["title"], *figures, now, subject.say(f"conclusion.{judged(goal, last)}")])
    if rows:
        yield table(caption or subject.say("conclusion.caption"), heads, rows, numbers=(1, 2))


# --- a fact sheet's quote


def _quote(subject: Subject, _: Part, __: str) -> Iterator[Block]:
    content = subject.content
    if content.get("quote") and content.get("quote_consent") and not content.get("quote_withdrawn"):
        yield Words(subject.say("quote", quote=content["quote"], quoted=content.get("quoted") or "–"))


# --- the alliance's sheet


def _counts(subject: Subject, _: Part, __: str) -> Iterator[Block]:
    partners = sum(one.get("member") is True for one in subject.contents("/organisations"))
    events = subject.contents("events")
    views = [one["views"] for one in events if "views" in one]
    facts = {
        "partners": partners,
        "initiatives": len(subject.contents("initiatives")),
        "events": len(events),
        "views": sum(views) if views else None,
    }
    told = ((subject.say(f"counts.{name}"), number(value, subject.lang, digits=0)) for name, value in facts.items())
    yield Facts(tuple(told))
    yield Words(subject.say("counts.how"))


def _survey(subject: Subject, part: Part, _: str) -> Iterator[Block]:
    items = subject.contents(f"{part.of}/survey_items")
    for survey in subject.taken(part)[1]:
        answered, title = survey.content.get("answered"), survey.content["title"]
        if answered:
            said = {name: figure(answered[name], subject.lang) for name in ("numerator", "denominator")}
            percent = number(_percent(answered), subject.lang)
            yield Words(subject.say("survey.answered", title=title, percent=percent, **said))
        heads = [subject.say(f"survey.{name}") for name in ("item", "share", "interval", "bounds", "source")]
        rows = [_item(subject, item, answered) for item in items if item["survey"] == survey.id]
        if rows:
            yield table(title, heads, rows, numbers=(1, 2, 3))
            yield Words(subject.say("survey.how"))
    if not items:
        yield Words(subject.say("survey.none"))


def _item(subject: Subject, item: Content, answered: Content | None) -> list[str]:
    share, lang = item.get("share"), subject.lang
    if not share:
        percent = subject.say("percent", value=figure(item["percent"], lang)) if "percent" in item else "–"
        return [item["text"], percent, subject.say("no_denominator"), "–", item["source"]]
    asked = max(answered["denominator"] if answered else 0, share["denominator"])
    found = finite_share(share["numerator"], share["denominator"], asked)
    ends = (found.lower, found.upper), silent(share["numerator"], share["denominator"], asked)
    limits = [between(lang, *(100 * float(end) for end in pair)) for pair in ends]
    return [item["text"], _figure(subject, item), *limits, item["source"]]


# --- the portfolio


def _lights(subject: Subject, part: Part, caption: str) -> Iterator[Block]:
    register, found = subject.taken(part)
    of, areas = register.field("factors").codes, register.field("administration").codes
    used = [code for code in areas if any(one.content.get("administration") == code.id for one in found)]
    heads = [subject.say("lights.factor"), *(code.title[subject.lang] for code in used), subject.say("lights.nobody")]
    rows: list[list[Cell | str]] = [
        [
            factor.title[subject.lang],
            *(
                light(subject, [one.content for one in found if _falls(one.content, factor.id, area)])
                for area in (*(code.id for code in used), None)
            ),
        ]
        for factor in of
    ]
    yield table(caption, heads, rows)
    yield Words(subject.say("lights.how"))


def _falls(content: Content, factor: str, area: str | None) -> bool:
    return factor in content.get("factors", ()) and content.get("administration") == area


def light(subject: Subject, contents: Sequence[Content]) -> Cell:
    """Return how far some initiatives are: in words, and in the colour of the one that is least far."""
    seen = Counter(one.get("light", "none") for one in contents)
    parts = [subject.say(f"lights.{name}", count=seen[name]) for name in (*LIGHTS, "none") if seen[name]]
    tone = next((name for name in LIGHTS if seen[name]), None)
    return Cell(" · ".join(parts) or subject.say("lights.nothing"), tone=tone)


def _actions(subject: Subject, part: Part, caption: str) -> Iterator[Block]:
    _, found = subject.taken(part)
    known = catalogue.load()
    titles = {action.id: action.title[subject.lang] for factor in known.factors.values() for action in factor.actions}
    heads = [subject.say(f"actions.{name}") for name in ("action", "area", "how_far", "initiatives")]
    rows = []
    for area in known.overview:
        where = (
            f"{area.title[subject.lang]} ({join([one[subject.lang] for one in area.administrations], subject.lang)})"
        )
        for action in area.actions:
            mine = [one.content for one in found if action in one.content.get("actions", ())]
            named = "; ".join(one["title"] for one in mine) or "–"
            rows.append([Cell(titles[action]), Cell(where), light(subject, mine), Cell(named)])
    yield table(caption, heads, rows)


RECKONED: dict[str, Callable[[Subject, Part, str], Iterator[Block]]] = {
    "shares": _shares,
    "gaps": _gaps,
    "reach": _reach,
    "conclusion": _conclusion,
    "quote": _quote,
    "counts": _counts,
    "survey": _survey,
    "lights": _lights,
    "actions": _actions,
    "baseline": _baseline,
}
