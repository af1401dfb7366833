"""Accounts: who may do what, sign-in and its limits, sessions, and a log that cannot be changed unseen."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import argon2
import pytest

from lighed.core.accounts import Accounts, Entry, User, actions, may, roles
from lighed.core.errors import AccessError, SignInError
from lighed.core.text import LANGUAGES

MINUTE, HOUR = 60, 3600
PASSWORD, OTHER = "correct horse battery", "staple staple staple"

DRAFTS = {"see_registers", "read_drafts"}
# What each role may do, written here and held against what the program says.
MAY = {
    "analyst": {"see_zone", "upload", "map", "try", "load", "plan", "build", "discard", "edit_knowledge", *DRAFTS},
    "releaser": {"see_zone", "sign_off", "discard"},
    "internal_reader": {"see_zone", "internal"},
    "administrator": {"see_zone", "see_forms", "manage_users", "read_log", "edit_common", *DRAFTS},
    "clinician": {"see_forms", "fill_form", "read_form"},
    "form_keeper": {"see_forms", "export_forms"},
    "reader": {"see_registers"},
    "partner": {"see_registers", "read_own_drafts", "edit_record", "submit_record"},
    "initiative_owner": {"see_registers", "read_own_drafts", "edit_record", "edit_initiative", "submit_record"},
    "approver": {"edit_common", "return_record", "approve_record", "lock_record", *DRAFTS},
}
UNITS = frozenset({"5A"})
ACTIONS = sorted(set().union(*MAY.values()))


@dataclass(frozen=True)
class Built:
    """A thing that somebody made, in a unit."""

    made_by: str
    unit: str = "5A"


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Office:
    """Accounts with a clock, and the file they lie in."""

    path: Path
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.accounts = Accounts(self.path, self.clock)
        self.accounts.add_user("anna", PASSWORD, ["analyst"], by="-")

    def raw(self) -> sqlite3.Connection:
        """The file as any other program opens it."""
        return sqlite3.connect(self.path, isolation_level=None)

    def tampered(self, *statements: str) -> None:
        """Change the file as somebody would who first takes the guards away."""
        with self.raw() as db:
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                db.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                db.execute(statement)
        db.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path / "accounts.db")
    yield made
    made.accounts.engine.dispose()


# --- who may do what


def test_the_roles_and_actions_are_those_of_the_table() -> None:
    assert set(roles()) == set(MAY)
    assert set(actions()) == set(ACTIONS)
    for named in [*actions().values(), *(text for role in roles().values() for text in (role.title, role.about))]:
        assert all(named[lang].strip() for lang in LANGUAGES)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("role", MAY)
def test_a_role_allows_what_the_table_says_and_nothing_else(role: str, action: str) -> None:
    thing = Built("somebody else")
    assert may(User("anna", frozenset({role}), units=UNITS), action, thing) is (action in MAY[role])


@pytest.mark.parametrize("action", ACTIONS)
def test_nobody_a_closed_account_and_one_without_known_roles_may_do_nothing(action: str) -> None:
    thing = Built("somebody else")
    for user in (
        None,
        User("anna", frozenset(MAY), closed=True, units=UNITS),
        User("anna", frozenset(), units=UNITS),
        User("anna", frozenset({"king"}), units=UNITS),
    ):
        assert not may(user, action, thing)


@pytest.mark.parametrize("action", ACTIONS)
def test_several_roles_allow_the_sum_of_them(action: str) -> None:
    both = User("anna", frozenset({"analyst", "administrator"}), units=UNITS)
    assert may(both, action, Built("bo")) is (action in MAY["analyst"] | MAY["administrator"])


def test_nobody_signs_off_what_they_made_or_what_nobody_made_whatever_their_roles() -> None:
    anna = User("anna", frozenset(MAY))
    assert not may(anna, "sign_off", Built("anna"))
    assert not may(anna, "sign_off")
    assert may(anna, "sign_off", Built("bo"))


@pytest.mark.parametrize("action", ["fill_form", "read_form"])
@pytest.mark.parametrize("units", [frozenset(), frozenset({"5B", "5"}), frozenset({""})])
def test_a_form_is_for_those_of_its_unit_alone_whatever_their_roles(action: str, units: frozenset[str]) -> None:
    anna = User("anna", frozenset(MAY), units=units)
    assert not may(anna, action, Built("anna"))
    assert not may(anna, action)
    assert may(User("anna", frozenset(MAY), units=units | UNITS), action, Built("anna"))


def test_the_units_of_a_user_are_those_of_now(office: Office) -> None:
    office.accounts.add_user("bo", PASSWORD, ["clinician"], by="anna", units=["5A", "5B"])
    assert office.accounts.user("bo") == User("bo", frozenset({"clinician"}), units=frozenset({"5A", "5B"}))
    office.accounts.set_units("bo", ["5C"], by="anna")
    assert office.accounts.users()[1].units == {"5C"}
    assert [entry.detail for entry in office.accounts.log(2)] == ["units: 5C", "opened with clinician"]


@pytest.mark.parametrize("unit", ["", " ", "5 A", "a/b", "<b>", "x" * 41, "0101701234", "010170-1234"])
def test_a_unit_that_is_no_name_is_refused_and_nothing_is_changed(office: Office, unit: str) -> None:
    with pytest.raises(SignInError):
        office.accounts.add_user("bo", PASSWORD, ["clinician"], by="anna", units=[unit])
    with pytest.raises(SignInError):
        office.accounts.set_units("anna", ["5A", unit], by="anna")
    assert office.accounts.users() == [User("anna", frozenset({"analyst"}))]


def test_the_log_of_one_user_is_theirs_alone(office: Office) -> None:
    office.accounts.add_user("bo", PASSWORD, [], by="anna")
    office.accounts.record("bo", "read_form", "a1", "discharge")
    assert [(entry.user, entry.action) for entry in office.accounts.log(of="bo")] == [("bo", "read_form")]


def test_an_action_that_no_list_knows_is_a_fault_of_the_program() -> None:
    with pytest.raises(AssertionError, match="fly"):
        may(User("anna", frozenset(MAY)), "fly")


def test_what_is_not_allowed_is_refused_in_a_sentence_and_written_down(office: Office) -> None:
    anna = office.accounts.user("anna")
    assert office.accounts.demand(anna, "build") == anna
    with pytest.raises(AccessError) as caught:
        office.accounts.demand(anna, "read_log")
    assert "read the log" in caught.value.sentence("en")
    assert "læse loggen" in caught.value.sentence("da")
    with pytest.raises(AccessError):
        office.accounts.demand(None, "build")
    assert [(e.user, e.action, e.thing) for e in office.accounts.log(2)] == [
        ("-", "refused", "build"),
        ("anna", "refused", "read_log"),
    ]


# --- passwords


def test_a_password_is_kept_as_an_argon2id_hash_that_another_program_verifies(office: Office) -> None:
    kept = office.raw().execute("SELECT password FROM user").fetchone()[0]
    assert kept.startswith("$argon2id$")
    assert argon2.PasswordHasher().verify(kept, PASSWORD)
    # What OWASP's Password Storage Cheat Sheet asks at least: 19 MiB and two passes.
    given = argon2.extract_parameters(kept)
    assert given.memory_cost >= 19 * 1024
    assert given.time_cost >= 2


def test_two_users_with_one_password_have_different_hashes(office: Office) -> None:
    office.accounts.add_user("bo", PASSWORD, [], by="anna")
    assert len({kept for (kept,) in office.raw().execute("SELECT password FROM user")}) == 2


def test_the_file_holds_neither_password_nor_token_and_is_its_owners_alone(office: Office) -> None:
    token = office.accounts.sign_in("anna", PASSWORD)
    everything = b"".join(path.read_bytes() for path in office.path.parent.iterdir())
    assert b"argon2id" in everything
    assert PASSWORD.encode() not in everything
    assert token.encode() not in everything
    assert office.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("length", [0, 1, 11])
def test_a_short_password_is_refused_for_a_new_user_and_for_an_old(office: Office, length: int) -> None:
    for refused in (
        lambda: office.accounts.add_user("bo", "x" * length, [], by="anna"),
        lambda: office.accounts.set_password("anna", "x" * length, by="anna"),
    ):
        with pytest.raises(SignInError) as caught:
            refused()
        assert "12" in caught.value.sentence("en")
    assert [user.name for user in office.accounts.users()] == ["anna"]
    assert office.accounts.sign_in("anna", PASSWORD)


@pytest.mark.parametrize("name", ["", "  ", "a b", "a/b", "../a", "<b>", "a\nb", "'; --", "0101701234", "010170-1234"])
def test_a_name_that_is_no_name_is_refused(office: Office, name: str) -> None:
    with pytest.raises(SignInError):
        office.accounts.add_user(name, PASSWORD, [], by="anna")
    assert [user.name for user in office.accounts.users()] == ["anna"]


def test_a_name_is_taken_once_and_for_all(office: Office) -> None:
    office.accounts.set_closed("anna", closed=True, by="-")
    with pytest.raises(SignInError) as caught:
        office.accounts.add_user(" anna ", OTHER, [], by="-")
    assert "anna" in caught.value.sentence("da")


def test_a_role_that_does_not_exist_is_refused_and_nothing_is_changed(office: Office) -> None:
    with pytest.raises(SignInError, match="king"):
        office.accounts.add_user("bo", PASSWORD, ["analyst", "king"], by="anna")
    with pytest.raises(SignInError, match="king"):
        office.accounts.set_roles("anna", ["king"], by="anna")
    assert office.accounts.users() == [User("anna", frozenset({"analyst"}))]


@pytest.mark.parametrize(
    "change",
    [
        lambda accounts, name: accounts.set_roles(name, ["analyst"], by="anna"),
        lambda accounts, name: accounts.set_roles(name, [], by="anna"),
        lambda accounts, name: accounts.set_closed(name, closed=True, by="anna"),
        lambda accounts, name: accounts.set_password(name, OTHER, by="anna"),
    ],
)
def test_a_user_that_does_not_exist_cannot_be_changed_and_leaves_no_trace(
    office: Office, change: Callable[[Accounts, str], None]
) -> None:
    with pytest.raises(SignInError) as caught:
        change(office.accounts, "0101701234")
    assert "0101701234" not in caught.value.sentence("da")
    assert [entry.thing for entry in office.accounts.log()] == ["anna"]


# --- signing in


def test_sign_in_gives_the_user_with_the_roles_of_now(office: Office) -> None:
    token = office.accounts.sign_in("anna", PASSWORD)
    office.accounts.set_roles("anna", ["releaser"], by="-")
    session = office.accounts.session(token)
    assert session is not None
    assert session.user == User("anna", frozenset({"releaser"}))


@pytest.mark.parametrize(("name", "password"), [("anna", OTHER), ("bo", PASSWORD), ("", ""), ("Anna", PASSWORD)])
def test_a_wrong_name_and_a_wrong_password_are_told_alike(office: Office, name: str, password: str) -> None:
    with pytest.raises(SignInError) as caught:
        office.accounts.sign_in(name, password)
    assert caught.value.key == "account.wrong"


def test_a_closed_account_is_signed_out_and_cannot_sign_in_until_it_is_opened(office: Office) -> None:
    token = office.accounts.sign_in("anna", PASSWORD)
    office.accounts.set_closed("anna", closed=True, by="-")
    assert office.accounts.session(token) is None
    with pytest.raises(SignInError) as caught:
        office.accounts.sign_in("anna", PASSWORD)
    assert caught.value.key == "account.wrong"
    office.accounts.set_closed("anna", closed=False, by="-")
    assert office.accounts.session(token) is None
    assert office.accounts.session(office.accounts.sign_in("anna", PASSWORD)) is not None


def missed(office: Office, times: int, name: str = "anna") -> list[str]:
    """Try a wrong password so many times, and return what was answered."""
    answers = []
    for _ in range(times):
        with pytest.raises(SignInError) as caught:
            office.accounts.sign_in(name, OTHER)
        answers.append(caught.value.key.removeprefix("account."))
    return answers


@pytest.mark.parametrize("name", ["anna", "nobody-of-that-name"])
def test_after_five_wrong_passwords_the_name_waits_whether_it_exists_or_not(office: Office, name: str) -> None:
    assert missed(office, 7, name) == ["wrong"] * 5 + ["wait"] * 2


def test_the_right_password_waits_too_and_is_let_in_a_quarter_of_an_hour_later(office: Office) -> None:
    missed(office, 5)
    with pytest.raises(SignInError, match="15"):
        office.accounts.sign_in("anna", PASSWORD)
    office.clock.now += 15 * MINUTE - 1
    assert missed(office, 1) == ["wait"]
    office.clock.now += 1
    assert office.accounts.sign_in("anna", PASSWORD)


def test_another_name_need_not_wait_and_a_right_password_starts_the_count_again(office: Office) -> None:
    office.accounts.add_user("bo", OTHER, [], by="anna")
    missed(office, 4)
    assert office.accounts.sign_in("bo", OTHER)
    assert office.accounts.sign_in("anna", PASSWORD)
    assert missed(office, 6) == ["wrong"] * 5 + ["wait"]


def test_tries_that_come_at_the_same_time_are_counted_all(office: Office) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda _: missed(office, 1)[0], range(8))
    assert sorted(answers) == ["wait"] * 3 + ["wrong"] * 5


def test_what_is_typed_as_a_name_is_not_written_down_unless_it_is_one(office: Office) -> None:
    missed(office, 1, "0101701234")
    missed(office, 1)
    assert [(e.user, e.action, e.thing) for e in office.accounts.log(2)] == [
        ("-", "sign_in_failed", "anna"),
        ("-", "sign_in_failed", ""),
    ]
    assert b"0101701234" not in b"".join(path.read_bytes() for path in office.path.parent.iterdir())


# --- sessions


@pytest.mark.parametrize(("idle", "lives"), [(30 * MINUTE - 1, True), (30 * MINUTE + 1, False)])
def test_a_session_ends_after_half_an_hour_without_use(office: Office, idle: float, lives: bool) -> None:
    token = office.accounts.sign_in("anna", PASSWORD)
    office.clock.now += idle
    assert (office.accounts.session(token) is not None) is lives
    office.clock.now -= idle  # an ended session does not come back with the clock
    assert (office.accounts.session(token) is not None) is lives


def test_a_session_that_is_used_lives_eight_hours_and_no_longer(office: Office) -> None:
    token = office.accounts.sign_in("anna", PASSWORD)
    for _ in range(8 * HOUR // (20 * MINUTE)):
        office.clock.now += 20 * MINUTE
        assert office.accounts.session(token) is not None
    office.clock.now += 1
    assert office.accounts.session(token) is None


def test_sign_out_ends_that_session_and_no_other(office: Office) -> None:
    one, other = (office.accounts.sign_in("anna", PASSWORD) for _ in range(2))
    office.accounts.sign_out(one)
    assert office.accounts.session(one) is None
    assert office.accounts.session(other) is not None


def test_a_new_password_ends_every_session_of_the_user_and_the_old_one_is_of_no_use(office: Office) -> None:
    office.accounts.add_user("bo", PASSWORD, [], by="anna")
    tokens, hers = (
        [office.accounts.sign_in("anna", PASSWORD) for _ in range(2)],
        office.accounts.sign_in("bo", PASSWORD),
    )
    office.accounts.set_password("anna", OTHER, by="anna")
    assert [office.accounts.session(token) for token in tokens] == [None, None]
    assert office.accounts.session(hers) is not None
    with pytest.raises(SignInError):
        office.accounts.sign_in("anna", PASSWORD)
    assert office.accounts.sign_in("anna", OTHER)


def test_tokens_are_long_never_the_same_and_unlike_the_tokens_of_forms(office: Office) -> None:
    tokens = [office.accounts.sign_in("anna", PASSWORD) for _ in range(4)]
    forms = [found.form_token for token in tokens if (found := office.accounts.session(token))]
    assert len({*tokens, *forms}) == 8
    assert min(map(len, tokens + forms)) >= 43  # 256 bits in base64


@pytest.mark.parametrize("token", [None, "", "x", "x" * 43, "' OR 1=1 --"])
def test_a_token_that_was_never_given_is_nobodys(office: Office, token: str | None) -> None:
    office.accounts.sign_in("anna", PASSWORD)
    assert office.accounts.session(token) is None
    office.accounts.sign_out(token)
    assert office.accounts.log(1)[0].action == "sign_in"


def test_what_the_file_holds_of_a_session_is_no_token(office: Office) -> None:
    office.accounts.sign_in("anna", PASSWORD)
    for (kept,) in office.raw().execute("SELECT token_hash FROM session").fetchall():
        assert office.accounts.session(kept) is None


def test_sessions_live_in_the_file_and_are_known_to_another_process(office: Office) -> None:
    token = office.accounts.sign_in("anna", PASSWORD)
    again = Accounts(office.path, office.clock)
    assert again.session(token) == office.accounts.session(token)
    again.sign_out(token)
    assert office.accounts.session(token) is None
    again.engine.dispose()


# --- the log


def filled(office: Office, entries: int = 5) -> list[Entry]:
    """Write some entries; the first one opened anna's account."""
    for number in range(2, entries + 1):
        office.clock.now += 1
        office.accounts.record("anna", "build", f"plan-{number}", "det gik godt")
    return office.accounts.log()


