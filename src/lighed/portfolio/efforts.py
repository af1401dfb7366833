"""Initiatives as the pages of figures name them: what is done about which figures, of what everybody may see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from lighed import catalogue
from lighed.core.register import ORGANISATIONS
from lighed.core.text import Text
from lighed.portfolio.archive import Asked
from lighed.portfolio.house import House

INITIATIVES = "initiatives"


@dataclass(frozen=True, slots=True)
class Effort:
    """An initiative: whose it is, where it stands, whether something is being done, and what it is to move."""

    id: str
    title: str
    organisation: str
    state: Text
    active: bool
    indicators: tuple[str, ...] = ()
    pathways: tuple[str, ...] = ()

    def aims_at(self, indicator: str) -> bool:
        """Return whether it is to move an indicator, or the pathway that the indicator is a step of.

        Examples
        --------
        >>> one = Effort("stop", "Stop", "Nyborg", Text(da="I gang", en="Running"), True, ("F3.1",), ("cessation",))
        >>> one.aims_at("F3.1"), one.aims_at("cessation.came.all"), one.aims_at("F3.2")
        (True, True, False)
        """
        return indicator in self.indicators or indicator.partition(".")[0] in self.pathways


@dataclass(frozen=True, eq=False)
class Efforts:
    """The initiatives that everybody may see, by title; as long as none of them changes they are the same object."""

    listed: tuple[Effort, ...]

    def at(self, indicator: str) -> tuple[Effort, ...]:
        """Return the initiatives that are to move an indicator."""
        return tuple(one for one in self.listed if one.aims_at(indicator))

    def along(self, pathway: str) -> tuple[Effort, ...]:
        """Return the initiatives that are to move a pathway."""
        return tuple(one for one in self.listed if pathway in one.pathways)


def efforts_of(house: House) -> Callable[[], Efforts]:
    """Return what gives the initiatives of a house as they are now."""
    made = lru_cache(maxsize=1)(lambda _: _efforts(house))
    return lambda: made(house.archive.stamp((INITIATIVES, ORGANISATIONS)))


def _efforts(house: House) -> Efforts:
    registers = catalogue.load(house.folder).registers
    register, archive = registers[INITIATIVES], house.archive
    shown = {state.id: state for state in register.workflow.states if state.shown and not state.gone}
    names = dict(archive.choices(registers[ORGANISATIONS], Asked(page=0)))
    return Efforts(
        tuple(
            Effort(
                one.id,
                register.titled(one.content),
                names.get(one.organisation, ""),
                shown[one.state].title,
                shown[one.state].active,
                tuple(one.content.get("indicators", ())),
                tuple(one.content.get("pathways", ())),
            )
            for one in archive.listed(register, Asked(states=shown, page=0))
        )
    )
