"""What stands out in a release: the rules by which gaps come on the front page.

A gap is *certain* when the whole of its 95 % interval lies on one side of no difference and no flag says otherwise.
Only gaps over all groups of an ordered social dimension are held against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lighed.core.types import Indicator, Stratifier
from lighed.report.rows import NULL, WHOLE, social
from lighed.report.view import View
from lighed.report.words import Row, clear

CHANCE = 0.025  # of the changes that are none, the part that looks certain in one direction


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap that can stand in a list: of which indicator, over which dimension, and its row."""

    indicator: Indicator
    stratifier: Stratifier
    row: Row


@dataclass(frozen=True, slots=True)
class Move:
    """A gap that has moved: in absolute and in relative terms, with the first and the last row and the change."""

    indicator: Indicator
    stratifier: Stratifier
    firsts: tuple[Row, Row]
    lasts: tuple[Row, Row]
    changes: tuple[Row | None, Row | None]
    certainty: float


def largest(view: View, measure: str) -> list[Gap]:
    """Return each indicator's most certain gap, ordered by the limit of the interval that is nearest to no gap.

    Gaps of the absolute list are in percentage points: only shares are held against each other.
    """
    wanted = [i for i in view.compared if measure != "slope_index" or i.unit == "percent"]
    best = [_best(view, i, lambda i, s: view.index.latest(i.id, s.id, measure)) for i in wanted]
    return sorted((gap for gap in best if gap), key=lambda gap: -gap.row["lower"])


def _best(view: View, indicator: Indicator, of: Callable[[Indicator, Stratifier], Row | None]) -> Gap | None:
    """The dimension over which the worse-off are most certainly worse off."""
    found = [Gap(indicator, s, row) for s in _ranked(view, indicator) if (row := of(indicator, s)) and _certain(row)]
    return max(found, key=lambda gap: gap.row["lower"], default=None)


def _ranked(view: View, indicator: Indicator) -> Iterator[Stratifier]:
    return (s for s in social(view.release, indicator) if s.ordered and s.social)


def _certain(row: Row) -> bool:
    return not row["flags"] and clear(row, NULL[row["measure"]]) == 1


def moved(view: View, direction: int) -> tuple[list[Move], int]:
    """Return the gaps that have certainly grown (1) or become smaller (−1), the most certain first, and of how many.

    Each indicator is looked at over one dimension: the one of its most certain gap in the last period (in the first,
    for those that become smaller). A gap has moved when its absolute or its relative size has.
    """
    looked, found = 0, list[Move]()
    for indicator in view.compared:
        gap = _best(view, indicator, lambda i, s: _end(view, i, s, -1 if direction == 1 else 0))
        move = _move(view, indicator, gap.stratifier, direction) if gap else None
        looked += move is not None
        found += [move] if move and move.certainty > 0 else []
    return sorted(found, key=lambda move: -move.certainty), looked


def _end(view: View, indicator: Indicator, stratifier: Stratifier, at: int) -> Row | None:
    rows = view.index.get(indicator.id, stratifier.id, WHOLE[1])
    return rows[at] if len(rows) > 1 else None


def _move(view: View, indicator: Indicator, stratifier: Stratifier, direction: int) -> Move | None:
    """How a gap has moved; its certainty is 0 where neither scale has certainly moved in the direction."""
    series = [view.index.get(indicator.id, stratifier.id, measure) for measure in WHOLE]
    changes = [view.index.change(indicator.id, stratifier.id, measure) for measure in WHOLE]
    if any(not rows or rows[0]["value"] is None or rows[-1]["value"] is None for rows in series):
        return None
    if not any(change and change["value"] is not None for change in changes):
        return None
    firsts, lasts = (series[0][0], series[1][0]), (series[0][-1], series[1][-1])
    certainty = max(_certainty(change, direction) for change in changes)
    return Move(indicator, stratifier, firsts, lasts, (changes[0], changes[1]), certainty)


def _certainty(change: Row | None, direction: int) -> float:
    """How many standard errors a change is from none, in the direction; 0 where it is not certain."""
    if not change or change["flags"] or not change["se"]:
        return 0.0
    null = NULL[change["measure"]]
    return abs(change["value"] - null) / change["se"] if clear(change, null) == direction else 0.0
