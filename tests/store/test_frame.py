"""Person-years of the engine against a plain reading of the same spells, row by row and column by column."""

from __future__ import annotations

import dataclasses
import functools
import tempfile
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lighed import catalogue as definitions
from lighed.catalogue import Catalogue
from lighed.core.errors import StoreError
from lighed.core.types import Stratifier
from lighed.stats import quantile
from lighed.store import Store
from lighed.store.engine import connect
from lighed.store.frame import BASIC, build, person_years
from lighed.store.schema import tables
from lighed.store.snapshot import Snapshot

YEARS = [2019, 2020, 2021]
OPEN = date(9999, 12, 31)
UNKNOWN = "unknown"

# The levels as their definitions say them, written out by hand.
EDUCATION = {"10": "short", "15": "short", "20": "medium", "30": "medium", "35": "medium"} | dict.fromkeys(
    ("40", "50", "60", "70", "80"), "long"
)
BANDS = [(80, "80"), (65, "65"), (45, "45"), (25, "25"), (16, "16"), (0, "0")]
RANK = ["short", "medium", "long"]
DATED = Stratifier.model_validate(
    {
        "id": "dated",
        "title": {"da": "x", "en": "x"},
        "short": {"da": "x", "en": "x"},
        "ordered": False,
        "reference": "own",
        "levels": [{"id": level, "title": {"da": level, "en": level}} for level in ("rent", "own")],
        "dimension": "tenure",
        "crosswalks": [
            {"last_year": 2019, "levels": {"rent": ["social", "cooperative"], "own": ["owner"]}},
            {"first_year": 2020, "levels": {"rent": ["social"], "own": ["owner", "cooperative"]}},
        ],
    }
)
CROSSED = Stratifier.model_validate(
    {"id": "crossed", "title": {"da": "x", "en": "x"}, "short": {"da": "x", "en": "x"}, "ordered": False}
    | {"crosses": ["income_quintile", "sex", "dated"]}
)
WANTED = ["age_group", "crossed", "dated", "education", "education_sex", "income", "income_quintile"]
WANTED += ["parental_education", "tenure"]


@dataclass(frozen=True)
class Spell:
    """What held from a day until another."""

    first: date
    last: date | None
    value: Any


@dataclass(frozen=True)
class Person:
    """A life, as the tables tell it; `registered` says whether the table of persons knows it."""

    sex: str | None
    birth: date | None
    death: date | None
    homes: list[Spell]
    education: list[Spell] = field(default_factory=list)
    income: list[Spell] = field(default_factory=list)
    tenure: list[Spell] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    registered: bool = True


# --- the plain reading


def at(spells: list[Spell], day: date) -> Any:
    """What holds on a day, if anything."""
    return next((spell.value for spell in spells if spell.first <= day < (spell.last or OPEN)), None)


def days_at_home(person: Person, year: int) -> list[tuple[date, str]]:
    """Each day of the year on which the person was alive and lived somewhere, and where."""
    birth, death = (person.birth, person.death) if person.registered else (None, None)
    found = []
    day = date(year, 1, 1)
    while day.year == year:
        home = at(person.homes, day) or (day == death and last_home(person, day))
        if home and (birth is None or birth <= day) and (death is None or day <= death):
            found.append((day, home))
        day += timedelta(days=1)
    return found


def last_home(person: Person, death: date) -> str | None:
    """Where one died whose last spell ends on the day of death."""
    return next((home.value for home in person.homes[-1:] if home.last == death), None)


def age_on(birth: date | None, day: date) -> int | None:
    if birth is None:
        return None
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def band_of(age: int) -> int:
    return 0 if age < 1 else 1 if age < 5 else min(age - age % 5, 90)


def read_by_hand(persons: list[Person]) -> list[dict[str, Any]]:
    rows = [row for number, person in enumerate(persons, 1) for row in _years_of(number, person, persons)]
    for row in rows:
        row["income_quintile"] = _fifth(row, rows)
        row["crossed"] = _all_known(row["income_quintile"], row["sex"], row["dated"])
        row["education_sex"] = _all_known(row["education"], row["sex"])
    for row in rows:
        del row["band"]
    return rows


