"""Holds the definitions against each other: every name that one of them uses must be known to the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import combinations
from typing import Any

from lighed.catalogue.catalogue import Catalogue
from lighed.catalogue.nested import lacking
from lighed.core.condition import ALWAYS, All, Condition, Either, Not, Test, columns, tree
from lighed.core.errors import DefinitionError
from lighed.core.pathway import FATES, START, Pathway, States, Step
from lighed.core.types import (
    UNKNOWN,
    Counted,
    Design,
    Dimension,
    Evaluation,
    Indicator,
    Policy,
    Provider,
    ReleasePlan,
    Stratifier,
)
from lighed.core.use import AGE_SEX, Use
from lighed.core.validation import Validation

BASIC = {"age", "sex", "area", "days", "year"}
RECORD = {"category", "amount"}
RESIDENCE = "residence"
YEARS = 1900, 2100  # a slip of the finger is not to be built for hours
# What the columns of a design must say beside the group and the outcome, and which of these others do not.
DESIGNS: dict[Design, set[str]] = {
    "trial": {"treated"},
    "before_after": {"period", "start"},
    "difference_in_differences": {"treated", "period", "start"},
    "staggered": {"unit", "first", "period"},
    "interrupted": {"period", "start"},
}
OUTCOMES = {"events", "n"}, {"value"}, {"value", "weight"}
LIFE_FROM = range(0, 90, 5)  # the ages at which a life expectancy may start
PERSONS, RECORDS = {"person"}, {"event", "pathway", "survey"}
RECEIVERS = ("municipality", "region")
TIMES = {"time", "time_to"}
OCCURRENCE = RECORD | TIMES | {"provider_id", "counterpart_id", "paragraph"}


def check(catalogue: Catalogue) -> None:
    """Raise DefinitionError for the first thing that does not fit."""
    for name, problem in _all(catalogue):
        raise DefinitionError(name, problem)


def _all(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    every: tuple[tuple[Mapping[str, Any], Callable[[Catalogue, Any], Iterator[str]]], ...] = (
        (catalogue.stratifiers, _of_stratifier),
        (catalogue.dimensions, _of_dimension),
        (catalogue.pathways, _along),
        (catalogue.uses, _of_use),
        (catalogue.validations, _of_points),
        (catalogue.indicators, _problems),
        (catalogue.providers, _of_provider),
        (catalogue.policies, _of_policy),
        (catalogue.plans, _of_plan),
        (catalogue.evaluations, _of_evaluation),
    )
    for definitions, problems in every:
        yield from ((name, problem) for name, one in definitions.items() for problem in problems(catalogue, one))


def _of_dimension(catalogue: Catalogue, dimension: Dimension) -> Iterator[str]:
    yield from _of_counted(catalogue, dimension.counts)


def _of_counted(catalogue: Catalogue, counted: Counted | None) -> Iterator[str]:
    if counted is None:
        return
    yield from _unknown([("item", counted.item, {*catalogue.items, *catalogue.held, RESIDENCE})])
    for test in _tests(counted.where):
        if test.column not in RECORD:
            yield f"the column '{test.column}' is not known; known are {', '.join(sorted(RECORD))}"
        else:
            yield from _values(catalogue, counted.item, test)
    low, high = counted.days
    if high is not None and high < low:
        yield f"the window {low} to {high} has no days in it"


def check_evaluation(catalogue: Catalogue, one: Evaluation) -> None:
    """Raise DefinitionError for the first thing in an evaluation that does not fit."""
    for problem in _of_evaluation(catalogue, one):
        raise DefinitionError(one.id, problem)


def _of_evaluation(catalogue: Catalogue, one: Evaluation) -> Iterator[str]:
    taken = one.rows
    named: list[tuple[str, str | int | None, Any]] = [("stratifier", one.stratifier, catalogue.stratifiers)]
    if taken:
        named.append(("indicator", taken.indicator, catalogue.indicators))
        named += [("area", area, catalogue.areas) for area in (*taken.treated, *taken.untreated)]
    yield from _unknown(named)
    if taken and not one.stratifier:
        yield "a release has the groups of a stratifier; name it, or leave 'rows' out"
    if bool(one.stratifier) == bool(one.levels):
        yield "write either a stratifier or levels of its own, the worst-off first"
    if one.stratifier and not catalogue.stratifiers[one.stratifier].ordered:
        yield f"'{one.stratifier}' has no order; write levels of its own, the worst-off first"
    if len(catalogue.groups(one)) < 2:
        yield "a gap is between two groups or more"
    said = {*one.columns.named} | ({"start"} if one.start else set())
    needed, used = DESIGNS[one.design], {"treated", "first", "period", "start"}
    for name in sorted(needed - said):
        yield f"the design {one.design} needs '{name}'"
    for name in sorted((said & used) - needed):
        yield f"the design {one.design} does not use '{name}'; leave it out"
    if said & {"events", "n", "value", "weight"} not in OUTCOMES:
        yield "say the outcome as events and n, or as a value, alone or with its weight"


def _of_stratifier(_: Catalogue, stratifier: Stratifier) -> Iterator[str]:
    if stratifier.ordered and stratifier.ends is None:
        yield "an ordered dimension needs 'ends': what its two ends are called in a sentence"
    if stratifier.reference and stratifier.reference not in stratifier.level_ids:
        yield f"the reference '{stratifier.reference}' is none of the levels {stratifier.level_ids}"


def _problems(catalogue: Catalogue, one: Indicator) -> Iterator[str]:
    bullets = {bullet.id for factor in catalogue.factors.values() for bullet in factor.bullets}
    used: list[tuple[str, str | int | None, Any]] = [
        ("stratifier", name, catalogue.stratifiers) for name in one.stratifiers
    ]
    used += [
        ("bullet", one.bullet, bullets),
        ("factor", one.factor, catalogue.factors),
        ("item", one.item, catalogue.pathways if one.basis == "pathway" else catalogue.items),
        ("standard", one.standardise.to if one.standardise else None, catalogue.standards),
    ]
    yield from _unknown([*used, ("indicator", one.within, catalogue.indicators)])
    if one.within in catalogue.indicators:
        yield from _within(catalogue, one, catalogue.indicators[one.within])
    if one.computes:
        yield from _conditions(catalogue, one)
        yield from _life_table(one) if one.kind == "life_expectancy" else ()


def _within(catalogue: Catalogue, one: Indicator, outer: Indicator) -> Iterator[str]:
    """An indicator that is not part of the one that it is within."""
    if one.id in {outer.id, *catalogue.around(outer.id)}:
        yield f"it is within '{outer.id}', which is within it"
    if (one.basis, one.over_time) != (outer.basis, outer.over_time):
        yield f"it is not counted as '{outer.id}' is, and can be no part of it"
    for part in lacking(one, outer) if one.item == outer.item else ():
        yield f"it is within '{outer.id}', which asks for {tree(part)}; ask for that too"


def _life_table(one: Indicator) -> Iterator[str]:
    """What a life expectancy cannot be computed from, or would mean nothing with."""
    if (one.basis, one.item, one.numerator, one.unit) != ("person", "death", ALWAYS, "years"):
        yield "a life expectancy counts all deaths of persons: basis person, item death, unit years and no numerator"
    if one.standardise:
        yield "a life expectancy has no other population's ages in it; leave 'standardise' out"
    ages = [test for test in _tests(one.population) if test.column == "age"]
    if one.from_age not in LIFE_FROM or ages not in ([], [Test("age", "at_least", one.from_age)]):
        yield "a life expectancy is from an age on: of age its population says at_least 5, 10, 15 … or 85, or nothing"


def _of_use(catalogue: Catalogue, use: Use) -> Iterator[str]:
    """What cannot stand for need: an unknown column, a set without age and sex, or without the set before."""
    yield from _unknown([("indicator", use.unmet, catalogue.indicators)])
    categories = {name for name, dimension in catalogue.dimensions.items() if dimension.amount is None}
    known = {*catalogue.stratifiers, *categories}
    for name in use.columns:
        if name not in known:
            yield f"the column '{name}' has no categories that are known; known are {', '.join(sorted(known))}"
    smaller: set[str] = {*AGE_SEX}
    for given in use.need:
        if left_out := sorted(smaller - {*given.columns}):
            yield f"the need '{given.id}' leaves out {', '.join(left_out)}; each set holds the one before"
        smaller = {*given.columns}
    if len({*use.columns}) < len(use.columns):
        yield "a column is need and a control; write it as one of them"
    if not any(catalogue.stratifiers[name].ordered for name in use.stratifiers if name in catalogue.stratifiers):
        yield "need-adjusted use is compared over dimensions with an order; name one of them among the stratifiers"


def _along(catalogue: Catalogue, pathway: Pathway) -> Iterator[str]:
    """What cannot be in a pathway: steps that look ahead, windows that nothing fits into, one event in two steps."""
    steps: list[str] = []
    for step in pathway.steps:
        if step.id in steps or step.id in BASIC | RECORD | {*catalogue.stratifiers, *catalogue.dimensions, START}:
            yield f"the step '{step.id}' needs a name of its own, that no other step and no column has"
        named = {name for wanted in (step, *step.unless) for name in (wanted.after, wanted.anchor)}
        if unknown := named - {START, *steps}:
            yield f"the step '{step.id}' follows {unknown.pop()!r}, which is neither 'index' nor a step before it"
        elif step.anchor not in {START, *(before.id for before in pathway.before(step))}:
            yield f"the step '{step.id}' counts its days from '{step.anchor}', which it does not follow"
        else:
            yield from _windows(pathway, step)
        steps.append(step.id)
    yield from _clock(pathway)
    yield from _responsible(pathway)
    yield from _of_states(catalogue, pathway.states) if pathway.states else ()
    yield from _twice(pathway)
    yield from _itself(pathway)
    seen = (pathway.index, *pathway.exclusions, *pathway.steps, *(u for s in pathway.steps for u in s.beside))
    for wanted in seen:
        held = catalogue.held if wanted.day == "within" else {}
        yield from _unknown([("item", wanted.item, catalogue.items | held)])
        for test in _tests(wanted.where):
            if test.column not in OCCURRENCE:
                yield f"the column '{test.column}' is not known; known are {', '.join(sorted(OCCURRENCE))}"
            else:
                yield from _values(catalogue, wanted.item, test)


def _clock(pathway: Pathway) -> Iterator[str]:
    """What one clock has and the other has not."""
    windows = (*pathway.exclusions, *(w for step in pathway.steps for w in (step, *step.beside)))
    if pathway.clock == "elapsed" and pathway.states:
        yield "states are of whole days, and the clock is elapsed time; put them into a pathway of calendar days"
    if pathway.clock == "calendar_day" and any(wanted.hours for wanted in windows):
        yield "a window is of hours, and the clock is the calendar day; write 'clock: elapsed'"
    if pathway.clock == "calendar_day" and any(wanted.upper == "exclusive" for wanted in windows):
        yield "a window leaves its end out, and the clock is the calendar day; let it end a day before"


def _of_states(catalogue: Catalogue, states: States) -> Iterator[str]:
    yield from _unknown([("dimension", states.dimension, catalogue.held)])
    yield from _values(catalogue, states.dimension, Test("category", "is", states.among))


def _of_points(catalogue: Catalogue, one: Validation) -> Iterator[str]:
    """What the points of a form cannot be held against a need with."""
    yield from _unknown([("form", one.form, catalogue.forms), ("cascade", one.cascade, catalogue.pathways)])
    if one.index.item != one.scored:
        yield f"the index event is '{one.index.item}'; the points of '{one.form}' are in '{one.scored}'"


def _responsible(pathway: Pathway) -> Iterator[str]:
    """A handover at no step, and what leaves a day without an area that is responsible, or gives it two."""
    yield from _unknown([("step", pathway.handover, {step.id for step in pathway.steps})])
    for rule in pathway.responsible:
        if rule.kind not in RECEIVERS:
            yield f"responsible: '{rule.kind}' is no kind of area that can be; use one of {', '.join(RECEIVERS)}"
    starts = [rule.valid_from for rule in pathway.responsible]
    after = [rule.valid_to and rule.valid_to + timedelta(1) for rule in pathway.responsible]
    if [None, *after] != [*starts, None] or not all(starts[1:]):
        yield "responsible: each rule begins on the day after the one before ends, and the first and the last are open"
    if any((day.month, day.day) != (1, 1) for day in starts if day):
        yield "responsible: write a 1 January, for the figures are of whole years"


def _windows(pathway: Pathway, step: Step) -> Iterator[str]:
    for wanted in (step, *step.beside):
        low, high = pathway.window(wanted)
        if wanted.after != START:
            low = max(low, pathway.earliest(wanted.after, wanted.anchor) + wanted.apart * pathway.ticks)
        if high < low + wanted.times - 1:
            first, last = wanted.hours or wanted.days
            yield f"the step '{step.id}' has the window {first} to {last}, which nothing can be in"
    if list(step.horizons) != sorted({day for day in step.horizons if 0 <= day <= step.days[1]}):
        yield f"the step '{step.id}' has horizons that are not days of its window in ascending order: {step.horizons}"


def _twice(pathway: Pathway) -> Iterator[str]:
    """An event in two steps, of which one would follow at once from the other."""
    for one, other in combinations(pathway.steps, 2):
        beside = one not in pathway.before(other)  # within 7 days, and within 30
        beside &= pathway.window(one) != pathway.window(other)
        beside |= one.times < other.times  # once, and again
        if (one.item, one.where) == (other.item, other.where) and not beside:
            yield f"two steps are the same event '{one.item}'; say in 'where' what tells them apart"


def _itself(pathway: Pathway) -> Iterator[str]:
    """A window that the event that begins the pathway is in, and an exclusion that waits for a step."""
    for wanted in (*pathway.exclusions, *pathway.steps):
        low, high = pathway.window(wanted)
        here = wanted.anchor == START and low <= 0 <= high and wanted.times == 1
        if here and wanted.kind == pathway.index.kind:
            yield f"'{wanted.item}' begins the pathway and is in a window of its own; let that begin on day 1"
    if any({wanted.after, wanted.anchor} != {START} for wanted in pathway.exclusions):
        yield "an exclusion is known at the index; count its days from there, or put it under 'unless' of a step"


def _of_provider(catalogue: Catalogue, one: Provider) -> Iterator[str]:
    yield from _unknown([("area", code, catalogue.areas) for code in (one.area, *one.catchment)])


def _of_policy(catalogue: Catalogue, policy: Policy) -> Iterator[str]:
    yield from _unknown([("indicator", name, catalogue.indicators) for name in policy.public_persons])
    for one in (catalogue.indicators[name] for name in policy.public_persons):
        if (one.kind, one.basis) != ("proportion", "person") or policy.sums != "together":
            yield f"public_persons: '{one.id}' must be a share of persons, and the sums be held together"


def _of_plan(catalogue: Catalogue, plan: ReleasePlan) -> Iterator[str]:
    if plan.years and not YEARS[0] <= plan.years[0] <= plan.years[1] <= YEARS[1]:
        yield f"years: write the first and the last year, within {YEARS[0]}–{YEARS[1]}"
    cited = {citation.id for citation in plan.citations}
    targets = {*catalogue.stratifiers, "areas", "total"}
    used: list[tuple[str, str | int | None, Any]] = [("policy", plan.policy, catalogue.policies)]
    used += [("area", plan.front_area, catalogue.areas)]
    used += [("stratifier", name, catalogue.stratifiers) for name in (*plan.stratifiers, *plan.area_stratifiers)]
    used += [("stratifier", name, catalogue.stratifiers) for some in plan.stratifiers_of.values() for name in some]
    used += [("indicator", name, catalogue.indicators) for name in (*plan.indicators, *plan.stratifiers_of)]
    for table in plan.tables:
        used += [("citation", table.citation, cited)]
        used += [("dimension", name, targets) for name in table.dimensions.values()]
        used += [("indicator", name, catalogue.indicators) for name in table.indicators.values()]
    yield from _unknown(used)


def _unknown(used: list[tuple[str, str | int | None, Any]]) -> Iterator[str]:
    for word, name, known in used:
        if name is not None and name not in known:
            yield f"the {word} '{name}' is not known; known are {', '.join(sorted(map(str, known)))}"


def _conditions(catalogue: Catalogue, one: Indicator) -> Iterator[str]:
    if one.basis in RECORDS and one.item is None:
        yield f"with basis {one.basis} it must say which item it counts"
        return
    records = one.basis in RECORDS or one.item is not None
    known = BASIC | set(catalogue.stratifiers) | set(catalogue.dimensions) | (RECORD if records else set())
    known |= set(catalogue.pathways[one.item].columns) if one.basis == "pathway" and one.item else set()
    for test in (*_tests(one.population), *_tests(one.numerator)):
        if test.column not in known:
            yield f"the column '{test.column}' is not known; known are {', '.join(sorted(known))}"
        else:
            yield from _values(catalogue, one.item, test)
    read = columns(one.numerator) & RECORD
    if one.basis in RECORDS and one.kind == "proportion" and read - columns(one.population):
        yield f"say in the population that {', '.join(sorted(read))} exists, or a missing answer counts as a no"


def _values(catalogue: Catalogue, item: str | None, test: Test) -> Iterator[str]:
    """The categories that a test names must be those of its column."""
    if test.operator not in {"is", "in"}:
        return
    given = test.value if test.operator == "in" else (test.value,)
    known = _categories(catalogue, item, test.column)
    for value in given:
        if known and value not in known:
            yield f"'{value}' is no category of '{test.column}'; they are {', '.join(sorted(known))}"


def _categories(catalogue: Catalogue, item: str | None, column: str) -> set[str]:
    if column == "category" and item in catalogue.items | catalogue.dimensions:
        return set((catalogue.items | catalogue.dimensions)[item].categories)
    if column.endswith("_fate"):
        return set(FATES)
    if column in catalogue.stratifiers:
        return {*catalogue.stratifiers[column].level_ids, UNKNOWN}
    return set(catalogue.dimensions[column].categories) if column in catalogue.dimensions else set()


def _tests(condition: Condition) -> Iterator[Test]:
    match condition:
        case Test():
            yield condition
        case Not(part):
            yield from _tests(part)
        case All(parts) | Either(parts):
            for part in parts:
                yield from _tests(part)