def test_the_log_says_who_did_what_when_newest_first(office: Office) -> None:
    entries = filled(office, 3)
    assert [(e.number, e.at - 1_000_000, e.user, e.action, e.thing) for e in entries] == [
        (3, 2, "anna", "build", "plan-3"),
        (2, 1, "anna", "build", "plan-2"),
        (1, 0, "-", "manage_users", "anna"),
    ]
    assert [entry.number for entry in office.accounts.log(2)] == [3, 2]
    assert office.accounts.broken_at() is None


CHANGES = {
    "update": "UPDATE log SET user = 'bo'",
    "delete": "DELETE FROM log WHERE number = 3",
    "delete all": "DELETE FROM log",
    "replace": "INSERT OR REPLACE INTO log SELECT number, at, 'bo', action, thing, detail, before, digest FROM log",
    "update or replace": "UPDATE OR REPLACE log SET number = 3 WHERE number = 2",
}


@pytest.mark.parametrize("statement", CHANGES.values(), ids=CHANGES)
def test_the_database_refuses_to_change_an_entry_whoever_asks(office: Office, statement: str) -> None:
    before = filled(office)
    with pytest.raises(sqlite3.IntegrityError, match="grows only"):
        office.raw().execute(statement)
    assert office.accounts.log() == before
    assert office.accounts.broken_at() is None