def _years_of(number: int, person: Person, persons: list[Person]) -> list[dict[str, Any]]:
    rows = []
    for year in YEARS:
        days = days_at_home(person, year)
        if days:
            (entry, area), known = (
                days[0],
                person if person.registered else dataclasses.replace(person, sex=None, birth=None),
            )
            age = age_on(known.birth, entry)
            parents = [EDUCATION.get(at(persons[parent].education, entry), UNKNOWN) for parent in person.parents]
            tenure = at(person.tenure, entry)
            rows.append(
                {
                    "person_id": number,
                    "year": year,
                    "area": area,
                    "sex": (person.registered and person.sex) or UNKNOWN,
                    "age": age,
                    "days": len(days),
                    "age_group": next((level for low, level in BANDS if age is not None and age >= low), UNKNOWN),
                    "dated": {"social": "rent", "owner": "own", "cooperative": "rent" if year < 2020 else "own"}.get(
                        tenure, UNKNOWN
                    ),
                    "education": EDUCATION.get(at(person.education, entry), UNKNOWN),
                    "income": at(person.income, entry),
                    "parental_education": max(set(parents) - {UNKNOWN}, key=RANK.index, default=UNKNOWN),
                    "tenure": tenure or UNKNOWN,
                    "band": None if age is None else band_of(age),
                }
            )
    return rows


def _all_known(*levels: str) -> str:
    return UNKNOWN if UNKNOWN in levels else "+".join(levels)


def _fifth(row: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """By the middle rank of those who earn the same, among those of the year, the sex and the age band."""
    if row["income"] is None or row["band"] is None:
        return UNKNOWN
    same = [r for r in rows if (r["year"], r["sex"], r["band"]) == (row["year"], row["sex"], row["band"])]
    amounts = [r["income"] for r in same if r["income"] is not None]
    twice = 2 * sum(a < row["income"] for a in amounts) + sum(a == row["income"] for a in amounts)
    return f"q{min(5 * twice // (2 * len(amounts)), 4) + 1}"


# --- the same in the store


def stored(folder: Path, persons: list[Person]) -> Snapshot:
    numbered = list(enumerate(persons, 1))
    rows: dict[str, list[dict[str, Any]]] = {
        "person": [
            {"person_id": n, "sex": p.sex, "birth_date": p.birth, "death_date": p.death}
            for n, p in numbered
            if p.registered
        ],
        "residence": [
            {"person_id": n, "area": s.value, "valid_from": s.first, "valid_to": s.last}
            for n, p in numbered
            for s in p.homes
        ],
        "parent": [
            {"person_id": n, "parent_id": parent + 1, "relation": relation}
            for n, p in numbered
            for parent, relation in zip(p.parents, ("mother", "father"), strict=False)
        ],
        "position": [
            {"person_id": n, "dimension": name, kind: s.value, "valid_from": s.first, "valid_to": s.last}
            for n, p in numbered
            for name, kind in (("education", "category"), ("tenure", "category"), ("income", "amount"))
            for s in getattr(p, name)
        ],
    }
    store = Store.create(folder)
    with store.writing() as writer:
        for name, some in rows.items():
            writer.add(name, pa.Table.from_pylist(some, schema=tables()[name].schema), "by hand")
    return store.current()


@functools.cache
def known() -> Catalogue:
    """The catalogue with a dimension whose codes changed their meaning in 2020, and one that crosses it with others."""
    found = definitions.load()
    return dataclasses.replace(found, stratifiers=found.stratifiers | {"dated": DATED, "crossed": CROSSED})


def made_by_engine(folder: Path, persons: list[Person]) -> list[dict[str, Any]]:
    rows = build(connect(), stored(folder, persons), known(), YEARS, WANTED).to_pyarrow().to_pylist()
    return [dict(row) for row in rows]


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["person_id"], row["year"]))


# --- lives as they may be

