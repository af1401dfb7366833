"""Bad files as a table: what each is, what is said of it, and where; and the good file that they are made from."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from lighed.core.text import Lang

NAME = "borgere.csv"
ANNA, BO, CARL, DITTE = "0101701234", "0202802345", "3103903456", "1504851111"
NUMBERS = (ANNA, BO, CARL, DITTE)
TOMORROW = date.today() + timedelta(days=3)  # noqa: DTZ011 - the day where the data are

MAPPING = """
id: borgere
format: {kind: csv, delimiter: ";", decimal: ","}
period: {column: AAR}
columns:
  CPR: {to: person_id, as: cpr}
  KOEN: {to: person.sex, codes: {"1": male, "2": female}}
  FOEDT: {to: person.birth_date, date: dd-mm-yyyy}
  DOED: {to: person.death_date, date: dd-mm-yyyy}
  KOMNR: {to: residence.area}
  UDD: {to: position.education, missing: ["9999"]}
  INDK: {to: position.income}
  VAEGT: {to: respondent.weight}
constants: {respondent.wave: profil_2020}
"""
SPELLS = """
id: adresser
format: {kind: csv, delimiter: ";"}
columns:
  CPR: {to: person_id, as: cpr}
  KOMNR: {to: residence.area}
  FRA: {to: residence.valid_from}
  TIL: {to: residence.valid_to}
"""
HEADER = ("CPR", "AAR", "KOEN", "FOEDT", "DOED", "KOMNR", "UDD", "INDK", "VAEGT")
GOOD = (
    (ANNA, "2020", "2", "01-01-1970", "", "0101", "10", "123,5", "1,5"),
    (BO, "2020", "1", "02-02-1980", "", "0147", "70", "1.234,5", "2"),
    (CARL, "2020", "1", "31-03-1990", "", "0751", "9999", "", "0,5"),
)
SPELL_HEADER = "CPR;KOMNR;FRA;TIL\n"
STAYS = """
id: ophold
format: {kind: csv, delimiter: ";"}
columns:
  CPR: {to: person_id, as: cpr}
  NR: {to: event.event_id, as: key}
  FRA: {to: event.date, as: moment}
  TIL: {to: event.date_to}
  KL: {to: event.time_to}
