"""What can be done with a filled-in form: it adds, is read with a reason, expires, is withdrawn and is deleted."""

from __future__ import annotations

import inspect
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from lighed.core.accounts import roles
from lighed.core.errors import AccessError, FormError
from lighed.core.form import STEPS
from lighed.core.keys import hashed, make_key, read_key
from lighed.forms.cabinet import Cabinet, Filled
from lighed.forms.clinic import Clinic
from lighed.forms.desk import REASONS, Desk
from lighed.forms.seal import opened, seal
from tests.forms.conftest import EVA, FINN, FULL, NEEDS, Ward

KEY = bytes(range(32))
ALL = ["follow_up_call", "contact_person", "transport_help", "extended_programme"]


def filled(ward: Ward, name: str = "anna", person: str = EVA, unit: str = "5A", **answers: str) -> Filled:
    desk = ward.desk(name)
    return desk.fill(desk.form("discharge_needs"), person, unit, answers or FULL)


def sealed(ward: Ward, one: Filled) -> bytes:
    """The beginning of what is sealed of a form, as it lies in the file."""
    with sqlite3.connect(ward.folder / "forms.db") as db:
        found = bytes(db.execute("SELECT sealed FROM filled WHERE id = ?", (one.id,)).fetchone()[0][:64])
    db.close()
    assert any(found in path.read_bytes() for path in ward.folder.glob("forms.db*"))
    return found


def offers(one: Filled) -> list[str]:
    return [offer.id for offer in one.offers]


def test_a_filled_in_form_says_what_it_adds_and_until_when(ward: Ward) -> None:
    made = filled(ward)
    assert (made.result.points, made.result.complete, offers(made)) == (5, True, ALL)
    assert (made.made, made.valid_until, made.delete_on) == (date(2025, 11, 22), date(2026, 2, 20), date(2026, 11, 22))
    assert ward.logged() == [("anna", "fill_form", f"discharge_needs/{made.id}", "")]
    assert ward.desk("anna").read(made.id, "planning") == made


def test_a_form_is_read_on_the_definition_that_it_was_filled_in_on(ward: Ward) -> None:
    form = ward.desk("anna").form("discharge_needs")
    earlier = form.model_copy(update={"bands": form.bands[:1]})
    made = ward.desk("anna").fill(earlier, EVA, "5A", FULL)
    read = ward.desk("anna").read(made.id, "planning")
    assert offers(read) == ["follow_up_call"]
    assert read.form.bands == earlier.bands


@pytest.mark.parametrize("person", ["", "x", "010170", "01017012345", "0101701234 ", f"{EVA} {FINN}"])
def test_whose_it_is_must_be_a_number_and_a_wrong_one_is_not_repeated(ward: Ward, person: str) -> None:
    wrong = person.strip() != "0101701234"
    for take in (lambda: filled(ward, person=person), lambda: ward.desk("anna").find(person, "planning")):
        if not wrong:
            take()
            continue
        with pytest.raises(FormError) as caught:
            take()
        assert caught.value.key == "form.not_a_cpr"
        assert person.strip() not in caught.value.sentence("da") or not person.strip()


# --- what lies in the files


def test_the_files_hold_neither_number_nor_answer_and_are_their_owners_alone(ward: Ward) -> None:
    made = filled(ward)
    ward.desk("anna").note_refusal(made.form, FINN, "5A")
    everything = ward.bytes()
    for said in (EVA, f"{EVA[:6]}-{EVA[6:]}", FINN, FINN.replace("-", ""), "network", "grundskole", "never"):
        assert said.encode() not in everything, said
    assert made.id.encode() in everything
    for path in ward.folder.iterdir():
        assert path.stat().st_mode & 0o077 == 0 or path.suffix in {".db-wal", ".db-shm"}, path
    assert ward.folder.stat().st_mode & 0o077 == 0


def test_the_database_joins_with_no_other(ward: Ward, tmp_path: Any) -> None:
    filled(ward)
    filled(ward, "bo", unit="5B")
    make_key(tmp_path / "zone.key")
    with sqlite3.connect(ward.folder / "forms.db") as db:
        kept = {person for (person,) in db.execute("SELECT person FROM filled")}
    db.close()
    assert len(kept) == 1
    assert kept == set(hashed([EVA], read_key(ward.folder / "forms.key")))
    assert not kept & set(hashed([EVA], read_key(tmp_path / "zone.key")))


