"""WHO's HEAT Plus table: each of its rules by row and column, and the table as it stood when it is written again."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from lighed.core.errors import DataError
from lighed.core.heat import COLUMNS
from lighed.core.text import LANGUAGES
from lighed.sources import heat_plus
from lighed.sources.heat_plus import HeatRow, read_heat, write_heat
from tests.ingest.attacks import workbook
from tests.zones import Run

Row = dict[str, str]
# What WHO's template demands; the others may be left out.
DEMANDED = ("setting", "date", "source", "indicator_abbr", "indicator_name", "dimension", "subgroup", "estimate")
DEMANDED += ("favourable_indicator", "indicator_scale", "ordered_dimension", "subgroup_order", "reference_subgroup")
TEXTS = {"setting": "Danmark", "date": "2021", "source": "SDU", "iso3": "DNK", "setting_average": "14.5"}
SMOKING = {"indicator_abbr": "ryg", "indicator_name": "Daglig rygning", "favourable_indicator": "0"}
VACCINE = {"indicator_abbr": "mfr", "indicator_name": "MFR-vaccine", "favourable_indicator": "1"}
EDUCATION = {"dimension": "Uddannelse", "ordered_dimension": "1", "reference_subgroup": "0", "indicator_scale": "100"}
AREA = EDUCATION | {"dimension": "Område", "subgroup": "Alle", "subgroup_order": "1"}
SEX = {"dimension": "Køn", "ordered_dimension": "0", "subgroup_order": "0", "indicator_scale": "100"}


def figures(estimate: str, se: str, lower: str, upper: str, population: str) -> Row:
    return {"estimate": estimate, "se": se, "ci_lb": lower, "ci_ub": upper, "population": population}


def good() -> list[Row]:
    """Rows 2–7 of the file: three ordered groups, the two sexes, and a second indicator of one group."""
    first = figures("20.5", "1", "18.5", "22.5", "1000")
    numbers = (first, figures("15", "", "", "", "2000"), figures("", "", "", "", ""))
    rows = [
        TEXTS | SMOKING | EDUCATION | number | {"subgroup": level, "subgroup_order": str(order)}
        for order, (level, number) in enumerate(zip(("Kort", "Mellem", "Lang"), numbers, strict=True), 1)
    ]
    rows += [
        TEXTS | SMOKING | SEX | first | {"subgroup": sex, "reference_subgroup": reference}
        for sex, reference in (("Kvinder", "1"), ("Mænd", "0"))
    ]
    return [*rows, TEXTS | VACCINE | AREA | first]


def written(rows: list[Row], delimiter: str = ",", names: tuple[str, ...] = COLUMNS) -> str:
    body = [[row.get({"year": "date", "flag": "note"}.get(name, name), "") for name in names] for row in rows]
    return "".join(delimiter.join(cells) + "\n" for cells in [names, *body])


def put(folder: Path, content: str | bytes, name: str = "tabel.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def with_cells(**cells: str) -> Callable[[list[Row]], None]:
    """Other cells in row 3, the second group of the ordered dimension."""
    return lambda rows: rows[1].update(cells)


def at(row: int, **cells: str) -> Callable[[list[Row]], None]:
    return lambda rows: rows[row - 2].update(cells)


def again(row: int, **cells: str) -> Callable[[list[Row]], None]:
    """A row once more at the end, as row 8, with some other cells."""
    return lambda rows: rows.append(rows[row - 2] | cells)


# What is done to the table, and what is said: fault, row, column, value, and a part of the sentence in both languages.
RULES: dict[str, tuple[Callable[[list[Row]], None], str, int, str, str | None, str, str]] = {
    f"no {name}": (with_cells(**{name: ""}), "empty", 3, name, None, "skal udfyldes", "must be filled in")
    for name in DEMANDED
    if name != "estimate"
} | {
    f"no number in {name}": (
        with_cells(**{name: "ca. 5"}), "not_a_number", 3, name, "ca. 5", "Skriv kun cifre", "Write digits",
    )
    for name in ("estimate", "se", "ci_lb", "ci_ub", "population", "setting_average", "favourable_indicator",
                 "indicator_scale", "ordered_dimension", "subgroup_order", "reference_subgroup")
} | {
    f"{name} is neither": (with_cells(**{name: "2"}), "not_0_or_1", 3, name, "2", "stå 0 eller 1", "be 0 or 1")
    for name in ("favourable_indicator", "ordered_dimension", "reference_subgroup")
} | {
    "NA where a flag is due": (
        with_cells(ordered_dimension="NA"), "empty", 3, "ordered_dimension", "NA", "skal udfyldes", "must be filled in",
    ),
    "negative error": (with_cells(se="-1"), "negative", 3, "se", "-1", "Ret det, eller lad", "Mend it, or leave"),
    "negative population": (
        with_cells(population="-1"), "negative", 3, "population", "-1", "Ret det, eller lad", "Mend it, or leave",
    ),
    "scale of nought": (
        with_cells(indicator_scale="0"), "not_positive", 3, "indicator_scale", "0", "over 0", "above 0",
    ),
    "half an order": (
        with_cells(subgroup_order="1.5"), "not_an_order", 3, "subgroup_order", "1.5", "helt tal", "whole number",
    ),
    "negative order": (
        with_cells(subgroup_order="-1"), "not_an_order", 3, "subgroup_order", "-1", "helt tal", "whole number",
    ),
    "an abbreviation of two names": (
        at(7, indicator_abbr="ryg"), "two_names", 7, "indicator_name", "MFR-vaccine",
        "»ryg« hedder »Daglig rygning« i en tidligere række", "“ryg” is called “Daglig rygning” in an earlier row",
    ),
    "a name of two abbreviations": (
        at(7, indicator_name="Daglig rygning"), "two_abbreviations", 7, "indicator_abbr", "mfr",
        "har forkortelsen »ryg«", "has the abbreviation “ryg”",
    ),
    "a place in two countries": (
        at(7, iso3="SWE"), "two_countries", 7, "iso3", "SWE",
        "»Danmark« har landekoden »DNK«", "“Danmark” has the country code “DNK”",
    ),
    "a reference among ordered groups": (
        at(4, reference_subgroup="1"), "reference_in_order", 4, "reference_subgroup", "1",
        "en ordnet dimension har ingen referencegruppe", "an ordered dimension has no reference group",
    ),
    "an order among unordered groups": (
        at(6, subgroup_order="2"), "order_without_order", 6, "subgroup_order", "2", "ikke ordnet", "not ordered",
    ),
    "a group twice": (
        again(6), "twice", 8, "subgroup", "Mænd", "står også i række 6", "stands in row 6 too",
    ),
    "a hole in the order": (
        at(4, subgroup_order="4"), "order_not_whole", 2, "subgroup_order", None,
        "»Uddannelse« skal nummereres 1 til 3 uden huller", "“Uddannelse” must be numbered 1 to 3 without gaps",
    ),
    "an order that begins at nought": (
        at(2, subgroup_order="0"), "order_not_whole", 2, "subgroup_order", None, "1 til 3", "1 to 3",
    ),
    "an order twice": (at(3, subgroup_order="3"), "order_not_whole", 2, "subgroup_order", None, "1 til 3", "1 to 3"),
    "two references": (
        at(6, reference_subgroup="1"), "two_references", 5, "reference_subgroup", None,
        "»Køn« har mere end én referencegruppe", "“Køn” has more than one reference group",
    ),
    "good for some groups only": (
        at(6, favourable_indicator="1"), "mixed", 5, "ordered_dimension", None,
        "skal være ens i alle rækker af »Køn«", "must be the same in all rows of “Køn”",
    ),
    "another scale for some groups": (
        at(6, indicator_scale="1"), "mixed", 5, "ordered_dimension", None, "»Køn«", "“Køn”",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_every_rule_is_held_by_row_and_column(name: str, tmp_path: Path) -> None:
    change, key, row, column, value, *sentences = RULES[name]
    rows = good()
    change(rows)
    with pytest.raises(DataError) as caught:
        read_heat(put(tmp_path, written(rows)))
    found = [(problem.key, problem.row, problem.column, problem.value) for problem in caught.value.problems]
    assert found == [(key, row, column, value)]
    for lang, place, sentence in zip(LANGUAGES, ("række", "row"), sentences, strict=True):
        said = caught.value.sentence(lang).splitlines()[0]
        assert said.startswith(f"tabel.csv, {place} {row}, ")
        assert sentence in said


def test_every_rule_is_tried_here() -> None:
    source = Path(heat_plus.__file__).read_text("utf-8")
    named = re.findall(r'Problem\(\s*"(\w+)"|wrong\("(\w+)"|, "(not_\w+)"\)|\("(two_\w+)"', source)
    tried = {key for _, key, *_ in RULES.values()} | {"missing_heat_column"}
    assert {word for words in named for word in words if word} == tried


@pytest.mark.parametrize("name", DEMANDED)
def test_a_column_that_is_demanded_may_not_be_missing(name: str, tmp_path: Path) -> None:
    names = tuple(column for column in COLUMNS if column != name)
    with pytest.raises(DataError) as caught:
        read_heat(put(tmp_path, written(good(), names=names)))
    assert [(problem.key, problem.column) for problem in caught.value.problems] == [("missing_heat_column", name)]


def test_the_other_columns_may_be_left_out(tmp_path: Path) -> None:
    rows = read_heat(put(tmp_path, written(good(), names=DEMANDED))).rows
    assert [row.estimate for row in rows] == [20.5, 15, None, 20.5, 20.5, 20.5]
    assert {(*numbers(row)[1:], row.note, row.iso3) for row in rows} == {(None, None, None, None, None, "", "")}


def test_all_faults_are_said_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    rows = good()
    rows[4]["se"] = rows[0]["estimate"] = rows[0]["ordered_dimension"] = "x"
    with pytest.raises(DataError) as caught:
        read_heat(put(tmp_path, written(rows)))
    found = [(problem.row, problem.column) for problem in caught.value.problems]
    assert found == [(2, "estimate"), (2, "ordered_dimension"), (6, "se")]


# --- what is read


def numbers(row: HeatRow) -> tuple[float | None, ...]:
    return row.estimate, row.se, row.lower, row.upper, row.population, row.average


def assert_good(rows: tuple[HeatRow, ...]) -> None:
    assert [row.row for row in rows] == [2, 3, 4, 5, 6, 7]
    assert numbers(rows[0]) == (20.5, 1, 18.5, 22.5, 1000, 14.5)
    assert numbers(rows[1]) == (15, None, None, None, 2000, 14.5)
    assert numbers(rows[2]) == (None, None, None, None, None, 14.5)
    assert [row.order for row in rows] == [1, 2, 3, 0, 0, 1]
    assert [row.reference for row in rows] == [False, False, False, True, False, False]
    assert [row.ordered for row in rows] == [True, True, True, False, False, True]
    assert [row.favourable for row in rows] == [False] * 5 + [True]
    assert {(row.setting, row.date, row.source, row.iso3, row.scale) for row in rows} == {
        ("Danmark", "2021", "SDU", "DNK", 100)
    }
    assert [row.subgroup for row in rows] == ["Kort", "Mellem", "Lang", "Kvinder", "Mænd", "Alle"]
    assert [row.abbreviation for row in rows] == ["ryg"] * 5 + ["mfr"]


OLD = tuple({"date": "year", "note": "flag"}.get(name, name) for name in COLUMNS)
SEMICOLON = written(good(), ";").replace(".5", ",5")
AS_IT_STANDS = {
    "commas": written(good()).encode(),
    "semicolons and decimal commas": SEMICOLON.encode(),
    "Windows letters": SEMICOLON.encode("cp1252"),
    "a mark of UTF-8": SEMICOLON.encode("utf-8-sig"),
    "UTF-16": SEMICOLON.encode("utf-16"),
    "lines of Windows": SEMICOLON.replace("\n", "\r\n").encode(),
    "tabulators": written(good(), "\t").encode(),
    "the older names": written(good(), names=OLD).encode(),
    "columns in another order": written(good(), names=tuple(reversed(COLUMNS))).encode(),
    "a column of somebody's own": written(good(), names=(*COLUMNS, "mit")).encode(),
    "NA for what is not known": written(good()).replace(",15,,,,", ",15,NA,NA,na,").encode(),
    "spaces around cells": written(good()).replace("Mellem,", " Mellem ,").encode(),
    "quotation marks where they are needed": written(good())
    .replace(",SDU,", ',"SDU",')
    .replace('"SDU"', "SDU")
    .encode(),
}
OTHERWISE = {
    "quotation marks everywhere": "".join(
        ",".join(f'"{cell}"' for cell in line.split(",")) + "\n" for line in written(good()).splitlines()
    ).encode(),
    "no end of the last line": written(good()).rstrip("\n").encode(),
    "empty lines at the end": (written(good()) + "\n\n").encode(),
}


@pytest.mark.parametrize("content", (AS_IT_STANDS | OTHERWISE).values(), ids=AS_IT_STANDS | OTHERWISE)
def test_a_table_is_read_however_it_is_written(content: bytes, tmp_path: Path) -> None:
    assert_good(read_heat(put(tmp_path, content)).rows)


@pytest.mark.parametrize("content", AS_IT_STANDS.values(), ids=AS_IT_STANDS)
def test_what_was_read_is_written_byte_by_byte(content: bytes, tmp_path: Path) -> None:
    write_heat(read_heat(put(tmp_path, content)), tmp_path / "igen.csv")
    assert (tmp_path / "igen.csv").read_bytes() == content


@pytest.mark.parametrize("content", OTHERWISE.values(), ids=OTHERWISE)
def test_what_is_written_otherwise_keeps_its_cells(content: bytes, tmp_path: Path) -> None:
    write_heat(read_heat(put(tmp_path, content)), tmp_path / "igen.csv")
    assert (tmp_path / "igen.csv").read_text("utf-8") == written(good())


def test_texts_with_separators_and_quotation_marks_stay_whole(tmp_path: Path) -> None:
    rows, note = good(), 'se "bilag", side 2'
    for row in rows:
        row["note"] = '"se ""bilag"", side 2"'
    path = put(tmp_path, written(rows))
    table = read_heat(path)
    assert {row.note for row in table.rows} == {note}
    write_heat(table, tmp_path / "igen.csv")
    assert (tmp_path / "igen.csv").read_bytes() == path.read_bytes()


def test_a_workbook_is_read_and_its_numbers_are_numbers(tmp_path: Path) -> None:
    typed = [[float(cell) if cell.replace(".", "").isdigit() else cell for cell in map(str, row)] for row in (
        [row.get(name, "") for name in COLUMNS] for row in good()
    )]  # fmt: skip
    path = put(tmp_path, workbook(COLUMNS, *map(tuple, typed)), "tabel.xlsx")
    assert_good(read_heat(path).rows)


def test_a_fault_is_said_under_the_column_s_older_name(tmp_path: Path) -> None:
    rows = good()
    rows[1]["date"] = ""
    with pytest.raises(DataError) as caught:
        read_heat(put(tmp_path, written(rows, names=OLD)))
    assert [(problem.key, problem.row, problem.column) for problem in caught.value.problems] == [("empty", 3, "year")]


def test_rows_of_other_places_years_and_indicators_are_not_held_against_each_other(tmp_path: Path) -> None:
    rows = (
        good()
        + [row | {"setting": "Sverige", "iso3": "SWE"} for row in good()]
        + [row | {"date": "2025"} for row in good()]
    )
    assert len(read_heat(put(tmp_path, written(rows))).rows) == 3 * len(good())


# --- on the command line


def test_the_command_writes_the_table_unchanged_and_its_measures(run: Run, tmp_path: Path) -> None:
    path, copy, measures = put(tmp_path, SEMICOLON), tmp_path / "igen.csv", tmp_path / "maal.csv"
    ran = run("measure", path, "--heat", copy, "--write", measures)
    assert (ran.code, ran.err) == (0, "")
    assert copy.read_bytes() == path.read_bytes()
    header, *rows = measures.read_text("utf-8").splitlines()
    assert header.startswith('"indicator","name","setting","date","dimension","measure","value"')
    assert any('"Køn"' in row and '"difference"' in row for row in rows)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_command_says_every_fault_and_writes_nothing(lang: str, run: Run, tmp_path: Path) -> None:
    rows = good()
    rows[3]["subgroup"] = "Mænd"  # as in row 6
    ran = run("measure", put(tmp_path, written(rows)), "--write", tmp_path / "maal.csv", lang=lang)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"tabel.csv, {'række' if lang == 'da' else 'row'} 6, ")
    assert not (tmp_path / "maal.csv").exists()
