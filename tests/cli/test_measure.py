"""`lighed measure`: every measure of a table, as outside programs and the statistics give it, in both languages."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from numpy.testing import assert_allclose

from lighed.core.heat import COLUMNS, OPTIONAL
from lighed.core.text import LANGUAGES, Lang, number, texts
from lighed.stats import MEASURES, TESTS, arrange, evaluate
from tests import golden
from tests.zones import Run

EXACT = 1e-9  # relative: what writing and reading a number leaves
NUMBERS = ("value", "se", "lower", "upper")
ORDERED = {m.id for m in MEASURES.values() if m.order == "required"}
ALL = set(MEASURES) | set(TESTS)
INDICES = {name for name, test in TESTS.items() if test.unit == "index"}
PEOPLE = {m.id for m in MEASURES.values() if m.scale == "people"}

Cells = dict[str, Any]
Key = tuple[str, str, str]


def row(**given: Any) -> Cells:
    """A row of the table: Danish smoking by education where nothing else is said."""
    about = {
        "setting": "Danmark",
        "date": 2025,
        "source": "Own",
        "indicator_abbr": "smoking",
        "indicator_name": "Rygning",
    }
    kind = {"favourable_indicator": 0, "indicator_scale": 100, "ordered_dimension": 0, "subgroup_order": 0}
    return about | {"dimension": "Uddannelse"} | kind | {"reference_subgroup": 0} | given


def groups(values: Iterable[float | None], *, ordered: bool = True, **given: Any) -> list[Cells]:
    """A row per value, the worst-off first; each further column is a value of all rows, or a list of theirs."""
    names = ["grundskole", "erhvervsuddannelse", "kort", "mellemlang", "lang"]
    return [
        row(subgroup=names[k], estimate=value, ordered_dimension=int(ordered), subgroup_order=int(ordered) * (k + 1))
        | {name: each[k] if isinstance(each, list) else each for name, each in given.items()}
        for k, value in enumerate(values)
    ]


def written(path: Path, rows: list[Cells], *, columns: Iterable[str] = COLUMNS, **how: Any) -> Path:
    """Write a table as text; `how` is said to the writer, but for the letters and the decimal mark."""
    encoding, mark = how.pop("encoding", "utf-8"), how.pop("mark", ".")
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(columns), extrasaction="ignore", **how)
        writer.writeheader()
        for each in rows:
            writer.writerow({k: repr(v).replace(".", mark) if isinstance(v, float) else v for k, v in each.items()})
    return path


def measured(run: Run, table: Path) -> dict[Key, Cells]:
    """What the command writes of a table, by setting, dimension and measure; an empty number is None."""
    target = table.with_name("measures.csv")
    ran = run("measure", table, "--write", target)
    assert (ran.code, ran.err) == (0, "")
    with target.open(encoding="utf-8", newline="") as file:
        found = [
            each | {name: float(each[name]) if each[name] else None for name in NUMBERS}
            for each in csv.DictReader(file)
        ]
    assert f"{target}: {len(found)} rows" in ran.out
    return {(each["setting"], each["dimension"], each["measure"]): each for each in found}


def of_golden() -> list[Cells]:
    """The golden groups as one table: a dimension with its order, one with a reference, one with neither."""
    table = []
    for case, cells in golden.by_case("dispersion/groups.csv").items():
        for place, cell in enumerate(cells, 1):
            about = {"setting": case, "subgroup": cell["subgroup"], "favourable_indicator": cell["favourable"]}
            told = row(**about, estimate=cell["estimate"], se=cell["se"], population=cell["population"])
            table.append(told | {"dimension": "ordered", "ordered_dimension": 1, "subgroup_order": place})
            table.append(told | {"dimension": "extreme"})
            table.append(told | {"dimension": "reference", "reference_subgroup": cell["is_reference"]})
    for topic in ("slope_and_relative_index/grouped", "concentration/grouped", "concentration/persons_by_income_fifth"):
        for case, cells in golden.by_case(f"{topic}.csv").items():
            for cell in cells:
                about = {"setting": case, "subgroup": cell["group_order"], "subgroup_order": cell["group_order"]}
                told = row(**about, estimate=cell["value"], population=cell["population"], ordered_dimension=1)
                table.append(told | {"dimension": "favourable", "favourable_indicator": 1, "se": cell.get("se", "")})
                table.append(told | {"dimension": "without errors"})
    return table


GOLDEN = [
    *(("dispersion", f"difference_{how}", how, "difference", True) for how in ("ordered", "extreme", "reference")),
    *(("dispersion", f"ratio_{how}", how, "ratio", True) for how in ("ordered", "extreme", "reference")),
    ("slope_and_relative_index", "sii_linear", "favourable", "slope_index", False),
    ("slope_and_relative_index", "rii_linear", "favourable", "relative_index", False),
    ("slope_and_relative_index", "sii_scotpho", "without errors", "slope_index", True),
    ("concentration", "relative", "favourable", "concentration_index", False),
]


@pytest.fixture(scope="module")
def table_of_golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("golden") / "golden.csv", of_golden())


def test_the_measures_of_a_table_are_those_of_other_programs(table_of_golden: Path, run: Run) -> None:
    made = measured(run, table_of_golden)
    for topic, quantity, dimension, measure, with_interval in GOLDEN:
        for oracle in golden.oracles(topic, quantity):
            rows = [each for each in golden.expected(*oracle) if each["value"]]
            mine = [made[each["case_id"], dimension, measure] for each in rows]
            for name in ("value", "lower", "upper") if with_interval else ("value",):
                given = [each[name] if each[name] is not None else np.nan for each in mine]
                assert_allclose(given, golden.column(rows, name), rtol=EXACT, err_msg=f"{quantity} {name}")


VALUES, ERRORS, POPULATION = [26.2, 15.0, 7.1], [1.1, 0.9, 0.6], [52_000, 91_000, 47_500]
LIMITS = {"ci_lb": [24.0, 13.2, 5.9], "ci_ub": [28.4, 16.8, 8.3]}
KINDS = {
    "worst-off first": {"ordered": True},
    "worst-off first, good when high": {"ordered": True, "favourable_indicator": 1},
    "without an order": {"ordered": False},
    "without an order, good when high": {"ordered": False, "favourable_indicator": 1},
    "against a reference": {"ordered": False, "reference_subgroup": [0, 1, 0]},
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("errors", [{"se": ERRORS}, LIMITS], ids=["standard errors", "intervals"])
def test_the_measures_of_a_table_are_those_of_its_groups(kind: Cells, errors: Cells, tmp_path: Path, run: Run) -> None:
    table = written(tmp_path / "table.csv", groups(VALUES, population=POPULATION, **errors, **kind))
    made = measured(run, table)
    polarity: Any = "higher_is_better" if kind.get("favourable_indicator") else "lower_is_better"
    reference = kind["reference_subgroup"].index(1) if "reference_subgroup" in kind else None
    against = "" if kind["ordered"] else ", extremes" if reference is None else ", against the reference group"
    error = (
        np.array(ERRORS) if "se" in errors else np.subtract(LIMITS["ci_ub"], LIMITS["ci_lb"]) / (2 * 1.959963984540054)
    )
    parts: tuple[Any, ...] = (np.array(VALUES), error**2, np.array(POPULATION))
    if not kind["ordered"]:
        parts = arrange(*parts, polarity=polarity, reference=reference)
    assert {measure for *_, measure in made} == (ALL if kind["ordered"] else set(MEASURES) - ORDERED)
    for (*_, measure), found in made.items():
        if measure in TESTS:
            value = float(TESTS[measure](*parts, polarity=polarity))
            assert [found[name] for name in NUMBERS] == [pytest.approx(value, rel=EXACT), None, None, None]
            assert (found["unit"], found["method"]) == (TESTS[measure].unit, TESTS[measure].method(3))
            continue
        unit = {"attributable_fraction": 100, "attributable_number": 1 / 100}.get(measure, 1)
        by_hand = evaluate(MEASURES[measure], *parts, polarity=polarity, everybody=100).scaled(unit)
        assert_allclose([found[name] for name in NUMBERS], [getattr(by_hand, name) for name in NUMBERS], rtol=EXACT)
        assert (found["method"], found["flags"]) == (MEASURES[measure].interval + against, "")


def test_without_standard_errors_the_line_of_five_groups_has_its_residuals(tmp_path: Path, run: Run) -> None:
    values = [30.0, 24.5, 21.0, 17.5, 11.0]
    made = measured(run, written(tmp_path / "table.csv", groups(values, population=100)))
    for (*_, measure), found in made.items():
        if measure in ORDERED:
            parts = values, None, np.full(5, 100)
            by_hand = evaluate(MEASURES[measure], *parts, polarity="lower_is_better", everybody=100)
            assert_allclose([found[name] for name in NUMBERS], [getattr(by_hand, name) for name in NUMBERS], rtol=EXACT)
            assert found["method"] == "residual t(3)"
        else:
            assert measure in INDICES | set(MEASURES)
            assert found["value"] is not None
            assert (found["se"], found["lower"], found["upper"]) == (None, None, None)
            assert found["method"] == "without interval"


@pytest.mark.parametrize("given", [{}, {"se": [1.1, "", 0.6]}, {"ci_lb": [24.0, 13.2, 5.9]}], ids=str)
def test_fewer_groups_without_all_their_errors_have_no_interval(given: Cells, tmp_path: Path, run: Run) -> None:
    made = measured(run, written(tmp_path / "table.csv", groups(VALUES, population=100, **given)))
    assert {measure for *_, measure in made} == set(MEASURES) | INDICES
    for found in made.values():
        assert found["value"] is not None
        assert [found["se"], found["lower"], found["upper"]] == [None, None, None]
        assert found["method"] == "without interval"


@pytest.mark.parametrize("population", ["", [100, "", 300], "NA"], ids=str)
def test_without_all_populations_the_groups_count_alike_and_nobody_is_counted(
    population: Any, tmp_path: Path, run: Run
) -> None:
    made = measured(run, written(tmp_path / "table.csv", groups(VALUES, population=population, se=ERRORS)))
    alike = measured(run, written(tmp_path / "alike.csv", groups(VALUES, population=100, se=ERRORS)))
    assert set(alike) - set(made) == {key for key in alike if key[-1] in PEOPLE}
    for key, found in made.items():
        assert [found[name] for name in NUMBERS] == [alike[key][name] for name in NUMBERS]
        assert found["method"].endswith(", groups counted alike")


NOT_THERE = {
    "a missing figure": (groups([26.2, None, 7.1], se=1.0, population=100), ALL),
    "a group of nobody": (groups(VALUES, se=1.0, population=[100, 0, 100]), ALL),
    "a single group": (groups([26.2], se=1.0, population=100), ALL),
    "two groups": (groups([26.2, 17.1], se=1.0, population=100), {"linearity"}),
    "nothing among the best-off": (
        groups([2.0, 3.0, 0.0], se=0.01, population=100),
        {"ratio", "theil_index", "mean_log_deviation"},
    ),
    "nothing at all": (
        groups([0.0, 0.0, 0.0], se=0.1, population=100),
        {m.id for m in MEASURES.values() if m.scale == "relative"} | INDICES,
    ),
    "a line that ends below 0": (groups([90.0, 5.0, 1.0], se=1.0, population=100), {"relative_index"}),
}


@pytest.mark.parametrize(("rows", "flagged"), NOT_THERE.values(), ids=NOT_THERE)
def test_what_cannot_be_measured_is_flagged(rows: list[Cells], flagged: set[str], tmp_path: Path, run: Run) -> None:
    made = measured(run, written(tmp_path / "table.csv", rows))
    assert {measure for *_, measure in made} == ALL
    assert {measure for (*_, measure), found in made.items() if found["flags"]} == flagged
    for (*_, measure), found in made.items():
        assert [found[name] is None for name in NUMBERS] == [measure in flagged] + [measure in flagged | set(TESTS)] * 3
        assert found["flags"] == ("not_applicable" if measure in flagged else "")


def test_a_ratio_to_an_end_that_may_be_0_has_no_interval_and_is_unreliable(tmp_path: Path, run: Run) -> None:
    made = measured(run, written(tmp_path / "table.csv", groups([2.0, 3.0, 0.0], se=1.0, population=100)))
    (found,) = (numbers for (*_, measure), numbers in made.items() if measure == "relative_index")
    assert found["value"] == pytest.approx(19)
    assert (found["lower"], found["upper"], found["flags"]) == (None, None, "unreliable")


BY_CHANCE = {
    "in an order": ([22.0, 21.5, 10.0], {"ordered": True}, set()),
    "the worst": ([22.0, 21.5, 10.0], {}, {"ends"}),
    "the best": ([22.0, 21.5, 10.0], {"favourable_indicator": 1}, {"ends", "best"}),
    "neither": ([30.0, 20.0, 10.0], {}, set()),
}


@pytest.mark.parametrize(("values", "how", "doubtful"), BY_CHANCE.values(), ids=BY_CHANCE)
def test_the_best_or_worst_of_groups_may_be_so_by_chance(
    values: list[float | None], how: dict[str, Any], doubtful: set[str], tmp_path: Path, run: Run
) -> None:
    rows = groups(values, se=1.0, population=100, **({"ordered": False} | how))
    made = measured(run, written(tmp_path / "table.csv", rows))
    flagged = {measure for (*_, measure), found in made.items() if found["flags"] == "unreliable"}
    assert flagged == {m.id for m in MEASURES.values() if m.reads in doubtful}


def _workbook(path: Path, rows: list[Cells]) -> Path:
    book = openpyxl.Workbook()
    book.active.append(COLUMNS)
    for each in rows:
        book.active.append([each.get(name) for name in COLUMNS])
    book.save(path)
    return path


DANISH = {"delimiter": ";", "mark": ","}
WRITTEN = {
    "Danish, UTF-8": lambda folder, rows: written(folder / "t.csv", rows, **DANISH),
    "Danish, with a mark": lambda folder, rows: written(folder / "t.csv", rows, **DANISH, encoding="utf-8-sig"),
    "Danish, UTF-16": lambda folder, rows: written(folder / "t.csv", rows, **DANISH, encoding="utf-16"),
    "Danish, Windows": lambda folder, rows: written(folder / "t.csv", rows, **DANISH, encoding="cp1252"),
    "tabs": lambda folder, rows: written(folder / "t.txt", rows, delimiter="\t"),
    "columns in another order": lambda folder, rows: written(folder / "t.csv", rows, columns=reversed(COLUMNS)),
    "rows in another order": lambda folder, rows: written(folder / "t.csv", rows[::-1]),
    "thousands with points": lambda folder, rows: written(
        folder / "t.csv",
        [each | {"population": f"{each['population']:,}".replace(",", ".")} for each in rows],
        **DANISH,
    ),
    "thousands with commas": lambda folder, rows: written(
        folder / "t.csv", [each | {"population": f"{each['population']:,}"} for each in rows]
    ),
    "Excel": lambda folder, rows: _workbook(folder / "t.xlsx", rows),
}


@pytest.mark.parametrize("write", WRITTEN.values(), ids=WRITTEN)
def test_the_same_table_gives_the_same_measures_however_it_is_written(write: Any, tmp_path: Path, run: Run) -> None:
    rows = groups(VALUES, se=ERRORS, population=[12_345, 987, 4_000], setting="Ærøskøbing")
    plain = measured(run, written(tmp_path / "plain.csv", rows))
    (tmp_path / "other").mkdir()
    assert measured(run, write(tmp_path / "other", rows)) == plain
    assert {setting for setting, *_ in plain} == {"Ærøskøbing"}


def test_a_plain_table_of_groups_needs_only_the_columns_that_cannot_be_left_out(tmp_path: Path, run: Run) -> None:
    demanded = [name for name in COLUMNS if name not in OPTIONAL]
    whole = measured(run, written(tmp_path / "whole.csv", groups(VALUES)))
    assert measured(run, written(tmp_path / "plain.csv", groups(VALUES), columns=demanded)) == whole
    assert {measure for *_, measure in whole} == (set(MEASURES) | INDICES) - PEOPLE


def test_the_table_is_written_again_as_it_stood(tmp_path: Path, run: Run) -> None:
    table = written(
        tmp_path / "table.csv", groups(VALUES, se=ERRORS), **DANISH, encoding="cp1252", lineterminator="\r\n"
    )
    ran = run("measure", table, "--heat", tmp_path / "again.csv")
    assert ran.code == 0
    assert (tmp_path / "again.csv").read_bytes() == table.read_bytes()


SAID = {"da": ("Mål", "Værdi", "Nedre", "Øvre"), "en": ("Measure", "Value", "Lower", "Upper")}
WAYS = {
    "interval efter deltametoden på logaritmisk skala": "interval by the delta method on the log scale",
    "residualinterval": "residual interval",
    "uden interval": "without interval",
    "grupperne tæller lige meget": "the groups count alike",
    "mellem den højeste og den laveste gruppe": "between the highest and the lowest group",
    "mod en fast referencegruppe": "against a fixed reference group",
    "findes ikke": "does not exist",
    "p < 0,001": "p < 0.001",
    "χ²-test": "chi-square test",
    "blanding af χ²-fordelinger": "mixture of chi-square distributions",
}
CODES = ("delta on", "chi-square(", "residual t", "counted alike", "extremes", "not_applicable")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_measures_are_said_in_the_language_of_the_reader(lang: Lang, tmp_path: Path, run: Run) -> None:
    told = groups(VALUES, se=ERRORS, population=POPULATION)
    told += groups([30.0, 24.5, 21.0, 17.5, 11.0], dimension="Alder")
    told += groups([26.2, None], dimension="[red]Køn[/red]")
    told += groups(VALUES, ordered=False, dimension="Bolig")
    told += groups([7.1, 26.2, 7.2], se=0.5, population=100, dimension="Indkomst")
    told += groups(VALUES, ordered=False, dimension="Herkomst", reference_subgroup=[0, 0, 1])
    table = written(tmp_path / "table.csv", told)
    shown = run("measure", table, lang=lang).out
    made = measured(run, table)
    ways = [*WAYS] if lang == "da" else [*WAYS.values()]
    for word in (*SAID[lang], *ways, *(texts()[f"measure.{name}.title"][lang] for name in ALL)):
        assert word in shown
    for word in (*SAID["en" if lang == "da" else "da"][1:], *CODES):
        assert word not in shown
    assert "smoking · Danmark · 2025 · [red]Køn[/red]" in shown
    gap = made["Danmark", "Uddannelse", "difference"]
    assert [number(gap[name], lang) for name in ("value", "lower", "upper")] == _line(shown, "difference", lang)
    assert _line(shown, "attributable_number", lang)[0] == {"da": "17.121", "en": "17,121"}[lang]


def _line(shown: str, measure: str, lang: Lang) -> list[str]:
    """The numbers of a measure's first line."""
    title = texts()[f"measure.{measure}.title"][lang]
    line = next(line for line in shown.splitlines() if title in line)
    return [part.strip() for part in line.split("│")[2:5]]


