"""What a report is made of, as somebody may see it; what is missing from it, and what its figures suggest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from lighed.core.errors import Problem
from lighed.core.report import Report, ReportExample, Rule

Content = Mapping[str, Any]
Around = Callable[[str], Sequence[Content]]
Conclusion = Literal["reached", "partly", "not_reached", "unknown"]
GOALS, OBSERVATIONS = "initiatives/goals", "initiatives/observations"


def missing(report: Report, content: Content, around: Around) -> list[Problem]:
    """Say what a report lacks, at the field where it is to be written.

    ``around`` gives the contents of the records at the end of a way that the report names.
    """
    return list(_missing(report, content, around))


def _missing(report: Report, content: Content, around: Around) -> Iterator[Problem]:
    for rule in report.rules:
        if NEEDS[rule.need](rule, content, around) or (rule.unless and content.get(rule.unless)):
            continue
        key = "incomplete" if rule.says else "not_filled"
        yield Problem(key, report.id, column=rule.field, values={"said": rule.says} if rule.says else {})


def _filled(rule: Rule, content: Content, _: Around) -> bool:
    return bool(content.get(rule.field))


def _short(rule: Rule, content: Content, _: Around) -> bool:
    return len(str(content.get(rule.field, "")).split()) <= rule.most


def _some(rule: Rule, _: Content, around: Around) -> bool:
    return any(all(one.get(name) for name in rule.having) for one in around(rule.among))


def _each(rule: Rule, _: Content, around: Around) -> bool:
    whole = (one for one in around(rule.among) if all(one.get(name) for name in rule.having))
    return set(rule.codes) <= {one[rule.having[0]] for one in whole}


def _suggested(_: Rule, content: Content, around: Around) -> bool:
    return content.get("conclusion") in (None, concluded(around(GOALS), around(OBSERVATIONS)))


NEEDS: dict[str, Callable[[Rule, Content, Around], bool]] = {
    "filled": _filled,
    "short": _short,
    "some": _some,
    "each": _each,
    "suggested": _suggested,
}


# --- what the figures suggest


def concluded(goals: Iterable[Content], observations: Sequence[Content]) -> Conclusion:
    """Return what the goals for the level and the newest observations of the same indicator come to.

    Examples
    --------
    >>> goal = {"initiative": "a", "indicator": "F3.1"}
    >>> goal |= {"baseline": {"value": 20, "unit": "percent"}, "target": {"value": 15, "unit": "percent"}}
    >>> seen = {"initiative": "a", "indicator": "F3.1", "period": "2018"}
    >>> [concluded([goal], [seen | {"value": {"value": v, "unit": "percent"}}]) for v in (15, 18, 21)]
    ['reached', 'partly', 'not_reached']
    >>> concluded([goal], [])
    'unknown'
    """
    found = {judged(goal, newest(goal, observations)) for goal in goals}
    if not found - {"unknown"}:
        return "unknown"
    return found.pop() if len(found) == 1 else "partly"


def judged(goal: Content, seen: Content | None) -> Conclusion:
    """Return how far one goal for the level was reached, by its observation."""
    return reached(goal.get("baseline"), goal.get("target"), amount(seen) if seen else None)


def reached(
    begun: Content | None, wanted: Content | None, now: Content | None, limits: tuple[float, float] | None = None
) -> Conclusion:
    """Return how far a figure has come on the way from where it began to where it is wanted, each with its unit.

    Where the figure has ``limits``, only what holds for both of them is said.

    Examples
    --------
    >>> begun, wanted, now = ({"value": value, "unit": "percentage_points"} for value in (12, 8, 9))
    >>> reached(begun, wanted, now), reached(begun, wanted, now, (7, 11)), reached(begun, wanted, now, (5, 13))
    ('partly', 'partly', 'unknown')
    >>> reached(begun, wanted, now, (6, 8)), reached(begun, wanted, now, (12, 15))
    ('reached', 'not_reached')
    """
    if not (begun and wanted and now) or len({begun["unit"], wanted["unit"], now["unit"]}) > 1:
        return "unknown"
    way = wanted["value"] - begun["value"]
    if way == 0:
        return "unknown"
    least, most = sorted((end - begun["value"]) / way for end in limits or (now["value"], now["value"]))
    if least >= 1:
        return "reached"
    return "not_reached" if most <= 0 else "partly" if least > 0 else "unknown"


def newest(goal: Content, observations: Iterable[Content]) -> Content | None:
    """Return the last observation of everybody, of the goal's own initiative and indicator."""
    same = [
        one
        for one in observations
        if one.get("indicator") == goal.get("indicator") is not None
        and one.get("initiative") == goal.get("initiative")
        and not one.get("level")
    ]
    return max(same, key=lambda one: str(one["period"]), default=None)


def amount(observation: Content) -> dict[str, Any] | None:
    """Return the figure of an observation with its unit; a share in percent."""
    share = observation.get("share")
    if share:
        return {"value": 100 * share["numerator"] / share["denominator"], "unit": "percent"}
    return observation.get("value")


def _as_told(example: ReportExample) -> Around:
    return lambda path: example.related.get(path, ())


def mistakes_of_report(report: Report) -> Iterator[str]:
    """Say where the report's examples differ from what they expect; nothing when they agree."""
    if not report.example:
        yield f"{report.id}: has no worked example; add records under 'example'"
    for number, one in enumerate(report.example, 1):
        found = [str(problem.column) for problem in missing(report, one.content, _as_told(one))]
        if sorted(found) != sorted(one.missing):
            yield f"{report.id}: example {number}: missing is {found}, and the example says {list(one.missing)}"
