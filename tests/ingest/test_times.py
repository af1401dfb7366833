"""Times of day as files write them: read to the minute, unknown where there is none, or refused."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lighed.catalogue import Catalogue
from lighed.core.errors import DataError
from tests.ingest.attacks import workbook
from tests.zones import Zone, new_zone

MINUTES = {
    "00:00": 0,
    "8:05": 485,
    "08.05": 485,
    "14:35": 875,
    "14:35:59": 875,
    "14.35.20,5": 875,
    " 23:59 ": 1439,
    "": None,
    "NA": None,
}
REFUSED = ["24:00", "14:60", "14:5", "1435", "14", "kl. 14:35", "14:35Z", "14:35+01:00", "-1:00", "2:35 PM"]
MAPPING = """
{id: stays, columns: {
  NR: {to: person_id, as: key}, ID: {to: event.event_id, as: key}, DATO: {to: event.date}, KL: {to: event.time}},
 constants: {event.item: hospital_admission}}
"""


def _file(times: list[str]) -> str:
    rows = [f"k{number};{number};2020-01-02;{written}\n" for number, written in enumerate(times)]
    return "NR;ID;DATO;KL\n" + "".join(rows)


def test_a_time_is_the_minute_of_the_day(made: Zone) -> None:
    made.load(made.put("stays.csv", _file(list(MINUTES))), MAPPING)
    found = {row["event_id"]: row["time"] for row in made.rows("event")}
    assert [found[number] for number in sorted(found)] == list(MINUTES.values())


def test_what_is_no_time_of_a_day_here_is_refused(made: Zone) -> None:
    with pytest.raises(DataError) as caught:
        made.load(made.put("stays.csv", _file(REFUSED)), MAPPING)
    told = [(problem.key, problem.value, problem.row) for problem in caught.value.problems]
    assert told == [("not_a_time", written, row) for row, written in enumerate(REFUSED, 2)]
    assert made.rows("event") == []


HEADER = ("NR", "ID", "FRA", "TIL", "KL")
MOMENTS = """
{id: stays, columns: {
  NR: {to: person_id, as: key}, ID: {to: event.event_id, as: key}, FRA: {to: event.date, as: moment},
  TIL: {to: event.date_to}, KL: {to: event.time_to}},
 constants: {event.item: hospital_admission}}
"""
TYPED: list[tuple[Any, ...]] = [
    ("a", "1", datetime.fromisoformat("2020-02-29T14:35"), date(2020, 3, 1), time(9, 5)),
    ("b", "2", datetime.fromisoformat("2020-02-29T23:59:59"), date(2020, 3, 1), None),
]
TEXT = "NR;ID;FRA;TIL;KL\na;1;29-02-2020 14.35;01-03-2020;09.05\nb;2;29-02-2020 23:59;01-03-2020;\n"
DANISH = MOMENTS.replace("as: moment", "as: moment, date: dd-mm-yyyy").replace("_to}", "_to, date: dd-mm-yyyy}", 1)


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_a_moment_is_a_date_and_its_time(kind: str, catalogue: Catalogue, tmp_path: Path) -> None:
    zone = new_zone(tmp_path / "project", catalogue)
    path = tmp_path / f"stays.{kind}"
    if kind == "csv":
        path.write_text(TEXT, "utf-8")
    elif kind == "xlsx":
        path.write_bytes(workbook(HEADER, *TYPED))
    else:
        pq.write_table(pa.table(dict(zip(HEADER, map(list, zip(*TYPED, strict=True)), strict=True))), path)
    zone.load(path, DANISH if kind == "csv" else MOMENTS)
    found = [(row["date"], row["time"], row["date_to"], row["time_to"]) for row in zone.rows("event")]
    leap, next_day = date(2020, 2, 29), date(2020, 3, 1)
    assert sorted(found) == [(leap, 875, next_day, 545), (leap, 1439, next_day, None)]


def test_a_moment_may_be_a_day_alone(made: Zone) -> None:
    made.load(made.put("stays.csv", "NR;ID;FRA;TIL;KL\na;1;2020-02-29;;\n"), MOMENTS)
    assert [(row["date"], row["time"]) for row in made.rows("event")] == [(date(2020, 2, 29), None)]