def test_what_is_sealed_opens_with_its_key_and_in_its_row_alone() -> None:
    sealed = seal("education: none", KEY, of="a1")
    assert opened(sealed, KEY, of="a1") == "education: none"
    assert seal("education: none", KEY, of="a1") != sealed
    turned = [sealed[:k] + bytes([sealed[k] ^ 1]) + sealed[k + 1 :] for k in range(0, len(sealed), 37)]
    assert len(turned) > 10
    for wrong, key, of in [(sealed, bytes(32), "a1"), (sealed, KEY, "a2"), *((one, KEY, "a1") for one in turned)]:
        with pytest.raises(FormError, match="nøglen"):
            opened(wrong, key, of=of)


def test_a_folder_of_the_statistics_is_refused(tmp_path: Any) -> None:
    for name in ("lighed.yaml", "store"):
        folder = tmp_path / name.replace(".", "_")
        folder.mkdir()
        (folder / name).mkdir()
        with pytest.raises(FormError, match="for sig selv"):
            Clinic.open(folder)
        assert [path.name for path in folder.iterdir()] == [name]


# --- reading


@pytest.mark.parametrize("why", REASONS)
def test_every_reading_is_a_line_with_who_why_and_which(ward: Ward, why: str) -> None:
    made = filled(ward)
    for name in ("anna", "dora"):
        ward.desk(name).read(made.id, why)
        assert ward.logged() == [(name, "read_form", f"discharge_needs/{made.id}", why)]
    assert ward.clinic.accounts.broken_at() is None


@pytest.mark.parametrize("why", ["", "curiosity", "filled_in"])
def test_without_a_reason_nothing_is_read(ward: Ward, why: str) -> None:
    made = filled(ward, "dora")
    for read in (lambda: ward.desk("anna").read(made.id, why), lambda: ward.desk("anna").find(EVA, why)):
        with pytest.raises(FormError) as caught:
            read()
        assert caught.value.key == "form.no_reason"


def test_who_has_just_filled_it_in_sees_it_and_that_is_a_line_too_but_not_the_day_after(ward: Ward) -> None:
    made = filled(ward)
    assert ward.desk("anna").read(made.id, "filled_in") == made
    assert ward.logged()[0][1:] == ("read_form", f"discharge_needs/{made.id}", "filled_in")
    ward.calendar.turn(1)
    with pytest.raises(FormError):
        ward.desk("anna").read(made.id, "filled_in")


def test_a_form_of_another_unit_is_not_read_changed_or_found(ward: Ward) -> None:
    made, before = filled(ward), len(ward.clinic.accounts.log())
    bo = ward.desk("bo")
    tries = [
        lambda: bo.read(made.id, "planning"),
        lambda: bo.withdraw(made.id),
        lambda: bo.support(made.id, ALL),
        lambda: bo.step(made.id, "contact_person", "offered"),
        lambda: bo.fill(made.form, EVA, "5A", FULL),
        lambda: bo.note_refusal(made.form, EVA, "5A"),
    ]
    for tried in tries:
        with pytest.raises(AccessError):
            tried()
    assert bo.find(EVA, "planning") == []
    assert {(action, thing) for _, action, thing, _ in ward.logged(len(tries) + 1)[1:]} == {
        ("refused", "read_form"),
        ("refused", "fill_form"),
    }
    assert len(ward.clinic.accounts.log()) == before + len(tries) + 1
    assert ward.desk("anna").find(EVA, "planning") == [made]


def test_a_form_is_found_while_it_is_valid_however_the_number_is_written(ward: Ward) -> None:
    first = filled(ward, person=FINN)
    ward.calendar.turn(1)
    later, _ = filled(ward, person=FINN.replace("-", " ")), filled(ward, person=EVA)
    assert ward.desk("anna").find(FINN.replace("-", ""), "follow_up") == [later, first]
    assert ward.logged()[0][2] == f"discharge_needs/{later.id} discharge_needs/{first.id}"
    ward.calendar.turn(89)
    assert ward.desk("anna").find(FINN, "follow_up") == [later, first]
    ward.calendar.turn(1)
    assert ward.desk("anna").find(FINN, "follow_up") == [later]
    assert [one.state_on(ward.calendar.day) for one in (first, later)] == ["expired", "filled"]
    ward.calendar.turn(1)
    assert ward.desk("anna").find(FINN, "follow_up") == []
    assert later.state_on(ward.calendar.day) == "expired"


def test_one_sees_what_one_has_done_oneself_and_no_more(ward: Ward) -> None:
    made = filled(ward)
    filled(ward, "dora")
    assert [entry.thing for entry in ward.desk("anna").own_log()] == [f"discharge_needs/{made.id}"]
    assert ward.desk("kim").own_log() == []