# A cell of the third row of the file, what it is changed to, and what is to be done about it.
WRONG = {
    "words": ("estimate", "omkring 15", "Skriv kun cifre", "Write digits"),
    "the other decimal mark": ("estimate", "15,0", "ét decimaltegn", "one decimal mark"),
    "a negative error": ("se", "-0.9", "Ret det, eller lad cellen være tom", "Mend it, or leave the cell empty"),
    "a negative population": (
        "population",
        "-1",
        "Ret det, eller lad cellen være tom",
        "Mend it, or leave the cell empty",
    ),
    "a direction that is neither": ("favourable_indicator", "2", "skal stå 0 eller 1", "must be 0 or 1"),
    "a scale of nothing": ("indicator_scale", "0", "skal være over 0", "must be above 0"),
    "half a place": ("subgroup_order", "1.5", "et helt tal", "a whole number"),
    "a group twice": ("subgroup", "grundskole", "Slet den ene", "Delete one"),
    "another name": ("indicator_name", "Røg", "Brug ét navn", "Use one name"),
}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("column", "value", "da", "en"), WRONG.values(), ids=WRONG)
def test_a_wrong_cell_is_named_with_its_place_and_a_remedy(
    column: str, value: str, da: str, en: str, lang: Lang, tmp_path: Path, run: Run
) -> None:
    rows = groups(VALUES, se=ERRORS, population=POPULATION)
    rows[1][column] = value
    ran = run("measure", written(tmp_path / "table.csv", rows), "--write", tmp_path / "measures.csv", lang=lang)
    assert (ran.code, ran.out) == (1, "")
    place = {"da": "table.csv, række 3, kolonne", "en": "table.csv, row 3, column"}[lang]
    said, *rest = ran.err.splitlines()
    assert said.startswith(f"{place} {column}, »{value}«: ")
    assert {"da": da, "en": en}[lang] in said
    assert len(rest) == 1
    assert not (tmp_path / "measures.csv").exists()


