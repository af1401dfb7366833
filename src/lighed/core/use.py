"""Uses: how often a service is used, held against need, so that groups are compared at the same need."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lighed.core.condition import ALWAYS
from lighed.core.text import Text
from lighed.core.types import Definition, Example, Indicator, Parsed, Polarity, Source, UnitId

AGE_SEX = ("age", "sex")  # in every set of need, where they count as one: what an age needs differs between the sexes
AGE_AND_SEX, LEVEL, REST = "age_and_sex", "level", "rest"


class Need(Definition):
    """A set of columns that stand for need."""

    id: str
    title: Text
    columns: tuple[str, ...]

    @property
    def factors(self) -> tuple[str, ...]:
        """Return the columns with age and sex as one."""
        return (AGE_AND_SEX, *(column for column in self.columns if column not in AGE_SEX))


class Use(Definition):
    """What is counted as use, among whom, and what stands for need.

    Each set of ``need`` has all columns of the one before; ``controls`` are columns that bear on use and are not need.
    All of them are positions on the first day of the year, before the use. Somatic and psychiatric illness are never in
    one use: ``undivided`` is for services that do not tell them apart. ``unmet`` is an indicator of need that was not
    met, to be shown beside.
    """

    id: str
    bullet: str | None = None
    factor: int | None = None
    title: Text
    short: Text
    illness: Literal["somatic", "psychiatric", "undivided"]
    item: str
    where: Parsed = ALWAYS
    population: Parsed = ALWAYS
    need: tuple[Need, ...] = Field(min_length=2)
    controls: tuple[str, ...] = ()
    unmet: str | None = None
    polarity: Polarity = "higher_is_better"
    unit: UnitId = "per_person"
    stratifiers: tuple[str, ...]
    source: Source
    caveats: tuple[Text, ...] = ()
    references: tuple[str, ...] = ()
    example: Example | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Return what persons are divided by beside age and sex: the rest of need, and the controls."""
        return (*self.need[-1].factors[1:], *self.controls)

    @property
    def indicator(self) -> Indicator:
        """Return the indicator of the use as it is: how often it is used, per person."""
        shared = {name: getattr(self, name) for name in Indicator.model_fields if name in Use.model_fields}
        return Indicator(**shared | {"kind": "mean", "basis": "person", "numerator": self.where, "example": None})