# --- the citizen


def test_a_refusal_is_kept_without_answers_and_changes_nothing(ward: Ward) -> None:
    earlier = filled(ward)
    refused = ward.desk("anna").note_refusal(earlier.form, EVA, "5A")
    assert (refused.answers, refused.offers, refused.state) == ({}, (), "refused")
    assert ward.desk("anna").find(EVA, "planning") == [earlier]
    for change in (
        lambda: ward.desk("anna").support(refused.id, ALL),
        lambda: ward.desk("anna").withdraw(refused.id),
        lambda: ward.desk("anna").step(refused.id, "contact_person", "offered"),
    ):
        with pytest.raises(FormError) as caught:
            change()
        assert caught.value.key == "form.not_filled"


def test_a_form_that_is_withdrawn_has_neither_answers_nor_person_and_what_it_offers_stays(ward: Ward) -> None:
    made = filled(ward)
    ward.desk("anna").step(made.id, "contact_person", "accepted")
    before = sealed(ward, made)
    ward.desk("anna").withdraw(made.id)
    assert not [path for path in ward.folder.glob("forms.db*") if before in path.read_bytes()]
    read = ward.desk("anna").read(made.id, "citizen")
    assert (read.state, read.answers, read.person, offers(read)) == ("withdrawn", {}, "", ALL)
    assert [(step.offer, step.step) for step in read.steps] == [("contact_person", "accepted")]
    assert ward.desk("anna").find(EVA, "planning") == []
    assert ward.desk("kim").export(KEY, "2025") == []
    with sqlite3.connect(ward.folder / "forms.db") as db:
        assert db.execute("SELECT person FROM filled").fetchall() == [(None,)]
    db.close()


def test_a_form_is_gone_on_its_date_and_a_count_is_left(ward: Ward) -> None:
    made, desk = filled(ward), ward.desk("anna")
    desk.step(made.id, "contact_person", "offered")
    desk.note_refusal(made.form, FINN, "5A")
    before = sealed(ward, made)
    ward.calendar.turn(364)
    assert ward.desk("anna").read(made.id, "citizen").answers == FULL
    ward.calendar.turn(1)
    with pytest.raises(FormError, match="slettet"):
        ward.desk("anna").read(made.id, "citizen")
    kept = b"".join(path.read_bytes() for path in ward.folder.glob("forms.db*"))
    assert before not in kept
    assert made.id.encode() not in kept
    assert ward.clinic.cabinet.everyone() == []
    assert ward.clinic.cabinet.deleted() == {("discharge_needs", 2025, state): 1 for state in ("filled", "refused")}
    assert ("-", "delete_forms", "", "2") in ward.logged(3)
    assert ward.clinic.delete_due() == 0


# --- only ever more


def test_a_clinician_adds_beyond_the_points_and_never_below(ward: Ward) -> None:
    desk = ward.desk("anna")
    form = desk.form("discharge_needs")
    none = desk.fill(form, EVA, "5A", {"education": "long"}, ["transport_help"])
    assert offers(none) == ["transport_help"]
    assert offers(desk.support(none.id, [])) == ["transport_help"]
    assert offers(desk.support(none.id, ["contact_person"])) == ["contact_person", "transport_help"]
    full = filled(ward)
    assert offers(desk.support(full.id, ["follow_up_call"])) == ALL
    for unknown in (["less"], ["transport_help", ""], [EVA]):
        with pytest.raises(FormError) as caught:
            desk.support(none.id, unknown)
        assert EVA not in caught.value.sentence("da")


def test_what_is_sent_twice_under_one_name_is_one_form_and_one_line(ward: Ward) -> None:
    desk, name = ward.desk("anna"), "a" * 16
    form = desk.form("discharge_needs")
    made = desk.fill(form, EVA, "5A", NEEDS, ["contact_person"], name=name)
    assert desk.fill(form, EVA, "5A", NEEDS, ["contact_person"], name=name) == made
    assert ward.clinic.cabinet.everyone() == [made]
    assert [action for _, action, *_ in ward.logged(2)].count("fill_form") == 1


OTHERS: dict[str, Callable[[Desk, str], Any]] = {
    "other answers": lambda desk, name: desk.fill(desk.form("discharge_needs"), EVA, "5A", FULL, name=name),
    "another citizen": lambda desk, name: desk.fill(desk.form("discharge_needs"), FINN, "5A", NEEDS, name=name),
    "a refusal": lambda desk, name: desk.note_refusal(desk.form("discharge_needs"), EVA, "5A", name=name),
}


