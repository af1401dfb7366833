"""Spark gives the cells of the reference too, and follows patients: the tests are those of the other engine."""

import pytest

from tests.analysis.test_reference import (
    test_conditions_hold_fail_or_are_unknown_alike,
    test_random_people_give_the_cells_of_the_reference,
    test_the_worked_example_gives_the_cells_of_the_reference,
)
from tests.test_catalogue import test_the_patients_of_a_pathway_come_as_far_as_they_should

__all__ = [
    "test_conditions_hold_fail_or_are_unknown_alike",
    "test_random_people_give_the_cells_of_the_reference",
    "test_the_patients_of_a_pathway_come_as_far_as_they_should",
    "test_the_worked_example_gives_the_cells_of_the_reference",
]

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),  # PySpark 4.3 gives it, pandas 3 warns of it
]
