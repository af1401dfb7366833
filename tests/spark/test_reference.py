"""Spark gives the cells of the reference too: the tests are those of the other engine."""

import pytest

from tests.analysis.test_reference import (
    test_conditions_hold_fail_or_are_unknown_alike,
    test_random_people_give_the_cells_of_the_reference,
    test_the_worked_example_gives_the_cells_of_the_reference,
)

__all__ = [
    "test_conditions_hold_fail_or_are_unknown_alike",
    "test_random_people_give_the_cells_of_the_reference",
    "test_the_worked_example_gives_the_cells_of_the_reference",
]

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),  # PySpark 4.3 gives it, pandas 3 warns of it
]
