"""The whole of the definitions, as everything else takes them."""

from __future__ import annotations

from dataclasses import dataclass

from lighed.catalogue.publication import Factor, FocusArea, OverviewArea, Pitfall, Recommendation
from lighed.core.diagnostic import Diagnostic
from lighed.core.form import Form
from lighed.core.pathway import Pathway
from lighed.core.register import Register
from lighed.core.report import Report
from lighed.core.types import (
    Area,
    Counted,
    Dimension,
    Evaluation,
    Indicator,
    Item,
    Level,
    Policy,
    Provider,
    Reason,
    ReleasePlan,
    Standard,
    Stratifier,
)
from lighed.core.use import Use
from lighed.core.validation import Validation


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every definition, by id, in a fixed order; ``digest`` changes when any of their files does."""

    factors: dict[int, Factor]
    overview: tuple[OverviewArea, ...]
    pitfalls: tuple[Pitfall, ...]
    focus_areas: tuple[FocusArea, ...]
    recommendations: tuple[Recommendation, ...]
    indicators: dict[str, Indicator]
    pathways: dict[str, Pathway]
    uses: dict[str, Use]
    stratifiers: dict[str, Stratifier]
    items: dict[str, Item]
    reasons: dict[str, Reason]
    dimensions: dict[str, Dimension]
    areas: dict[str, Area]
    providers: dict[str, Provider]
    attributes: dict[str, dict[str, float]]
    standards: dict[str, Standard]
    policies: dict[str, Policy]
    plans: dict[str, ReleasePlan]
    evaluations: dict[str, Evaluation]
    forms: dict[str, Form]
    registers: dict[str, Register]
    diagnostics: dict[str, Diagnostic]
    reports: dict[str, Report]
    digest: str

    @property
    def validations(self) -> dict[str, Validation]:
        """Return the pathways that hold the points of a form against a need, by id."""
        return {name: one for name, one in self.pathways.items() if isinstance(one, Validation)}

    @property
    def held(self) -> dict[str, Dimension]:
        """Return the dimensions that are held as they stand, by id; the others are counted from what is held."""
        return {name: one for name, one in self.dimensions.items() if one.counts is None}

    def waiting(self) -> dict[str, list[str]]:
        """Return the ids of the indicators that wait for something that later work makes computable, by what it is."""
        found: dict[str, list[str]] = {}
        for indicator in self.indicators.values():
            if indicator.waits_for:
                found.setdefault(indicator.waits_for, []).append(indicator.id)
        return found

    def around(self, indicator: str) -> list[str]:
        """Return the indicators that one is within, the nearest first."""
        found: list[str] = []
        outer = self.indicators[indicator].within
        while outer in self.indicators and outer not in found:
            found.append(outer)
            outer = self.indicators[outer].within
        return found

    def counted(self, column: str) -> Counted | None:
        """Return what a column of person-years counts the days of; None where it is held as it stands."""
        return self.dimensions[column].counts if column in self.dimensions else None

    def groups(self, evaluation: Evaluation) -> tuple[Level, ...]:
        """Return the groups that an evaluation compares, the worst-off first."""
        return evaluation.levels or self.stratifiers[evaluation.stratifier or ""].levels
