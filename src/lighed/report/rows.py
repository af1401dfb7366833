"""Finding rows: what pages ask of the estimates of an area, without computing anything."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lighed.core.estimates import Columns, Estimates
from lighed.core.release import Release
from lighed.core.types import Indicator, Stratifier
from lighed.report.words import Row

NULL = {"difference": 0.0, "ratio": 1.0, "slope_index": 0.0, "relative_index_log": 1.0}
WHOLE = ("slope_index", "relative_index_log")  # of all groups of an ordered dimension
ENDS = ("difference", "ratio")  # of two groups


Key = tuple[str | None, str, bool]  # the stratifier, the measure, and whether it is a change


@dataclass(frozen=True, slots=True)
class Index:
    """The rows of one area, found by what they are of, and written out when they are asked for first.

    ``places`` are where in the table the rows of each indicator and key begin and end.
    """

    columns: Columns
    places: dict[str, dict[Key, tuple[int, int]]]
    written: dict[tuple[int, int], list[Row]]

    @classmethod
    def of_rows(cls, rows: Estimates) -> Index:
        """Put the rows of each indicator and key together, in the order in which they stand."""
        change = pc.fill_null(pc.equal(rows.table["component"], "change"), False).to_numpy()
        columns = [rows.table[name].combine_chunks() for name in ("indicator", "stratifier", "measure")]
        codes = np.stack([*(np.asarray(c.indices.fill_null(-1)) for c in columns), change.astype(np.int32)])
        order = np.lexsort(codes[::-1])
        codes, places = codes[:, order], dict[str, dict[Key, tuple[int, int]]]()
        starts = np.flatnonzero(np.r_[True, (codes[:, 1:] != codes[:, :-1]).any(0)][: len(rows)])
        words = [[*column.dictionary.to_pylist(), None] for column in columns]
        for start, end, each in zip(starts, np.append(starts, len(rows))[1:], codes[:, starts].T.tolist(), strict=True):
            of, stratifier, measure = (known[code] for known, code in zip(words, each, strict=False))
            places.setdefault(of, {})[stratifier, measure, bool(each[-1])] = int(start), int(end)
        return cls(Columns.of(Estimates(rows.table.take(pa.array(order)))), places, {})

    @property
    def indicators(self) -> Collection[str]:
        """What there are rows of."""
        return self.places.keys()

    def of(self, indicator: str) -> Collection[Key]:
        """Return the keys that an indicator has rows of."""
        return self.places.get(indicator, {}).keys()

    def get(self, indicator: str, stratifier: str | None, measure: str, *, change: bool = False) -> list[Row]:
        """Return the rows of a measure in the order of periods (and levels)."""
        place = self.places.get(indicator, {}).get((stratifier, measure, change))
        if place is None:
            return []
        if place not in self.written:
            self.written[place] = self.columns.rows(*place)
        return self.written[place]

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
    return Index.of_rows(Release(folder).estimates(area))


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
    present = [s for s in release.stratifiers.values() if (s.id, "crude", False) in index.of(indicator.id)]
    return sorted(present, key=lambda s: (not s.social, not s.ordered))


def periods(rows: Iterable[Row]) -> list[str]:
    """Return the periods that occur, in order."""
    return sorted({row["period"] for row in rows})
