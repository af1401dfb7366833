"""Measures that are sums of cases with weights that anybody knows: what each says of groups of which some are hidden.

A measure can be worked out of its groups and says something of them. Where the persons of the groups are public, and
the measure is linear in their shares, it is a weighted sum of cases: an equation, which printed with `DIGITS` decimals
leaves the sum between two limits. Such a measure may be shown although some of its groups are hidden, rounded and
without its interval; which may, the protection decides (see ``protect``). All others go with any of their groups.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_array, vstack

from lighed.analysis.inequality import scale
from lighed.catalogue import Catalogue
from lighed.core.errors import ReleaseError
from lighed.core.estimates import SCHEMA, Estimates
from lighed.core.types import UNKNOWN, Policy
from lighed.disclosure.cells import KEY, Array, Cells, Mask, positions
from lighed.stats import MEASURES

LINEAR = (
    "difference",
    "slope_index",
    "attributable_risk",
    "attributable_number",
    "generalised_concentration_index",
    "erreygers_index",
)
DIGITS = 1  # that are printed: of percentage points, and of persons
ROUNDED = "rounded"  # the method of a measure that is printed so
WORTH = 1.0  # what it costs to hide a measure: less than a count, with which more than one measure goes
NAMES = "indicator", "period", "area", "stratifier", "measure"
NEARLY = 1e-9  # how far from its sum of cases a measure may be, of what it is, and be it


@dataclass(frozen=True, slots=True)
class Printed:
    """Measures as sums of cases: their ``row`` in the estimates, and ``weights``, shape (measure, cell).

    ``value`` is what is printed of each; ``cost``, what it costs to hide it, is infinite where it was printed before.
    """

    row: Array
    weights: csr_array
    value: Array
    cost: Array

    @property
    def ends(self) -> tuple[Array, Array]:
        """Between which limits the sums lie of what is printed alike, each of shape (measure,)."""
        half = 0.5 * 10.0**-DIGITS
        return self.value - half, self.value + half

    def where(self, kept: Mask) -> Printed:
        """Return some of the measures."""
        return Printed(self.row[kept], self.weights[kept], self.value[kept], self.cost[kept])

    def among(self, numbers: int) -> csr_array:
        """Return the weights of so many numbers, of which the cells are the first."""
        wider = self.weights.copy()
        wider.resize((len(self.row), numbers))
        return wider


def linear(estimates: Estimates, cells: Cells, policy: Policy, catalogue: Catalogue, earlier: Estimates) -> Printed:
    """Return the measures of some estimates that are sums of cases: those of which the sum gives the value again.

    What was printed of one of them in an `earlier` release stays. If it is none now, or another number, nobody knows
    what it says beside the new figures, and the release is refused.
    """
    table, row, weights = estimates.table, [np.zeros(0, int)], [csr_array((0, len(cells.n)))]
    asked = _among(table["indicator"], policy.public_persons)
    asked &= _null(table["component"]) & _null(table["level"])
    for name in cells.words["stratifier"] if asked.any() else ():
        if catalogue.stratifiers[name].ordered:
            of_stratifier = asked & _among(table["stratifier"], (name,))
            for measure in LINEAR:
                of_measure = np.flatnonzero(of_stratifier & _among(table["measure"], (measure,)))
                found = _sums(estimates, of_measure, cells, catalogue, name, measure)
                row, weights = [*row, found[0]], [*weights, found[1]]
    at = np.concatenate(row)
    value = np.round(table["value"].to_numpy()[at], DIGITS)
    said = [tuple(word) for word in zip(*(table[name].take(at).to_pylist() for name in NAMES), strict=True)]
    known = dict(zip(said, value.tolist(), strict=True))
    before = {tuple(one[name] for name in NAMES): one["value"] for one in earlier.rows()}
    gone = [name for name, printed in before.items() if not np.isclose(known.get(name, np.nan), printed)]
    if gone:
        raise ReleaseError("measures_gone", measures=", ".join(sorted(" ".join(name) for name in gone)))
    cost = np.array([np.inf if name in before else WORTH for name in said])
    return Printed(at, csr_array(vstack(weights)), value, cost)


def _sums(
    estimates: Estimates, row: Array, cells: Cells, catalogue: Catalogue, stratifier: str, measure: str
) -> tuple[Array, csr_array]:
    """Those rows of a measure of the groups of a dimension that are sums of their cases, and what each case counts."""
    of, levels = MEASURES[measure], [word for word in catalogue.stratifiers[stratifier].level_ids if word != UNKNOWN]
    group = _groups(estimates, row, cells, levels)
    known = (group >= 0).all(axis=1) & (cells.n[group] > 0).all(axis=1)
    row, group = row[known], group[known]
    n, events = cells.n[group], cells.events[group]
    indicators = [catalogue.indicators[name] for name in cells.words["indicator"]]
    turned = np.array([scale(of, i) * (-1 if i.polarity == "higher_is_better" else 1) for i in indicators])
    each = of.slope(events / n, n) / n * turned[cells.at["indicator"][group[:, :1]]]
    value = estimates.table["value"].to_numpy()[row]
    same = np.isclose((each * events).sum(axis=1), value, rtol=NEARLY, atol=NEARLY)
    row, group, each = row[same], group[same], each[same]
    line = np.repeat(np.arange(len(row)), len(levels))
    weights = csr_array((each.ravel(), (line, group.ravel())), shape=(len(row), len(cells.n)))
    weights.eliminate_zeros()
    return row, weights


def _groups(estimates: Estimates, row: Array, cells: Cells, levels: list[str]) -> Array:
    """The cells of the ranked groups of some rows over groups, shape (row, level); -1 for one that is not counted."""
    of_row = {name: positions(estimates.table[name], cells.words[name])[row] for name in KEY[:4]}
    wanted = [np.repeat(column, len(levels)) for column in of_row.values()]
    wanted.append(np.tile([cells.position("level", word) for word in levels], len(row)))
    wanted.append(np.full(len(row) * len(levels), cells.position("part", "")))
    at, cell = cells.matched([cells.at[name] for name in KEY], wanted)
    found = np.full(len(row) * len(levels), -1)
    found[at] = cell
    return found.reshape(len(row), len(levels))


def _among(column: pa.ChunkedArray, words: tuple[str, ...]) -> Mask:
    at = positions(column, [*words])
    return np.asarray((at >= 0) & (at < len(words)))


def _null(column: pa.ChunkedArray) -> Mask:
    return np.asarray(column.is_null().to_numpy())


def rounded(shown: Estimates, printed: Printed) -> Estimates:
    """Return estimates with some measures as they are printed where they are withheld: a number, and no more of it."""
    if not len(printed.row):
        return shown
    table, missing = shown.table, np.isnan(shown.table["value"].to_numpy()[printed.row])
    value, here = table["value"].to_numpy().copy(), np.zeros(len(shown), bool)
    value[printed.row[missing]], here[printed.row[missing]] = printed.value[missing], True
    method, flags = (table[name].combine_chunks().cast(pa.string()) for name in ("method", "flags"))
    columns = {
        "value": pa.array(value, from_pandas=True),
        "method": pc.if_else(here, ROUNDED, method).dictionary_encode(),
        "flags": pc.if_else(here, "unreliable", flags).dictionary_encode(),
    }
    for name, column in columns.items():
        field = SCHEMA.field(name)
        table = table.set_column(SCHEMA.get_field_index(name), field, column.cast(field.type))
    return Estimates(table)


def is_rounded(shown: Estimates) -> Mask:
    """Return which rows are measures of which some groups are withheld."""
    return _among(shown.table["method"], (ROUNDED,))