@pytest.mark.parametrize("user", ["anna", "dora"])
@pytest.mark.parametrize("other", OTHERS)
def test_something_else_under_the_name_of_a_form_that_is_kept_is_refused(other: str, user: str, ward: Ward) -> None:
    desk, name = ward.desk("anna"), "a" * 16
    made = desk.fill(desk.form("discharge_needs"), EVA, "5A", NEEDS, name=name)
    with pytest.raises(FormError) as caught:
        OTHERS[other](ward.desk(user), name)
    assert caught.value.key == "form.kept_already"
    assert ward.clinic.cabinet.everyone() == [made]


@pytest.mark.parametrize("name", ["", EVA, "a" * 15, "A" * 16, f"{'a' * 16}\n"])
def test_a_name_is_sixteen_letters_and_nothing_else(name: str, ward: Ward) -> None:
    desk = ward.desk("anna")
    with pytest.raises(FormError):
        desk.fill(desk.form("discharge_needs"), EVA, "5A", NEEDS, name=name)
    assert ward.clinic.cabinet.everyone() == []


# A way to call each public function on a filled-in form; one that is missing here fails the test below.
CALLS: dict[str, Callable[[Ward, Filled], Any]] = {
    "Desk.forms": lambda w, _: w.desk("dora").forms(),
    "Desk.form": lambda w, _: w.desk("dora").form("discharge_needs"),
    "Desk.fill": lambda w, f: w.desk("dora").fill(f.form, EVA, "5A", {"education": "long"}),
    "Desk.note_refusal": lambda w, f: w.desk("dora").note_refusal(f.form, EVA, "5A"),
    "Desk.read": lambda w, f: w.desk("dora").read(f.id, "planning"),
    "Desk.find": lambda w, _: w.desk("dora").find(EVA, "planning"),
    "Desk.support": lambda w, f: [w.desk("dora").support(f.id, some) for some in ([], ALL[:1], ALL[3:])],
    "Desk.step": lambda w, f: [w.desk("dora").step(f.id, offer, step) for offer in ALL for step in STEPS],
    "Desk.withdraw": lambda w, f: w.desk("dora").withdraw(f.id),
    "Desk.own_log": lambda w, _: w.desk("dora").own_log(),
    "Desk.export": lambda w, _: w.desk("dora").export(KEY, "2025"),
    "Desk.users": lambda w, _: w.desk("dora").users(),
    "Desk.add_user": lambda w, _: w.desk("dora").add_user("eva", "en lang adgangskode", ["clinician"], ["5A"]),
    "Desk.change_user": lambda w, _: w.desk("dora").change_user("anna", roles=[], closed=True),
    "Desk.log": lambda w, _: w.desk("dora").log(),
    "Cabinet.keep": lambda w, f: w.clinic.cabinet.keep(replace(f, answers={})),
    "Cabinet.put": lambda w, f: w.clinic.cabinet.put(replace(f, answers={}, added=tuple(ALL))),
    "Cabinet.add": lambda w, f: w.clinic.cabinet.add(f, f.steps[0]),
    "Cabinet.get": lambda w, f: w.clinic.cabinet.get(f.id),
    "Cabinet.of_person": lambda w, f: w.clinic.cabinet.of_person(EVA, ["5A"], f.made),
    "Cabinet.everyone": lambda w, _: w.clinic.cabinet.everyone(),
    "Cabinet.delete_due": lambda w, f: w.clinic.cabinet.delete_due(f.made),
    "Cabinet.deleted": lambda w, _: w.clinic.cabinet.deleted(),
    "Clinic.desk": lambda w, _: w.clinic.desk(None),
    "Clinic.delete_due": lambda w, _: w.clinic.delete_due(),
    "Clinic.open": lambda w, _: Clinic.open(w.folder, w.calendar).close(),
    "Clinic.close": lambda w, _: w.clinic.close(),
}


def test_every_public_function_is_tried() -> None:
    there = {
        f"{kind.__name__}.{name}"
        for kind in (Desk, Cabinet, Clinic)
        for name, _ in inspect.getmembers(kind, callable)
        if not name.startswith("_")
    }
    assert there == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_no_public_function_takes_an_offer_or_a_step_of_one_away(name: str, ward: Ward) -> None:
    ward.desk("anna").step(made := filled(ward).id, "contact_person", "offered")
    before = ward.clinic.cabinet.get(made)
    CALLS[name](ward, before)
    after = ward.clinic.cabinet.get(made)
    assert set(offers(after)) >= set(ALL)
    assert set(after.steps) >= set(before.steps)


