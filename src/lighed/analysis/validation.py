"""The points of a form held against the need: whom they find and miss, from counts by points that add up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lighed import stats
from lighed.analysis.parts import Told
from lighed.core.estimates import CONFIDENCE, Estimates, codes
from lighed.core.pathway import COUNTED
from lighed.core.summary import Summary
from lighed.core.types import COUNTRY, SCALE, UNKNOWN, Stratifier
from lighed.core.validation import Validation
from lighed.stats.intervals import Array, Values
from lighed.stats.rates import FEWEST_EVENTS

AREAS = (COUNTRY, "region")  # smaller areas have too few of each number of points
SHARES = ("missed_need", "selection_rate", "predictive_value")


@dataclass(frozen=True, slots=True)
class Scored:
    """Those of whom it is known whether they have the need, and those who have it, by their points.

    ``n`` and ``events`` are of shape (area, period, level, points), the points from none to the most of the form.
    """

    validation: Validation
    stratifier: Stratifier | None
    areas: list[str]
    periods: list[int]
    levels: list[str | None]
    n: Array
    events: Array

    @classmethod
    def of(cls, told: Told, validation: Validation) -> Iterator[Scored]:
        """Count the episodes that have points, by each stratifier; of several on one day, the most count."""
        points = range(told.catalogue.forms[validation.form].most + 1)
        rows, fate = told.counted, validation.needed.fate
        rows = rows.filter(rows[fate].isin(COUNTED) & rows.amount.isin([float(number) for number in points]))
        rows = rows.mutate(points=rows.amount.cast("int32"))
        has = rows[fate] == validation.need
        made = told.count(rows, ("points",), kinds=AREAS, n=has.notnull(), events=has)
        for stratifier, mine in told.apart(made):
            yield cls._counted(validation, stratifier, mine, [*points])

    @classmethod
    def _counted(
        cls, validation: Validation, stratifier: Stratifier | None, made: Summary, points: list[int]
    ) -> Scored:
        areas, periods = (sorted(set(made.table[name].to_pylist())) for name in ("area", "period"))
        levels: list[str | None] = [*stratifier.level_ids, UNKNOWN] if stratifier else [None]
        axes = {"area": areas, "period": periods, "level": levels, "points": points}
        counts = made.dense(axes)
        return cls(validation, stratifier, areas, periods, levels, counts["n"], counts["events"])

    @property
    def expected(self) -> Array:
        """The share with the need of everyone with as many points in the period, shape (period, 1, points).

        Points are no probabilities: a group is held against all who have as many as its members.
        """
        whole = [self.areas.index(COUNTRY)] if COUNTRY in self.areas else slice(None)
        n, events = (counts[whole].sum((0, 2))[:, None] for counts in (self.n, self.events))
        return events / np.maximum(n, 1)

    def rows(
        self,
        measure: str,
        made: Values,
        unit: str,
        method: str,
        *,
        parts: Sequence[int | None] = (None,),
        over_levels: bool = False,
        scenario: float | None = None,
        few: Array | bool = False,
        **counts: Array,
    ) -> Estimates:
        """Return a row of a measure, of shape (area, period, level, part), for each group that has anybody.

        The parts are its components; `few` says which groups are too few for it.
        """
        people = self.n.sum((2, 3) if over_levels else 3, keepdims=True)
        at = np.flatnonzero(np.broadcast_to(people > 0, made.value.shape))
        area, period, level, part = np.unravel_index(at, made.value.shape)
        missing, doubtful = (found.ravel()[at] for found in (np.isnan(made.value), np.isnan(made.se) | few))
        return Estimates.of(
            indicator=self.validation.measured,
            area=codes(area, self.areas),
            period=codes(period, [str(one) for one in self.periods]),
            stratifier=self.stratifier.id if self.stratifier else None,
            level=codes(level, [None] if over_levels else self.levels),
            component=codes(part, [None if one is None else str(one) for one in parts]),
            scenario=None if scenario is None else f"{scenario:g}",
            measure=measure,
            **{name: getattr(made, name).ravel()[at] for name in Values.__slots__},
            confidence=CONFIDENCE,
            **{name: number.ravel()[at] for name, number in counts.items()},
            unit=unit,
            method=method,
            flags=codes(np.where(missing, 2, np.where(doubtful, 1, 0)), ["", "unreliable", "not_applicable"]),
        )


def scores(told: Told) -> Iterator[Estimates]:
    """Return what a form's points are worth, for each group: nothing for a pathway that is no validation.

    The measure ``score`` is the share with the need of those with as many points as the component says; what is worked
    out of these counts has names that begin with it. Of a threshold, and of a way to offer, the component is the fewest
    points that are offered anything; the scenario is the chance of need from which an offer is worth making.
    """
    if not isinstance(told.pathway, Validation):
        return
    starts = [band.from_points for band in told.catalogue.forms[told.pathway.form].bands]
    for scored in Scored.of(told, told.pathway):
        if scored.n.size:
            yield from _calibrated(scored)
            yield from _offered(scored, starts)
            yield from _benefit(scored, starts[0])


def _calibrated(scored: Scored) -> Iterator[Estimates]:
    """The share with the need by points, how well points tell the needs apart, and needs against what is expected."""
    n, events = scored.n, scored.events
    with_need = events.sum(-1, keepdims=True)
    few = np.minimum(with_need, n.sum(-1, keepdims=True) - with_need) < FEWEST_EVENTS
    made = stats.calibration(n, events, scored.expected)
    share, points = stats.proportion(events, n).scaled(SCALE["percent"]), range(n.shape[-1])
    yield scored.rows("score", share, "percent", "wilson", parts=points, n=n, events=events)
    for name, found, unit, method in (
        ("area_under_curve", stats.area_under_curve(n, events), "index", "delong"),
        ("observed_over_expected", made.ratio, "ratio", "wilson, expected by points"),
        ("calibration_in_the_large", made.in_the_large, "index", "logistic, expected by points"),
        ("calibration_slope", made.slope, "index", "logistic, expected by points"),
    ):
        yield scored.rows(f"score_{name}", found.at((..., None)), unit, method, few=few)


def _offered(scored: Scored, starts: list[int]) -> Iterator[Estimates]:
    """What each threshold finds and misses, and the gap between the ends of an ordered dimension."""
    found = stats.thresholds(scored.n, scored.events)
    for name in SHARES:
        made: Values = getattr(found, name)
        yield scored.rows(
            f"score_{name}", made.at((..., starts)).scaled(SCALE["percent"]), "percent", "wilson", parts=starts
        )
    if scored.stratifier and scored.stratifier.ordered:
        ranked = scored.events[:, :, :-1]
        for start in starts:
            missed = ranked[..., :start].sum(-1)
            gap = stats.equal_opportunity(missed, ranked.sum(-1)).scaled(SCALE["percent"])
            made = gap.at((..., None, None))
            yield scored.rows("score_equal_opportunity", made, "percent", "newcombe", parts=[start], over_levels=True)


def _benefit(scored: Scored, start: int) -> Iterator[Estimates]:
    """What offering from the first band on is worth beside offering to all, at each price of a needless offer."""
    for worth in scored.validation.worth:
        made = stats.net_benefit(scored.n, scored.events, worth)
        ways = {
            "score_net_benefit": made.form.at((..., [start])),
            "score_net_benefit_all": made.everyone.at((..., None)),
            "score_net_benefit_gain": made.gain.at((..., [start])),
        }
        for measure, found in ways.items():
            scaled = found.scaled(SCALE["per_1000"])
            yield scored.rows(measure, scaled, "per_1000", "net benefit", parts=[start], scenario=worth)
