"""Whether what one indicator counts is part of what another counts, and whether two count nothing twice."""

from __future__ import annotations

from itertools import product
from typing import Any

from lighed.core.condition import All, Condition, Test
from lighed.core.types import Indicator


def lacking(inner: Indicator, outer: Indicator) -> list[Condition]:
    """Return what an indicator's persons or cases need not be, to be counted by `inner`, and must be by `outer`.

    Examples
    --------
    >>> from lighed.catalogue import load
    >>> found = load().indicators
    >>> lacking(found["life_expectancy_65"], found["life_expectancy_30"])
    []
    >>> lacking(found["life_expectancy_30"], found["life_expectancy_65"])
    [Test(column='age', operator='at_least', value=65)]
    """
    persons, cases = _parts(inner.population), _parts(inner.population) + _parts(inner.numerator)
    wanted = [(part, persons) for part in _parts(outer.population)] + [(p, cases) for p in _parts(outer.numerator)]
    return [part for part, given in wanted if not any(_says(one, part) for one in given)]


def apart(one: Indicator, other: Indicator) -> bool:
    """Return whether their definitions say that no case of one is a case of the other."""
    tests = (
        [part for part in (*_parts(i.population), *_parts(i.numerator)) if isinstance(part, Test)] for i in (one, other)
    )
    return any(_exclude(mine, theirs) for mine, theirs in product(*tests))


def _parts(condition: Condition) -> tuple[Condition, ...]:
    return condition.parts if isinstance(condition, All) else (condition,)


def _says(one: Condition, wanted: Condition) -> bool:
    """Whether whoever meets one condition meets the other."""
    if one == wanted:
        return True
    if not isinstance(one, Test) or not isinstance(wanted, Test) or one.column != wanted.column:
        return False
    if wanted.operator == "exists":
        return bool(wanted.value) and (one.operator != "exists" or bool(one.value))
    values, known = _values(one), _values(wanted)
    if values is not None and known is not None:
        return values <= known
    (low, high), (least, most) = _ends(one), _ends(wanted)
    return None not in (least, most) and low is not None and low >= least and high <= most


def _exclude(one: Test, other: Test) -> bool:
    """Whether nobody meets both."""
    values, known = _values(one), _values(other)
    if one.column != other.column:
        return False
    if values is not None and known is not None:
        return not values & known
    (low, high), (least, most) = _ends(one), _ends(other)
    return None not in (low, least) and (high < least or most < low)


def _values(test: Test) -> set[Any] | None:
    match test.operator:
        case "is":
            return {test.value}
        case "in":
            return set(test.value)
    return None


def _ends(test: Test) -> tuple[Any, Any]:
    match test.operator:
        case "is" if isinstance(test.value, int | float):
            return test.value, test.value
        case "at_least":
            return test.value, float("inf")
        case "at_most":
            return float("-inf"), test.value
        case "between":
            low, high = test.value
            return low, high
    return None, None
