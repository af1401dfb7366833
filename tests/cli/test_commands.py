"""The command line: help in words, a project from files to pages, exit codes, and Ctrl-C that leaves things whole."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer

from lighed import cli
from lighed.catalogue import Catalogue
from lighed.core.release import Release
from tests.zones import Run, Zone, new_zone

COMMANDS = ["init", "load", "check", "build", "sign", "serve", "workbench", "measure", "evaluate", "demo", "forms"]
COMMANDS += ["portfolio"]
MADE, WRONG_WORDS = "2026-11-22", 2
DAILY = {"10": 0.4, "30": 0.25, "70": 0.1}
AREAS = ("101", "751")


def people() -> list[dict[str, str]]:
    """Persons of two towns who were asked whether they smoke; the longer the education, the fewer do."""
    chance, found = random.Random(7), []
    for k in range(600):
        day, month, year = chance.randint(1, 28), chance.randint(1, 12), chance.randint(40, 99)
        education = chance.choice([*DAILY])
        found.append(
            {
                "cpr": f"{day:02}{month:02}{year:02}{k:04}",
                "born": f"{day:02}-{month:02}-19{year:02}",
                "sex": str(1 + k % 2),
                "area": AREAS[k % 3 // 2],
                "education": education,
                "smokes": "daily" if chance.random() < DAILY[education] else "not_daily",
                "weight": chance.choice(["1.0", "2.5"]),
            }
        )
    return found


PEOPLE = people()
BORGERE = "CPR;AAR;KOEN;FOEDT;KOMNR;UDD\n" + "".join(
    f"{p['cpr']};{year};{p['sex']};{p['born']};{p['area']};{p['education']}\n" for p in PEOPLE for year in (2020, 2021)
)
SURVEY = "person_id,smoker,weight\n" + "".join(f"{p['cpr']},{p['smokes']},{p['weight']}\n" for p in PEOPLE)
PLAN = """id: town
title: {da: "By", en: "Town"}
summary: {da: "To byer.", en: "Two towns."}
policy: research_export
years: [2020, 2021]
front_area: "0101"
indicators: [F3.1]
"""


def asked(area: str) -> tuple[int, float]:
    """How many of an area were asked, and the percent of them who smoke, by their weights."""
    of = [(float(p["weight"]), p["smokes"] == "daily") for p in PEOPLE if p["area"] == area]
    return len(of), 100 * sum(weight for weight, smokes in of if smokes) / sum(weight for weight, _ in of)


# --- help


def options(name: str) -> list[Any]:
    group: Any = typer.main.get_command(cli.app)
    return [option for option in group.commands[name].params if option.name != "help"]


def plain(text: str) -> str:
    """The words of a help page, without its frames and the breaks of its lines."""
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", text).split())


def test_the_help_says_what_each_command_does(run: Run) -> None:
    ran = run("--help")
    assert ran.code == 0
    group: Any = typer.main.get_command(cli.app)
    assert list(group.commands) == COMMANDS
    for name, command in group.commands.items():
        first = command.get_short_help_str(30).split()[:3]
        assert plain(f"{name} {' '.join(first)}") in plain(ran.out)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_explains_it_and_all_its_options(name: str, run: Run) -> None:
    ran = run(name, "--help")
    assert (ran.code, ran.err) == (0, "")
    shown = plain(ran.out)
    command: Any = typer.main.get_command(cli.app)
    assert plain(command.commands[name].help) in shown
    for option in options(name):
        assert option.help
        for word in option.help.split():
            assert word in shown
        assert max(option.opts, key=len) in shown or option.human_readable_name.upper() in shown.upper()


def test_without_a_command_the_help_is_shown(run: Run) -> None:
    ran = run()
    assert ran.code == WRONG_WORDS
    assert plain(ran.out).split("Commands ")[1] == plain(run("--help").out).split("Commands ")[1]


# --- from files to pages


def address() -> tuple[int, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    return port, f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def started(
    *words: object, lang: str = "en", first: Sequence[str] = ("-m", "lighed.cli")
) -> Iterator[subprocess.Popen[str]]:
    """The program itself, as a process of its own."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "LIGHED_LANG": lang}
    command = [sys.executable, *first, *map(str, words)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as program:
        try:
            yield program
        finally:
            program.kill()


def answer(url: str) -> httpx.Response:
    """What a server answers, when it has come up."""
    for _ in range(600):
        with contextlib.suppress(httpx.ConnectError):
            return httpx.get(url, verify=False, follow_redirects=True, timeout=60)
        time.sleep(0.1)
    raise AssertionError(url)


def finish(mapping: Path, **replaced: str) -> None:
    text = mapping.read_text("utf-8")
    for old, new in replaced.items():
        assert f"{old}: " in text
        text = re.sub(rf"(?m)^{old}: .*$", f"{old}: {new}", text)
    mapping.write_text(text, "utf-8")


def test_a_project_goes_from_files_in_two_languages_to_pages(run: Run, tmp_path: Path) -> None:
    project, danish, english = tmp_path / "town", tmp_path / "borgere.csv", tmp_path / "survey.csv"
    danish.write_text(BORGERE, "cp1252")
    english.write_text(SURVEY, "utf-8")
    ran = run("init", danish, english, "--project", project, lang="da")
    assert (ran.code, ran.out.count("Læs det igennem, og kør derefter: lighed load")) == (0, 2)
    ran = run("load", danish, english, "--project", project)
    assert (ran.code, "survey.yaml" in ran.err) == (1, True)  # the year is for a person to say
    finish(project / "mappings" / "survey.yaml", period="{year: 2021}", constants="{respondent.wave: profile}")
    ran = run("load", danish, english, "--project", project, lang="da")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "borgere.csv var indlæst i forvejen; intet er ændret.",
        "survey.csv: 1.200 rækker om 600 personer er gemt (respondent 600, answer 600).",
    ]
    assert run("check", "--project", project).code == 0
    (project / "plans" / "town.yaml").write_text(PLAN, "utf-8")
    ran = run("build", "--project", project, "--made", MADE)
    assert (ran.code, "The release stands in" in ran.out, ran.err) == (0, True, "")
    ran = run("build", "--project", project, "--made", MADE, lang="da")
    assert (ran.code, "findes allerede med samme indhold" in ran.out) == (0, True)
    versions = project / "releases" / "town"
    assert sorted(path.name for path in versions.iterdir()) == ["1", "current", "signed.jsonl"]
    for area in AREAS:
        rows = Release.open(versions / "1").estimates(f"0{area}").table.to_pylist()
        whole = [r for r in rows if (r["measure"], r["stratifier"], r["period"]) == ("crude", None, "2021")]
        assert [(row["n"], pytest.approx(row["value"])) for row in whole] == [asked(area)]
    serve_and_stop(project / "releases")


