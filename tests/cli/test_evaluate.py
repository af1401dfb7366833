"""`lighed evaluate`: what an initiative has done, said in sentences, in both languages, from any kind of file."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lighed.analysis.evaluate import evaluated
from lighed.analysis.examples import effects
from lighed.catalogue import load
from lighed.catalogue.areas import members
from lighed.catalogue.load import BUILT_IN
from lighed.core.release import Release
from lighed.core.text import LANGUAGES, Lang, number, texts
from lighed.core.types import COUNTRY, Evaluation
from lighed.report.evaluations import sentences
from lighed.sources.panel import as_raw, read_panel
from tests.conftest import Synthetic
from tests.zones import Run

CATALOGUE = load()
SHIPPED = CATALOGUE.evaluations
BAN, VISITS = SHIPPED["smoke_free_schools"], SHIPPED["home_visits_before_after"]

Rows = tuple[dict[str, Any], ...]


def names(rows: Rows) -> list[str]:
    return [*dict.fromkeys(name for row in rows for name in row)]


def written(path: Path, rows: Rows, *, delimiter: str = ";", mark: str = ",") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names(rows), delimiter=delimiter)
        writer.writeheader()
        for row in rows:
            writer.writerow({k: str(v).replace(".", mark) if isinstance(v, float) else v for k, v in row.items()})
    return path


def _workbook(path: Path, rows: Rows) -> Path:
    book = openpyxl.Workbook()
    book.active.append(names(rows))
    for row in rows:
        book.active.append([row.get(name) for name in names(rows)])
    book.save(path)
    return path


def _parquet(path: Path, rows: Rows) -> Path:
    columns = {name: [row.get(name) for row in rows] for name in names(rows)}
    numbers = {name: [float(x) if isinstance(x, float) else x for x in column] for name, column in columns.items()}
    mixed = {name for name, column in numbers.items() if any(isinstance(x, float) for x in column)}
    pq.write_table(
        pa.table({k: pa.array(v, pa.float64()) if k in mixed else pa.array(v) for k, v in numbers.items()}), path
    )
    return path


WRITTEN = {
    "Danish": lambda folder, rows: written(folder / "t.csv", rows),
    "English": lambda folder, rows: written(folder / "t.csv", rows, delimiter=",", mark="."),
    "tabs": lambda folder, rows: written(folder / "t.txt", rows, delimiter="\t"),
    "Excel": lambda folder, rows: _workbook(folder / "t.xlsx", rows),
    "Parquet": lambda folder, rows: _parquet(folder / "t.parquet", rows),
}


@pytest.mark.parametrize("one", SHIPPED.values(), ids=lambda one: one.id)
@pytest.mark.parametrize("write", WRITTEN.values(), ids=WRITTEN)
def test_the_rows_of_an_example_give_what_it_says_from_any_kind_of_file(
    write: Any, one: Evaluation, tmp_path: Path, run: Run
) -> None:
    words = ["evaluate", one.id, write(tmp_path, one.example.rows), "--output", tmp_path / "rows.csv"]
    if one.example.participants:
        words += ["--participants", written(tmp_path / "who.csv", one.example.participants)]
    ran = run(*words)
    assert (ran.code, ran.err) == (0, "")
    made = effects(one, CATALOGUE.groups(one))
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert [[row["level"], row["measure"], row["verdict"]] for row in found] == [
        [row["level"] or "", row["measure"], row["verdict"] or ""] for row in made
    ]
    for name in ("without", "reached", "value", "se", "lower", "upper", "n"):
        assert [float(row[name]) if row[name] else None for row in found] == pytest.approx([row[name] for row in made])
    assert f"{tmp_path / 'rows.csv'}: {len(made)} rows" in ran.out


SAID = {
    "da": "Indsatsen mindsker forskellen i absolutte tal: −4,3 procentpoint (95 % sikkerhedsinterval −5,9 til −2,7), "
    "men den relative forskel er vokset: forholdet er 1,39 gange (95 % sikkerhedsinterval 1,25 til 1,54) så stort. "
    "De to mål er ikke enige, og begge skal nævnes.",
    "en": "The initiative narrows the gap in absolute terms: −4.3 percentage points (95% confidence interval −5.9 to "
    "−2.7), but the relative gap has grown: the ratio is 1.39 times (95% confidence interval 1.25 to 1.54) as large. "
    "The two measures disagree, and both must be mentioned.",
}
TABLE = {
    "da": ("Gruppe", "Mål", "Uden", "Med", "Værdi", "Nedre", "Øvre", "Forskellen", "Virkning (absolut)"),
    "en": ("Group", "Measure", "Without", "With", "Value", "Lower", "Upper", "The gap", "Effect (absolute)"),
}


@pytest.mark.parametrize("asked", [True, False], ids=["asked for", "set"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sentences_come_first_and_say_that_the_scales_disagree(
    lang: Lang, asked: bool, tmp_path: Path, run: Run
) -> None:
    other = "en" if lang == "da" else "da"
    table = written(tmp_path / "t.csv", BAN.example.rows)
    ran = run("evaluate", BAN.id, table, *(["--lang", lang] if asked else []), lang=other if asked else lang)
    lines = ran.out.splitlines()
    assert lines[0].startswith(f"{BAN.title[lang]}. ")
    assert SAID[lang] in lines
    assert lines.index(BAN.caveats[0][lang]) < lines.index(BAN.title[lang])  # the title of the table
    assert not any(key in ran.out for key in ("difference_in_differences", "clustered", "student"))
    for word in TABLE[lang]:
        assert word in ran.out
    for word in (*TABLE[other][3:], SAID[other]):
        assert not re.search(rf"(?<!\w){re.escape(word)}(?!\w)", ran.out)


@pytest.mark.parametrize("one", SHIPPED.values(), ids=lambda one: one.id)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_group_has_a_sentence_with_its_numbers(one: Evaluation, lang: Lang) -> None:
    groups = CATALOGUE.groups(one)
    rows = effects(one, groups)
    said = sentences(one, groups, rows, lang)
    for group in groups:
        (line,) = (line for line in said if line.startswith(f"{group.title[lang]}: "))
        (row,) = (row for row in rows if (row["level"], row["measure"]) == (group.id, "effect"))
        shown = [number(row[name], lang) for name in ("reached", "without", "value", "lower", "upper")]
        assert re.search(".*".join(map(re.escape, shown)), line)
    assert not any("None" in line or "{" in line for line in said)


def test_who_takes_part_is_said_group_by_group() -> None:
    groups = CATALOGUE.groups(VISITS)
    said = sentences(VISITS, groups, effects(VISITS, groups), "da")
    assert (
        "Af »Laveste fjerdedel« deltager der for få: 100 af 1.000 i målgruppen, "
        "0,40 gange (95 % sikkerhedsinterval 0,34 til 0,48) så mange som ventet." in said
    )


RESERVES = {
    "local_teams_staggered": "begyndte i samme periode",
    "tobacco_price_series": "serien er så kort",
    "home_visits_before_after": "for få tilfælde",
}


@pytest.mark.parametrize(("name", "reserve"), RESERVES.items(), ids=RESERVES)
def test_what_is_unreliable_is_to_be_read_with_reserve(name: str, reserve: str) -> None:
    one = SHIPPED[name]
    groups, rows = CATALOGUE.groups(one), effects(one, CATALOGUE.groups(one))
    for flag in ("", "unreliable"):
        flagged = [row | ({"flags": flag} if row["part"] == "gap" else {}) for row in rows]
        said = [line for line in sentences(one, groups, flagged, "da") if line.startswith("Læses med forbehold")]
        assert [reserve in line for line in said] == ([True] if flag else [])


VERDICTS = ("narrows", "widens", "uncertain")
PAIRS = [(a, r) for a in VERDICTS for r in (*VERDICTS, None)] + [(None, None)]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("absolute", "relative"), PAIRS, ids=str)
def test_every_pair_of_verdicts_has_a_sentence_of_its_own(absolute: str, relative: str, lang: Lang) -> None:
    groups = CATALOGUE.groups(BAN)
    rows = effects(BAN, groups)
    gap = [row for row in rows if row["part"] == "gap"]
    for row, verdict in zip(gap, (absolute, relative), strict=True):
        row["verdict"] = verdict
        if verdict is None:
            row |= dict.fromkeys(("value", "lower", "upper", "without", "reached"))
    (said,) = [line for line in sentences(BAN, groups, rows, lang) if _is_verdict(line, lang)]
    words = {
        "da": {"narrows": "mindsker|mindre", "widens": "øger|vokset", "uncertain": "usikkert", None: "kan ikke regnes"},
        "en": {"narrows": "narrows|smaller", "widens": "widens|grown", "uncertain": "uncertain", None: "cannot be"},
    }[lang]
    for verdict, pattern in words.items():
        assert bool(re.search(pattern, said)) == (verdict in {absolute, relative})
    assert ("ikke enige" in said or "disagree" in said) == ({absolute, relative} == {"narrows", "widens"})


def _is_verdict(line: str, lang: Lang) -> bool:
    """Whether a line is made of one of the texts of verdicts."""
    made = (text[lang] for key, text in texts().items() if key.startswith("evaluated.gap."))
    return any(re.fullmatch(re.sub(r"\\{\w+\\}", ".+", re.escape(text)), line) for text in made)


def test_an_evaluation_of_ones_own_is_a_file_or_stands_in_the_project(tmp_path: Path, run: Run) -> None:
    text = (BUILT_IN / "evaluations" / f"{BAN.id}.yaml").read_text("utf-8").replace(f"id: {BAN.id}", "id: own")
    (tmp_path / "evaluations").mkdir()
    own = tmp_path / "evaluations" / "own.yaml"
    own.write_text(text, "utf-8")
    table = written(tmp_path / "t.csv", BAN.example.rows)
    shipped, file, project = (
        run("evaluate", *words, table) for words in ((BAN.id,), (own,), ("own", "--project", tmp_path))
    )
    assert shipped.out == file.out == project.out


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_wrong_cell_is_named_and_nothing_is_written(lang: Lang, tmp_path: Path, run: Run) -> None:
    (first, *rest) = BAN.example.rows
    table = written(tmp_path / "t.csv", (first | {"smoking": "30 %"}, *rest))
    ran = run("evaluate", BAN.id, table, "--output", tmp_path / "o.csv", "--lang", lang)
    place, remedy = {
        "da": ("t.csv, række 2, kolonne smoking, »30 %«: ", "Skriv kun cifre"),
        "en": ("t.csv, row 2, column smoking, »30 %«: ", "Write digits"),
    }[lang]
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(place)
    assert remedy in ran.err
    assert not (tmp_path / "o.csv").exists()


REFUSED = {
    "no such evaluation": (["nothing"], "There is no evaluation “nothing”"),
    "no such table": ([BAN.id, "nowhere.csv"], "nowhere.csv: there is no such file"),
    "nowhere to write": ([BAN.id, None, "--output", "nowhere/o.csv"], "cannot be written"),
    "no such participants": ([BAN.id, None, "--participants", "nobody.csv"], "nobody.csv: there is no such file"),
}


@pytest.mark.parametrize(("words", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_there_is_said_in_a_sentence(words: list[Any], said: str, tmp_path: Path, run: Run) -> None:
    table = written(tmp_path / "t.csv", BAN.example.rows)
    given = [table if word is None else word for word in (words if len(words) > 1 else [*words, None])]
    ran = run("evaluate", *given)
    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err


@pytest.mark.parametrize("kind", ["the table", "the participants", "the definition"])
def test_what_is_read_is_not_written_over(kind: str, tmp_path: Path, run: Run) -> None:
    files = {
        "the table": written(tmp_path / "t.csv", VISITS.example.rows),
        "the participants": written(tmp_path / "who.csv", VISITS.example.participants),
        "the definition": tmp_path / "own.yaml",
    }
    text = (BUILT_IN / "evaluations" / f"{VISITS.id}.yaml").read_text("utf-8")
    files["the definition"].write_text(text, "utf-8")
    before = files[kind].read_bytes()
    table, who, definition = files.values()
    ran = run("evaluate", definition, table, "--participants", who, "--output", files[kind])
    assert (ran.code, ran.out) == (1, "")
    assert "write the result to another file" in ran.err
    assert files[kind].read_bytes() == before


def test_a_definition_that_is_impossible_is_refused_with_its_file(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("id: own\ndesign: guess\n", "utf-8")
    ran = run("evaluate", path, written(tmp_path / "t.csv", BAN.example.rows))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"{path}: ")
    assert "design" in ran.err


def test_check_runs_the_example_of_an_evaluation_of_ones_own(tmp_path: Path, run: Run) -> None:
    text = (BUILT_IN / "evaluations" / f"{BAN.id}.yaml").read_text("utf-8").replace(f"id: {BAN.id}", "id: own")
    (tmp_path / "evaluations").mkdir()
    (tmp_path / "evaluations" / "own.yaml").write_text(text.replace("value: -9.9", "value: -9.8"), "utf-8")
    ran = run("check", "--project", tmp_path)
    assert ran.code == 1
    assert "own: value of ('short', 'effect') is -9.9, and 'expect' says -9.8" in ran.err


# --- the rows of a release as the table

OF_RELEASE = """
id: own
title: {da: "x", en: "x"}
design: before_after
unit: percent
polarity: lower_is_better
stratifier: education
columns: {period: year, group: education, events: events, n: n}
start: 2022
"""
EXAMPLE = """
example:
  rows: [{year: 2021, education: short, events: 1, n: 2}]
  expect: [{level: short, measure: effect, value: null}]
