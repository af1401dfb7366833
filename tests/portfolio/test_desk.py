"""Registers keep every version, tell the second of two writers, ask who may, and approve a whole after its parts."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from lighed.core.errors import AccessError, DataError, LighedError, RegisterError
from lighed.portfolio.archive import Asked, ConflictError, Record
from lighed.portfolio.house import House
from lighed.portfolio.table import DATA, RECORD, VERSION
from tests.portfolio.conftest import AWAY, HOME, PEOPLE, WHOLE, Clock, Town


def initiative(town: Town, by: str = "ole", **more: Any) -> Record:
    return town.create(by, "initiatives", **{"title": "Gåhold", "organisation": HOME} | more)


def observed(town: Town, of: Record, **more: Any) -> Record:
    said = {"title": "Mødt", "initiative": of.id, "period": "2025", "source": "Optælling"}
    return town.create("paul", "observations", **said | more)


def assigned(town: Town) -> tuple[Record, Record, Record]:
    """An assignment, what it obliges to, and the report that answers it."""
    programme = town.create("sara", "programmes", title="Sundhedsaftalen", kind="health_agreement")
    said = {"programme": programme.id, "issuer": AWAY, "assignees": [HOME], "text": "Beskriv uligheden."}
    assignment = town.move("sara", town.create("sara", "assignments", title="Ulighed", **said), "give")
    due = {"assignment": assignment.id, "template": "plan", "recipients": [AWAY], "period": "1. kvartal 2017"}
    obligation = town.move("sara", town.create("sara", "obligations", title="Planrapport", **due), "give")
    answer = WHOLE | {"obligation": obligation.id, "organisation": HOME, "period": "1. kvartal 2017"}
    return assignment, obligation, town.create("paul", "reports", title="Plan for Aarhus", **answer)


def listed(town: Town, by: str, register: str, **asked: Any) -> list[str]:
    desk = town.desk(by)
    return [one.id for one in desk.listed(desk.register(register), Asked(**asked))[0]]


# --- versions


def test_every_change_is_a_version_with_who_when_and_why(town: Town) -> None:
    made = town.move("ole", town.edit("kim", initiative(town), what="Ture"), "plan", "start")
    town.move("ole", made, "pause", reason="Vinter")
    desk = town.desk("ole")
    told = desk.history(desk.register("initiatives"), made.id)
    assert [(one.version, one.change, one.state, one.author, one.by, one.reason) for one in told] == [
        (5, "pause", "paused", "kim", "ole", "Vinter"),
        (4, "start", "running", "kim", "ole", ""),
        (3, "plan", "planned", "kim", "ole", ""),
        (2, "edited", "idea", "kim", "kim", ""),
        (1, "created", "idea", "ole", "ole", ""),
    ]
    assert [one.at for one in told] == sorted((one.at for one in told), reverse=True)
    assert town.logged(2) == [("ole", "edit_initiative", "initiatives/gaahold")] * 2
    assert (town.house.archive.broken(), town.house.accounts.broken_at()) == ([], None)


def test_what_is_saved_unchanged_is_no_version(town: Town) -> None:
    made = initiative(town)
    assert town.edit("ole", made) == town.now(made) == made


@pytest.mark.parametrize(
    "attempt",
    [
        VERSION.update().values(by="nobody"),
        VERSION.delete(),
        VERSION.delete().where(VERSION.c.version == 1),
    ],
    ids=["update", "delete", "delete one"],
)
def test_the_database_refuses_to_change_what_was(town: Town, attempt: Any) -> None:
    made = initiative(town)
    with pytest.raises(sql.exc.DBAPIError, match="versions only grow"), town.house.archive.engine.begin() as db:
        db.execute(attempt)
    assert town.now(made) == made


def test_a_version_that_was_changed_by_other_means_is_found(town: Town) -> None:
    made = town.edit("ole", initiative(town), what="Ture")
    engine = town.house.archive.engine
    name = "version_UPDATE" if engine.dialect.name == "sqlite" else "version_changed ON version"
    with engine.begin() as db:
        db.exec_driver_sql(f"DROP TRIGGER {name}")
        db.execute(VERSION.update().where(VERSION.c.version == 1, VERSION.c.id == made.id).values(by="else"))
    assert town.house.archive.broken() == [("initiatives", "gaahold", 1)]


def test_a_list_that_shows_an_older_version_is_found(town: Town) -> None:
    made = town.edit("ole", initiative(town), what="Ture")
    with town.house.archive.engine.begin() as db:
        db.execute(RECORD.update().where(RECORD.c.id == made.id).values(version=1))
    assert ("initiatives", "gaahold", 2) in town.house.archive.broken()


def test_the_tables_are_those_that_the_program_writes(town: Town) -> None:
    with town.house.archive.engine.connect() as db:
        assert compare_metadata(MigrationContext.configure(db), DATA) == []


def test_a_house_that_is_opened_again_holds_what_it_held(town: Town) -> None:
    made = initiative(town)
    again = House.open(town.house.folder, town.house.archive.engine.url.render_as_string(hide_password=False))
    assert again.archive.get(*made.key) == made
    again.close()


# --- two at once


def test_the_second_of_two_writers_is_told_and_gets_the_first_ones_text(town: Town) -> None:
    made = initiative(town)
    first = town.edit("kim", made, what="Kims")
    with pytest.raises(ConflictError) as caught:
        town.edit("ole", made, what="Oles")
    assert caught.value.now == town.now(made) == first
    assert "kim" in caught.value.sentence("en")


def test_of_many_who_write_at_once_one_comes_first_and_all_others_are_told(town: Town) -> None:
    made = initiative(town)

    def write(number: int) -> int:
        try:
            town.edit("ole", made, what=f"text {number}")
        except ConflictError:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write, range(16))) == 1
    assert town.now(made).version == 2
    assert town.house.archive.broken() == []


def test_of_many_who_begin_the_same_at_once_each_gets_an_id_of_its_own(town: Town) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = [one.id for one in pool.map(lambda _: initiative(town), range(12))]
    assert sorted(ids) == sorted({"gaahold", *(f"gaahold-{number}" for number in range(2, 13))})


PRESSED = [("ole", "plan", ""), ("ole", "stop", "Slut"), ("paul", "withdraw", "Dobbelt")]


@pytest.mark.parametrize(("by", "move", "reason"), PRESSED)
def test_a_button_that_is_pressed_twice_does_it_once_and_says_that_it_is_done(
    by: str, move: str, reason: str, town: Town
) -> None:
    made = assigned(town)[2] if move == "withdraw" else initiative(town)
    first, again = (town.move(by, made, move, reason=reason) for _ in range(2))
    assert again == first == town.now(made)
    assert (first.version, first.change) == (made.version + 1, move)
    with pytest.raises(LighedError):
        town.move("kim", made, move, reason=reason)


def test_a_move_from_an_older_version_is_refused(town: Town) -> None:
    made = initiative(town)
    town.edit("kim", made, what="Kims")
    with pytest.raises(ConflictError):
        town.move("ole", made, "plan")
    assert town.now(made).state == "idea"


# --- who may


def test_initiatives_are_begun_by_owners_for_their_own_organisation_alone(town: Town) -> None:
    for by, organisation in itertools.product(PEOPLE, (HOME, AWAY)):
        if (by, organisation) in {("ole", HOME), ("kim", HOME), ("else", AWAY)}:
            assert initiative(town, by, organisation=organisation).organisation == organisation
            continue
        with pytest.raises(AccessError):
            initiative(town, by, organisation=organisation)
        assert town.logged() == [(by, "refused", "edit_initiative" if by != "nils" else "see_registers")]


def test_a_record_is_not_moved_to_an_organisation_that_is_not_ones_own(town: Town) -> None:
    made = initiative(town)
    with pytest.raises(AccessError):
        town.edit("ole", made, organisation=AWAY)
    with pytest.raises(AccessError):
        town.edit("else", town.move("ole", made, "plan"), organisation=AWAY)
    assert town.now(made).organisation == HOME


def test_a_draft_is_seen_by_its_own_people_and_those_who_read_drafts(town: Town) -> None:
    made = initiative(town)
    seen = {by: made.id in listed(town, by, "initiatives") for by in PEOPLE if by != "nils"}
    assert {by for by, there in seen.items() if there} == {"paul", "ole", "kim", "ana", "sara", "carl"}
    for by, there in seen.items():
        desk = town.desk(by)
        if not there:
            with pytest.raises(RegisterError):
                desk.get(desk.register("initiatives"), made.id)
        assert desk.count(desk.register("initiatives")) == there
    town.move("ole", made, "plan")
    assert listed(town, "rita", "initiatives") == [made.id]
    rita = town.desk("rita")
    assert [one.state for one in rita.history(rita.register("initiatives"), made.id)] == ["planned"]


def test_what_a_record_points_at_is_named_only_to_those_who_see_it(town: Town) -> None:
    group = town.create("paul", "target_groups", title="Gravide", organisation=HOME, groups=["education"])
    idea = initiative(town)
    shown = town.move("ole", initiative(town, title="Vist", target_groups=[group.id]), "plan")
    observation = town.move("paul", observed(town, idea), "submit")
    town.move("sara", observation, "approve")
    rita = town.desk("rita")
    assert rita.titles(rita.register("initiatives"), [shown])["target_groups", group.id] == "Gravide"
    assert rita.titles(rita.register("observations"), [observation]) == {}
    assert rita.belonging(rita.register("organisations"), rita.get(rita.register("organisations"), HOME)) != []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", [None, "nils"])
def test_who_has_no_role_sees_nothing(town: Town, name: str | None) -> None:
    register = town.house.desk(None)._registers["initiatives"]
    desk = town.desk(name)
    attempts: list[Callable[[], Any]] = [
        desk.registers,
        lambda: desk.register("initiatives"),
        lambda: desk.listed(register, Asked()),
        lambda: desk.count(register),
        lambda: desk.get(register, "x"),
        lambda: desk.history(register, "x"),
        lambda: desk.create(register, {"title": "x", "organisation": HOME}),
    ]
    for attempt in attempts:
        with pytest.raises(AccessError):
            attempt()


# --- approval


def test_a_report_is_submitted_returned_with_a_reason_and_approved_by_another(town: Town) -> None:
    report = town.move("paul", assigned(town)[2], "submit")
    with pytest.raises(RegisterError, match="rettes"):
        town.edit("paul", report, problem="Nyt")
    for by in ("paul", "rita", "ana", "carl"):
        with pytest.raises((AccessError, RegisterError)):
            town.move(by, report, "approve")
        assert town.now(report).state == "submitted"
    with pytest.raises(RegisterError, match="grund"):
        town.move("sara", report, "return", reason="  ")
    back = town.move("sara", report, "return", reason="Hvor mange?")
    again = town.move("paul", town.edit("paul", back, problem="Fravær på 12 %"), "submit")
    done = town.move("sara", again, "approve", "accept", "lock")
    assert (done.state, done.version, done.content["problem"]) == ("locked", 8, "Fravær på 12 %")
    with pytest.raises(RegisterError):
        town.edit("paul", done, problem="Nyt")
    with pytest.raises(AccessError):
        town.move("paul", done, "unlock", reason="Fejl")
    assert town.move("sara", done, "unlock", reason="Fejl i tal").state == "returned"


def test_nobody_approves_what_they_wrote(town: Town) -> None:
    of = initiative(town)
    said = {"title": "Mødt", "initiative": of.id, "period": "2025", "source": "Optælling"}
    made = town.move("kim", town.create("kim", "observations", **said), "submit")
    with pytest.raises(AccessError) as caught:
        town.move("kim", made, "approve")
    assert caught.value.key == "access_own"
    assert town.move("sara", made, "approve").state == "approved"


def test_who_wrote_the_content_does_not_approve_it_when_another_submits_it(town: Town) -> None:
    of = initiative(town)
    made = town.edit("kim", observed(town, of), note="Kims")
    with pytest.raises(AccessError):
        town.move("kim", town.move("paul", made, "submit"), "approve")


def test_a_whole_is_approved_when_its_parts_are(town: Town) -> None:
    assignment, obligation, report = assigned(town)
    for whole, part in ((assignment, "Planrapport"), (obligation, "Plan for Aarhus")):
        with pytest.raises(RegisterError, match=part):
            town.move("sara", whole, "approve")
    town.move("sara", town.move("paul", report, "submit"), "approve")
    town.move("sara", obligation, "approve")
    assert town.move("sara", assignment, "approve").state == "approved"


def test_a_part_that_was_withdrawn_holds_nothing_up(town: Town) -> None:
    _, obligation, report = assigned(town)
    town.move("paul", report, "withdraw", reason="Dobbelt")
    assert town.move("sara", obligation, "approve").state == "approved"


def test_what_others_point_at_is_not_removed(town: Town) -> None:
    made = initiative(town)
    organisation = town.house.archive.get("organisations", HOME)
    with pytest.raises(RegisterError, match="Gåhold"):
        town.move("sara", organisation, "close", reason="Slut")
    town.move("ole", made, "stop", reason="Slut")
    assert town.move("sara", organisation, "close", reason="Slut").state == "closed"


def test_nothing_points_at_what_is_not_there_or_is_gone(town: Town) -> None:
    gone = town.move("sara", town.house.archive.get("organisations", AWAY), "close", reason="Slut")
    for partner in ("nowhere", gone.id):
        with pytest.raises(DataError) as caught:
            initiative(town, partners=[partner])
        assert [(p.key, p.column) for p in caught.value.problems] == [("no_record", "partners")]
    assert listed(town, "sara", "initiatives") == []


def test_what_pointed_at_something_that_is_gone_since_can_still_be_edited(town: Town) -> None:
    programme = town.create("sara", "programmes", title="Puljen", kind="grant")
    made = initiative(town, programme=programme.id)
    stopped = town.move("ole", made, "stop", reason="Slut")
    town.move("sara", programme, "close", reason="Slut")
    again = town.move("ole", stopped, "reopen", reason="Ny bevilling")
    assert town.edit("ole", again, what="Ture").content["programme"] == programme.id


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ({"title": ""}, {"title": "not_filled"}),
        ({"begins": "2026-02-30"}, {"begins": "not_a_day"}),
        ({"light": "blue", "state": "ended"}, {"light": "no_code", "state": "unknown_field"}),
        ({"what": "Se 010101-1234"}, {"what": "person_number"}),
        ({"link": "javascript:alert(1)"}, {"link": "not_a_link"}),
        ({"title": "x" * 301}, {"title": "too_long"}),
        ({"title": "a\x00b"}, {"title": "unseen_character"}),
        ({"factors": "1"}, {"factors": "not_a_list"}),
        ({"factors": [1]}, {"factors": "not_a_list"}),
        ({"budget": {"value": float("nan"), "unit": "kroner"}}, {"budget": "not_a_number"}),
        ({"budget": {"value": True, "unit": "kroner"}}, {"budget": "not_a_number"}),
        ({"budget": 5}, {"budget": "not_an_amount"}),
        ({"programme": ["x"]}, {"programme": "no_record"}),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_kept(
    town: Town, content: dict[str, Any], wrong: dict[str, str]
) -> None:
    with pytest.raises(DataError) as caught:
        initiative(town, **content)
    assert {str(p.column): p.key for p in caught.value.problems} == wrong
    for lang in ("da", "en"):
        assert all(problem.fault(lang) for problem in caught.value.problems)  # type: ignore[arg-type]
    assert listed(town, "sara", "initiatives") == []


# --- finding


def test_lists_are_searched_filtered_and_counted(town: Town) -> None:
    walk = initiative(town, title="Gåhold for Ældre", factors=["1", "3"], what="100 % gratis")
    team = initiative(town, title="Fælles gravidteam", factors=["1"], light="green")
    town.move("ole", team, "plan")
    assert listed(town, "ole", "initiatives") == [team.id, walk.id]
    assert listed(town, "ole", "initiatives", words="ældre GÅHOLD") == [walk.id]
    assert listed(town, "ole", "initiatives", words="100 %") == [walk.id]
    assert listed(town, "ole", "initiatives", words="0_%") == []
    assert listed(town, "ole", "initiatives", chosen={"factors": "3"}) == [walk.id]
    assert listed(town, "ole", "initiatives", chosen={"factors": "1", "light": "green"}) == [team.id]
    assert listed(town, "ole", "initiatives", chosen={"nothing": "1"}) == []
    assert listed(town, "ole", "initiatives", state="planned") == [team.id]
    assert listed(town, "ole", "initiatives", page=2) == []


@pytest.mark.parametrize(
    ("dates", "days"),
    [
        ({"next_review": "2026-03-01"}, {"2026-02-28": False, "2026-03-01": True, "2027-01-01": True}),
        ({"next_review": "2027-01-01", "expires": "2026-03-01"}, {"2026-02-28": False, "2026-03-01": True}),
        ({}, {"2099-01-01": False}),
    ],
)
def test_what_is_published_is_due_for_revision_from_its_day(
    town: Town, dates: dict[str, str], days: dict[str, bool]
) -> None:
    item = {"title": "Rapport", "kind": "report", "licence": "CC BY"} | dates
    draft = town.create("ana", "library", **item)
    one = town.move("sara", town.move("ana", town.create("ana", "library", **item), "send"), "publish")
    register = town.desk("rita").register("library")
    for day, is_due in days.items():
        today = date.fromisoformat(day)
        for by in ("rita", "ana"):
            assert [found.id for _, found in town.desk(by).for_revision(today)] == [one.id] * is_due
        assert register.stands(one.state, one.content, today).id == ("due" if is_due else "published")
        assert register.stands(draft.state, draft.content, today).id == "draft"


def test_a_part_belongs_to_the_organisation_of_its_whole(town: Town) -> None:
    made = observed(town, town.move("ole", initiative(town), "plan"))
    assert made.organisation == HOME
    assert listed(town, "else", "observations") == []
    with pytest.raises(AccessError):
        town.create("else", "observations", **made.content)


def test_the_folder_is_its_owners_alone(staffed: Path, tmp_path: Path) -> None:
    house = House.open(tmp_path / "portfolio", clock=Clock())
    assert house.folder.stat().st_mode & 0o077 == 0
    assert (house.folder / "portfolio.db").stat().st_mode & 0o077 == 0
    house.close()
    with sqlite3.connect(house.folder / "portfolio.db") as db:
        assert db.execute("SELECT version_num FROM alembic_version").fetchall() == [("002",)]
    db.close()


def test_a_database_that_does_not_answer_is_said_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(LighedError) as caught:
        House.open(tmp_path / "portfolio", "postgresql://lighed:hemmelig@127.0.0.1:1/none?connect_timeout=2")
    assert caught.value.key == "register.database"
    assert "hemmelig" not in caught.value.sentence("da")
