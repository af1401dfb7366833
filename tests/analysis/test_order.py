"""What is computed does not depend on the order in which an engine hands over its rows."""

from __future__ import annotations

from typing import Any

from lighed.analysis.build import Records
from lighed.analysis.summarise import summarise_sample
from lighed.catalogue import Catalogue
from lighed.store.frame import person_years
from tests.conftest import Synthetic


def test_cells_of_a_sample_stand_in_one_order_however_the_answers_stood(
    synthetic: Synthetic, catalogue: Catalogue, engine: Any
) -> None:
    snapshot = synthetic.store.current()
    people = person_years(engine, snapshot, catalogue, [2021], {"education"})
    answers = Records(engine, snapshot).answers
    smoking = [catalogue.indicators["F3.1"], catalogue.indicators["F3.2"]]
    one, other = (
        summarise_sample(engine, people, answers.order_by(order), smoking, by="education").table
        for order in ("person_id", answers.person_id.desc())
    )
    assert one.equals(other)
    assert one.num_rows > 1000
