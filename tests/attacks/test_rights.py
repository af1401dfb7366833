"""Two persons, the rules that they sign, and an internal edition that does not leave: by pages and by commands."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path

import httpx
import pytest

from lighed.core.accounts import Accounts
from lighed.core.errors import AccessError, ReleaseError
from lighed.core.project import Project
from lighed.core.release import Release, current, found_in
from lighed.core.text import say
from lighed.web.app import create_app as public
from lighed.workbench.app import create_app
from lighed.workbench.desk import Desk
from tests.attacks.town import FEW, MADE, SHARE, Town
from tests.browser import served
from tests.workbench.bench import PASSWORD, Bench
from tests.zones import Ran, Run

PEOPLE = {"anna": ["analyst", "releaser"], "bo": ["releaser"], "fie": ["internal_reader"]}
LOW = """
id: low
title: {da: "Færre end 2 skjules", en: "Fewer than 2 are hidden"}
explanation: {da: "Én skjules.", en: "One is hidden."}
mode: suppress
smallest_count: 2
smallest_group: 2
smallest_respondents: 50
"""


@pytest.fixture
def project(towns: tuple[Town, Town], tmp_path: Path) -> Project:
    """The project of a town in which there are people to build and to sign."""
    folder = tmp_path / "town"
    shutil.copytree(towns[0].made.project.folder, folder)
    accounts = Accounts(Project(folder).accounts)
    for name, roles in PEOPLE.items():
        accounts.add_user(name, PASSWORD, roles, by="-")
    accounts.engine.dispose()
    return Project(folder)


def desk(project: Project, name: str) -> Desk:
    accounts = Accounts(project.accounts)
    return Desk(project, accounts, accounts.user(name))


def in_force(project: Project) -> Path | None:
    return current(project.releases / "town")


# --- two persons


def test_a9_on_the_command_line_too_who_builds_does_not_sign(project: Project, run: Run) -> None:
    def ran(*words: object, user: str = "") -> Ran:
        return run(*words, "--project", project.folder, *(["--user", user, "--password", PASSWORD] if user else []))

    alone = ran("build", "--made", MADE)
    assert (alone.code, in_force(project)) == (1, None)
    assert "--user" in alone.err
    assert ran("build", "--made", MADE, user="bo").code == 1
    assert not project.candidates.exists()
    built = ran("build", "--made", MADE, user="anna")
    assert (built.code, in_force(project)) == (0, None)
    assert "lighed sign town" in built.out
    own = ran("sign", "town", user="anna")
    assert (own.code, in_force(project)) == (1, None)
    assert ran("sign", "town", user="bo").code == 0
    assert in_force(project) == project.releases / "town" / "1"
    (one,) = desk(project, "bo").register()
    assert (one["built_by"], one["by"], one["in_force"], one["policy"]) == ("anna", "bo", True, "research_export")
    assert one["audit"] == Release.open(project.releases / "town" / "1").audit
    assert one["audit"]["hidden_figures"] > 0


def test_a9_a_wrong_password_signs_nothing_on_the_command_line(project: Project, run: Run) -> None:
    desk(project, "anna").build("town")
    answer = run("sign", "town", "--project", project.folder, "--user", "bo", "--password", "a wrong pass phrase")
    assert (answer.code, in_force(project)) == (1, None)


def test_without_anybody_to_sign_a_command_puts_in_force_what_it_builds(project: Project, run: Run) -> None:
    accounts = Accounts(project.accounts)
    for name in ("anna", "bo"):
        accounts.set_closed(name, closed=True, by="-")
    accounts.engine.dispose()
    assert run("build", "--project", project.folder, "--made", MADE).code == 0
    (one,) = desk(project, "fie").register()
    assert one["by"] == one["built_by"] != ""
    assert one["in_force"]


def test_a9_a_lower_k_is_shown_to_who_signs_and_takes_a_word_of_its_own(project: Project, run: Run) -> None:
    anna, bo = desk(project, "anna"), desk(project, "bo")
    first = anna.build("town", made=MADE)
    assert bo.changed_rules(first) == {}
    bo.sign_off(first, seen=first.id)
    (project.folder / "policies").mkdir()
    (project.folder / "policies" / "low.yaml").write_text(LOW, "utf-8")
    anna.save_plan("town", anna.plan_text("town").replace("policy: research_export", "policy: low"))
    second = anna.build("town", made=MADE)
    assert bo.changed_rules(second) == {
        "largest_within": (10.0, None),
        "smallest_count": (5, 2),
        "smallest_group": (5, 2),
    }
    with pytest.raises(ReleaseError) as refused:
        bo.sign_off(second, seen=second.id)
    assert refused.value.key == "rules_changed"
    assert in_force(project).name == "1"
    by_command = "sign", "town", "--project", project.folder, "--user", "bo", "--password", PASSWORD
    unsaid = run(*by_command)
    assert (unsaid.code, in_force(project).name) == (1, "1")
    assert "smallest_count has changed: 5 → 2" in unsaid.out
    assert run(*by_command, "--rules").code == 0
    assert in_force(project).name == "2"
    assert [(one["release"], one["in_force"]) for one in bo.register()] == [("2", True), ("1", False)]
    assert "smallest_count: 5 → 2" in bo.accounts.log(1, of="bo")[0].detail


def test_a9_a_first_release_is_held_to_the_policy_as_the_program_has_it(project: Project) -> None:
    (project.folder / "policies").mkdir()
    (project.folder / "policies" / "low.yaml").write_text(LOW, "utf-8")
    anna = desk(project, "anna")
    anna.save_plan("town", anna.plan_text("town").replace("policy: research_export", "policy: low"))
    assert desk(project, "bo").changed_rules(anna.build("town"))["smallest_count"] == (None, 2)


# --- the internal edition


def test_the_internal_edition_hides_nothing_and_only_who_has_the_right_may_see_it(project: Project) -> None:
    for name in ("anna", "bo"):
        with pytest.raises(AccessError):
            desk(project, name).build_internal("town")
    fie = desk(project, "fie")
    name = fie.build_internal("town")
    shown = fie.internal(name, "").estimates(FEW).rows()
    assert shown
    assert not any(row["flags"] == "suppressed" or row["measure"] == "kept" for row in shown)
    assert fie.accounts.log(1)[0].action == "read_internal"
    for other in ("anna", "bo"):
        assert desk(project, other).internals() == []
        with pytest.raises(AccessError):
            desk(project, other).internal(name, "")


def test_the_internal_edition_is_opened_by_no_other_part_of_the_program(project: Project, run: Run) -> None:
    name = desk(project, "fie").build_internal("town")
    folder = project.internal / name / "release"
    for opened in (Release.open, lambda found: public([found])):
        with pytest.raises(ReleaseError) as refused:
            opened(folder)
        assert refused.value.key == "internal"
    for found in (folder, project.internal):
        assert run("serve", found).code == 1
    assert [path for path in project.releases.rglob("*") if path.is_file()] == []  # nor is it in the ledger
    assert found_in(project.releases) == []
    assert "internal" in run("evaluate", "smoke_free_schools", folder).err
    (folder / "audit.json").write_text(json.dumps({"audited": True}), "utf-8")
    with pytest.raises(ReleaseError):
        Release.open(folder)


@pytest.fixture
def bench(project: Project) -> Iterator[Bench]:
    before = tempfile.tempdir
    with served(create_app(project)) as address:
        made = Bench(address, project, project.folder / "none")
        yield made
        for client in made.clients:
            client.close()
    tempfile.tempdir = before


FILES = ["", "about", "protection", f"indicator/{SHARE}", "catalogue", f"area/{FEW}"]
TWINS = [f"indicator/{SHARE}.json", f"indicator/{SHARE}.csv", "index.json", "catalogue.json"]


@pytest.mark.parametrize("lang", ["da", "en"])
def test_every_page_and_file_of_the_internal_edition_bears_the_stamp(lang: str, bench: Bench) -> None:
    name, fie = desk(bench.project, "fie").build_internal("town"), bench.person("fie")
    root, stamp = f"/{lang}/{name}", say("zone.internal.stamp", lang)
    page = fie.get(f"{root}/indicator/{SHARE}?area={FEW}").text
    pictures = {word.replace("&amp;", "&") for word in re.findall(r'src="(/[^"]+/figure/[^"]+)"', page)}
    assert pictures
    answers = {path: fie.get(path) for path in (*(f"{root}/{one}" for one in (*FILES, *TWINS)), *pictures)}
    for path, answer in answers.items():
        assert answer.status_code == 200, path
        assert stamp in answer.text or escape(stamp) in answer.text, path
        assert answer.headers["cache-control"] == "no-store"
    assert json.loads(answers[f"{root}/{TWINS[0]}"].text)["edition"] == stamp
    assert bench.person("anna").get(f"{root}/").status_code == 403
    with httpx.Client(base_url=bench.address) as stranger:
        assert stranger.get(f"{root}/").status_code == 303


def test_the_register_and_a_candidate_say_who_and_by_which_rules(bench: Bench) -> None:
    anna, bo = bench.person("anna"), bench.person("bo")
    anna.done(anna.post("/da/zone/plans/town/build"))
    page = bo.get("/da/zone/candidates/town").text
    seen = page.split('name="candidate" value="')[1].split('"')[0]
    assert bo.post("/da/zone/candidates/town/sign-off", {"candidate": seen}).status_code == 303
    (one,) = bo.get("/da/zone/releases.json").json()["releases"]
    assert (one["built_by"], one["by"], one["in_force"]) == ("anna", "bo", True)
    assert one["audit"]["rules"]["smallest_count"] == 5
    shown = bo.get("/en/zone/releases").text
    assert all(word in shown for word in ("anna", "bo", "research_export", one["at"]))


# --- without a record of the audit nothing is opened


def test_a_release_without_its_audit_record_is_opened_by_nobody(project: Project, run: Run) -> None:
    anna, bo = desk(project, "anna"), desk(project, "bo")
    built = anna.build("town", made=MADE)
    folder = bo.sign_off(built, seen=built.id)
    (folder / "audit.json").unlink()
    for opened in (lambda: Release.open(folder), lambda: public([folder]), bo.register):
        with pytest.raises(ReleaseError) as refused:
            opened()
        assert refused.value.key == "no_audit"
    for words in (("serve", folder), ("serve", project.releases), ("evaluate", "smoke_free_schools", folder)):
        answer = run(*words)
        assert answer.code == 1
        assert "audit.json" in answer.err
