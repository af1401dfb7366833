"""What a survey of partners says: who answered, and of each item the share with what is known of the silent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from lighed.core.register import ORGANISATIONS
from lighed.core.text import Text
from lighed.portfolio.answers import ANSWERS, INVITATIONS, ITEMS, SURVEYS
from lighed.portfolio.archive import Asked, Record
from lighed.portfolio.desk import Desk
from lighed.stats import (
    attainable,
    finite_share,
    largest_denominator,
    paired_change,
    poststratified,
    silent,
)

POLICY = "partners"  # whose rules hold where a survey names none
ANSWERED = ("partial", "complete")
MERGED = Text(da="Andre slags partnere", en="Other kinds of partners")
Sides = Mapping[str, bool]  # by organisation: whether its answer is counted


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of partners, or several small ones together: how many were asked, and how many answered."""

    title: Text
    organisations: frozenset[str]
    answered: int

    @property
    def asked(self) -> int:
        """Return how many were asked."""
        return len(self.organisations)


@dataclass(frozen=True, slots=True)
class Share:
    """An item: the share in percent with its intervals and bounds, and why there is none where there is none.

    ``basis`` says where the number comes from: ``answers`` in the register, or a cited ``share`` or ``percent``; or why
    it is not shown: ``few`` answers, an ``unattainable`` percentage, or ``none`` at all.
    """

    id: str
    title: str
    basis: str
    percent: float | None = None
    events: int | None = None
    n: int | None = None
    largest: int | None = None
    wilson: tuple[float, float] | None = None
    exact: tuple[float, float] | None = None
    bounds: tuple[float, float] | None = None
    weighted: tuple[float, float, float] | None = None
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Change in percentage points since an earlier survey, among those who answered both."""

    since: str
    n: int
    asked: int
    value: float
    lower: float
    upper: float
    p: float


@dataclass(frozen=True, slots=True)
class Results:
    """A survey: how many were asked and answered, how far each came, by kind, and its items."""

    survey: Record
    asked: int
    answered: int
    fewest: int
    states: dict[str, int]
    kinds: tuple[Kind, ...]
    items: tuple[Share, ...]

    def plain(self) -> dict[str, Any]:
        """Return the results for their JSON twin."""
        kinds = [{"title": asdict(one.title), "asked": one.asked, "answered": one.answered} for one in self.kinds]
        told = {name: getattr(self, name) for name in ("asked", "answered", "fewest", "states")}
        return {"survey": self.survey.id, **told, "kinds": kinds, "items": [asdict(one) for one in self.items]}


def results(desk: Desk, name: str) -> Results:
    """Return what a survey says, of all answers also to who may not see them one by one."""
    survey = desk.get(desk.register(SURVEYS), name)
    fewest = desk.policies[survey.content.get("policy", POLICY)].smallest_respondents
    invited = _of(desk, INVITATIONS, survey=name)
    items = desk.listed(desk.register(ITEMS), Asked(chosen={"survey": name}, page=0))[0]
    cited = survey.content.get("answered", {})
    answered = [one for one in invited if one.content["status"] in ANSWERED]
    kinds = _kinds(desk, invited, answered, fewest)
    asked = len(invited) or int(cited.get("denominator", 0))
    counted = len(answered) if invited else int(cited.get("numerator", 0))
    states = Counter(one.content["status"] for one in invited)
    shares = [_share(desk, one, invited, (counted, asked), kinds, fewest) for one in items]
    return Results(survey, asked, counted, fewest, dict(states), kinds, tuple(shares))


def _of(desk: Desk, register: str, **chosen: str) -> list[Record]:
    """All records of a register with those marks: sums are of all, whoever asks."""
    there = desk.register(register)
    gone = [state.id for state in there.workflow.states if state.gone]
    return desk.archive.listed(there, Asked(chosen=chosen, without=gone, page=0))


def _kinds(desk: Desk, invited: list[Record], answered: list[Record], fewest: int) -> tuple[Kind, ...]:
    """Return the kinds of partners; those with fewer than are shown are told together."""
    there = desk.register(ORGANISATIONS)
    types = {one.id: one.content["type"] for one in desk.archive.listed(there, Asked(page=0))}
    each: dict[str, set[str]] = {}
    for one in invited:
        each.setdefault(types[one.organisation], set()).add(one.organisation)
    told = {one.organisation for one in answered}
    large = {kind: found for kind, found in each.items() if len(found) >= fewest}
    small = set().union(*(found for kind, found in each.items() if kind not in large))
    if small and len(small) < fewest and large:
        small |= large.pop(min(large, key=lambda kind: len(large[kind])))
    groups = [(there.field("type").code(kind), found) for kind, found in large.items()] + [(MERGED, small)] * bool(
        small
    )
    kinds = [Kind(title, frozenset(found), len(found & told)) for title, found in groups]
    return tuple(sorted(kinds, key=lambda one: -one.asked))


def _share(
    desk: Desk, item: Record, invited: list[Record], survey: tuple[int, int], kinds: tuple[Kind, ...], fewest: int
) -> Share:
    title, content = desk.register(ITEMS).titled(item.content), item.content
    sides = _sides(desk, item, invited)
    if sides:
        if len(sides) < fewest:
            return Share(item.id, title, "few", n=len(sides))
        shown = _shown(item.id, title, "answers", sum(sides.values()), len(sides), survey[1])
        return replace(shown, weighted=_weighted(sides, kinds), change=_change(desk, item, sides, invited, fewest))
    if "share" in content:
        share = content["share"]
        return _shown(item.id, title, "share", share["numerator"], share["denominator"], survey[1])
    if "percent" not in content:
        return Share(item.id, title, "none")
    percent = content["percent"]
    given: tuple[Any, ...] = percent, survey[0], len(f"{percent:.6f}".rstrip("0").partition(".")[2])
    events = attainable(*given)
    if np.isnan(events):
        largest = largest_denominator(*given)
        return Share(item.id, title, "unattainable", percent, largest=None if np.isnan(largest) else int(largest))
    return _shown(item.id, title, "percent", int(events), *survey, percent)


def _sides(desk: Desk, item: Record, invited: list[Record]) -> dict[str, bool]:
    asked = {one.id: one.organisation for one in invited}
    counted = {one.content["invitation"]: one.content["counts"] for one in _of(desk, ANSWERS, item=item.id)}
    return {asked[of]: side == "counted" for of, side in counted.items() if of in asked and side != "left_out"}


def _shown(name: str, title: str, basis: str, events: int, n: int, asked: int, percent: float | None = None) -> Share:
    given: tuple[Any, ...] = events, n, max(asked, n)
    made = finite_share(*given), finite_share(*given, interval="hypergeometric")
    wilson, exact = (_limits(one.lower, one.upper) for one in made)
    said = 100 * events / n if percent is None else percent
    return Share(name, title, basis, said, events, n, None, wilson, exact, _limits(*silent(*given)))


def _limits(lower: Any, upper: Any) -> tuple[float, float]:
    return 100 * float(lower), 100 * float(upper)


def _weighted(sides: Sides, kinds: tuple[Kind, ...]) -> tuple[float, float, float] | None:
    """Each kind of partners by how many it has; nothing where there is one kind only, or one with too few answers."""
    if len(kinds) < 2:
        return None
    events = [sum(sides.get(one, False) for one in kind.organisations) for kind in kinds]
    answers = [len(sides.keys() & kind.organisations) for kind in kinds]
    made = poststratified(np.array(events), np.array(answers), np.array([kind.asked for kind in kinds]))
    return (100 * float(made.value), *_limits(made.lower, made.upper)) if np.isfinite(made.lower) else None


def _change(desk: Desk, item: Record, sides: Sides, invited: list[Record], fewest: int) -> Change | None:
    key = ITEMS, item.content.get("before", "")
    if key not in desk.titles(desk.register(ITEMS), [item]):
        return None
    before = desk.archive.get(*key)
    earlier = _of(desk, INVITATIONS, survey=before.content["survey"])
    first = _sides(desk, before, earlier)
    both = first.keys() & sides.keys()
    if len(both) < fewest:
        return None
    asked = len({one.organisation for one in invited} & {one.organisation for one in earlier})
    moves = [sides[one] - first[one] for one in sorted(both)]
    given: tuple[Any, ...] = moves.count(1), moves.count(-1), len(both), asked
    made = paired_change(*given)
    since = desk.titles(desk.register(ITEMS), [before]).get((SURVEYS, before.content["survey"]), "–")
    limits = _limits(made.change.lower, made.change.upper)
    return Change(since, len(both), asked, 100 * float(made.change.value), *limits, float(made.p))
