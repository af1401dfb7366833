"""What is shown beside hidden cells leaves each of them in the doubt that it needs, held against who tries every table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array, vstack

from lighed.core.errors import ReleaseError
from lighed.core.text import LANGS
from lighed.disclosure.attack import intervals
from lighed.disclosure.flows import Table, doubt, price, quotients, suppress
from tests.disclosure.cubes import Cube, every_table, flagged, golden, large, of_two_levels
from tests.disclosure.tables import QUICK
from tests.golden import read

# Which counts are below the limit in each golden case.
LIMITS = {
    "01_textbook_15": 2,
    "02_mun_accidents_max3": 4,
    "03_mun_accidents_max3_zeros_open": 4,
    "05_d2_hierarchy": 3,
    "06_d2_3way": 5,
    "07_linked_geo_eu_year": 2,
    "08_three_linked_tables": 3,
}
NO_MORE = 1.1  # times as many as the other program hides


def protected(cube: Cube, small: Any, cost: Any, k: int, *, own: int = 0) -> Any:
    """Which figures are hidden, the records that are not published being hidden anyway."""
    need = np.concatenate([np.tile(doubt(k, own=own), (len(small), 1)), np.stack([cube.records] * 2, -1)])
    table = Table.of(cube.sums, cube.cells(cube.figures, 0) + cube.cells(0 * cube.figures, 1) * 0, cube.cells(cost, 1.0))
    return suppress(table, cube.cells(small, True), need, name=lambda cell: " ".join(cube.keys[cell]))[: len(small)]
