"""Finding rows: what pages ask of the estimates of an area, without computing anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from lighed.core.release import Release
from lighed.core.types import Indicator, Stratifier
from lighed.report.words import Row

NULL = {"difference": 0.0, "ratio": 1.0, "slope_index": 0.0, "relative_index_log": 1.0}
WHOLE = ("slope_index", "relative_index_log")  # of all groups of an ordered dimension
ENDS = ("difference", "ratio")  # of two groups


@dataclass(frozen=True, slots=True)
class Index:
    """The rows of one area, found by what they are of."""

    rows: dict[tuple[str, str | None, str, bool], list[Row]]
    indicators: frozenset[str]

    def get(self, indicator: str, stratifier: str | None, measure: str, *, change: bool = False) -> list[Row]:
        """Return the rows of a measure in the order of periods (and levels)."""
        return self.rows.get((indicator, stratifier, measure, change), [])

    def latest(self, indicator: str, stratifier: str | None, measure: str) -> Row | None:
        """Return the row of the last period."""
        rows = self.get(indicator, stratifier, measure)
        return rows[-1] if rows else None

    def change(self, indicator: str, stratifier: str, measure: str) -> Row | None:
        """Return the change of a measure from its first to its last period."""
        rows = self.get(indicator, stratifier, measure, change=True)
        return rows[0] if rows else None

    def groups(self, indicator: Indicator, stratifier: str | None) -> list[Row]:
        """Return the rows of the groups: standardised where the definition asks for it and they exist, else crude."""
        wanted = "standardised" if indicator.standardise else "crude"
        return self.get(indicator.id, stratifier, wanted) or self.get(indicator.id, stratifier, "crude")

    def gap(self, indicator: str, stratifier: Stratifier) -> tuple[str, str] | None:
        """Return the absolute and the relative measure to show: of all groups where they exist, else of the ends."""
        for pair in (WHOLE, ENDS):
            if self.get(indicator, stratifier.id, pair[0]):
                return pair
        return None


@lru_cache(maxsize=64)
def _indexed(folder: Path, area: str) -> Index:
    found: dict[tuple[str, str | None, str, bool], list[Row]] = {}
    for row in Release(folder).estimates(area).rows():
        key = (row["indicator"], row["stratifier"], row["measure"], row["component"] == "change")
        found.setdefault(key, []).append(row)
    return Index(found, frozenset(name for name, _, _, _ in found))


def of_area(release: Release, area: str) -> Index:
    """Return the rows of an area; a release never changes, so they are kept."""
    return _indexed(release.folder, area)


def home(release: Release, indicator: str) -> str:
    """Return the area that an indicator is shown at first: the release's own, or else the first that has rows of it."""
    own = release.manifest.front_area
    listed = (own, *release.areas) if indicator in release.indicators else (own,)
    return next((area for area in listed if indicator in of_area(release, area).indicators), own)


def social(release: Release, indicator: Indicator) -> list[Stratifier]:
    """Return the dimensions that an indicator is compared over, those with an order first."""
    index = of_area(release, home(release, indicator.id))
    present = [s for s in release.stratifiers.values() if index.get(indicator.id, s.id, "crude")]
    return sorted(present, key=lambda s: (not s.social, not s.ordered))


def periods(rows: Iterable[Row]) -> list[str]:
    """Return the periods that occur, in order."""
    return sorted({row["period"] for row in rows})
