"""Where each attack of the list is tried."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lighed import catalogue as definitions
from lighed.core.register import Field
from tests.attacks.attacks import ATTACKS

ROOT = Path(__file__).parents[2]
HERE = "attacks/test_release.py::test_an_attack_finds_nothing"

# D disclosure, A access, I injection, U uploads, C persons' numbers, S what the program is made of.
ROWS: dict[str, tuple[str, ...]] = {
    "D1": (HERE, "disclosure/test_protect.py::test_no_hidden_group_follows_from_one_sum_after_another"),
    "D2": (HERE, "disclosure/test_within.py::test_a_few_between_two_indicators_are_not_found_by_subtraction"),
    "D3": (
        "disclosure/test_ledger.py::test_one_that_does_not_is_refused_with_the_cell_named",
        "disclosure/test_ledger.py::test_two_releases_give_no_more_away_by_one_sum_after_another_than_one",
        "attacks/test_mutants.py::test_a_ledger_that_is_forgotten_gives_groups_away_to_who_keeps_both_releases",
    ),
    "D4": (HERE,),
    "D5": (HERE,),
    "D6": (HERE, "disclosure/test_protect.py::test_a_change_is_hidden_with_either_of_its_ends"),
    "D7": (HERE, "disclosure/test_protect.py::test_what_is_hidden_has_no_number_and_the_one_public_mark"),
    "D8": (HERE, "disclosure/test_protect.py::test_a_share_is_hidden_for_few_persons_few_cases_or_few_without"),
    "D9": (
        "disclosure/test_protect.py::test_a_group_that_stands_in_two_divisions_is_hidden_in_both",
        "disclosure/test_within.py::test_what_the_kinds_leave_of_all_is_no_few",
    ),
    "D10": ("attacks/test_own.py::test_d10_who_takes_out_their_own_record_knows_no_number_of_the_others",),
    "D11": (
        "disclosure/test_rounding.py::test_a_thousand_repeats_are_equal_to_the_byte",
        "disclosure/test_rounded_release.py::test_an_exact_total_among_rounded_ones_is_refused",
        "disclosure/test_rounded_release.py::test_rounded_and_exact_counts_of_one_period_never_meet",
        "disclosure/test_rounded_release.py::test_other_rounded_counts_of_a_year_that_was_published_are_refused",
        "disclosure/test_rounded_release.py::test_who_solves_all_that_is_shown_finds_no_small_count",
    ),
    "D12": (HERE, "attacks/test_injection.py::test_d12_a_field_that_nobody_reads_changes_no_byte"),
    "D13": (HERE, "disclosure/test_release.py::test_what_is_hidden_stands_in_no_byte"),
    "D14": (HERE,),
    "D15": (
        "portfolio/test_reports.py::test_d15_all_text_of_a_pdf_is_text_of_the_page_and_nothing_is_hidden_in_it",
        "portfolio/test_reports.py::test_d15_what_a_pdf_says_of_itself_is_title_language_and_day",
    ),
    "D16": ("workbench/test_refusals.py::test_every_answer_is_sent_with_its_guards",),
    "D17": (
        "attacks/test_injection.py::test_d17_the_engine_reaches_nothing_beyond_its_folders_whatever_it_is_asked",
        "attacks/test_injection.py::test_d17_the_server_of_releases_has_nothing_that_opens_persons",
    ),
    "A1": (
        "attacks/test_access.py::test_a1_no_role_is_let_in_where_it_may_not_be",
        "workbench/test_refusals.py::test_the_table_of_routes_is_the_programs",
        "forms/test_pages.py::test_the_table_of_routes_is_the_programs",
        "forms/test_pages.py::test_a_role_or_unit_that_may_not_is_refused_and_nothing_happens",
        "attacks/test_access.py::test_a1_the_server_of_releases_has_the_routes_that_it_says",
    ),
    "A2": (
        "attacks/test_access.py::test_a2_a_session_of_one_project_opens_nothing_of_another",
        "attacks/test_access.py::test_a2_what_one_project_calls_its_own_is_not_there_in_another",
        "workbench/test_refusals.py::test_the_work_of_another_is_not_there",
    ),
    "A3": ("attacks/test_access.py::test_a3_fields_that_a_form_does_not_have_change_nothing",),
    "A4": (
        "attacks/test_access.py::test_a4_a_session_that_was_planted_is_nobodys_before_and_after_signing_in",
        "workbench/test_refusals.py::test_the_cookie_is_for_this_host_and_no_script",
        "test_accounts.py::test_a_session_ends_after_half_an_hour_without_use",
    ),
    "A5": (
        "attacks/test_access.py::test_a5_a_body_without_the_token_of_its_session_does_nothing_whatever_kind_it_is_of",
        "workbench/test_refusals.py::test_a_form_of_another_site_does_nothing",
        "forms/test_pages.py::test_a_form_without_the_token_of_its_own_session_does_nothing",
    ),
    "A6": (
        "workbench/test_refusals.py::test_after_five_wrong_passwords_the_page_says_wait",
        "attacks/test_access.py::test_a6_what_anybody_writes_into_an_address_makes_no_page_more_to_keep",
    ),
    "A7": (
        "attacks/test_access.py::test_a7_every_answer_of_the_server_of_releases_is_guarded",
        "attacks/test_access.py::test_a7_so_is_every_answer_of_the_workbench",
        "web/test_guards.py::test_a_chart_is_drawn_and_says_its_numbers_under_guards_that_allow_no_style_in_the_page",
        "forms/test_pages.py::test_every_answer_is_sent_with_its_guards_and_kept_nowhere",
    ),
    "A8": (
        "test_openid.py::test_a8_a_token_that_says_something_else_is_refused",
        "test_openid.py::test_a8_a_token_that_is_not_signed_by_the_provider_is_refused",
        "test_openid.py::test_a8_what_was_not_asked_for_in_this_browser_is_refused",
        "test_openid.py::test_a8_an_answer_is_taken_once_and_not_later",
        "test_openid.py::test_a8_a_provider_that_does_not_vouch_is_no_sign_in",
        "test_openid.py::test_a8_nobody_is_led_to_another_site",
    ),
    "A9": (
        "workbench/test_refusals.py::test_who_built_a_release_cannot_sign_it_though_the_role_allows_it",
        "attacks/test_rights.py::test_a9_on_the_command_line_too_who_builds_does_not_sign",
        "attacks/test_rights.py::test_a9_a_lower_k_is_shown_to_who_signs_and_takes_a_word_of_its_own",
    ),
    "I1": ("attacks/test_injection.py::test_i1_what_stands_in_a_field_of_an_address_is_a_name_or_nothing",),
    "I2": (HERE, "workbench/test_refusals.py::test_the_name_of_a_file_is_only_shown"),
    "I3": (HERE, "attacks/test_injection.py::test_i3_a_word_that_begins_as_a_formula_is_kept_as_a_word"),
    "I4": (
        HERE,
        "workbench/test_refusals.py::test_a_text_that_is_no_plan_is_refused_and_the_old_one_stays",
        "portfolio/test_reports.py::test_i4_words_of_a_record_stay_words_in_the_pdf_and_the_word_file",
    ),
    "U1": ("workbench/test_refusals.py::test_the_name_of_a_file_is_only_shown",),
    "U2": (
        "workbench/test_refusals.py::test_a_file_that_is_too_large_is_refused_before_it_is_stored",
        "ingest/test_attacks.py::test_a_workbook_that_unpacks_to_more_than_fits_is_refused",
        "attacks/test_files.py::test_u2_a_table_of_repeated_values_is_refused_before_it_fills_the_memory",
    ),
    "U3": (
        "attacks/test_files.py::test_u3_a_file_is_what_a_second_reader_reads",
        "attacks/test_files.py::test_u3_a_damaged_file_is_refused_with_where_and_what_to_do_or_is_what_it_says",
    ),
    "U4": (
        "ingest/test_attacks.py::test_a_bad_file_is_refused_whole",
        "store/test_snapshot.py::test_the_same_file_twice_changes_nothing",
        "store/test_snapshot.py::test_a_second_writer_is_refused_while_one_writes",
    ),
    "C1": (HERE, "attacks/test_canaries.py::test_c1_no_number_is_left_anywhere_though_a_stage_fails"),
    "C2": (
        "attacks/test_canaries.py::test_c2_who_has_the_store_and_no_key_guesses_no_number",
        "attacks/test_canaries.py::test_c2_who_guesses_a_small_file_cannot_confirm_it_by_a_release_and_a_rebuild_is_the_same",
    ),
    "C3": ("attacks/test_canaries.py::test_c3_no_number_is_left_on_the_disk_by_a_load_that_is_killed",),
    "C4": ("attacks/test_rows.py::test_c4_no_text_of_a_register_takes_a_number_of_a_person_or_more_than_its_length",),
    "S1": (
        "attacks/test_rows.py::test_s1_every_package_is_pinned_with_its_hashes",
        "attacks/test_rows.py::test_s1_the_wheel_holds_the_program_and_nothing_beside_it",
    ),
}
LISTED = {"D": 17, "A": 9, "I": 4, "U": 4, "C": 4, "S": 1}


def named_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS)
def test_the_attack_is_tried_where_the_table_says(row: str) -> None:
    for place in ROWS[row]:
        file, _, name = place.partition("::")
        assert name in named_in(file), place
        assert place != HERE or any(attack.split()[0] == row for attack in ATTACKS)


def test_every_attack_of_the_list_is_tried() -> None:
    assert {*ROWS} == {f"{kind}{k}" for kind, most in LISTED.items() for k in range(1, most + 1)}


@pytest.mark.parametrize("lock", sorted(path.name for path in ROOT.glob("requirements*.lock")))
def test_s1_every_package_is_pinned_with_its_hashes(lock: str) -> None:
    packages = re.split(r"\n(?=\S)", (ROOT / lock).read_text("utf-8").strip())
    assert [
        one.splitlines()[0] for one in packages if not re.match(r"[\w.-]+==[\w.]+.*--hash=sha256:", one, re.DOTALL)
    ] == []


KINDS = {".py", ".typ", ".yaml", ".csv", ".json", ".html", ".css", ".js", ".svg", ".typed", ".mako", ".ini", ".txt"}
KINDS |= {".woff", ".woff2", ".ttf", ".eot", ".png", ".ico", ".map", ".md"}  # of the design system and its letters


def test_s1_the_wheel_holds_the_program_and_nothing_beside_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.iterdir()
    names = zipfile.ZipFile(wheel).namelist()
    about = [name for name in names if name.split("/")[0].endswith(".dist-info")]
    assert all(name.startswith("lighed/") for name in names if name not in about)
    assert {Path(name).suffix for name in names if name not in about} <= KINDS | {""}
    assert {"lighed/cli.py", "lighed/report/static/lighed.js", "lighed/core/roles.yaml"} <= {*names}
    assert [name for name in names if re.search(r"test_|conftest|\.key|\.db|\.env|secret", name)] == []


NUMBERED = ("Ring til 0101701234", "fru 010170-1234, 1. sal")
TEXTS = [
    (register.id, field)
    for register in definitions.load().registers.values()
    for field in register.fields
    if field.kind in {"text", "long_text"}
]


@pytest.mark.parametrize(("register", "field"), TEXTS, ids=lambda one: getattr(one, "id", one))
def test_c4_no_text_of_a_register_takes_a_number_of_a_person_or_more_than_its_length(
    register: str, field: Field
) -> None:
    said = {text: {fault for fault, _ in field.faults(text)} for text in (*NUMBERED, "x" * 100_001, "Gåhold i 2026")}
    assert all("person_number" in said[text] for text in NUMBERED), register
    assert [*said.values()][-2:] == [{"too_long"}, set()]
