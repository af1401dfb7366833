"""Whoever is in a small group knows their own record: what is left is still in doubt, for one of them and for two."""

from __future__ import annotations

import numpy as np
import pytest

from lighed.disclosure.attack import intervals
from lighed.disclosure.cells import Cells, lines, with_rests
from lighed.disclosure.protect import counts, known, primary, secondary, withstanding
from tests.disclosure.tables import CATALOGUE, drawn, table

POLICY = CATALOGUE.policies["together"]


@pytest.mark.parametrize("seed", range(3))
def test_d10_who_takes_out_their_own_record_knows_no_number_of_the_others(seed: int) -> None:
    cells = with_rests(Cells.of(table(drawn(np.random.default_rng(seed)))), CATALOGUE)
    sums, small = lines(cells, CATALOGUE), primary(cells, POLICY, CATALOGUE)
    more = secondary(small, cells, sums, POLICY, CATALOGUE)
    hidden = small | more | withstanding(small, more, cells, sums, POLICY, CATALOGUE)
    tried = 0
    for count, fewest in counts(cells, POLICY, CATALOGUE):
        rows, asked = known(sums, count, hidden), small & (count > 0) & (count < fewest)
        level = rows @ count
        shown = np.where(hidden, np.nan, count)
        lower, upper = intervals(rows, shown, level, level, asked=asked, narrow=3 * fewest)
        for own in (1, 2):
            inside = asked & (count >= own)
            tried += int(inside.sum())
            doubt = upper - np.maximum(lower, own)
            assert (doubt[inside] >= fewest - (own - 1)).all()
    assert tried > 20