constants: {event.item: hospital_admission}
"""
STAY_HEADER = "CPR;NR;FRA;TIL;KL\n"

# What each fault tells people to do, in Danish and in English.
REMEDIES = {
    "no_file": ("Se efter, om navnet og mappen er rigtige", "See whether the name and the folder are right"),
    "empty_file": ("Hent den igen fra kilden", "Fetch it again from its source"),
    "unknown_kind": ("Gem den som CSV, Parquet eller Excel", "Save it as CSV, Parquet or Excel"),
    "cut_off": ("Hent den igen fra kilden", "Fetch it again from its source"),
    "too_large": ("Gem den som CSV eller Parquet", "Save it as CSV or Parquet"),
    "not_text": ("Gem den som CSV, eller ret endelsen", "Save it as CSV, or mend its ending"),
    "letters": ("Skriv den rigtige tegntabel under format: encoding", "Write the right one under format: encoding"),
    "no_such_letters": ("Skriv utf-8, cp1252 eller utf-16", "Write utf-8, cp1252 or utf-16"),
    "mixed_letters": ("Gem hele filen som UTF-8", "Save the whole file as UTF-8"),
    "open_quote": ("Ret det, eller hent filen igen", "Mend it, or fetch the file again"),
    "no_header": ("Sæt dem ind", "Put them in"),
    "no_sheet": ("Ret sheet under format", "Mend sheet under format"),
    "no_column_name": ("Giv den et", "Give it one"),
    "number_for_name": ("sæt den ind", "put it in"),
    "column_twice": ("Omdøb den ene", "Rename one of them"),
    "ragged": ("Er filen skåret af, eller står skilletegnet i en tekst", "Was the file cut off, or does the separator"),
    "no_rows": ("Hent den igen fra kilden", "Fetch it again from its source"),
    "missing_column": ("Tilføj den, eller ret mappingen", "Add it, or mend the mapping"),
    "unmapped_column": ("eller »to: ignore«", "or “to: ignore”"),
    "unknown_target": ("Skriv person_id, en tabel og kolonne", "Write person_id, a table and column"),
    "counted_target": ("og indlæs hændelserne eller perioderne", "and load the events or the spells"),
    "unknown_constant": ("Skriv en tabel og kolonne", "Write a table and column"),
    "target_twice": ("Skriv »to: ignore« ved den ene", "Write “to: ignore” at one of them"),
    "no_person": ("Skriv »to: person_id« ved CPR-kolonnen", "Write “to: person_id” at the CPR column"),
    "no_period": (
        "Skriv period: {column: …} eller period: {year: …}",
        "Write period: {column: …} or period: {year: …}",
    ),
    "no_wave": ("Skriv dens navn under constants", "Write its name under constants"),
    "not_a_number": ("Skriv kun cifre og ét decimaltegn", "Write digits and one decimal mark only"),
    "not_a_year": ("Ret det", "Mend it"),
    "not_whole": ("skal stå et helt tal", "must be a whole number"),
    "empty": ("skal udfyldes", "must be filled in"),
    "not_a_date": ("Ret datoen, eller skriv den rigtige form", "Mend the date, or write the right form"),
    "not_a_time": ("lad cellen være tom, hvis det ikke kendes", "leave the cell empty where it is not known"),
    "not_for_moments": ("Skriv »to: event.date«", "Write “to: event.date”"),
    "unknown_date_form": ("kendte er yyyy-mm-dd", "known are yyyy-mm-dd"),
    "not_a_cpr": ("Ret det, eller skriv »as: key«", "Mend it, or write “as: key”"),
    "not_a_pseudonym": ("Hent filen igen", "Fetch the file again"),
    "no_identifier": ("Udfyld det, eller slet rækken", "Fill it in, or delete the row"),
    "unknown_code": ("Skriv i mappingen under codes", "Write in the mapping under codes"),
    "not_an_age": ("eller skriv koden under missing", "or write the code under missing"),
    "number_of_person": ("Slet det, eller skriv »to: ignore«", "Delete it, or write “to: ignore”"),
    "not_for_identifiers": ("Slet »as«, eller skriv et andet mål", "Delete “as”, or write another target"),
    "nested": ("Gem den med én værdi i hver celle", "Save it with one value in each cell"),
    "age_without_year": ("(period)", "(period)"),
    "required": ("Udfyld den, eller slet rækken", "Fill it in, or delete the row"),
    "negative": ("Ret det, eller lad cellen være tom", "Mend it, or leave the cell empty"),
    "ends_first": ("Byt datoerne om, eller ret dem", "Swap the dates, or mend them"),
    "dies_first": ("Ret den ene", "Mend one of them"),
    "in_future": ("Ret den, eller vent med rækken", "Mend it, or leave the row for later"),
    "same_key": ("slet den ene", "delete one"),
    "contradicts": ("Ret den ene", "Mend one of them"),
    "overlaps": ("Lad den første slutte, når den næste begynder", "Let the first end when the next begins"),
}


def table(*rows: tuple[str, ...], header: tuple[str, ...] = HEADER) -> str:
    return "".join(";".join(row) + "\n" for row in (header, *rows))


def changed(encoding: str = "utf-8", **cells: str) -> bytes:
    """The good file with another value in some cells of its second person, who stands in row 3."""
    row = tuple(cells.get(name, value) for name, value in zip(HEADER, GOOD[1], strict=True))
    return table(GOOD[0], row, GOOD[2]).encode(encoding)


def but(old: str, new: str, mapping: str = MAPPING) -> str:
    assert old in mapping
    return mapping.replace(old, new)


def narrow(column: str, *values: str) -> str:
    """A file of one column beside the persons' numbers."""
    return f"CPR;{column}\n" + "".join(f"{number};{value}\n" for number, value in zip(NUMBERS, values, strict=False))


def one(target: str, column: str = "FOEDT") -> str:
    columns = f"{{CPR: {{to: person_id}}, {column}: {{to: {target}}}}}"
    return f"id: one\nformat: {{kind: csv}}\nperiod: {{year: 2020}}\ncolumns: {columns}\n"


AREA = one("residence.area", "KOMNR")
AGE = one("person.birth_date, as: age", "ALDER")


def parquet(rows: int = 500) -> bytes:
    written = io.BytesIO()
    columns = {name: [value] * rows for name, value in zip(HEADER, GOOD[0], strict=True)}
    pq.write_table(pa.table(columns), written)
    return written.getvalue()


