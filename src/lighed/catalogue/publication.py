"""The texts that the catalogue stands on: what the Danish sources say, in their own words and in English.

Factors, goals, actions and indicator bullets are the municipal publication of the Danish Health Authority (December
2011); the focus areas and the recommendations are those of the alliance. Nothing here ranks one factor above another.
"""

from __future__ import annotations

from typing import Literal

from lighed.core.text import Text
from lighed.core.types import Definition


class Goal(Definition):
    """What the publication wants reached for a factor."""

    id: str
    title: Text


class Action(Definition):
    """What the publication says that a municipality can do."""

    id: str
    title: Text
    theme: Text | None = None


class Bullet(Definition):
    """An indicator as the publication words it; the computable definitions name it as their ``bullet``."""

    id: str
    about: Literal["factor", "implementation"]
    title: Text


class Factor(Definition):
    """One of the eight factors behind social inequality in health."""

    id: int
    slug: str
    title: Text
    summary: Text
    goals: tuple[Goal, ...]
    actions: tuple[Action, ...]
    bullets: tuple[Bullet, ...]


class OverviewArea(Definition):
    """A row of the overview of municipal actions: an area, its administrations, and the actions named there."""

    title: Text
    administrations: tuple[Text, ...]
    actions: tuple[str, ...]


class Pitfall(Definition):
    """A way in which municipal work on inequality goes wrong."""

    id: str
    title: Text
    explanation: Text


class FocusArea(Definition):
    """One of the Health Authority's twelve focus areas, and the factors of 2011 that it corresponds to."""

    id: str
    title: Text
    factors: tuple[int, ...]


class Need(Definition):
    """Something that a recommendation says there is a need for."""

    id: str
    title: Text


class Recommendation(Definition):
    """One of the alliance's six recommendations."""

    id: int
    title: Text
    summary: Text
    needs: tuple[Need, ...]