def serve_and_stop(releases: Path) -> None:
    port, at = address()
    with started("serve", releases, "--port", port, lang="da") as server:
        front, page = answer(f"{at}/"), answer(f"{at}/en/town/indicator/F3.1")
        missing = answer(f"{at}/en/town/indicator/F9.9")
        server.send_signal(signal.SIGINT)
        out, err = server.communicate(timeout=60)
    assert (front.status_code, page.status_code, missing.status_code) == (200, 200, 404)
    assert 'lang="da"' in front.text
    assert "Share who smoke daily" in page.text
    assert f"Lighed er på {at}/" in out
    assert "Traceback" not in err
    assert server.returncode in {0, cli.STOPPED}


# --- exit codes


WRONG: dict[str, tuple[tuple[str, ...], int, str]] = {
    "no such command": (("uild",), 2, "No such command"),
    "no such option": (("build", "--fast"), 2, "No such option"),
    "no file": (("load",), 2, "Missing argument"),
    "no number": (("serve", "--port", "x"), 2, "valid integer"),
    "too few persons": (("demo", "--persons", "5"), 2, "greater than or equal to 10000"),
    "a file that is not there": (("init", "{folder}/no.csv", "--project", "{folder}/p"), 1, "there is no such file"),
    "a file without a mapping": (("load", "{folder}/no.csv", "--project", "{folder}/p"), 1, "First run: lighed init"),
    "a table that is not there": (("measure", "{folder}/no.csv"), 1, "there is no such file"),
    "no plan": (("build", "--project", "{folder}/p", "--plan", "x"), 1, "x"),
    "nothing to serve": (("serve", "{folder}"), 1, "There are no releases in"),
    "a broken definition": (("check", "--project", "{folder}/broken"), 1, "plans/wrong.yaml"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_goes_wrong_is_a_sentence_and_a_code(name: str, run: Run, tmp_path: Path) -> None:
    words, code, said = WRONG[name]
    (tmp_path / "broken" / "plans").mkdir(parents=True)
    (tmp_path / "broken" / "plans" / "wrong.yaml").write_text("id: wrong\n", "utf-8")
    ran = run(*(word.format(folder=tmp_path) for word in words))
    assert ran.code == code
    assert said in plain(ran.err)
    assert "Traceback" not in ran.err


def test_a_port_that_is_taken_is_said_so(denmark_release: Release, run: Run) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ran = run("serve", denmark_release.folder, "--port", port, lang="da")
    assert (ran.code, ran.out) == (1, "")
    assert f"Port {port} er optaget" in ran.err


# --- Ctrl-C


MAPPINGS = {
    "borgere": """
id: borgere
period: {column: AAR}
columns:
  CPR: {to: person_id}
  KOEN: {to: person.sex, codes: {"1": male, "2": female}}
  FOEDT: {to: person.birth_date, date: dd-mm-yyyy}
  KOMNR: {to: residence.area}
  UDD: {to: position.education}
""",
    "survey": """
id: survey
format: {decimal: "."}
period: {year: 2021}
columns:
  person_id: {to: person_id}
  smoker: {to: answer.daily_smoking}
  weight: {to: respondent.weight}
constants: {respondent.wave: profile}
""",
}


def settled(folder: Path, catalogue: Catalogue) -> Zone:
    """A project with its persons, and a plan."""
    made = new_zone(folder, catalogue)
    (made.project.plans / "town.yaml").write_text(PLAN, "utf-8")
    for name, content in (("borgere", BORGERE), ("survey", SURVEY)):
        (made.project.mappings / f"{name}.yaml").write_text(MAPPINGS[name], "utf-8")
        made.load(made.put(f"{name}.csv", content), MAPPINGS[name])
    return made


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> Zone:
    return settled(tmp_path_factory.mktemp("town") / "town", catalogue)


def files_of(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def without_frames(of: Zone) -> dict[str, str]:
    """Every file of a store but the person-years, which may be made again at any time."""
    return {name: digest for name, digest in of.digest().items() if "/frames/" not in name}


def interrupt(*_: object, **__: object) -> None:
    """What Ctrl-C sends, to this process."""
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(1)


# Ctrl-C while the engine works on a query that does not end at once.
IN_A_QUERY = """
import os, signal, threading
from lighed import cli
from lighed.store import frame

def query(engine, *_):
    threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
    engine.raw_sql("SELECT sum(range % 7) FROM range(200000000)")

frame._write = query
cli.main()
"""


def interrupted(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    module, _, name = where.rpartition(":")
    owner: Any = importlib.import_module(module)
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    monkeypatch.setattr(owner, last, interrupt)


@pytest.mark.parametrize("where", ["sources.files:read", "store.ingest:_numbered", "store.snapshot:Writer.record"])
def test_ctrl_c_during_a_load_leaves_the_store_as_it_was(
    where: str, town: Zone, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = town.put("survey.csv", SURVEY.replace("2.5", "3.5"))
    before = town.digest()
    with monkeypatch.context() as during:
        interrupted(during, f"lighed.{where}")
        ran = run("load", path, "--project", town.project.folder, "--replace", lang="da")
    assert (ran.code, ran.out, ran.err) == (cli.STOPPED, "", "Afbrudt. Intet er halvt gemt.\n")
    assert town.digest() == before
    ran = run("load", path, "--project", town.project.folder, "--replace", "--dry-run")
    assert (ran.code, "600 persons would be stored" in ran.out) == (0, True)


POINTS = {
    "when the person-years stand": "analysis.build:Records",
    "while cells are hidden": "disclosure.release:secondary",
    "while the release is written": "disclosure.release:Manifest",
}


@pytest.mark.parametrize("name", POINTS)
def test_ctrl_c_during_a_build_leaves_no_half_of_a_release(
    name: str, town: Zone, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, releases = without_frames(town), files_of(town.project.releases)
    with monkeypatch.context() as during:
        interrupted(during, f"lighed.{POINTS[name]}")
        ran = run("build", "--project", town.project.folder, "--made", MADE)
    assert (ran.code, ran.out, ran.err) == (cli.STOPPED, "", "Interrupted. Nothing was left half-stored.\n")
    assert files_of(town.project.releases) == releases
    assert without_frames(town) == before


def test_ctrl_c_during_a_query_is_ctrl_c_too(town: Zone) -> None:
    shutil.rmtree(town.project.store / "frames", ignore_errors=True)
    before = without_frames(town)
    with started("build", "--project", town.project.folder, first=["-c", IN_A_QUERY]) as program:
        out, err = program.communicate(timeout=100)
    assert (program.returncode, out, err) == (cli.STOPPED, "", "Interrupted. Nothing was left half-stored.\n")
    assert without_frames(town) == before


def test_a_build_after_ctrl_c_is_the_one_that_would_have_been(
    town: Zone, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stopped = settled(tmp_path / "town", town.catalogue)
    shutil.copy(town.project.key, stopped.project.key)  # which seals what the release says it was made of
    with monkeypatch.context() as during:
        interrupted(during, "lighed.store.frame:Path.touch")  # the person-years stand, but nothing says so
        assert run("build", "--project", stopped.project.folder, "--made", MADE).code == cli.STOPPED
    for one in (stopped, town):
        assert run("build", "--project", one.project.folder, "--made", MADE).code == 0
    versions = [files_of(one.project.releases / "town" / "1") for one in (stopped, town)]
    assert len(versions[0]) == len(AREAS) + 3
    assert versions[0] == versions[1]
