"""The documents say what is true: links lead somewhere, commands exist, examples run."""

from __future__ import annotations

import csv
import re
import runpy
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
import yaml

from lighed.analysis.examples import mistakes, mistakes_along, mistakes_of_evaluation
from lighed.catalogue import evaluation, load
from lighed.cli import app
from lighed.core.form import mistakes_of_form
from lighed.core.register import mistakes_of_register
from lighed.core.survey import SurveyMapping
from lighed.portfolio.diagnostics import mistakes_of_diagnostic
from lighed.stats import MEASURES, TESTS, gaps, groups, registry

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
HANDBOOK = runpy.run_path(str(ROOT / "scripts" / "handbook.py"))


def blocks(document: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", (ROOT / document).read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_and_picture_leads_to_a_file(document: Path) -> None:
    prose = re.sub(r"`[^`]*`", "", document.read_text("utf-8"))
    named = re.findall(r"\]\(([^)#:]+)\)|src=\"([^\"]+)\"", prose)
    assert [link for pair in named for link in pair if link and not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_every_make_command_is_in_the_makefile(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    asked = set(re.findall(r"(?:^|`)make ([a-z-]+)", (ROOT / document).read_text("utf-8"), re.MULTILINE))
    assert asked
    assert asked <= targets


def test_every_command_of_the_readme_exists_with_its_options() -> None:
    lines = [line for block in blocks("README.md", "sh") for line in block.splitlines() if line.startswith("lighed ")]
    assert len(lines) > 4
    for line in lines:
        _, command, *words = shlex.split(line, comments=True)
        found = getattr(COMMANDS[command], "commands", {}).get(words[0] if words else "", COMMANDS[command])
        options = {name for parameter in found.params for name in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= options, line


def test_the_indicator_of_the_guide_is_computed(tmp_path: Path, engine: Any) -> None:
    text, *_ = blocks("CONTRIBUTING.md", "yaml")
    (tmp_path / "indicators").mkdir()
    name = yaml.safe_load(text)["id"]
    (tmp_path / "indicators" / f"{name}.yaml").write_text(text, "utf-8")
    indicator = load(tmp_path).indicators[name]
    assert indicator.computes
    assert list(mistakes(engine, indicator)) == []
    assert list(mistakes(engine, indicator.model_copy(update={"numerator": indicator.population}))) != []


def test_the_patients_of_the_guide_are_followed(tmp_path: Path, engine: Any) -> None:
    _, text, *_ = blocks("CONTRIBUTING.md", "yaml")
    (tmp_path / "pathways").mkdir()
    name = yaml.safe_load(text)["id"]
    (tmp_path / "pathways" / f"{name}.yaml").write_text(text, "utf-8")
    known = load(tmp_path)
    assert {f"{name}.referred", f"{name}.came", f"{name}.came.all"} <= set(known.indicators)
    assert list(mistakes_along(engine, known.pathways[name])) == []


def test_the_rule_of_the_guide_finds_what_it_says(tmp_path: Path) -> None:
    _, _, text, *_ = blocks("CONTRIBUTING.md", "yaml")
    (tmp_path / "diagnostics").mkdir()
    name = yaml.safe_load(text)["id"]
    (tmp_path / "diagnostics" / f"{name}.yaml").write_text(text, "utf-8")
    known = load(tmp_path)
    assert list(mistakes_of_diagnostic(known.diagnostics[name], known.registers)) == []


def test_the_mapping_of_the_guide_knows_answers_and_days() -> None:
    _, _, _, text, *_ = blocks("CONTRIBUTING.md", "yaml")
    mapping = SurveyMapping.model_validate(yaml.safe_load(text))
    assert [mapping.items[0].counts(said) for said in ("a1", "NEJ", "Ved ikke", "?")] == [
        "counted", "against", "left_out", None,
    ]  # fmt: skip
    assert mapping.day("08-14-2026") == "2026-08-14"


def test_the_form_of_the_guide_adds_its_offers(tmp_path: Path) -> None:
    *_, text, _ = blocks("CONTRIBUTING.md", "yaml")
    (tmp_path / "forms").mkdir()
    name = yaml.safe_load(text)["id"]
    (tmp_path / "forms" / f"{name}.yaml").write_text(text, "utf-8")
    form = load(tmp_path).forms[name]
    assert list(mistakes_of_form(form)) == []
    assert list(mistakes_of_form(form.model_copy(update={"bands": form.bands[:1]}))) != []


def test_the_register_of_the_guide_takes_and_refuses_what_it_says(tmp_path: Path) -> None:
    *_, text, _, _ = blocks("CONTRIBUTING.md", "yaml")
    (tmp_path / "registers").mkdir()
    (tmp_path / "registers" / "walking_routes.yaml").write_text(text, "utf-8")
    register = load(tmp_path).registers["walking_routes"]
    assert len(register.example) == 2
    assert list(mistakes_of_register(register)) == []


def test_the_evaluation_of_the_guide_gives_its_effects(tmp_path: Path) -> None:
    *_, text = blocks("CONTRIBUTING.md", "yaml")
    (tmp_path / "own.yaml").write_text(text, "utf-8")
    known = load()
    one = evaluation(known, str(tmp_path / "own.yaml"))
    assert list(mistakes_of_evaluation(one, known.groups(one))) == []
    worse = one.model_copy(update={"polarity": "higher_is_better"})
    assert list(mistakes_of_evaluation(worse, known.groups(worse))) != []


def test_the_handbook_is_that_of_the_statistics() -> None:
    """`make handbook` writes it."""
    made = HANDBOOK["text"]()
    assert (ROOT / "docs" / "handbook.md").read_text("utf-8") == made
    linked = re.findall(r"\]\(#([^)]+)\)", made)
    assert set(linked) == set(re.findall(r'<a id="([^"]+)"></a>', made))
    assert {*MEASURES, *TESTS} < set(HANDBOOK["statistics"]()) < set(linked)


def test_every_public_statistic_stands_once_in_the_handbook() -> None:
    """With its formula, when to use it, and when not: add it to `docs/handbook.yaml`, under the question it answers."""
    texts = yaml.safe_load((ROOT / "docs" / "handbook.yaml").read_text("utf-8"))
    entries = [(name, more) for answers in texts.values() for name, more in answers.items()]
    assert sorted(name for name, _ in entries) == sorted(HANDBOOK["statistics"]())
    for name, more in entries:
        assert list(more) == ["formula", "use", "avoid"], name
        assert all(more.values()), name


def test_where_an_interval_was_measured_to_fail_the_row_is_marked() -> None:
    """`python benchmarks/coverage.py --write` measures it."""
    with (ROOT / "docs" / "coverage.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["measure"] for row in rows} == set(MEASURES)
    failing = [row for row in rows if not 93 <= float(row["held"]) <= 97]
    assert len(failing) > 20
    assert [row for row in failing if float(row["unreliable"]) < 75] == []


def test_the_measure_of_the_guide_is_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    (text,) = blocks("CONTRIBUTING.md", "python")
    monkeypatch.setattr(registry, "MEASURES", {})
    exec(text, vars(gaps) | vars(groups))
    (new,) = registry.MEASURES.values()
    assert new(np.array([30.0, 20.0, 10.0]), np.array([1.0, 1.0, 2.0])) == pytest.approx(7.5)