"""


def of_release(folder: Path, indicator: str, area: str) -> Path:
    path = folder / "own.yaml"
    path.write_text(f'{OF_RELEASE}rows: {{indicator: {indicator}, treated: ["{area}"]}}{EXAMPLE}', encoding="utf-8")
    return path


def test_the_rows_of_a_release_are_a_table_like_any_other(run: Run, tmp_path: Path, synthetic_release: Release) -> None:
    shown = synthetic_release.estimates(COUNTRY).where(
        indicator="colorectal_screening", stratifier="education", measure="crude"
    )
    rows = [
        {"year": row["period"], "education": row["level"], "events": row["events"], "n": row["n"]}
        for row in shown.rows()
        if row["flags"] != "suppressed"
    ]
    assert {row["education"] for row in rows} >= {"short", "medium", "long"}
    own, table = of_release(tmp_path, "colorectal_screening", COUNTRY), written(tmp_path / "t.csv", tuple(rows))
    made = [tmp_path / "of_release.csv", tmp_path / "of_table.csv"]
    for source, output in zip((synthetic_release.folder, table), made, strict=True):
        assert run("evaluate", own, source, "--output", output).code == 0
    assert made[0].read_text("utf-8") == made[1].read_text("utf-8")


def test_what_a_release_hides_is_not_computed_with(run: Run, tmp_path: Path, synthetic_release: Release) -> None:
    (area,) = [code for code, one in synthetic_release.areas.items() if one.name["da"] == "Læsø"]
    refused = run("evaluate", of_release(tmp_path, "F6.1", area), synthetic_release.folder)
    assert refused.code == 1
    assert "hides" in refused.err
    assert area in refused.err


def test_a_definition_without_rows_takes_none_of_a_release(run: Run, synthetic_release: Release) -> None:
    refused = run("evaluate", BAN.id, synthetic_release.folder)
    assert refused.code == 1
    assert "rows" in refused.err


def test_the_extended_programme_is_found_where_it_was_planted(synthetic: Synthetic) -> None:
    one = SHIPPED["cardiac_extended_before_after"]
    assert one.rows is not None
    (area,) = one.rows.treated
    found = synthetic.estimates.where(indicator=one.rows.indicator, area=area, stratifier="education", measure="crude")
    rows = [
        {"year": row["period"], "education": row["level"], "completed": row["events"], "attended": row["n"]}
        for row in found.rows()
        if row["flags"] != "immature"
    ]
    groups = CATALOGUE.groups(one)
    made = evaluated(one, read_panel(as_raw("rows", rows), one, groups), groups, None).to_pylist()
    (short,) = [row for row in made if row["level"] == "short" and row["measure"] == "effect"]
    places = members(CATALOGUE.areas, area, 2025)
    planted = 100 * (
        synthetic.truth.share("cardiac_completion", 2023, "short", places)
        - synthetic.truth.share("cardiac_completion", 2020, "short", places)
    )
    assert planted > 10
    assert short["lower"] < planted < short["upper"]