EDGES = [date(2019, 1, 1), date(2019, 12, 31), date(2020, 1, 1), date(2020, 2, 28), date(2020, 2, 29), date(2020, 3, 1)]
EDGES += [date(2020, 12, 31), date(2021, 1, 1), date(2021, 2, 28), date(2021, 12, 31), date(2022, 1, 1)]
DAYS = st.one_of(st.sampled_from(EDGES), st.dates(date(2018, 6, 1), date(2022, 6, 1)))
BIRTHS = st.one_of(
    st.none(),
    DAYS,
    st.sampled_from([date(1980, 5, 5), date(2015, 1, 1)]),  # many of one age, for incomes are ranked among those
    st.builds(date, st.integers(1925, 2018), st.integers(1, 12), st.integers(1, 28)),
    st.sampled_from([date(1920, 2, 29), date(1996, 2, 29), date(2004, 2, 29), date(2004, 3, 1), date(2016, 2, 29)]),
)


@st.composite
def spells(draw: Any, values: Any) -> list[Spell]:
    """Spells that do not overlap, with gaps where there is nothing; the last may be open."""
    days = sorted(draw(st.sets(DAYS, max_size=5)))
    ends: list[date | None] = [*days[1:], draw(st.sampled_from([None, date(2030, 1, 1)]))]
    found = [Spell(first, last, draw(st.one_of(st.none(), values))) for first, last in zip(days, ends, strict=False)]
    return [spell for spell in found if spell.value is not None]


@st.composite
def lives(draw: Any) -> Person:
    birth, death = draw(BIRTHS), draw(st.one_of(st.none(), DAYS))
    return Person(
        sex=draw(st.sampled_from(["female", "male", None])),
        birth=birth,
        death=death if birth is None or death is None or death >= birth else None,
        homes=draw(spells(st.sampled_from(["0101", "0147", "0751"]))),
        education=draw(spells(st.sampled_from(["10", "15", "30", "35", "40", "70", "90", "77"]))),
        income=draw(spells(st.sampled_from([-5.0, 0.0, 100.5, 200.0, 300.0, 400.0]))),
        tenure=draw(spells(st.sampled_from(["social", "private_rent", "cooperative", "owner"]))),
        parents=draw(st.lists(st.integers(0, 2), unique=True, max_size=2)),
        registered=draw(st.integers(0, 9)) > 0,
    )


@given(st.lists(lives(), min_size=3, max_size=60))
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_the_engine_reads_lives_as_they_are_read_by_hand(
    tmp_path_factory: pytest.TempPathFactory, persons: list[Person]
) -> None:
    made = made_by_engine(tmp_path_factory.mktemp("lives") / "store", persons)
    assert in_order(made) == in_order(read_by_hand(persons))