@pytest.mark.parametrize("fewer", [{}, {"education": "none"}, FULL | {"network": "often"}])
def test_the_database_itself_keeps_no_form_with_fewer_offers_than_before(fewer: dict[str, str], ward: Ward) -> None:
    made = filled(ward)
    with pytest.raises(FormError) as caught:
        ward.clinic.cabinet.put(replace(made, answers=fewer))
    assert caught.value.key == "form.takes_away"
    assert ward.clinic.cabinet.get(made.id) == made


def test_answers_that_were_withdrawn_do_not_come_back_by_a_change_that_began_before(ward: Ward) -> None:
    made = filled(ward)
    ward.desk("anna").withdraw(made.id)
    with pytest.raises(FormError) as caught:
        ward.clinic.cabinet.put(replace(made, added=("transport_help",)))
    assert caught.value.key == "form.not_filled"
    assert ward.clinic.cabinet.get(made.id).answers == {}


def test_a_form_that_was_deleted_does_not_come_back_by_a_change_that_began_before(ward: Ward) -> None:
    made = filled(ward)
    assert ward.clinic.cabinet.delete_due(made.delete_on) == 1
    with pytest.raises(FormError) as caught:
        ward.clinic.cabinet.put(replace(made, added=("transport_help",)))
    assert caught.value.key == "form.no_form"
    assert ward.clinic.cabinet.everyone() == []


def test_a_step_that_is_written_down_stays_on_its_day(ward: Ward) -> None:
    made = filled(ward)
    ward.desk("anna").step(made.id, "contact_person", "offered")
    ward.calendar.turn(3)
    ward.desk("anna").step(made.id, "contact_person", "offered")
    assert [step.on for step in ward.clinic.cabinet.get(made.id).steps] == [made.made]
    for offer, step in (("contact_person", "denied"), ("contact_person", ""), ("less", "offered")):
        with pytest.raises(FormError):
            ward.desk("anna").step(made.id, offer, step)


# --- who may

MAY = {
    name: rights
    for rights, names in (
        ({"clinician", "administrator", "form_keeper"}, ("forms", "form", "own_log")),
        ({"clinician"}, ("fill", "note_refusal", "read", "find", "support", "step", "withdraw")),
        ({"administrator"}, ("users", "add_user", "change_user", "log")),
        ({"form_keeper"}, ("export",)),
    )
    for name in names
}


def test_the_table_of_rights_has_every_function_of_a_desk() -> None:
    assert {f"Desk.{name}" for name in MAY} == {name for name in CALLS if name.startswith("Desk.")}


@pytest.mark.parametrize("role", [*roles(), None])
@pytest.mark.parametrize("name", MAY)
def test_a_role_may_what_the_table_says(name: str, role: str | None, ward: Ward) -> None:
    made = filled(ward)
    ward.clinic.accounts.set_roles("dora", [role] if role else [], by="-")
    if role in MAY[name]:
        CALLS[f"Desk.{name}"](ward, made)
        return
    with pytest.raises(AccessError):
        CALLS[f"Desk.{name}"](ward, made)
    assert ward.logged()[0][:2] == ("dora", "refused")
    assert ward.clinic.cabinet.everyone() == [made]


def test_who_is_not_signed_in_may_nothing(ward: Ward) -> None:
    for name in ("forms", "own_log", "users", "log"):
        with pytest.raises(AccessError):
            getattr(ward.desk(None), name)()


@pytest.mark.parametrize("name", ["carl", "kim", "lis", "nils"])
def test_who_is_no_clinician_of_a_unit_finds_nobody(name: str, ward: Ward) -> None:
    filled(ward)
    with pytest.raises(AccessError):
        ward.desk(name).find(EVA, "planning")


def test_the_command_finds_where_the_log_was_changed(ward: Ward, run: Any) -> None:
    made = filled(ward)
    ward.desk("anna").read(made.id, "planning")
    assert run("forms", "verify", "--project", ward.folder).code == 0
    with sqlite3.connect(ward.folder / "accounts.db") as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        number = db.execute("SELECT max(number) FROM log").fetchone()[0]
        db.execute("UPDATE log SET detail = 'citizen' WHERE number = ?", (number,))
    db.close()
    ran = run("forms", "verify", "--project", ward.folder)
    assert ran.code == 1
    assert str(number) in ran.err


def test_what_is_not_complete_has_no_points_of_its_own(ward: Ward) -> None:
    made = filled(ward, **NEEDS)
    assert (made.result.complete, made.result.points, offers(made)) == (False, 5, ALL)