FILES = {
    "no such file": ("table.csv", None, "Se efter, om navnet", "See whether the name"),
    "an empty file": ("table.csv", b"", "Hent den igen", "Fetch it again"),
    "no rows": ("table.csv", ",".join(COLUMNS).encode(), "ingen rækker", "no rows"),
    "a cut workbook": ("table.xlsx", b"PK\x03\x04", "Hent den igen", "Fetch it again"),
    "another kind": ("table.docx", b"table", "Gem den som CSV", "Save it as CSV"),
    "columns of its own": ("table.csv", b"group,share\nlow,20\nhigh,10\n", "kolonne estimate", "column estimate"),
}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("name", "content", "da", "en"), FILES.values(), ids=FILES)
def test_a_file_that_is_no_table_is_refused_in_a_sentence(
    name: str, content: bytes | None, da: str, en: str, lang: Lang, tmp_path: Path, run: Run
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    ran = run("measure", tmp_path / name, lang=lang)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(name)
    assert {"da": da, "en": en}[lang] in ran.err


@pytest.mark.parametrize("option", ["--write", "--heat"])
@pytest.mark.parametrize("target", ["nowhere/measures.csv", "."])
def test_what_cannot_be_written_where_it_should_is_refused_in_a_sentence(
    option: str, target: str, tmp_path: Path, run: Run
) -> None:
    ran = run("measure", written(tmp_path / "table.csv", groups(VALUES)), option, tmp_path / target, lang="en")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"{tmp_path / target} cannot be written")
    assert "Mend the path" in ran.err


@pytest.mark.parametrize("option", ["--write", "--heat"])
def test_the_table_itself_is_not_written_over(option: str, tmp_path: Path, run: Run) -> None:
    table = written(tmp_path / "table.csv", groups(VALUES))
    before = table.read_bytes()
    ran = run("measure", table, option, table, lang="en")
    assert (ran.code, ran.out) == (1, "")
    assert "is the table itself" in ran.err
    assert table.read_bytes() == before