def nested(number: str = ANNA) -> bytes:
    written = io.BytesIO()
    pq.write_table(pa.table({"CPR": [number], "KOMNR": [["0101", number]]}), written)
    return written.getvalue()


def workbook(*rows: tuple[object, ...]) -> bytes:
    book, written = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(written)
    return written.getvalue()


def with_broken_sheet(content: bytes) -> bytes:
    """A workbook whose sheet is no XML."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(written, "w") as new:
        for part in old.infolist():
            new.writestr(part, b"<sheet" if part.filename.endswith("sheet1.xml") else old.read(part))
    return written.getvalue()


@dataclass(frozen=True)
class Attack:
    """A file, what is said of it, and where: row, column and value, as far as there are any."""

    content: bytes | str
    key: str
    row: int | None = None
    column: str | None = None
    value: str | None = None
    mapping: str = MAPPING
    name: str = NAME

    def put(self, folder: Path) -> Path:
        path = folder / self.name
        path.write_bytes(self.content.encode() if isinstance(self.content, str) else self.content)
        return path

    def place(self, lang: Lang) -> str:
        row, column = {"da": ("række", "kolonne"), "en": ("row", "column")}[lang]
        parts = [self.name, *([f"{row} {self.row}"] if self.row else [])]
        parts += [f"{column} {self.column}"] if self.column else []
        parts += [f"»{self.value}«"] if self.value else []
        return ", ".join(parts) + ": "


WIDE = parquet()
BOOK = workbook(HEADER, *GOOD)
CELLS = {
    "unknown sex": ("KOEN", "3", "unknown_code"),
    "unknown education": ("UDD", "77", "unknown_code"),
    "unknown area": ("KOMNR", "0999", "unknown_code"),
    "area of letters": ("KOMNR", "Kbh", "unknown_code"),
    "impossible day": ("FOEDT", "31-02-2020", "not_a_date"),
    "29 February of no leap year": ("FOEDT", "29-02-1900", "not_a_date"),
    "date in another form": ("FOEDT", "2020-12-01", "not_a_date"),
    "day nought": ("FOEDT", "00-01-1980", "not_a_date"),
    "negative weight": ("VAEGT", "-1,0", "negative"),
    "text where a number is due": ("INDK", "mange", "not_a_number"),
    "decimal point where a comma is declared": ("INDK", "1,234.5", "not_a_number"),
    "two decimal commas": ("INDK", "1,2,3", "not_a_number"),
    "text where a year is due": ("AAR", "i fjor", "not_a_number"),
    "year of another age": ("AAR", "202", "not_a_year"),
    "half a year": ("AAR", "2020,5", "not_whole"),
    "future date": ("FOEDT", TOMORROW.strftime("%d-%m-%Y"), "in_future"),
    "death before birth": ("DOED", "01-02-1980", "dies_first"),
}
STORED = {"-1,0": "-1.0", "01-02-1980": "1980-02-01", TOMORROW.strftime("%d-%m-%Y"): TOMORROW.isoformat()}
ATTACKS = {
    name: Attack(changed(**{column: value}), key, 3, column, STORED.get(value, value))
    for name, (column, value, key) in CELLS.items()
} | {
    "no year": Attack(changed(AAR=""), "empty", 3, "AAR"),
    "month 13": Attack(
        narrow("FOEDT", "1970-01-01", "2020-13-01"), "not_a_date", 3, "FOEDT", "2020-13-01", one("person.birth_date")
    ),
    "comma where a point is declared": Attack(
        narrow("INDK", "1,234.5", "1.234,5"),
        "not_a_number",
        3,
        "INDK",
        "1.234,5",
        but("kind: csv", 'kind: csv, decimal: "."', one("position.income", "INDK")),
    ),
    "CPR of nine characters and a letter": Attack(changed(CPR="02028023A"), "not_a_cpr", 3, "CPR"),
    "CPR of eight digits": Attack(changed(CPR="02028023"), "not_a_cpr", 3, "CPR"),
    "CPR of eleven digits": Attack(changed(CPR="02028023456"), "not_a_cpr", 3, "CPR"),
    "CPR for a pseudonym": Attack(
        narrow("KOMNR", "0101"),
        "not_a_pseudonym",
        2,
        "CPR",
        mapping=AREA.replace("person_id", "person_id, as: pseudonym"),
    ),
    "no CPR": Attack(changed(CPR=""), "no_identifier", 3, "CPR"),
    "person-period twice": Attack(narrow("KOMNR", "0101", "0147") + f"{ANNA};0101\n", "same_key", 4, mapping=AREA),
    "person-period twice, once with a hyphen": Attack(
        narrow("KOMNR", "0101", "0147") + f"{ANNA[:6]}-{ANNA[6:]};0101\n", "same_key", 4, mapping=AREA
    ),
    "person of two sexes": Attack(
        narrow("KOEN", "female", "male") + f"{ANNA};male\n",
        "contradicts",
        4,
        "KOEN",
        mapping=one("person.sex", "KOEN"),
    ),
    "overlapping spells": Attack(
        f"{SPELL_HEADER}{ANNA};0101;2019-01-01;2020-01-01\n{BO};0101;2019-01-01;\n{ANNA};0147;2019-12-31;\n",
        "overlaps",
        4,
        "FRA",
        mapping=SPELLS,
    ),
    "overlapping spells of one person in two spellings": Attack(
        f"{SPELL_HEADER}{ANNA};0101;2019-01-01;2020-01-01\n{ANNA[:6]}-{ANNA[6:]};0147;2019-12-31;\n",
        "overlaps",
        3,
        "FRA",
        mapping=SPELLS,
    ),
    "spell that ends first": Attack(
        f"{SPELL_HEADER}{ANNA};0101;2019-01-02;2019-01-01\n", "ends_first", 2, "TIL", "2019-01-01", SPELLS
    ),
    "spell without a beginning": Attack(f"{SPELL_HEADER}{ANNA};0101;;2019-01-01\n", "required", 2, "FRA", None, SPELLS),
    "stay of hours that ends first": Attack(
        f"{STAY_HEADER}{ANNA};1;2019-01-02 14:35;2019-01-02;14:34\n", "ends_first", 2, "KL", None, STAYS
    ),
    "time after midnight of the day before": Attack(
        f"{STAY_HEADER}{ANNA};1;2019-01-02;2019-01-02;24:10\n", "not_a_time", 2, "KL", "24:10", STAYS
    ),
    "moment of no time": Attack(
        f"{STAY_HEADER}{ANNA};1;2019-01-02 kl. 14;;\n", "not_a_time", 2, "FRA", "2019-01-02 kl. 14", STAYS
    ),
    "moment of no day": Attack(
        f"{STAY_HEADER}{ANNA};1;2019-02-29T14:35;;\n", "not_a_date", 2, "FRA", "2019-02-29T14:35", STAYS
    ),
    "moment where a day is due": Attack(
        changed(),
        "not_for_moments",
        None,
        "FOEDT",
        "person.birth_date",
        but("person.birth_date, ", "person.birth_date, as: moment, "),
    ),
    "time from two columns": Attack(
        f"{STAY_HEADER}{ANNA};1;2019-01-02;;\n",
        "target_twice",
        None,
        "KL",
        "event.time",
        but("event.time_to", "event.time", STAYS),
    ),
    "fault below an empty line": Attack(
        table(GOOD[0]) + "\n" + ";".join((BO, "2020", "3", *GOOD[1][3:])) + "\n", "unknown_code", 4, "KOEN", "3"
    ),
    "fault below a text of two lines": Attack(
        f'{SPELL_HEADER}{ANNA};"0101\n";2019-01-01;\n{BO};0999;2019-01-01;\n',
        "unknown_code",
        3,
        "KOMNR",
        "0999",
        SPELLS,
    ),
    "missing column": Attack(table(*(r[:-1] for r in GOOD), header=HEADER[:-1]), "missing_column", column="VAEGT"),
    "missing column of the year": Attack(
        table(*((r[0], *r[2:]) for r in GOOD), header=(HEADER[0], *HEADER[2:])), "missing_column", column="AAR"
    ),
    "column not in the mapping": Attack(
        table(*((*r, "x") for r in GOOD), header=(*HEADER, "NOTE")), "unmapped_column", column="NOTE"
    ),
    "column twice": Attack(table(*((*r, "1") for r in GOOD), header=(*HEADER, "KOEN")), "column_twice", 1, "KOEN"),
    "column without a name": Attack(table(*((*r, "x") for r in GOOD), header=(*HEADER, "")), "no_column_name", 1, "10"),
    "no names at all": Attack("\n" + table(*GOOD), "no_header"),
    "no header": Attack(f"{ANNA};0101\n{BO};0147\n", "number_for_name", 1, "••••", mapping=AREA),
    "row too short": Attack(table(GOOD[0], GOOD[1][:-2]), "ragged", 3),
    "row too long": Attack(table(GOOD[0], (*GOOD[1], "x")), "ragged", 3),
    "cut off within quotation marks": Attack(table(*GOOD) + f'{DITTE};2020;2;01-01-1970;"01', "open_quote", 5),
    "cut off within a row": Attack(table(*GOOD)[:-9], "ragged", 4),
    "no rows": Attack(table(), "no_rows"),
    "no bytes": Attack(b"", "empty_file"),
    "Windows letters declared as UTF-8": Attack(
        changed("cp1252", UDD="ø"), "letters", 3, mapping=but("kind: csv", "kind: csv, encoding: utf-8")
    ),
    "UTF-8 declared as Windows letters": Attack(
        changed(UDD="ø"), "letters", 3, mapping=but("kind: csv", "kind: csv, encoding: cp1252")
    ),
    "an encoding that does not exist": Attack(
        changed(), "no_such_letters", mapping=but("kind: csv", "kind: csv, encoding: utf-88")
    ),
    "two encodings": Attack(changed(UDD="ø") + changed("cp1252", UDD="ø"), "mixed_letters", 3),
    "two encodings, one declared": Attack(
        changed(UDD="ø") + changed("cp1252", UDD="ø"),
        "mixed_letters",
        3,
        mapping=but("kind: csv", "kind: csv, encoding: cp1252"),
    ),
    "UTF-16 without a mark": Attack(changed("utf-16-le"), "not_text"),
    "UTF-16 cut in the middle of a letter": Attack(changed("utf-16")[:-1], "letters", 4),
    "a NUL byte": Attack(changed(UDD="1\x000"), "not_text"),
    "a NUL byte where an encoding is declared": Attack(
        changed(UDD="1\x000"), "letters", 3, mapping=but("kind: csv", "kind: csv, encoding: utf-8")
    ),
    "a NUL byte far down": Attack(table(*GOOD * 60) + "\x00", "letters", 182),
    "unknown ending": Attack(changed(), "unknown_kind", name="borgere.sas7bdat", mapping=but("kind: csv, ", "")),
    "cut-off Parquet": Attack(WIDE[:-20], "cut_off", name="borgere.parquet", mapping=but("kind: csv, ", "")),
    "Parquet with its middle gone": Attack(
        WIDE[:200] + WIDE[400:], "cut_off", name="borgere.parquet", mapping=but("kind: csv, ", "")
    ),
    "cut-off workbook": Attack(BOOK[: len(BOOK) // 2], "cut_off", name="borgere.xlsx", mapping=but("kind: csv, ", "")),
    "workbook with a broken sheet": Attack(
        with_broken_sheet(BOOK), "cut_off", name="borgere.xlsx", mapping=but("kind: csv, ", "")
    ),
    "workbook in no CSV": Attack(BOOK, "not_text"),
    "empty workbook": Attack(workbook(), "no_header", name="borgere.xlsx", mapping=but("kind: csv, ", "")),
    "unknown code in a workbook": Attack(
        workbook(HEADER, GOOD[0], (BO, 2020, 3, *GOOD[1][3:])),
        "unknown_code",
        3,
        "KOEN",
        "3",
        but("kind: csv, ", ""),
        "borgere.xlsx",
    ),
    "unknown target": Attack(
        changed(), "unknown_target", None, "INDK", "position.incom", but("position.income", "position.incom")
    ),
    "unknown table": Attack(
        changed(), "unknown_target", None, "KOMNR", "residens.area", but("residence.area", "residens.area")
    ),
    "a dimension that is counted": Attack(
        changed(),
        "counted_target",
        None,
        "INDK",
        "position.hostel_days",
        but("position.income", "position.hostel_days"),
    ),
    "a dimension that is counted, as a code": Attack(
        narrow("DIM", "income", "hostel_days"),
        "unknown_code",
        3,
        "DIM",
        "hostel_days",
        one("position.dimension", "DIM"),
    ),
    "one place for two columns": Attack(
        changed(), "target_twice", None, "DOED", "person.birth_date", but("person.death_date", "person.birth_date")
    ),
    "unknown constant": Attack(
        changed(), "unknown_constant", value="respondent.wve", mapping=but("respondent.wave", "respondent.wve")
    ),
    "constant that is no code": Attack(
        narrow("MOR", DITTE),
        "unknown_code",
        None,
        "parent.relation",
        "mor",
        one("parent.parent_id", "MOR") + "constants: {parent.relation: mor}\n",
    ),
    "constant that is no area": Attack(
        narrow("BYDEL", "Nord"),
        "unknown_code",
        None,
        "residence.area",
        "0999",
        one("residence.district", "BYDEL") + "constants: {residence.area: '0999'}\n",
    ),
    "constant that is no whole number": Attack(
        changed(),
        "not_whole",
        None,
        "respondent.population",
        "ti",
        but("{respondent.", "{respondent.population: ti, respondent."),
    ),
    "constant that is no date": Attack(
        changed(),
        "not_a_date",
        None,
        "respondent.date",
        "i dag",
        but("{respondent.", "{respondent.date: i dag, respondent."),
    ),
    "unknown sheet": Attack(BOOK, "no_sheet", name="borgere.xlsx", mapping=but("kind: csv", "sheet: Ark7")),
    "unknown form of date": Attack(
        changed(),
        "unknown_date_form",
        None,
        "FOEDT",
        "mm/dd/yy",
        but("FOEDT: {to: person.birth_date, date: dd-mm-yyyy}", "FOEDT: {to: person.birth_date, date: mm/dd/yy}"),
    ),
    "no column of persons": Attack(changed(), "no_person", mapping=but("{to: person_id, as: cpr}", "{to: ignore}")),
    "no period": Attack(
        narrow("UDD", "10", "20"),
        "no_period",
        None,
        "UDD",
        None,
        but("period: {year: 2020}\n", "", one("position.education", "UDD")),
    ),
    "age of another age": Attack(narrow("ALDER", "50", "131"), "not_an_age", 3, "ALDER", "131", AGE),
    "negative age": Attack(narrow("ALDER", "0", "-1"), "not_an_age", 3, "ALDER", "-1", AGE),
    "age unknown by a code": Attack(narrow("ALDER", "130", "999"), "not_an_age", 3, "ALDER", "999", AGE),
    "number of a person in a text": Attack(
        narrow("SOGN", "Ribe", f"Ribe {BO}"), "number_of_person", 3, "SOGN", None, one("residence.district", "SOGN")
    ),
    "number of a person as an amount": Attack(
        narrow("INDK", "9", BO), "number_of_person", 3, "INDK", None, one("position.income", "INDK")
    ),
    "constant that is a person": Attack(
        changed(), "number_of_person", None, "respondent.wave", None, but("profil_2020", f"'{BO}'")
    ),
    "pseudonyms where there are none": Attack(
        narrow("SOGN", "Ribe"),
        "not_for_identifiers",
        None,
        "SOGN",
        "residence.district",
        one("residence.district, as: key", "SOGN"),
    ),
    "lists in a column": Attack(nested(), "nested", None, "KOMNR", None, but("kind: csv, ", ""), "borgere.parquet"),
    "age without a year": Attack(
        f"CPR;ALDER\n{ANNA};50\n",
        "age_without_year",
        None,
        "ALDER",
        None,
        "id: x\nformat: {kind: csv}\ncolumns: {CPR: {to: person_id}, ALDER: {to: person.birth_date, as: age}}\n",
    ),
    "answer of no survey": Attack(
        f"CPR;RYGER\n{ANNA};daily\n",
        "no_wave",
        mapping="id: x\ncolumns: {CPR: {to: person_id}, RYGER: {to: answer.daily_smoking}}\n",
    ),
    "area beside translated ones": Attack(
        changed(KOMNR="0999"),
        "unknown_code",
        3,
        "KOMNR",
        "0999",
        but("residence.area", "residence.area, codes: {K: '0101'}"),
    ),
    "area translated into none": Attack(
        changed(KOMNR="K"), "unknown_code", 3, "KOMNR", "K", but("residence.area", "residence.area, codes: {K: '0999'}")
    ),
}
