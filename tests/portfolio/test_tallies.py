"""From a register to a page: approved counts of organisations are exported, loaded, built and shown."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from lighed import catalogue
from lighed.analysis.tallies import value
from lighed.core.release import Release
from lighed.core.text import LANGUAGES, say
from lighed.portfolio.house import House
from lighed.web.app import create_app
from tests.browser import served
from tests.portfolio.conftest import AWAY, HOME, Town, settled
from tests.zones import Run

PEOPLE = "CPR;AAR;KOEN;FOEDT;KOMNR\n" + "".join(
    f"{1 + k % 28:02}0170{k:04};{year};{1 + k % 2};{1 + k % 28:02}-01-1970;{('751', '730')[k % 2]}\n"
    for k in range(200)
    for year in (2024, 2025)
)
MAPPING = """id: people
format: {kind: csv, delimiter: ";", encoding: utf-8}
period: {column: AAR}
columns:
  CPR: {to: person_id, as: cpr}
  KOEN: {to: person.sex, codes: {"1": male, "2": female}}
  FOEDT: {to: person.birth_date, date: dd-mm-yyyy}
  KOMNR: {to: residence.area}
"""
PLAN = """id: town
title: {da: "By", en: "Town"}
summary: {da: "To byer.", en: "Two towns."}
policy: research_export
years: [2024, 2025]
front_area: "0751"
indicators: [I3.4a, I3.2, I3.1, I3.3, I3.6, I3.8, I2.2, I7.2, I4.2, I5.3]
"""
# Counts of 2025: the register, the kind, the indicator and how many. What several registers count of one is added.
COUNTED = [
    ("offers", "cessation", "I3.3", 64),
    ("offers", "age_limit", "I3.1", 3),
    ("inspections", "tobacco", "I3.1", 40),
    ("inspections", "alcohol", "I3.1", 25),
    ("inspections", "workplace", "I4.2", 12),
    ("offers", "surroundings", "I3.6", 9),
    ("offers", "activity", "I3.8", 17),
    ("places", "fgu", "I2.2", 210),
    ("places", "stu", "I2.2", 45),
    ("places", "combined", "I7.2", 38),
]
POLICY = {"title": "Alkoholpolitik", "indicator": "I3.4a", "subject": "alcohol", "place": "school", "year": 2025}


@pytest.fixture
def town(staffed: Path, tmp_path: Path) -> Iterator[Town]:
    made = settled(House.open(shutil.copytree(staffed, tmp_path / "portfolio")))
    for name, area in ((HOME, "0751"), (AWAY, "0730")):
        town = made.now(made.house.archive.get("organisations", name))
        made.edit("sara", town, area=area)
    yield made
    made.house.close()


def approved(town: Town, register: str, by: str = "ole", **content: Any) -> None:
    one = town.create(by, register, **content)
    town.move("sara", town.move(by, one, "submit"), "approve")


def filled(town: Town) -> None:
    for part, (with_policy, schools) in {"Nord": (30, 34), "Syd": (11, 14)}.items():
        share = {"numerator": with_policy, "denominator": schools}
        approved(town, "policies", **POLICY | {"title": part}, organisation=HOME, with_policy=share)
    approved(town, "policies", "else", **POLICY, organisation=AWAY, with_policy={"numerator": 7, "denominator": 20})
    licences = {"title": "Bevillinger", "kind": "serving", "indicator": "I3.2", "year": 2024}
    approved(town, "licences", **licences, organisation=HOME, count=212)
    approved(town, "licences", **licences | {"title": "Uden indikator", "indicator": None}, organisation=HOME, count=5)
    for register, kind, indicator, count in COUNTED:
        counted = {"title": f"{kind} {register}", "kind": kind, "indicator": indicator, "year": 2025, "count": count}
        approved(town, register, **counted, organisation=HOME)
    for title, kroner, children in (("Skoler", 900_000, 300), ("Dagtilbud", 600_000, 100)):
        spent = {"title": title, "place": "school", "indicator": "I5.3", "year": 2025}
        approved(town, "allocations", **spent, organisation=HOME, kroner=kroner, children=children)
    town.create("ole", "licences", **licences | {"title": "Kladde"}, organisation=HOME, count=1)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_counts_of_organisations_go_from_a_register_to_a_page(
    kind: str, town: Town, run: Run, project: Path, tmp_path: Path
) -> None:
    filled(town)
    file = tmp_path / f"counts.{kind}"
    told = run("portfolio", "export", "--indicators", file, "--project", town.house.folder)
    assert (told.code, "licences/uden-indikator" in told.out, "kladde" in told.out) == (0, True, False), told.err
    (tmp_path / "people.csv").write_text(PEOPLE, "utf-8")
    (tmp_path / "people.yaml").write_text(MAPPING, "utf-8")
    run("init", tmp_path / "people.csv", "--project", project)
    for path in (tmp_path / "people.csv", file):
        loaded = run("load", path, "--mapping", path.with_suffix(".yaml"), "--project", project)
        assert loaded.code == 0, loaded.err + loaded.out
    for old in (project / "plans").iterdir():
        old.unlink()
    (project / "plans" / "town.yaml").write_text(PLAN, "utf-8")
    built = run("build", "--project", project, "--made", "2026-11-22")
    assert built.code == 0, built.err
    release = project / "releases" / "town" / "1"
    opened = Release.open(release)
    rows = [row for area in ("DK", "0751", "0730") for row in opened.estimates(area).rows()]
    found = {(r["indicator"], r["area"], r["period"]): (r["value"], r["n"], r["flags"]) for r in rows}
    assert found == {
        ("I3.4a", "0751", "2025"): (41, None, ""),
        ("I3.4a", "0730", "2025"): (7, None, ""),
        ("I3.2", "0751", "2024"): (212, None, ""),
        ("I3.3", "0751", "2025"): (64, None, ""),
        ("I3.1", "0751", "2025"): (68, None, ""),
        ("I4.2", "0751", "2025"): (12, None, ""),
        ("I3.6", "0751", "2025"): (9, None, ""),
        ("I3.8", "0751", "2025"): (17, None, ""),
        ("I2.2", "0751", "2025"): (255, None, ""),
        ("I7.2", "0751", "2025"): (38, None, ""),
        ("I5.3", "0751", "2025"): (3750, None, ""),
    }
    with served(create_app([release])) as address, httpx.Client(base_url=address, timeout=60) as client:
        for lang in LANGUAGES:
            page = client.get(f"/{lang}/town/indicator/I3.4a?area=0751")
            assert page.status_code == 200
            (told_by_table,) = re.findall(r'<table[^>]*id="all".*?</table>', page.text, re.DOTALL)
            assert re.findall(r">(\d+)<", told_by_table) == ["2025", "41"]
            assert say("method.organisations", lang)[1:] in page.text
            assert say("indicator.waits.organisation_registers", lang) not in page.text
            told_rows = client.get(f"/{lang}/town/indicator/I3.4a.json?area=0751").json()
            assert 41 in [row.get("value") for row in told_rows["rows"]]


def test_both_kinds_of_file_hold_the_same(town: Town, run: Run, tmp_path: Path) -> None:
    filled(town)
    for kind in ("csv", "parquet"):
        run("portfolio", "export", "--indicators", tmp_path / f"x.{kind}", "--project", town.house.folder)
    table = pq.read_table(tmp_path / "x.parquet")
    lines = (tmp_path / "x.csv").read_text("utf-8").splitlines()
    assert lines[0] == ";".join(table.column_names)
    assert [line.split(";") for line in lines[1:]] == [
        ["" if cell is None else str(cell) for cell in row.values()] for row in table.to_pylist()
    ]
    assert f"{HOME};0751;2025;I3.4a;41.0;48.0" in lines


def test_a_file_of_another_kind_is_refused(town: Town, run: Run, tmp_path: Path) -> None:
    told = run("portfolio", "export", "--indicators", tmp_path / "x.xlsx", "--project", town.house.folder)
    assert (told.code, (tmp_path / "x.xlsx").exists(), ".parquet" in told.err) == (1, False, True)


@pytest.mark.parametrize(
    ("name", "amount", "among", "figure"),
    [
        ("I3.4a", 41, 48, 41),
        ("F4.4", 3, 4, 75),
        ("F4.4", 3, 0, None),
        ("I5.3", 900_000, 300, 3000),
        ("I5.3", 900_000, float("nan"), None),
    ],
)
def test_a_count_is_a_number_a_share_or_a_mean(name: str, amount: float, among: float, figure: float | None) -> None:
    assert value(catalogue.load().indicators[name], amount, among) == figure