# Lives of one person who stands alone in the world, and the years that they give: area, age, days.
HOME = [Spell(date(2010, 1, 1), None, "0101")]
LIVES: dict[str, tuple[Person, dict[int, tuple[str, int | None, int]]]] = {
    "at home all the time": (
        Person("female", date(1980, 1, 1), None, HOME),
        {2019: ("0101", 39, 365), 2020: ("0101", 40, 366), 2021: ("0101", 41, 365)},
    ),
    "birthday on the second of January": (
        Person("female", date(1980, 1, 2), None, HOME),
        {2019: ("0101", 38, 365), 2020: ("0101", 39, 366), 2021: ("0101", 40, 365)},
    ),
    "born and dead in one year": (
        Person("male", date(2020, 3, 1), date(2020, 3, 11), HOME),
        {2020: ("0101", 0, 11)},
    ),
    "dead on the day of birth": (Person("male", date(2020, 3, 1), date(2020, 3, 1), HOME), {2020: ("0101", 0, 1)}),
    "dead on New Year's Day": (
        Person("male", date(1950, 6, 1), date(2020, 1, 1), HOME),
        {2019: ("0101", 68, 365), 2020: ("0101", 69, 1)},
    ),
    "dead on the second of January": (
        Person("male", date(1950, 6, 1), date(2020, 1, 2), HOME),
        {2019: ("0101", 68, 365), 2020: ("0101", 69, 2)},
    ),
    "a last spell that ends on the day of death": (
        Person("male", date(1950, 6, 1), date(2020, 1, 1), [Spell(date(2010, 1, 1), date(2020, 1, 1), "0101")]),
        {2019: ("0101", 68, 365), 2020: ("0101", 69, 1)},
    ),
    "moved on the day of death": (
        Person("male", date(1950, 6, 1), date(2020, 1, 1), [
            Spell(date(2010, 1, 1), date(2020, 1, 1), "0101"), Spell(date(2020, 1, 1), None, "0147"),
        ]),
        {2019: ("0101", 68, 365), 2020: ("0147", 69, 1)},
    ),
    "moved within the year": (
        Person("male", date(1950, 6, 1), None, [
            Spell(date(2019, 1, 1), date(2020, 7, 1), "0147"), Spell(date(2020, 7, 1), None, "0751"),
        ]),
        {2019: ("0147", 68, 365), 2020: ("0147", 69, 366), 2021: ("0751", 70, 365)},
    ),
    "away and back": (
        Person("male", date(1950, 6, 1), None, [
            Spell(date(2019, 12, 1), date(2019, 12, 11), "0147"), Spell(date(2020, 12, 31), date(2021, 1, 2), "0751"),
        ]),
        {2019: ("0147", 69, 10), 2020: ("0751", 70, 1), 2021: ("0751", 70, 1)},
    ),
    "came after the birthday": (
        Person("male", date(1950, 6, 1), None, [Spell(date(2020, 6, 1), None, "0101")]),
        {2020: ("0101", 70, 214), 2021: ("0101", 70, 365)},
    ),
    "born on 29 February, came on 28 February": (
        Person("male", date(2000, 2, 29), None, [Spell(date(2021, 2, 28), None, "0101")]),
        {2021: ("0101", 20, 307)},
    ),
    "a spell of the whole year of birth": (
        Person("female", date(2020, 12, 31), None, [Spell(date(2020, 1, 1), date(2021, 1, 1), "0101")]),
        {2020: ("0101", 0, 1)},
    ),
    "of no known age": (
        Person("female", None, None, [Spell(date(2021, 1, 1), date(2022, 1, 1), "0101")]),
        {2021: ("0101", None, 365)},
    ),
    "not in the register of persons": (
        Person(None, None, None, [Spell(date(2021, 1, 1), date(2021, 1, 3), "0101")], registered=False),
        {2021: ("0101", None, 2)},
    ),
}  # fmt: skip


def test_each_life_gives_its_years(tmp_path: Path) -> None:
    made = made_by_engine(tmp_path / "store", [person for person, _ in LIVES.values()])
    found: dict[str, dict[int, tuple[str, int | None, int]]] = {name: {} for name in LIVES}
    for row in made:
        found[[*LIVES][row["person_id"] - 1]][row["year"]] = (row["area"], row["age"], row["days"])
    assert found == {name: years for name, (_, years) in LIVES.items()}
    assert in_order(made) == in_order(read_by_hand([person for person, _ in LIVES.values()]))


def test_crossed_groups_are_read_without_the_columns_that_they_cross(tmp_path: Path) -> None:
    persons = [person for person, _ in LIVES.values()]
    rows = build(connect(), stored(tmp_path / "store", persons), known(), YEARS, ["crossed", "education_sex"])
    made = rows.to_pyarrow()
    by_hand = [{name: row[name] for name in made.column_names} for row in read_by_hand(persons)]
    assert set(made.column_names) == {*BASIC, "crossed", "education_sex"}
    assert in_order(made.to_pylist()) == in_order(by_hand)


# --- rows that are kept


def test_person_years_are_made_once_for_a_snapshot_and_read_as_they_were_made(tmp_path: Path) -> None:
    persons = [person for person, _ in LIVES.values()]
    snapshot = stored(tmp_path / "store", persons)
    first, again = (person_years(connect(), snapshot, known(), YEARS, {"education", "sex"}).to_pyarrow() for _ in "ab")
    by_hand = [{name: row[name] for name in first.column_names} for row in read_by_hand(persons)]
    assert in_order(first.to_pylist()) == in_order(again.to_pylist()) == in_order(by_hand)
    assert len(list((tmp_path / "store" / "frames").iterdir())) == 1


