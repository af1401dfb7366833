"""Surveys of partners: exports of three programs are read alike, sums are of all and single answers of nobody else."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner

from lighed.cli import app
from lighed.core.errors import AccessError, DataError, RegisterError
from lighed.core.survey import SurveyMapping, plain
from lighed.core.text import LANGUAGES, say
from lighed.portfolio.answers import ANSWERS, INVITATIONS, Change, Export, take_in
from lighed.portfolio.archive import Asked, Record
from lighed.portfolio.house import House
from lighed.portfolio.surveys import Results, Share, results
from lighed.report.pages.survey import answered, survey
from tests.portfolio.conftest import AWAY, HOME, PASSWORD, Clock, Town, settled
from tests.stats.test_answered import PRINTED, TABLE

Line = dict[str, Any]
TOWNS = [HOME, AWAY]
PARTNERS = [f"Forening {letter}" for letter in "ABCDE"]  # beside the two municipalities
GOALS = {"item": "har-sat-maal", "column": "Mål", "counted": ["Ja", "1"], "against": ["Nej"], "left_out": ["Ved ikke"]}
AREAS = {"item": "omraader", "columns": {"Q2_1": "Skole", "Q2_2": "Nærmiljø"}, "counted": ["1"], "against": ["0"]}
MAPPING = {
    "id": "alliance", "version": 1, "survey": "partnerne", "organisation": "Partner", "asked": "members",
    "answered_on": "Dato", "dates": "day_first", "items": [GOALS, AREAS], "ignore": ["Løbenr"],
}  # fmt: skip
TITLES = {"har-sat-maal": "Har sat mål", "omraader": "Områder"}


def made(town: Town, name: str = "Partnerne", **more: Any) -> Record:
    if not town.desk("sara").listed(town.desk("sara").register("programmes"), Asked())[1]:
        town.create("sara", "programmes", title="Alliancen", kind="alliance")
    survey = town.create("ana", "surveys", title=name, programme="alliancen", source="Rapport", **more)
    return town.move("sara", town.move("ana", survey, "send"), "publish")


def item(town: Town, survey: Record, title: str, **more: Any) -> Record:
    one = town.create("ana", "survey_items", title=title, survey=survey.id, text=title, source="Rapport", **more)
    return town.move("sara", town.move("ana", one, "send"), "publish")


@pytest.fixture
def asked(staffed: Path, tmp_path: Path) -> Iterator[Town]:
    """A town on SQLite with a survey."""
    town = settled(House.open(shutil.copytree(staffed, tmp_path / "portfolio"), "", Clock()))
    yield asking(town)
    town.house.close()


def asking(town: Town) -> Town:
    """Put a survey of two items into a town, and seven partners who are to be asked."""
    one = made(town)
    for title in TITLES.values():
        item(town, one, title)
    for title in PARTNERS:
        town.create("sara", "organisations", title=title, type="civil_society", member=True)
    for name in TOWNS:
        town.edit("sara", town.house.archive.get("organisations", name), member=True)
    return town


def lines(*answers: tuple[str, str, str, Any, Any]) -> list[Line]:
    names = ("Partner", "Dato", "Mål", "Q2_1", "Q2_2")
    return [{"Løbenr": at, **dict(zip(names, one, strict=True))} for at, one in enumerate(answers, 1)]


GIVEN = lines(
    ("Aarhus Kommune", "14-08-2023", "Ja", 1, 0),
    ("forening a", "15.08.2023 12:30", "Nej", 0, 0),
    ("Forening B", "15-08-2023", "Ja", 1, 1),
    ("Forening C", "16-08-2023", "Ved ikke", 0, 1),
    ("Forening D", "16-08-2023", "Ja", "", ""),
    ("Forening E", "", "", "", ""),
)


def as_text(encoding: str, delimiter: str) -> Callable[[list[Line]], tuple[str, bytes]]:
    def write(given: list[Line]) -> tuple[str, bytes]:
        text = io.StringIO()
        writer = csv.DictWriter(text, list(given[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(given)
        return "svar.csv", text.getvalue().encode(encoding)

    return write


def as_workbook(given: list[Line]) -> tuple[str, bytes]:
    book, data = openpyxl.Workbook(), io.BytesIO()
    for row in [list(given[0]), *(list(line.values()) for line in given)]:
        book.active.append([float(cell) if isinstance(cell, int) else cell for cell in row])
    book.save(data)
    return "svar.xlsx", data.getvalue()


WRITERS = {
    "spreadsheet": as_text("cp1252", ";"),
    "limesurvey": as_text("utf-8-sig", ","),
    "workbook": as_workbook,
}
CSV = WRITERS["spreadsheet"]


def take(
    town: Town, given: list[Line], by: str = "ana", write: Any = CSV, dry_run: bool = False, **more: Any
) -> list[Change]:
    export = Export(*write(given), SurveyMapping.model_validate(MAPPING | more))
    return take_in(town.desk(by), export, dry_run=dry_run)


def found(town: Town, by: str = "ana") -> dict[str, Share]:
    return {one.id: one for one in results(town.desk(by), "partnerne").items}


def kept(town: Town) -> list[list[Record]]:
    desk = town.desk("ana")
    return [desk.export(desk.register(name)) for name in (INVITATIONS, ANSWERS)]


@pytest.mark.parametrize("kind", WRITERS)
def test_an_export_of_any_program_gives_the_same_answers_once(asked: Town, kind: str) -> None:
    file = WRITERS[kind](GIVEN)
    changes = take(asked, GIVEN, write=lambda _: file)
    assert [len(records) for records in kept(asked)] == [7, 9]
    assert all(before is None for _, before, _ in changes)
    told = results(asked.desk("ana"), "partnerne")
    assert (told.answered, told.asked, told.states) == (5, 7, {"complete": 5, "opened": 1, "invited": 1})
    one, two = found(asked).values()
    assert (one.basis, one.n, two.n) == ("few", 4, 4)
    assert take(asked, GIVEN, write=lambda _: file) == []


def test_what_differs_from_the_last_file_is_told_and_kept_only_when_it_is_meant(town: Town) -> None:
    asked = asking(town)
    take(asked, GIVEN)
    digest = {one.content["source"] for one in kept(asked)[0]}
    other = [*GIVEN[:-1], GIVEN[-1] | {"Dato": "20-08-2023", "Mål": "Nej"}]
    before = kept(asked)
    changes = take(asked, other, dry_run=True)
    assert kept(asked) == before
    assert take(asked, other) != []
    new = [after for _, was, after in changes if was is None]
    edited = {
        after.content["title"]: (was.content["status"], after.content["status"]) for _, was, after in changes if was
    }
    assert [one.content["title"] for one in new] == ["Forening E: Har sat mål"]
    assert edited["Forening E"] == ("opened", "complete")
    assert {one.content["source"] for one in kept(asked)[0]} & digest == digest  # who is silent was not in the file
    item = found(asked)["har-sat-maal"]
    assert (item.basis, item.events, item.n, item.percent) == ("answers", 3, 5, 60)
    assert item.bounds == pytest.approx((100 * 3 / 7, 100 * 5 / 7))


def test_what_somebody_wrote_about_an_invitation_stays(asked: Town) -> None:
    take(asked, GIVEN[:5])
    for one in kept(asked)[0]:
        if one.organisation in {AWAY, HOME}:
            asked.edit("ana", one, reminders=2, **({"status": "refused"} if one.organisation == AWAY else {}))
    take(asked, GIVEN)
    told = {one.organisation: one.content for one in kept(asked)[0]}
    assert (told[AWAY]["status"], told[HOME]["status"], told[HOME]["reminders"]) == ("refused", "complete", 2)


# A line, or the columns, in another way than the mapping says; the columns at fault.
WRONG: dict[str, tuple[Any, set[tuple[str, str | None]]]] = {
    "a stranger": ({"Partner": "Forening Z"}, {("no_partner", "Partner")}),
    "an answer of no meaning": ({"Mål": "Måske"}, {("unknown_answer", "Mål")}),
    "a tick of no meaning": ({"Q2_1": "x"}, {("unknown_answer", "Q2_1")}),
    "a day in another order": ({"Dato": "08-14-2023"}, {("not_a_date", "Dato")}),
    "twice": ({"Partner": "Forening A"}, {("answered_twice", "Partner")}),
    "a column more": ({"Q3": "1"}, {("open_column", "Q3")}),
    "other columns": (
        lambda line: {"Navn": line.pop("Partner"), "Mål": line["Mål"]},
        {("missing_column", "Partner"), ("open_column", "Navn")},
    ),
}  # fmt: skip


def test_an_export_that_does_not_fit_is_refused_whole_with_a_sentence_where_it_is_wrong(asked: Town) -> None:
    for name, (change, faults) in WRONG.items():
        given = [dict(line) for line in GIVEN]
        if callable(change):
            given = [change(line) | line for line in given]
        else:
            given = [dict.fromkeys(change, "") | line for line in given]
            given[2] |= change
        with pytest.raises(DataError) as caught:
            take(asked, given)
        assert {(problem.key, problem.column) for problem in caught.value.problems} == faults, name
        assert all(caught.value.sentence(lang) for lang in LANGUAGES)
    assert kept(asked) == [[], []]


def test_a_mapping_of_another_surveys_item_and_a_file_of_no_known_kind_are_refused(asked: Town) -> None:
    item(asked, made(asked, "Før"), "Andet")
    items = [GOALS | {"item": "andet"}, AREAS]
    with pytest.raises(DataError, match="andet"):
        take(asked, GIVEN, items=items)
    with pytest.raises(RegisterError, match=r"\.xlsx"):
        take(asked, GIVEN, write=lambda _: ("svar.sav", b"$FL2"))
    for wrong in ({"ignore": ["Mål"]}, {"items": [{"item": "x", "column": "a", "counted": ["1"], "against": ["1,0"]}]}):
        with pytest.raises(ValueError, match="one thing"):
            SurveyMapping.model_validate(MAPPING | wrong)


def test_a_status_column_and_ids_are_read_as_the_mapping_says(asked: Town) -> None:
    status = {"column": "Løbenr", "values": {"1": "complete", "2": "partial", "3": "bounced"}}
    given = [line | {"Partner": name} for line, name in zip(GIVEN[:3], [HOME, AWAY, "forening-a"], strict=True)]
    export = Export(
        *CSV(given),
        SurveyMapping.model_validate(MAPPING | {"status": status, "ignore": [], "by": "id", "asked": "file"}),
    )
    take_in(asked.desk("ana"), export)
    told = results(asked.desk("ana"), "partnerne")
    assert (told.states, told.answered, told.asked) == ({"complete": 1, "partial": 1, "bounced": 1}, 2, 3)


def test_single_answers_are_seen_by_their_own_organisation_until_it_shows_them_and_sums_by_all(asked: Town) -> None:
    take(asked, [*GIVEN[:-1], GIVEN[-1] | {"Dato": "20-08-2023", "Mål": "Nej"}])
    with pytest.raises(AccessError):
        take(asked, GIVEN[:1], by="ole")
    register = asked.desk("rita").register(ANSWERS)
    seen = {name: asked.desk(name).count(register) for name in ("rita", "paul", "else", "ana")}
    assert seen == {"rita": 0, "paul": 2, "else": 0, "ana": 10}
    (mine, _) = asked.desk("paul").export(register)
    with pytest.raises(RegisterError):
        asked.move("else", mine, "show")
    asked.move("paul", mine, "show")
    assert [one.id for one in asked.desk("rita").export(register)] == [mine.id]
    assert len({str(results(asked.desk(name), "partnerne").plain()) for name in ("rita", "paul", "ana")}) == 1


def test_kinds_with_few_are_told_together_and_answers_are_weighted_by_them(asked: Town) -> None:
    for letter in "FGH":
        asked.create("sara", "organisations", title=f"Forening {letter}", type="research", member=True)
    more = lines(*((f"Forening {letter}", "15-08-2023", "Nej", 1, 0) for letter in "FG"))
    take(asked, [*GIVEN, *more])
    told = results(asked.desk("ana"), "partnerne")
    assert [(one.title.en, one.asked, one.answered) for one in told.kinds] == [
        ("Civil society", 5, 4), ("Other kinds of partners", 5, 3),
    ]  # fmt: skip
    share = found(asked)["har-sat-maal"]
    assert (share.events, share.n) == (3, 6)
    assert share.weighted
    assert share.weighted[0] == pytest.approx(100 * (0.5 * 2 / 3 + 0.5 * 1 / 3))  # 2 of 3 associations, 1 of 3 others
    assert share.weighted[1] < share.weighted[0] < share.weighted[2]


OWN_POLICY = """id: own
title: {{da: "Egne regler", en: "Own rules"}}
explanation: {{da: "Egne.", en: "Own."}}
mode: suppress
smallest_count: 5
smallest_group: 5
smallest_respondents: {least}
"""


@pytest.mark.parametrize(
    ("least", "basis", "asked_by_kind"), [(2, "answers", [5, 2]), (4, "answers", [7]), (5, "few", [7])]
)
def test_how_few_answers_are_shown_is_a_rule_of_the_policy_that_the_survey_names(
    asked: Town, least: int, basis: str, asked_by_kind: list[int]
) -> None:
    (asked.house.folder / "policies").mkdir()
    (asked.house.folder / "policies" / "own.yaml").write_text(OWN_POLICY.format(least=least), "utf-8")
    take(asked, GIVEN)
    before = asked.house.archive.get("surveys", "partnerne")
    asked.edit("ana", asked.move("ana", before, "revise", reason="Egne regler"), policy="own")
    told = results(asked.desk("ana"), "partnerne")
    assert {(one.basis, one.n) for one in told.items} == {(basis, 4)}
    assert [one.asked for one in told.kinds] == asked_by_kind


def test_change_is_among_those_who_answered_both_times(asked: Town) -> None:
    first = made(asked, "Før")
    old = item(asked, first, "Har sat mål")
    before = [line | {"Mål": "Nej", "Dato": "01-08-2020"} for line in GIVEN]
    items = [GOALS | {"item": old.id}, AREAS | {"item": item(asked, first, "Områder").id}]
    take(asked, before, survey=first.id, items=items)
    now = asked.house.archive.get("survey_items", "har-sat-maal")
    asked.move("sara", asked.edit("ana", asked.move("ana", now, "revise", reason="Ny bølge"), before=old.id))
    take(asked, [*GIVEN[:-1], GIVEN[-1] | {"Dato": "20-08-2023", "Mål": "Nej"}])
    change = found(asked)["har-sat-maal"].change
    assert change
    assert (change.since, change.n, change.asked, change.value) == ("Før", 5, 7, 60)
    assert change.lower < change.value < change.upper
    assert change.p == 0.25


def test_the_alliances_published_percentages_get_an_interval_only_where_68_can_be_their_denominator(town: Town) -> None:
    one = made(town, "Partnerne 2023", answered={"numerator": 68, "denominator": 107})
    for percent, *_ in TABLE:
        item(town, one, f"Spørgsmål {percent}", percent=percent)
    told = results(town.desk("rita"), one.id)
    shares = {share.percent: share for share in told.items}
    for percent, k, can, largest, wilson, exact, bounds in TABLE:
        share = shares[percent]
        if can:
            assert (share.basis, share.events, share.n) == ("percent", k, 68)
            for made_, want in ((share.wilson, wilson), (share.exact, exact), (share.bounds, bounds)):
                assert made_ == pytest.approx(want, abs=PRINTED)
        else:
            assert (share.basis, share.largest) == ("unattainable", largest)
            assert share.wilson is share.exact is share.bounds is None
    check_words(town, told)


def check_words(town: Town, told: Results) -> None:
    page = survey(told, town.desk("rita").register(INVITATIONS), "Partnerne", "da").plain()
    assert answered(told, "da") == "68 af 107 svarede (63,6 %)."
    (table,) = (block for block in page["blocks"] if block.get("id") == "items" and block["kind"] == "table")
    cells = {row[0]["text"]: [cell["text"] for cell in row[1:]] for row in table["rows"]}
    assert cells["Spørgsmål 75"][2] == "68,3–80,7 %"
    assert cells["Spørgsmål 98"][1].startswith("nævner ikke offentliggjort")
    assert cells["Spørgsmål 98"][2:] == ["–", "–", "–"]


@pytest.mark.parametrize(
    ("cell", "said"), [("  i høj  grad ", "i høj grad"), ("2,00", "2"), (2.0, "2"), ("2,5", "2,5")]
)
def test_answers_are_held_against_each_other_without_case_and_decimals_of_whole_numbers(cell: Any, said: str) -> None:
    assert plain(cell) == said


def test_the_command_tries_and_keeps_an_export(asked: Town, tmp_path: Path) -> None:
    name, data = CSV(GIVEN)
    (tmp_path / name).write_bytes(data)
    (tmp_path / "mapping.yaml").write_text(str(MAPPING), "utf-8")  # what JSON has in common with Python is YAML
    command = ["portfolio", "survey", str(tmp_path / name), "--mapping", str(tmp_path / "mapping.yaml")]
    command += ["--user", "ana", "--password", PASSWORD, "--project", str(asked.house.folder)]
    tried = CliRunner().invoke(app, [*command, "--dry-run"])
    assert tried.output.splitlines()[-1] == say("cli.survey_dry", "da", file=name, new=16, changed=0)
    assert kept(asked) == [[], []]
    done = CliRunner().invoke(app, command)
    assert done.output.splitlines()[-1] == say("cli.survey_kept", "da", file=name, new=16, changed=0)
    assert [len(records) for records in kept(asked)] == [7, 9]
