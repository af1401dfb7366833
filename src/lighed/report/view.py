"""What a page needs to know: which release, which language, which area, and how addresses are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from lighed.catalogue import Catalogue
from lighed.core.release import Release
from lighed.core.text import Lang, number, say
from lighed.core.types import COUNTRY, Area, Indicator
from lighed.portfolio.efforts import Efforts
from lighed.report.page import Choice, Link, Option
from lighed.report.rows import Index, of_area


@dataclass(frozen=True, slots=True)
class View:
    """A release seen in a language, at an area; where registers stand beside it, with what is done about it."""

    release: Release
    catalogue: Catalogue
    lang: Lang
    area: str
    efforts: Efforts | None = None

    def say(self, key: str, **values: Any) -> str:
        """Return a text in the view's language."""
        return say(key, self.lang, **values)

    def href(self, path: str = "", **query: str | None) -> str:
        """Return the address of a page of this release; the area is kept where it is not the front page's own."""
        kept = {"area": self.area if self.area != self.release.manifest.front_area else None} | query
        given = {key: value for key, value in kept.items() if value}
        return f"/{self.lang}/{quote(self.release.manifest.id)}/{path}" + (f"?{urlencode(given)}" if given else "")

    @property
    def index(self) -> Index:
        """The rows of the area."""
        return of_area(self.release, self.area)

    @property
    def place(self) -> str:
        """The name of the area."""
        return self.release.areas[self.area].name[self.lang]

    @property
    def indicators(self) -> list[Indicator]:
        """The indicators of the release, by factor and number."""
        return sorted(self.release.indicators.values(), key=by_factor)

    @property
    def compared(self) -> list[Indicator]:
        """The indicators whose gaps are held against each other: none of use as it is, for the need may differ."""
        return [i for i in self.indicators if i.id not in self.release.uses]

    def link(self, path: str) -> Link:
        """Return a link to a page of the menu."""
        return Link(self.say(f"menu.{path}"), self.href(path))

    def count(self, value: float | None) -> str:
        """Write a number of persons or events."""
        return number(value, self.lang, digits=0)

    def trail(self, *links: Link) -> tuple[Link, ...]:
        """Return the way back: the front page, and what is between."""
        return (Link(self.say("menu.front"), self.href()), *links)

    def area_choice(self) -> Choice:
        """Return the list of areas to choose from: country, regions, groups, then municipalities by name."""
        kinds = {COUNTRY: 0, "country": 0, "region": 1, "municipality_group": 2}
        listed = sorted(self.release.areas.values(), key=lambda a: (kinds.get(a.kind, 3), danish(a.name[self.lang])))
        options = tuple(Option(a.code, a.name[self.lang], a.code == self.area) for a in listed)
        return Choice("area", self.say("choice.area"), options)


def by_factor(indicator: Indicator) -> tuple[int, int, str]:
    """Order indicators by factor, those about the factor before those about the implementation, then by number."""
    return (
        indicator.factor or 99,
        0 if indicator.id.startswith("F") else 1 if indicator.id.startswith("I") else 2,
        indicator.id,
    )


def danish(name: str) -> str:
    """Return a key that sorts æ, ø, å last, and aa as å.

    Examples
    --------
    >>> sorted(["Ærø", "Aarhus", "Odense", "Ørsted"], key=danish)
    ['Odense', 'Ærø', 'Ørsted', 'Aarhus']
    """
    return name.lower().replace("aa", "å").translate(str.maketrans("æøå", "{|}"))


def municipalities(view: View) -> list[Area]:
    """Return the municipalities of the release by name."""
    return sorted(
        (a for a in view.release.areas.values() if a.kind == "municipality"), key=lambda a: danish(a.name[view.lang])
    )