TAMPERED = {
    "user": (3, "UPDATE log SET user = 'bo' WHERE number = 3"),
    "time": (3, "UPDATE log SET at = at - 0.001 WHERE number = 3"),
    "action": (2, "UPDATE log SET action = 'sign_off' WHERE number = 2"),
    "two things": (2, "UPDATE log SET thing = 'plan-x' WHERE number IN (2, 4)"),
    "detail of the first": (1, "UPDATE log SET detail = '' WHERE number = 1"),
    "detail of the last": (5, "UPDATE log SET detail = '' WHERE number = 5"),
    "bytes for text": (3, "UPDATE log SET detail = x'00ff' WHERE number = 3"),
    "text for a time": (3, "UPDATE log SET at = 'yesterday' WHERE number = 3"),
    "digest": (3, "UPDATE log SET digest = 'x' WHERE number = 3"),
    "link": (3, "UPDATE log SET before = 'x' WHERE number = 3"),
    "one gone": (4, "DELETE FROM log WHERE number = 3"),
    "the first gone": (2, "DELETE FROM log WHERE number = 1"),
    "one gone and the rest moved up": (
        3,
        "DELETE FROM log WHERE number = 3",
        "UPDATE log SET number = number - 1 WHERE number > 3",
    ),
    "two in each other's place": (
        2,
        "UPDATE log SET number = 99 WHERE number = 2",
        "UPDATE log SET number = 2 WHERE number = 3",
        "UPDATE log SET number = 3 WHERE number = 99",
    ),
    "one put in before": (0, "INSERT INTO log SELECT 0, at, user, action, thing, detail, '', digest FROM log LIMIT 1"),
    "one put in after": (
        6,
        "INSERT INTO log SELECT 6, at, user, action, thing, detail, digest, digest FROM log WHERE number = 5",
    ),
}


