"""What a pathway is looked at for: one page each, under the same title, area and dimension."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lighed.core.pathway import Pathway
from lighed.core.types import Stratifier
from lighed.report.page import Block
from lighed.report.view import View
from lighed.report.words import Row

Shown = tuple[list[Block], list[Row]]  # the blocks and the rows that they were made of


@dataclass(frozen=True, slots=True)
class Look:
    """A page of a pathway, offered where the area has rows of one of its measures.

    ``name`` is the last part of its address, and its title is the text ``pathway.look.<name>``.
    """

    name: str
    measures: tuple[str, ...]
    show: Callable[[View, Pathway, Stratifier], Shown]

    def found(self, view: View, one: Pathway) -> bool:
        """Return whether the area has anything of it."""
        steps = {of for step in one.steps for of in (one.stage(step), one.whole(step))}
        return any(measure in self.measures for step in steps for _, measure, _ in view.index.of(step))