def test_the_rows_of_two_stores_with_the_same_persons_are_equal_to_the_byte(tmp_path: Path) -> None:
    persons = [person for person, _ in LIVES.values()]
    found = []
    for name in ("one", "other"):
        snapshot = stored(tmp_path / name, persons)
        person_years(connect(), snapshot, known(), YEARS, {"education"})
        frames = tmp_path / name / "frames"
        found.append([path.read_bytes() for path in sorted(frames.rglob("*.parquet"))])
    assert len(found[0]) == len(YEARS)
    assert found[0] == found[1]
    for path in frames.rglob("*.parquet"):  # the order is what makes every later grouping cheap
        rows = [tuple(row.values()) for row in pq.read_table(path, columns=["area", "sex", "age"]).to_pylist()]
        assert rows == sorted(rows, key=lambda row: (row[0], row[1], row[2] is None, row[2] or 0))


def test_rows_that_were_not_written_to_the_end_are_written_again(tmp_path: Path) -> None:
    persons = [person for person, _ in LIVES.values()]
    snapshot = stored(tmp_path / "store", persons)
    before = person_years(connect(), snapshot, known(), YEARS, {"education"}).to_pyarrow().to_pylist()
    folder = next((tmp_path / "store" / "frames").iterdir())
    (folder / "complete").unlink()
    next(folder.rglob("*.parquet")).unlink()
    again = person_years(connect(), snapshot, known(), YEARS, {"education"}).to_pyarrow().to_pylist()
    assert in_order(again) == in_order(before)


def test_a_new_snapshot_other_years_and_other_columns_have_rows_of_their_own(tmp_path: Path) -> None:
    snapshot = stored(tmp_path / "store", [LIVES["at home all the time"][0]])
    person_years(connect(), snapshot, known(), YEARS, {"education"})
    store = Store.open(tmp_path / "store")
    newcomer = [{"person_id": 2, "area": "0147", "valid_from": date(2019, 1, 1), "valid_to": None}]
    with store.writing() as writer:
        writer.add("residence", pa.Table.from_pylist(newcomer, schema=tables()["residence"].schema), "later")
        writer.add("person", pa.Table.from_pylist([{"person_id": 2}], schema=tables()["person"].schema), "later")
    made = person_years(connect(), store.current(), known(), YEARS, {"education"}).to_pyarrow()
    assert made.num_rows == 2 * len(YEARS)
    assert person_years(connect(), store.current(), known(), [2019], {"education"}).to_pyarrow().num_rows == 2
    wider = person_years(connect(), store.current(), known(), YEARS, {"education", "dated"}).to_pyarrow()
    assert set(wider.column_names) - set(made.column_names) == {"dated"}


def test_years_in_which_nobody_lived_are_refused_in_a_sentence(tmp_path: Path) -> None:
    snapshot = stored(tmp_path / "store", [LIVES["of no known age"][0]])
    with pytest.raises(StoreError) as caught:
        person_years(connect(), snapshot, known(), [2016, 2017], set())
    assert "2016–2017" in caught.value.sentence("da")


@given(st.lists(st.integers(-3, 12).map(float), min_size=5, max_size=80))
@settings(max_examples=10, deadline=None, derandomize=True)
def test_the_fifths_of_the_store_are_those_of_the_statistics(amounts: list[float]) -> None:
    persons = [Person("male", date(1970, 6, 1), None, HOME, income=[Spell(date(2010, 1, 1), None, a)]) for a in amounts]
    with tempfile.TemporaryDirectory() as folder:
        made = in_order([row for row in made_by_engine(Path(folder) / "store", persons) if row["year"] == 2020])
    assert [row["income_quintile"] for row in made] == [f"q{int(k) + 1}" for k in quantile(np.array(amounts), 5)]