@pytest.mark.parametrize("tampered", TAMPERED.values(), ids=TAMPERED)
def test_who_changes_the_file_itself_breaks_the_chain_at_that_entry(office: Office, tampered: tuple[int, str]) -> None:
    first, *statements = tampered
    filled(office)
    office.tampered(*statements)
    assert office.accounts.broken_at() == first


def test_a_forged_entry_with_a_digest_of_its_own_breaks_the_chain_at_the_next(office: Office) -> None:
    filled(office)
    forged = Office(office.path.with_name("forged.db"))
    filled(forged, 2)
    forged.accounts.record("bo", "sign_off", "plan-3")
    entry = forged.accounts.log(1)[0]
    office.tampered(
        "DELETE FROM log WHERE number = 3",
        f"INSERT INTO log VALUES (3, {entry.at}, 'bo', 'sign_off', 'plan-3', '', '{entry.before}', '{entry.digest}')",
    )
    assert office.accounts.broken_at() == 4


def test_the_guards_stand_again_when_the_accounts_are_opened_the_next_time(office: Office) -> None:
    filled(office)
    office.tampered()
    Accounts(office.path).engine.dispose()
    with pytest.raises(sqlite3.IntegrityError):
        office.raw().execute("DELETE FROM log")


def test_two_processes_write_one_chain(office: Office) -> None:
    other = Accounts(office.path, office.clock)
    for _ in range(5):
        office.accounts.record("anna", "build", "here")
        other.record("bo", "build", "there")
    assert [entry.number for entry in other.log()] == list(range(11, 0, -1))
    assert other.broken_at() is None
    other.engine.dispose()
