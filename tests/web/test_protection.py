"""The page on how the figures are protected says what the audit of the release at hand found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lighed.catalogue import load
from lighed.core.release import Release
from lighed.core.text import LANGUAGES, Lang, number, say
from lighed.disclosure import publish
from lighed.report.html import Frame
from lighed.report.page import Facts, Heading, Page, Points, Words
from lighed.report.pages import about, protection
from lighed.report.view import View
from tests.conftest import MADE
from tests.disclosure.tables import CATALOGUE, table
from tests.disclosure.test_measures import HOMELESS
from tests.disclosure.test_measures import MADE as MADE_OF_TOWNS
from tests.disclosure.test_release import OWN, project_with, town

FEW_OF_PUBLIC = {"smallest_count": 5, "smallest_group": 5, "public_persons": [HOMELESS], "sums": "together"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_figures_of_the_page_are_those_of_the_audit(lang: Lang, tmp_path: Path) -> None:
    plan = CATALOGUE.plans["synthetic"]
    release = publish(table(town()), plan, CATALOGUE, tmp_path / "release", inputs={}, made=MADE)
    view = View(release, CATALOGUE, lang, release.manifest.front_area)
    page = protection(view)
    record = json.loads((release.folder / "audit.json").read_text("utf-8"))
    (facts,) = (block.facts for block in page.blocks if isinstance(block, Facts))
    names = ("cells", "hidden", "hidden_figures", "lines", "lines_with_one_hidden", "earlier")
    counts = [record[name] for name in names]
    assert [found for _, found in facts] == [number(count, lang, digits=0) for count in counts]
    assert counts[1] > 0 == counts[-2]
    words = [block.text for block in page.blocks if isinstance(block, Words)]
    assert release.manifest.policy_explanation[lang] in words
    mark = {"da": "»skjult«", "en": "“hidden”"}[lang]
    assert sum(mark in text for text in words) == 1
    onward = [link.href for block in about(view).blocks if isinstance(block, Words) for link in block.links]
    assert view.href("protection") in onward
    assert [link.href for link, here in Frame(release, [release], "protection", "").menu(lang) if here] == [
        view.href("about")
    ]


def test_where_sums_are_held_together_the_page_says_what_the_attack_found(tmp_path: Path) -> None:
    plan = CATALOGUE.plans["synthetic"].model_copy(update={"policy": "together"})
    release = publish(table(town()), plan, CATALOGUE, tmp_path / "release", inputs={}, made=MADE)
    page = protection(View(release, CATALOGUE, "en", release.manifest.front_area))
    (facts,) = (dict(block.facts) for block in page.blocks if isinstance(block, Facts))
    assert int(facts["Small numbers that a program tried to work out of all sums together"]) > 0
    assert facts["Small numbers that it found"] == facts["Small numbers that it nearly found"] == "0"
    assert any("Nor from all sums together" in point.text for point in _points(page))


def test_where_sums_are_held_each_for_itself_the_page_does_not_say_more(tmp_path: Path) -> None:
    plan = CATALOGUE.plans["synthetic"]
    release = publish(table(town()), plan, CATALOGUE, tmp_path / "release", inputs={}, made=MADE)
    said = [point.text for point in _points(protection(View(release, CATALOGUE, "en", release.manifest.front_area)))]
    assert any("that was not tried for this release" in text for text in said)
    assert not any("Nor from all sums" in text for text in said)


RULES = {
    "research_export": ["1–4", "at least 5 persons", "at least 50", "within 10%", "fewer than 5 persons"],
    "dst_publication": ["1–2", "at least 3 persons", "at least 50", "within 10%", "fewer than 3 persons"],
    "strict": ["1–9", "10 persons", "100", "at least 3 senders", "more than 85%", "within 10%", "fewer than 10"],
}


@pytest.mark.parametrize("policy", RULES)
def test_every_rule_of_the_policy_stands_in_words_with_its_limit(policy: str, tmp_path: Path) -> None:
    plan = CATALOGUE.plans["synthetic"].model_copy(update={"policy": policy})
    release = publish(table(town()), plan, CATALOGUE, tmp_path / "release", inputs={}, made=MADE)
    page = protection(View(release, CATALOGUE, "en", release.manifest.front_area))
    at = next(k for k, block in enumerate(page.blocks) if isinstance(block, Heading) and block.id == "rules")
    said = [point.text for point in page.blocks[at + 1].items]
    assert len(said) == len(RULES[policy])
    assert all(any(limit in rule for rule in said) for limit in RULES[policy])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_where_measures_of_hidden_groups_are_shown_rounded_it_says_so_and_how_many(lang: Lang, tmp_path: Path) -> None:
    known = load(project_with(tmp_path / "project", OWN | FEW_OF_PUBLIC))
    release = publish(MADE_OF_TOWNS, known.plans["ours"], known, tmp_path / "release", inputs={}, made=MADE)
    page = protection(View(release, known, lang, release.manifest.front_area))
    (facts,) = (dict(block.facts) for block in page.blocks if isinstance(block, Facts))
    shown = [row for area in release.areas for row in release.estimates(area).where(method="rounded").rows()]
    assert facts[say("protection.rounded", lang)] == number(len(shown), lang, digits=0) != "0"
    assert say("protection.rule.public_persons", lang) in [point.text for point in _points(page)]


def _points(page: Page) -> list[Words]:
    return [point for block in page.blocks if isinstance(block, Points) for point in block.items]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_of_figures_that_are_public_already_it_claims_no_check(lang: Lang, denmark_release: Release) -> None:
    page = protection(View(denmark_release, CATALOGUE, lang, "DK"))
    assert [type(block) for block in page.blocks] == [Words, Words]
    assert page.blocks[0] == Words(denmark_release.manifest.policy_explanation[lang], lead=True)
