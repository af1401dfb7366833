"""Words that others wrote are words: in addresses, in tables that a spreadsheet opens, and before the engine."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import duckdb
import httpx
import pytest

from lighed.core.estimates import SCHEMA
from lighed.core.release import Release
from lighed.core.text import Text
from lighed.report.heat import heat_table
from lighed.report.plain import plain_table
from lighed.report.view import View
from lighed.store.engine import connect
from lighed.web.app import create_app
from tests.attacks.attacks import Pair
from tests.attacks.town import FEW, SHARE
from tests.browser import served

FORMULAS = [
    "=1+1",
    "+1+1",
    "-1+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "＝1+1",
    "＋1",
    "－1+1",
    "＠A1",
    "-",
]
HARMLESS = ["-30", "-1,5", "1083", "'=1", "a=1", "–", ""]


@pytest.mark.parametrize("word", FORMULAS)
def test_i3_a_word_that_begins_as_a_formula_is_kept_as_a_word(word: str) -> None:
    (row,) = csv.DictReader(
        plain_table([dict.fromkeys(SCHEMA.names) | {"counterpart": word}]).splitlines(keepends=True)
    )
    assert row["counterpart"] == f"'{word}"


@pytest.mark.parametrize("word", HARMLESS)
def test_i3_any_other_word_and_a_number_stays_as_it_is(word: str) -> None:
    table = plain_table([dict.fromkeys(SCHEMA.names) | {"counterpart": word, "value": -2.5}])
    (row,) = csv.DictReader(table.splitlines())
    assert (row["counterpart"], row["value"]) == (word, "-2.5")


def test_i3_so_it_is_in_the_table_for_other_programs(pair: Pair) -> None:
    release = Release(pair[0].release.folder)
    one = release.indicators[SHARE]
    release.indicators[SHARE] = one.model_copy(update={"title": Text(da="=HYPERLINK(A1)", en="@SUM(A1)")})
    rows = release.estimates(FEW).where(stratifier="education").rows()
    table = heat_table(rows, View(release, pair[0].catalogue, "da", FEW))
    assert {row["indicator_name"] for row in csv.DictReader(table.splitlines())} == {"'=HYPERLINK(A1)"}


PAYLOADS = [
    "' OR '1'='1",
    "1; DROP TABLE person",
    "../../accounts.db",
    "..%2f..%2faccounts.db",
    "{{7*7}}",
    "\x00",
    "education' UNION SELECT * FROM identity --",
    "=1+1",
    "%s%n",
    "a" * 5000,
]
FIELDS = ["area", "by", "view", "q", "sort", "fields", "limit"]


@pytest.fixture(scope="module")
def site(pair: Pair) -> str:
    with served(create_app([pair[0].release.folder])) as address:
        yield address


@pytest.mark.parametrize("field", FIELDS)
def test_i1_what_stands_in_a_field_of_an_address_is_a_name_or_nothing(field: str, site: str) -> None:
    for payload in PAYLOADS:
        for path in (f"indicator/{SHARE}", f"indicator/{SHARE}.json", "catalogue"):
            answer = httpx.get(f"{site}/da/town/{path}", params={field: payload})
            assert answer.status_code in {200, 404}, payload


PLACES = ["indicator/{}", "area/{}", "factor/{}", "pathway/{}", "use/{}", "{}", "indicator/F6.1/figure/{}.svg"]


@pytest.mark.parametrize("place", PLACES)
def test_i1_what_stands_in_an_address_is_a_name_or_nothing(place: str, site: str) -> None:
    for payload in PAYLOADS:
        answer = httpx.get(f"{site}/da/town/{place.format(quote(payload, safe=''))}")
        assert answer.status_code == 404, payload
        assert "root:" not in answer.text


@pytest.mark.parametrize("field", ["sort", "fields", "limit", "offset", "k", "format", "role"])
def test_d12_a_field_that_nobody_reads_changes_no_byte(field: str, site: str) -> None:
    plain = httpx.get(f"{site}/da/town/indicator/{SHARE}.json?area={FEW}").content
    for value in ("0", "1", "-n", "events", "admin"):
        assert httpx.get(f"{site}/da/town/indicator/{SHARE}.json?area={FEW}&{field}={value}").content == plain


REACHES = [
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM '{outside}'",
    "COPY (SELECT 1) TO '{outside}.out'",
    "ATTACH '{outside}.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "SET allowed_directories = ['/']",
    "RESET lock_configuration",
]


@pytest.mark.parametrize("statement", REACHES)
def test_d17_the_engine_reaches_nothing_beyond_its_folders_whatever_it_is_asked(statement: str, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    outside = tmp_path / "outside.csv"
    outside.write_text("a\n1\n", "utf-8")
    engine = connect(folders=[inside])
    with pytest.raises(duckdb.Error):
        engine.raw_sql(statement.format(outside=outside)).fetchall()
    assert [path.name for path in tmp_path.iterdir() if path != inside] == ["outside.csv"]


def test_d17_the_server_of_releases_has_nothing_that_opens_persons() -> None:
    lines = "import sys, lighed.web.app; print(*(name for name in sys.modules))"
    loaded = set(
        subprocess.run([sys.executable, "-c", lines], capture_output=True, check=True, text=True).stdout.split()
    )
    assert "lighed.web.app" in loaded
    forbidden = ("duckdb", "ibis", "pyspark", "lighed.store", "lighed.sources", "lighed.analysis", "lighed.disclosure")
    assert [name for name in loaded if name.startswith(forbidden)] == []
