"""Validations: whether the points of a form find those who have a need, and whom they miss."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lighed.core.pathway import Pathway, Step
from lighed.core.types import Polarity

Chance = Annotated[float, Field(gt=0, lt=1)]


class Validation(Pathway):
    """A pathway from a form's points, the amount of its index event, to the need that they are to find: its last step.

    Those have the need who ``reached`` that step, or were ``lost`` before it. ``cascade`` is the pathway that says who
    is scored and what becomes of the offers. ``worth`` are chances of need from which an offer may be worth making: at
    each of them the form is held against offering to all and to nobody.
    """

    form: str
    cascade: str
    need: Literal["reached", "lost"] = "reached"
    worth: tuple[Chance, ...] = Field(min_length=1)
    polarity: Polarity = "lower_is_better"

    @property
    def scored(self) -> str:
        """Return the event that holds the points."""
        return f"{self.form}_scored"

    @property
    def needed(self) -> Step:
        """Return the step that says who has the need."""
        return self.chain[-1]

    @property
    def measured(self) -> str:
        """Return the id of the indicator whose cases have the need, of those of whom it is known whether they have."""
        return self.stage(self.needed)
