"""What is owed, by whom and until when, on any day; a report moves on only when nothing is missing from it."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lighed import catalogue
from lighed.cli import app
from lighed.core.errors import AccessError, DataError, DefinitionError, RegisterError
from lighed.core.text import LANGUAGES, say
from lighed.portfolio.archive import Record
from lighed.portfolio.house import House
from lighed.portfolio.obligations import STANDINGS, window
from lighed.portfolio.reports import concluded, missing, mistakes_of_report
from tests.portfolio.conftest import AWAY, HOME, WHOLE, Town, settled

REPORTS = catalogue.load().reports
FIRST, LAST = date(2017, 1, 1), date(2017, 3, 31)
NAMES = {
    "1. kvartal 2017": (FIRST, LAST),
    "1st quarter of 2017": (FIRST, LAST),
    " 2017K1": (FIRST, LAST),
    "4. kvartal 2016": (date(2016, 10, 1), date(2016, 12, 31)),
    "2016-02": (date(2016, 2, 1), date(2016, 2, 29)),
    "2017": (FIRST, date(2017, 12, 31)),
    "5. kvartal 2017": (None, None),
    "ultimo 2016": (None, None),
}


def owed(town: Town, **content: Any) -> Record:
    """An obligation that both municipalities owe."""
    programme = town.create("sara", "programmes", title="Sundhedsaftalen", kind="health_agreement")
    asked = {"programme": programme.id, "issuer": HOME, "assignees": [HOME, AWAY], "text": "Beskriv …"}
    assignment = town.move("sara", town.create("sara", "assignments", title="Ulighed", **asked), "give")
    due = {"title": "Planrapport", "template": "plan", "recipients": [HOME], "period": "1. kvartal 2017"}
    made = town.create("sara", "obligations", assignment=assignment.id, **(due | content))
    return town.move("sara", made, "give")


def answered(town: Town, obligation: Record, **content: Any) -> Record:
    answer = WHOLE | {"obligation": obligation.id, "organisation": HOME, "period": "2017"} | content
    return town.create("paul", "reports", title="Plan for Aarhus", **answer)


def stands(town: Town, day: date, by: str = "sara") -> dict[str, str]:
    return {due.organisation: due.standing for due in town.desk(by).dues(day)}


@pytest.mark.parametrize("period", NAMES)
def test_the_window_of_a_period_is_its_first_and_last_day(period: str) -> None:
    found = window({"period": period})
    assert (found.opens, found.due, found.announced) == (*NAMES[period], False)


def test_a_deadline_that_is_announced_takes_the_place_of_the_period() -> None:
    announced = window({"period": "1. kvartal 2017", "due": "2017-02-15"})
    assert (announced.opens, announced.due, announced.announced) == (FIRST, date(2017, 2, 15), True)
    late = window({"period": "ultimo 2016", "opens": "2016-11-01", "due": "2017-02-15"})
    assert late.opens == date(2016, 11, 1)
    before = window({"period": "1. kvartal 2017", "due": "2016-12-01"})
    assert before.opens is None
    assert before.standing(date(2016, 12, 1)) == "soon"
    assert window({"period": "ultimo 2016"}).standing(date(2030, 1, 1)) == "coming"


def test_an_obligation_goes_through_its_standings_day_by_day() -> None:
    span = window({"period": "1. kvartal 2017", "due": "2017-03-15"})
    days = [date(2016, 12, 1) + timedelta(day) for day in range(150)]
    found = {name: [day for day in days if span.standing(day, 30) == name] for name in STANDINGS}
    firsts = {name: (held[0], held[-1]) for name, held in found.items() if held}
    assert firsts == {
        "coming": (days[0], date(2016, 12, 31)),
        "open": (FIRST, date(2017, 2, 12)),
        "soon": (date(2017, 2, 13), date(2017, 3, 15)),
        "overdue": (date(2017, 3, 16), days[-1]),
    }
    assert span.standing(date(2017, 3, 15), 0) == "soon"
    assert span.standing(date(2017, 3, 14), 0) == "open"


def test_what_is_owed_follows_the_report_from_draft_to_return_and_approval(town: Town) -> None:
    obligation = owed(town)
    assert stands(town, LAST) == {HOME: "soon", AWAY: "soon"}
    town.move("paul", answered(town, obligation), "withdraw", reason="Forkert")
    assert [due.report for due in town.desk("paul").dues(LAST)] == [None]
    report = answered(town, obligation)
    assert stands(town, LAST)[HOME] == "soon"
    report = town.move("paul", report, "submit")
    assert stands(town, LAST) == {HOME: "fulfilled", AWAY: "soon"}
    assert [due.organisation for due in town.desk("sara").dues(LAST)] == [AWAY, HOME]
    report = town.move("sara", report, "return", reason="Hvor mange?")
    assert stands(town, LAST + timedelta(1)) == {HOME: "overdue", AWAY: "overdue"}
    report = town.move("sara", town.move("paul", report, "submit"), "approve", "accept", "lock")
    (due,) = town.desk("paul").dues(LAST)
    assert (due.standing, due.report and due.report.id, due.obligation.id) == ("fulfilled", report.id, obligation.id)
    assert stands(town, LAST, "rita") == {}
    assert stands(town, LAST, "else") == {AWAY: "soon"}
    with pytest.raises(AccessError):
        town.desk("nils").dues(LAST)


def test_an_obligation_that_is_not_given_or_withdrawn_is_not_owed(town: Town) -> None:
    obligation = owed(town)
    draft = town.create("sara", "obligations", **(obligation.content | {"title": "Kladde"}))
    assert {due.obligation.id for due in town.desk("sara").dues(LAST)} == {obligation.id}
    assert draft.state == "draft"
    town.move("sara", obligation, "withdraw", reason="Aflyst")
    assert stands(town, LAST) == {}


def test_an_obligation_is_approved_only_when_its_reports_are(town: Town) -> None:
    obligation = owed(town)
    report = town.move("paul", answered(town, obligation), "submit")
    with pytest.raises(RegisterError, match="Plan for Aarhus"):
        town.move("sara", obligation, "approve")
    town.move("sara", report, "approve")
    town.move("sara", obligation, "approve")
    assert stands(town, LAST + timedelta(400)) == {HOME: "fulfilled", AWAY: "fulfilled"}


def test_a_report_is_submitted_when_nothing_is_missing_and_else_told_where(town: Town) -> None:
    obligation = owed(town)
    report = answered(town, obligation, aims="", documentation_reason="")
    with pytest.raises(DataError) as refused:
        town.move("paul", report, "submit")
    wrong = {problem.column: problem for problem in refused.value.problems}
    assert set(wrong) == {"aims", "documentation_reason"}
    for lang in LANGUAGES:
        assert "triple aim" in wrong["documentation_reason"].fault(lang)
    assert town.now(report).state == "draft"
    with pytest.raises(AccessError):
        town.move("ana", report, "submit")
    town.move("paul", report, "withdraw", reason="Forkert")


def test_goals_of_the_reports_initiatives_take_the_place_of_reasons(town: Town) -> None:
    obligation = owed(town)
    initiative = town.create("ole", "initiatives", title="Gåhold", organisation=HOME)
    report = answered(town, obligation, initiatives=[initiative.id], aims_reason="", documentation_reason="")
    desk = town.desk("paul")
    register = desk.register("reports")

    def lacks() -> list[str]:
        return [str(problem.column) for problem in desk.missing(register, report)]

    assert lacks() == ["aims_reason", "documentation_reason"]
    for aim, indicator in (("population_health", "F3.1"), ("experience", "F3.2"), ("cost", "F3.3a")):
        goal = {"initiative": initiative.id, "aim": aim, "indicator": indicator}
        made = town.create("paul", "goals", title=aim, **goal)
    assert lacks() == ["aims_reason"]
    amount = {"value": 20, "unit": "percent"}
    made = town.edit("paul", made, baseline=amount, stratifier="education")
    assert lacks() == []
    town.move("paul", made, "withdraw", reason="Nej")
    assert lacks() == ["aims_reason", "documentation_reason"]


# --- definitions


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_has_examples_that_hold(name: str) -> None:
    assert list(mistakes_of_report(REPORTS[name])) == []
    assert list(mistakes_of_report(REPORTS[name].model_copy(update={"example": ()}))) != []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("of: initiatives/observations", "of: initiatives/nothing"),
        ("field: problem", "field: nothing"),
        ("having: [baseline, stratifier]", "having: [baseline, nothing]"),
        ("columns: [aim, indicator]", "columns: [aim, nothing]"),
        ("chosen: obligation/template", "chosen: obligation/nothing"),
        ("facts: [obligation", "facts: [nothing"),
        ("register: reports", "register: nothing"),
    ],
)
def test_a_report_that_names_what_is_not_there_is_refused(tmp_path: Path, change: str, said: str) -> None:
    text = (Path(catalogue.load.__code__.co_filename).parent / "data/reports/plan.yaml").read_text("utf-8")
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports/own.yaml").write_text(text.replace("id: plan", "id: own").replace(change, said), "utf-8")
    with pytest.raises(DefinitionError, match="nothing"):
        catalogue.load(tmp_path)


def test_a_long_summary_is_counted_in_words() -> None:
    def wrong(words: int) -> bool:
        found = missing(REPORTS["result"], {"summary": "ord " * words}, lambda _: ())
        return "summary" in {problem.column for problem in found}

    assert [wrong(120), wrong(121)] == [False, True]


PERCENT = {"unit": "percent"}
GOAL = {"initiative": "a", "indicator": "F3.1", "baseline": {"value": 20} | PERCENT, "target": {"value": 15} | PERCENT}
UP = GOAL | {"baseline": {"value": 50} | PERCENT, "target": {"value": 60} | PERCENT}


def seen(figure: float, **more: Any) -> dict[str, Any]:
    return {"initiative": "a", "indicator": "F3.1", "period": "2018", "value": {"value": figure} | PERCENT} | more


@pytest.mark.parametrize(
    ("goals", "observations", "suggested"),
    [
        ([GOAL], [seen(15)], "reached"),
        ([GOAL], [seen(10)], "reached"),
        ([GOAL], [seen(19)], "partly"),
        ([GOAL], [seen(20)], "not_reached"),
        ([UP], [seen(61)], "reached"),
        ([UP], [seen(55)], "partly"),
        ([UP], [seen(40)], "not_reached"),
        ([GOAL], [seen(30), seen(14, period="2019")], "reached"),
        ([GOAL], [seen(14, level="grundskole")], "unknown"),
        ([GOAL], [seen(14, initiative="b")], "unknown"),
        ([GOAL], [seen(14, indicator="F3.2")], "unknown"),
        ([GOAL], [seen(14, value={"value": 14, "unit": "persons"})], "unknown"),
        ([GOAL], [seen(0, value=None, share={"numerator": 30, "denominator": 200})], "reached"),
        ([GOAL, UP], [seen(14), seen(14, initiative="c")], "partly"),
        ([GOAL | {"baseline": None}], [seen(10)], "unknown"),
        ([GOAL | {"target": GOAL["baseline"]}], [seen(10)], "unknown"),
        ([], [seen(10)], "unknown"),
    ],
)
def test_the_conclusion_is_what_the_figures_say(
    goals: list[dict[str, Any]], observations: list[dict[str, Any]], suggested: str
) -> None:
    assert concluded(goals, observations) == suggested


# --- the command


def test_the_command_lists_what_is_owed_on_a_day_and_writes_it(staffed: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(staffed, tmp_path / "portfolio")
    town = settled(House.open(folder))
    owed(town, title="=Planrapport")
    town.house.close()
    command = ["portfolio", "due", "--project", str(folder), "--on"]
    told = CliRunner().invoke(app, [*command, "2017-04-01"])
    assert told.exit_code == 0
    assert told.output.count(say("portfolio.standing.overdue", "da")) == 2
    one = CliRunner().invoke(app, [*command, "2016-12-31", "--organisation", AWAY])
    assert one.output.splitlines() == ["Kommende: randers-kommune, =Planrapport (1. kvartal 2017), 2017-03-31"]
    path = tmp_path / "due.csv"
    CliRunner().invoke(app, [*command, "2017-02-01", "--write", str(path)])
    head, first, _ = path.read_text("utf-8-sig").splitlines()
    assert head.startswith("standing;organisation;obligation")
    assert first == "open;aarhus-kommune;planrapport;'=Planrapport;1. kvartal 2017;2017-01-01;2017-03-31;False;;"
