"""Shown figures of groups in small municipalities → drawn towards the mean of the same group in all of them.

They are made of what is shown, after protection: a mean of all municipalities would hold the hidden ones too, and two
drawn figures would give it away.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lighed import stats
from lighed.catalogue import Catalogue
from lighed.core.estimates import Estimates
from lighed.core.types import UNKNOWN
from lighed.stats.intervals import Values

FEWEST = 10  # municipalities (or senders) with a value: of fewer, next to nothing is known of how much they differ
WIDE = 1 / 6  # standard error over value: from here on Statistics Canada releases a survey's figure with a warning
LINE = ("indicator", "period", "stratifier", "level")


def drawn(shown: Estimates, catalogue: Catalogue) -> Estimates:
    """Return a row ``shrunk`` beside each figure of a social group in a municipality whose own says little.

    That is one flagged unreliable, or with a standard error above a sixth of the value; of the others the figure itself
    is as good. Groups whose position is not known are nobody's group, and are left alone.
    """
    table = _groups(shown, catalogue)
    own, error = (table[name].to_numpy() for name in ("value", "se"))
    unsure = (error > WIDE * own) | pc.equal(table["flags"].cast(pa.string()), "unreliable").to_numpy()
    return towards_mean(table, "area", unsure, measure="shrunk", method="drawn to the group's mean")


def towards_mean(table: pa.Table, unit: str, wanted: npt.NDArray[np.bool_], **said: str) -> Estimates:
    """Return those rows of figures that are `wanted`, drawn to the mean of their group over all units that are shown.

    The column `unit` says whose figure a row is; `said` is what the drawn rows say of themselves.
    """
    if not table.num_rows:
        return Estimates.concat([])
    line, at = _numbers(table, LINE), _numbers(table, (unit,))
    value, se = (np.full((line.max() + 1, at.max() + 1), np.nan) for _ in range(2))
    value[line, at], se[line, at] = (table[name].to_numpy() for name in ("value", "se"))
    enough = np.isfinite(value * se).sum(-1) >= FEWEST
    made = stats.shrink(value, se**2).at((line, at))
    return _rows(table, made, enough[line] & wanted & np.isfinite(made.value), said)


def _groups(shown: Estimates, catalogue: Catalogue) -> pa.Table:
    """The figures that are compared: standardised where the definition asks for it, else crude."""
    standard = {i.id for i in catalogue.indicators.values() if i.standardise}
    towns = [area.code for area in catalogue.areas.values() if area.kind == "municipality"]
    social = [s.id for s in catalogue.stratifiers.values() if s.social]
    given = Estimates(shown.table.filter(pc.is_valid(shown.table["se"])))
    found = given.where(area=towns, stratifier=social, measure=["crude", "standardised"]).table
    best = np.array([name in standard for name in found["indicator"].to_pylist()], bool)
    words = {name: found[name].cast(pa.string()) for name in ("measure", "level")}
    of_best = pc.equal(words["measure"], "standardised").to_numpy() == best
    return found.filter(pc.and_(pa.array(of_best), pc.not_equal(words["level"], UNKNOWN).combine_chunks()))


def _numbers(table: pa.Table, columns: tuple[str, ...]) -> npt.NDArray[np.intp]:
    """A number for each row, the same for rows that are equal in `columns`."""
    number = np.zeros(table.num_rows, np.int64)
    for name in columns:
        column: Any = table[name].combine_chunks()
        number = number * (len(column.dictionary) + 1) + column.indices.to_numpy()
    return np.unique(number, return_inverse=True)[1]


def _rows(table: pa.Table, made: Values, kept: npt.NDArray[np.bool_], said: dict[str, str]) -> Estimates:
    found = table.filter(pa.array(kept))
    columns = {name: found[name].combine_chunks() for name in found.column_names}
    columns |= {name: getattr(made, name)[kept] for name in Values.__slots__}
    return Estimates.of(**columns | said | {"flags": ""})
