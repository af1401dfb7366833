"""Dimensions crossed with each other: a level for each combination of the levels of two or three others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import product
from typing import Any

from lighed.core.errors import DefinitionError
from lighed.core.text import Text
from lighed.core.types import Level, Stratifier


def with_crossed_levels(stratifiers: dict[str, Stratifier]) -> dict[str, Stratifier]:
    """Fill in the levels of those stratifiers that cross others, and what there is to be said of the others."""
    return {s.id: s.model_copy(update=_crossed(s, stratifiers)) if s.crosses else s for s in stratifiers.values()}


def combination(levels: Sequence[Any]) -> Any:
    """Join the ids of levels (or the columns that hold them) to the id of their combination.

    Examples
    --------
    >>> combination(["short", "female"])
    'short+female'
    """
    return reduce(lambda joined, level: joined + "+" + level, levels)


def parts_of(crossed: Stratifier, stratifiers: dict[str, Stratifier]) -> dict[str, tuple[str, ...]]:
    """Return, for each level of a stratifier that crosses others, its level of each of them.

    Examples
    --------
    >>> from lighed.catalogue import load
    >>> known = load().stratifiers
    >>> parts_of(known["education_sex"], known)["short+female"]
    ('short', 'female')
    """
    each = product(*(stratifiers[name].level_ids for name in crossed.crosses))
    return {combination(levels): levels for levels in each}


def _crossed(stratifier: Stratifier, stratifiers: dict[str, Stratifier]) -> dict[str, Any]:
    for name in stratifier.crosses:
        if name not in stratifiers:
            known = ", ".join(sorted(stratifiers))
            raise DefinitionError(
                stratifier.id, f"the stratifier '{name}' that it crosses is not known; known are {known}"
            )
        if stratifiers[name].crosses or stratifiers[name].areas:
            raise DefinitionError(
                stratifier.id, f"'{name}' cannot be crossed: name dimensions of persons that cross no others themselves"
            )
    if len(set(stratifier.crosses)) != len(stratifier.crosses) or len(stratifier.crosses) < 2:
        raise DefinitionError(stratifier.id, "'crosses' names two or more dimensions, each of them once")
    if stratifier.levels or stratifier.ordered:
        raise DefinitionError(
            stratifier.id, "a crossing has no order, and its levels are made of those that it crosses"
        )
    parts = [stratifiers[name] for name in stratifier.crosses]
    return {
        "levels": tuple(_level(levels) for levels in product(*(part.levels for part in parts))),
        "caveats": (*stratifier.caveats, *(caveat for part in parts for caveat in part.caveats)),
        "references": tuple(dict.fromkeys([*stratifier.references, *(r for part in parts for r in part.references)])),
    }


def _level(levels: Sequence[Level]) -> Level:
    titles = {lang: " · ".join(level.title[lang] for level in levels) for lang in ("da", "en")}
    return Level(id=combination([level.id for level in levels]), title=Text(**titles))
