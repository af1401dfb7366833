"""Drafts of mappings: of files as Danish registers, surveys and offices write them, and what a person makes of them."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import yaml

from lighed import catalogue as definitions
from lighed.catalogue import Catalogue
from lighed.core.errors import DataError
from lighed.core.text import LANGUAGES, Lang
from lighed.sources.draft import draft, draft_dimension, draft_table
from lighed.sources.mapping import Mapping
from tests.ingest.attacks import workbook
from tests.zones import Run, Zone

PERSONS = [f"{10 + k}0170{1000 + k}" for k in range(12)]


def lines(header: str, *row: str, delimiter: str = ";") -> str:
    """A file of twelve persons; a cell with several values in it takes them in turn."""
    names = header.split()
    turns = [cell.split("|") for cell in row]
    known = [{"k": k, "day": k % 9, "age": 30 + k, "person": person} for k, person in enumerate(PERSONS)]
    body = [[turn[k % len(turn)].format(**one) for turn in turns] for k, one in enumerate(known)]
    return "".join(delimiter.join(cells) + "\n" for cells in [names, *body])


def cells(text: str) -> bytes:
    return workbook(*(tuple(line.split(";")) for line in text.splitlines()))


POPULATION = lines(
    "PNR AAR KOEN ALDER KOM IE_TYPE CIVST FAMILIE_ID FOED_DAG MOR_CPR",
    *("{person}", "2020", "1|2", "{age}", "101|147|751", "1|2|3", "U|G|9", "{person}", "1{day}-01-1970", "0101505555"),
)
SOCIAL = lines(
    "PNR AAR HFAUDD SOCIO13 FAMAEKVIVADISP_13 EJERFORM",
    *("{person}", "2020", "10|30|70|90|9999", "131|330|999|322", "1{age},5", "owner|social|uoplyst"),
)
SURVEY = lines(
    "løbenr kommune køn alder udd ryger vægt stratum strat_n rygsmerter",
    *("{k}", "101|751", "Mand|Kvinde", "{age}", "10|ved ikke", "1|2|8888", "1,{k}", "1|2|3", "1234", "ja|nej"),
)
ENGLISH = lines(
    "person_id year sex birth_date municipality education income tenure cohab origin",
    *("A{k}", "2021", "F|M", "1970-01-1{day}", "0101", "10", "2000{age}.5", "owner|rent", "alone|-9", "danish"),
    delimiter=",",
)
DEATHS = lines("CPRNR DODDATO KOMMUNENR", "{person}", "2020011{day}", "0101|0147")
DIGITS = lines("BORGER AFDELING", "{person}", "A|B")

DRAFTS: dict[str, tuple[str, str | bytes, dict[str, Any]]] = {
    "population register": (
        "BEF2020.csv",
        POPULATION,
        {
            "PNR": {"to": "person_id", "as": "cpr"},
            "KOEN": {"to": "person.sex", "codes": {"1": "male", "2": "female"}},
            "ALDER": {"to": "ignore"},  # the date of birth says it better
            "KOM": {"to": "residence.area"},
            "IE_TYPE": {"to": "position.origin", "codes": {"1": "?", "2": "?", "3": "?"}},
            "CIVST": {"to": "position.cohabitation", "codes": {"9": "?", "G": "?", "U": "?"}},
            "FAMILIE_ID": {"to": "household.household_id", "as": "key"},
            "FOED_DAG": {"to": "person.birth_date", "date": "dd-mm-yyyy"},
            "MOR_CPR": {"to": "ignore"},
        },
    ),
    "education, work and income": (
        "socio.txt",
        SOCIAL.encode("utf-16"),
        {
            "PNR": {"to": "person_id", "as": "cpr"},
            "HFAUDD": {
                "to": "position.education",
                "missing": ["9999"],
                "codes": {code: code for code in ("10", "30", "70", "90")},
            },
            "SOCIO13": {
                "to": "position.employment",
                "missing": ["999"],
                "codes": {code: code for code in ("131", "322", "330")},
            },
            "FAMAEKVIVADISP_13": {"to": "position.income", "times": 1000},
            "EJERFORM": {
                "to": "position.tenure",
                "missing": ["uoplyst"],
                "codes": {"owner": "owner", "social": "social"},
            },
        },
    ),
    "health profile": (
        "Sundhedsprofil 2021.csv",
        SURVEY.encode("cp1252"),
        {
            "løbenr": {"to": "person_id", "as": "key"},
            "kommune": {"to": "residence.area"},
            "køn": {"to": "person.sex", "codes": {"Kvinde": "female", "Mand": "male"}},
            "alder": {"to": "person.birth_date", "as": "age"},
            "udd": {"to": "position.education", "missing": ["ved ikke"], "codes": {"10": "10"}},
            "ryger": {"to": "answer.daily_smoking", "missing": ["8888"], "codes": {"1": "?", "2": "?"}},
            "vægt": {"to": "respondent.weight"},
            "stratum": {"to": "respondent.stratum"},
            "strat_n": {"to": "respondent.population"},
            "rygsmerter": {"to": "ignore"},
        },
    ),
    "English names": (
        "cohort.csv",
        ENGLISH,
        {
            "person_id": {"to": "person_id", "as": "key"},
            "sex": {"to": "person.sex", "codes": {"F": "female", "M": "male"}},
            "birth_date": {"to": "person.birth_date", "date": "yyyy-mm-dd"},
            "municipality": {"to": "residence.area"},
            "education": {"to": "position.education", "codes": {"10": "10"}},
            "income": {"to": "position.income"},
            "tenure": {"to": "position.tenure", "codes": {"owner": "owner", "rent": "?"}},
            "cohab": {"to": "position.cohabitation", "missing": ["-9"], "codes": {"alone": "alone"}},
            "origin": {"to": "position.origin", "codes": {"danish": "danish"}},
        },
    ),
    "deaths in a workbook": (
        "doede.xlsx",
        cells(DEATHS),
        {
            "CPRNR": {"to": "person_id", "as": "cpr"},
            "DODDATO": {"to": "person.death_date", "date": "yyyymmdd"},
            "KOMMUNENR": {"to": "residence.area"},
        },
    ),
    "numbers under a name of the office's own": (
        "udtræk.tsv",
        DIGITS.replace(";", "\t"),
        {"BORGER": {"to": "person_id", "as": "cpr"}, "AFDELING": {"to": "ignore"}},
    ),
}
FORMATS = {
    "population register": {"kind": "csv", "delimiter": ";", "encoding": "utf-8", "decimal": ","},
    "education, work and income": {"kind": "csv", "delimiter": ";", "encoding": "utf-16", "decimal": ","},
    "health profile": {"kind": "csv", "delimiter": ";", "encoding": "cp1252", "decimal": ","},
    "English names": {"kind": "csv", "delimiter": ",", "encoding": "utf-8", "decimal": "."},
    "deaths in a workbook": {"kind": "xlsx", "sheet": "Sheet", "decimal": "."},
    "numbers under a name of the office's own": {
        "kind": "csv",
        "delimiter": "\t",
        "encoding": "utf-8",
        "decimal": ",",
    },
}
YEARS = {"population register": "AAR", "education, work and income": "AAR", "English names": "year"}


def put(folder: Path, name: str) -> Path:
    file, content, _ = DRAFTS[name]
    path = folder / file
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", DRAFTS)
def test_a_draft_says_where_each_column_goes(name: str, lang: Lang, catalogue: Catalogue, tmp_path: Path) -> None:
    drafted = yaml.safe_load(draft(put(tmp_path, name), catalogue, lang))
    assert drafted["columns"] == DRAFTS[name][2]
    assert drafted["format"] == FORMATS[name]
    assert drafted["period"] == ({"column": YEARS[name]} if name in YEARS else {"year": None})
    assert Mapping.model_validate(drafted).id == drafted["id"]


# What is said in the lines below a column, in Danish and in English.
SAID = {
    "identifier": (
        "population register",
        "PNR",
        "et personnummer; bliver til et løbenummer ved indlæsning, og værdierne vises ikke",
        "a person's number; becomes a pseudonym on loading, and the values are not shown",
    ),
    "values and how many have them": (
        "education, work and income",
        "HFAUDD",
        "i filen: 10 (3), 30 (3), 70 (2), 90 (2), 9999 (2); tomme: 0",
        "in the file: 10 (3), 30 (3), 70 (2), 90 (2), 9999 (2); empty: 0",
    ),
    "many values": (
        "population register",
        "ALDER",
        "i filen: 12 forskellige værdier; tomme: 0",
        "in the file: 12 distinct values; empty: 0",
    ),
    "unit": (
        "education, work and income",
        "FAMAEKVIVADISP_13",
        "enhed i lageret: kroner om året; skriv times: 1000, hvis filen har tusinder",
        "unit in the store: kroner a year; write times: 1000 if the file has thousands",
    ),
    "levels": (
        "education, work and income",
        "HFAUDD",
        "Uddannelse, dårligst stillet først: Kort uddannelse, Mellemlang uddannelse, Lang uddannelse",
        "Education, worst-off first: Short education, Medium education, Long education",
    ),
    "fifths of an amount": (
        "English names",
        "income",
        "Indkomst (femtedele), dårligst stillet først: "
        + ", ".join(f"{rank} femtedel" for rank in ("Laveste", "Næstlaveste", "Midterste", "Næsthøjeste", "Højeste")),
        "Income (fifths), worst-off first: "
        + ", ".join(f"{rank} fifth" for rank in ("Lowest", "Second lowest", "Middle", "Second highest", "Highest")),
    ),
    "reference group": (
        "population register",
        "CIVST",
        "Samlivsstatus: Bor alene, Bor sammen med andre voksne; holdes op mod Bor sammen med andre voksne",
        "Cohabitation: Living alone, Living with other adults; held against Living with other adults",
    ),
    "weight": (
        "health profile",
        "vægt",
        "vægten af hvert svar; strata og udtrækningsenheder gør intervallerne rigtige",
        "the weight of each answer; strata and sampling units make the intervals right",
    ),
}


@pytest.mark.parametrize("said", SAID)
def test_a_draft_tells_what_stands_in_a_column_and_what_it_is_for(
    said: str, catalogue: Catalogue, tmp_path: Path
) -> None:
    name, column, *sentences = SAID[said]
    for lang, sentence in zip(LANGUAGES, sentences, strict=True):
        written = draft(put(tmp_path, name), catalogue, lang).splitlines()
        at = next(place for place, line in enumerate(written) if line.startswith(f"  {column}: "))
        assert f"    # {sentence}" in list(takewhile(lambda line: line.startswith("    #"), written[at + 1 :]))


# What a person writes in the place of each question mark and empty year, and the rows that the file then gives.
FINISHED = {
    "population register": (
        {
            "1": "danish",
            "2": "western_immigrant",
            "3": "western_descendant",
            "9": "alone",
            "G": "cohabiting",
            "U": "alone",
        },
        {"person": 12, "residence": 12, "position": 24, "household": 12},
    ),
    "education, work and income": ({}, {"position": 10 + 9 + 12 + 8}),
    "health profile": (
        {"1": "daily", "2": "not_daily"},
        {"person": 12, "residence": 12, "respondent": 12, "position": 6, "answer": 8},
    ),
    "English names": ({"rent": "private_rent"}, {"person": 12, "residence": 12, "position": 12 * 4 + 6}),
    "deaths in a workbook": ({}, {"person": 12, "residence": 12}),
}


@pytest.mark.parametrize("name", FINISHED)
def test_a_draft_that_was_finished_loads_the_file(name: str, made: Zone, tmp_path: Path) -> None:
    meanings, rows = FINISHED[name]
    path = put(tmp_path, name)
    drafted = yaml.safe_load(draft(path, made.catalogue, "da"))
    for column in drafted["columns"].values():
        codes = column.get("codes", {})
        codes.update({code: meanings[code] for code, meaning in codes.items() if meaning == "?"})
    if drafted["period"] == {"year": None}:
        drafted["period"] = {"year": 2021}
    if "answer" in rows:
        drafted["constants"] = {"respondent.wave": "profil_2021"}
    taken = made.load(path, yaml.safe_dump(drafted))
    assert taken.rows == rows
    assert taken.persons == len(PERSONS)
    if "income" in str(drafted):
        amounts = [row["amount"] for row in made.rows("position") if row["dimension"] == "income"]
        assert (min(amounts), max(amounts)) == (
            (130_500, 141_500) if "FAMAEKVIVADISP_13" in drafted["columns"] else (200_030.5, 200_041.5)
        )


def test_an_unfinished_draft_loads_nothing(made: Zone, run: Run, tmp_path: Path) -> None:
    path = put(tmp_path, "population register")
    assert run("init", path, "--project", made.project.folder).code == 0
    ran = run("load", path, "--project", made.project.folder)
    assert ran.code == 1
    assert "IE_TYPE, CIVST" in ran.err
    assert made.rows("person") == []


def test_a_draft_is_written_once_and_what_a_person_wrote_stays(made: Zone, run: Run, tmp_path: Path) -> None:
    path, mapping = put(tmp_path, "health profile"), made.project.mappings / "sundhedsprofil_2021.yaml"
    first = run("init", path, "--project", made.project.folder, lang="da")
    assert f"Skrev {mapping}." in first.out
    mapping.write_text("# mit eget\n", "utf-8")
    again = run("init", path, "--project", made.project.folder, lang="da")
    assert again.out == f"{mapping} findes allerede og er ikke ændret.\n"
    assert mapping.read_text("utf-8") == "# mit eget\n"


# --- a social dimension of one's own

OWN = "CPR;BYDEL\n" + "".join(f"{person};{place}\n" for person, place in zip(PERSONS, "BAACBBA99CBC", strict=True))


def test_a_dimension_of_one_s_own_has_its_groups_and_holds_them_against_the_largest(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(OWN, "utf-8")
    dimension, stratifier = (yaml.safe_load(text) for text in draft_dimension(tmp_path / "a.csv", "BYDEL", "da"))
    assert dimension[0]["id"] == stratifier["dimension"] == "bydel"
    assert list(dimension[0]["categories"]) == ["9", "A", "B", "C"]
    assert [level["id"] for level in stratifier["levels"]] == ["9", "a", "b", "c"]
    assert stratifier["reference"] == "b"
    assert stratifier["crosswalks"] == [{"levels": {"9": ["9"], "a": ["A"], "b": ["B"], "c": ["C"]}}]


@pytest.mark.parametrize("values", ["AAAAAAAAAAAA", "ABCDEFGHIJKLM"[:12] + "M"], ids=["one group", "too many"])
def test_what_is_not_grouped_is_no_dimension(values: str, tmp_path: Path) -> None:
    text = "CPR;BYDEL\n" + "".join(f"{k};{value}\n" for k, value in enumerate(values))
    (tmp_path / "a.csv").write_text(text, "utf-8")
    with pytest.raises(DataError) as caught:
        draft_dimension(tmp_path / "a.csv", "BYDEL", "da")
    assert "saml dem i grupper først" in caught.value.sentence("da")


def test_a_dimension_of_one_s_own_is_drafted_and_loaded(made: Zone, run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(OWN, "utf-8")
    folder = made.project.folder
    assert run("init", tmp_path / "a.csv", "--dimension", "BYDEL", "--project", folder, lang="da").code == 0
    mapping = folder / "mappings" / "a.yaml"
    mapping.write_text(mapping.read_text("utf-8").replace("{year: }", "{year: 2020}"), "utf-8")
    ran = run("load", tmp_path / "a.csv", "--project", folder, lang="da")
    assert (ran.code, ran.err) == (0, "")
    assert sorted(row["category"] for row in made.rows("position")) == sorted("BAACBBA99CBC")
    known = definitions.load(folder).stratifiers["bydel"]
    assert (known.reference, known.ordered) == ("b", False)


# --- published tables

HEAT = """setting,date,source,indicator_abbr,indicator_name,dimension,subgroup,estimate,se,ci_lb,ci_ub,population,note,\
setting_average,iso3,favourable_indicator,indicator_scale,ordered_dimension,subgroup_order,reference_subgroup
Danmark,2021,SDU,F3.1,Daglig rygning,Uddannelse,Kort uddannelse,20,,,,,,,,0,100,1,1,0
Danmark,2021,SDU,F3.1,Daglig rygning,Uddannelse,Mellemlang uddannelse,15,,,,,,,,0,100,1,2,0
Danmark,2021,SDU,F3.1,Daglig rygning,Uddannelse,Lang uddannelse,9,,,,,,,,0,100,1,3,0
Danmark,2021,SDU,F3.1,Daglig rygning,I alt,Alle,14,,,,,,,,0,100,0,0,0
Danmark,2021,SDU,F3.1,Daglig rygning,Kommune,Aarhus,12,,,,,,,,0,100,0,0,0
Danmark,2021,SDU,F3.1,Daglig rygning,Kommune,Odense,13,,,,,,,,0,100,0,0,0
Danmark,2021,SDU,ryg2,Rygning i gangen,Rygtype,Pibe,1,,,,,,,,0,100,0,0,0
Danmark,2021,SDU,ryg2,Rygning i gangen,Rygtype,Cigar,2,,,,,,,,0,100,0,0,0
"""


def test_a_published_table_is_drafted_by_the_names_of_its_groups(catalogue: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "Rygning 2021.csv").write_text(HEAT, "utf-8")
    drafted = draft_table(tmp_path / "Rygning 2021.csv", catalogue)
    assert drafted is not None
    table, citation = (yaml.safe_load(line)[0] for line in drafted)
    assert table == {
        "file": "rygning_2021.csv",
        "citation": "rygning_2021",
        "dimensions": {"Uddannelse": "education", "I alt": "total", "Kommune": "areas", "Rygtype": "?"},
        "indicators": {"F3.1": "F3.1", "ryg2": "?"},
    }
    assert citation == {"id": "rygning_2021", "title": {"da": "SDU", "en": "SDU"}}


def test_a_file_of_persons_is_no_published_table(catalogue: Catalogue, tmp_path: Path) -> None:
    assert draft_table(put(tmp_path, "population register"), catalogue) is None
