"""What crosses to the statistics: the right rows, under its pseudonyms, read by `lighed load` as any other file."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lighed.core.errors import FormError
from lighed.core.form import STEPS
from lighed.core.keys import hashed, make_key, read_key
from tests.forms.conftest import EVA, FINN, FULL, NEEDS, PASSWORD, TODAY, Ward
from tests.zones import Run, Zone

KEY = bytes(range(32))
PEOPLE = "CPR;KOEN\n1303851717;2\n0304861718;1\n"
MAPPING = """
id: people
period: {year: 2025}
columns: {CPR: {to: person_id}, KOEN: {to: person.sex, codes: {"1": male, "2": female}}}
"""


def worked(ward: Ward, days: int) -> Ward:
    """Fill in one form and follow it up some days later, fill in one in part, refuse one and withdraw one."""
    anna = ward.desk("anna")
    form, audit = anna.form("discharge_needs"), anna.form("alcohol_screening")
    full = anna.fill(form, EVA, "5A", FULL)
    anna.withdraw(anna.fill(audit, EVA, "5A", {"how_often": "most_days"}).id)
    anna.note_refusal(audit, FINN, "5A")
    anna.step(full.id, "contact_person", "offered")
    ward.calendar.turn(days)
    anna = ward.desk("anna")
    anna.fill(form, FINN, "5A", NEEDS)
    for step in STEPS[1:]:
        anna.step(full.id, "contact_person", step)
    return ward


@pytest.fixture
def used(ward: Ward) -> Ward:
    return worked(ward, days=10)


@pytest.fixture
def used_today(ward: Ward) -> Ward:
    """A command goes by the day that it is."""
    ward.calendar.day = TODAY
    return worked(ward, days=0)


def rows(ward: Ward, period: str = "2025") -> list[tuple[Any, ...]]:
    eva, finn = hashed([EVA, FINN], KEY)
    names = {eva: "eva", finn: "finn"}
    made = ward.desk("kim").export(KEY, period)
    return [(names[row.person], row.item, row.date.day, row.category, row.points, row.unit) for row in made]


def test_the_rows_are_what_happened_and_a_form_in_part_has_no_points(used: Ward) -> None:
    first = [
        ("eva", "discharge_needs_offered", 22, "contact_person", None, "5A"),
        ("eva", "discharge_needs_scored", 22, "more", 5, "5A"),
        ("finn", "alcohol_screening_refused", 22, "", None, "5A"),
    ]
    then = [
        ("eva", "discharge_needs_accepted", 2, "contact_person", None, "5A"),
        ("eva", "discharge_needs_completed", 2, "contact_person", None, "5A"),
        ("eva", "discharge_needs_started", 2, "contact_person", None, "5A"),
        ("finn", "discharge_needs_scored", 2, "more", None, "5A"),
    ]
    assert (sorted(rows(used, "2025-11")), sorted(rows(used, "2025-12"))) == (first, then)
    assert sorted(rows(used)) == sorted(first + then)
    assert rows(used, "2026") == []
    assert used.logged(2)[1] == ("kim", "export_forms", "2025", "7 rows")


@pytest.mark.parametrize("period", ["", "20", "2025-13", "2025-1", "2025-11-22", "*"])
def test_a_period_that_is_none_is_refused(period: str, ward: Ward) -> None:
    with pytest.raises(FormError, match="2026-11"):
        ward.desk("kim").export(KEY, period)


def exported(ward: Ward, run: Run, key: Path, output: Path, *, user: str = "kim", password: str = PASSWORD) -> Any:
    given = (
        "--key",
        key,
        "--period",
        str(TODAY.year),
        "--output",
        output,
        "--user",
        user,
        "--password",
        password,
    )
    return run("forms", "export", "--project", ward.folder, *given)


def test_the_file_is_loaded_as_any_other_and_its_persons_are_those_of_the_store(
    used_today: Ward, made: Zone, run: Run
) -> None:
    made.load(made.put("people.csv", PEOPLE), MAPPING)
    output = made.project.folder.parent / "forms.csv"
    ran = exported(used_today, run, made.project.key, output)
    assert (ran.code, ran.err) == (0, "")
    assert output.stat().st_mode & 0o077 == 0
    loading = ("load", output, "--mapping", output.with_suffix(".yaml"), "--project", made.project.folder)
    assert run(*loading).code == 0
    sexes = {row["person_id"]: row["sex"] for row in made.rows("person")}
    events = made.rows("event")
    assert len(events) == 7
    found = Counter((sexes[row["person_id"]], row["item"], row["amount"]) for row in events)
    assert found[("female", "discharge_needs_scored", 5.0)] == 1
    assert found[("male", "discharge_needs_scored", None)] == 1
    assert found[("male", "alcohol_screening_refused", None)] == 1
    assert {row["provider_id"] for row in events} == {"5A"}
    assert {row["date"] for row in events} == {TODAY}
    before = made.digest()
    assert run(*loading).code == 0
    assert made.digest() == before


def test_the_file_has_neither_number_nor_answer_nor_who_filled_it_in(
    used_today: Ward, tmp_path: Path, run: Run
) -> None:
    make_key(tmp_path / "zone.key")
    assert exported(used_today, run, tmp_path / "zone.key", tmp_path / "forms.csv").code == 0
    written = (tmp_path / "forms.csv").read_text("utf-8")
    for said in (EVA, FINN, FINN.replace("-", ""), "anna", "network", "never", "transport"):
        assert said not in written
    with (tmp_path / "forms.csv").open(encoding="utf-8") as file:
        persons = {row["PERSON"] for row in csv.DictReader(file, delimiter=";")}
    assert persons == set(hashed([EVA, FINN], read_key(tmp_path / "zone.key")))
    assert not persons & set(hashed([EVA, FINN], read_key(used_today.folder / "forms.key")))


@pytest.mark.parametrize(
    ("user", "password"), [("anna", PASSWORD), ("carl", PASSWORD), ("kim", "en forkert kode"), ("ingen", PASSWORD)]
)
def test_nothing_is_written_for_who_may_not_and_for_a_wrong_password(
    user: str, password: str, used_today: Ward, tmp_path: Path, run: Run
) -> None:
    make_key(tmp_path / "zone.key")
    ran = exported(used_today, run, tmp_path / "zone.key", tmp_path / "forms.csv", user=user, password=password)
    assert ran.code == 1
    assert not list(tmp_path.glob("forms.*"))
    assert used_today.logged()[0][1] in {"refused", "sign_in_failed"}


def test_the_key_of_the_forms_is_not_that_of_a_statistics_project(used_today: Ward, tmp_path: Path, run: Run) -> None:
    ran = exported(used_today, run, used_today.folder / "forms.key", tmp_path / "forms.csv")
    assert ran.code == 1
    assert not list(tmp_path.glob("forms.csv"))


def test_what_is_due_is_deleted_on_command_and_nothing_else(ward: Ward, run: Run) -> None:
    anna = ward.desk("anna")
    form = anna.form("discharge_needs")
    for days_ago in (366, 365, 364, 0):
        anna.today = TODAY - timedelta(days=days_ago)
        anna.fill(form, EVA, "5A", FULL)
    ran = run("forms", "delete", "--project", ward.folder)
    assert (ran.code, ran.out) == (0, "Forms deleted on their date: 2.\n")
    assert len(ward.clinic.cabinet.everyone()) == 2
    assert run("forms", "delete", "--project", ward.folder).out == "Forms deleted on their date: 0.\n"
