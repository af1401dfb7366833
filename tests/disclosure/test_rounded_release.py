"""A rounded release: all of it adds up, nothing in it is small or exact beside, and it never meets an exact one."""

from __future__ import annotations

import shutil
from collections import defaultdict
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from lighed.catalogue import Catalogue, load
from lighed.catalogue.areas import members
from lighed.core.errors import ReleaseError
from lighed.core.estimates import KEPT, SCHEMA, Estimates
from lighed.core.release import Release
from lighed.core.text import LANGUAGES, Lang
from lighed.core.types import COUNTRY
from lighed.disclosure import publish
from lighed.disclosure.audit import unequal
from lighed.disclosure.ledger import Ledger, enter
from lighed.report.page import Facts, Page, Points
from lighed.report.pages import protection
from lighed.report.view import View
from lighed.workbench import zone
from tests.attacks.town import EDUCATION, FEW, MAPPING, NAME, REGION, TOWNS, persons
from tests.conftest import MADE
from tests.disclosure.tables import CATALOGUE, estimates, table
from tests.disclosure.test_release import contents, town
from tests.zones import Run, Zone, new_zone

SHARE, BASE, LAST = "without_work", 5, "2024"
INDICATOR = f"""
id: {SHARE}
factor: 6
title: {{da: "Uden arbejde", en: "Without work"}}
short: {{da: "Uden arbejde", en: "Without work"}}
kind: proportion
basis: person
population: {{employment: {{in: [employed, unemployed]}}}}
numerator: {{employment: {{is: unemployed}}}}
polarity: lower_is_better
unit: percent
stratifiers: [education, sex]
source: {{title: {{da: "Borgere", en: "Citizens"}}, owner: Kommunen}}
"""
PLAN = f"""
id: town
title: {{da: "By", en: "Town"}}
summary: {{da: "Elleve kommuner.", en: "Eleven municipalities."}}
policy: rounded
years: [2023, 2024]
front_area: "{REGION}"
indicators: [{SHARE}, F6.1]
"""
Groups = dict[tuple[str, str, str | None, str | None], tuple[int, int]]  # period, area, stratifier, level: n, events


@dataclass(frozen=True)
class Place:
    """Eleven municipalities in a store, and what is known to build releases of them."""

    made: Zone
    catalogue: Catalogue

    @classmethod
    def of(cls, folder: Path, *, moved: bool = False) -> Place:
        made = new_zone(folder, load())
        (made.project.plans / "town.yaml").write_text(PLAN, "utf-8")
        (folder / "indicators").mkdir()
        (folder / "indicators" / f"{SHARE}.yaml").write_text(INDICATOR, "utf-8")
        made.load(made.put(NAME, persons(moved=moved)), MAPPING)
        return cls(made, load(folder))

    def estimates(self, edition: Literal["public", "internal"] = "public", **changed: Any) -> Estimates:
        plan, project = self.catalogue.plans["town"].model_copy(update=changed), self.made.project
        lies = {"store": project.store, "tables": project.tables}
        return zone.estimated(self.catalogue, plan, **lies, edition=edition)[0]

    def published(self, folder: Path, found: Estimates | None = None, ledger: Path | None = None, **changed: Any):
        plan = self.catalogue.plans["town"].model_copy(update=changed)
        found = self.estimates(**changed) if found is None else found
        known = Ledger.open(ledger or folder.parent / "none")
        return publish(found, plan, self.catalogue, folder, inputs={}, made=MADE, ledger=known)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place.of(tmp_path_factory.mktemp("rounded") / "town")


@pytest.fixture(scope="module")
def truth(place: Place) -> Estimates:
    return place.estimates()


@pytest.fixture(scope="module")
def release(place: Place, truth: Estimates, tmp_path_factory: pytest.TempPathFactory) -> Release:
    return place.published(tmp_path_factory.mktemp("shown") / "1", truth)


def rows_of(release: Release) -> list[dict[str, Any]]:
    return [row for area in release.areas for row in release.estimates(area).rows()]


def groups(rows: list[dict[str, Any]], measure: str = "crude") -> Groups:
    names = ("period", "area", "stratifier", "level")
    return {tuple(row[k] for k in names): (row["n"], row["events"]) for row in rows if row["measure"] == measure}


def test_every_sum_that_a_reader_makes_agrees_and_no_count_is_small(release: Release, place: Place) -> None:
    shown = groups(rows_of(release))
    levels: dict[Any, Any] = defaultdict(lambda: np.zeros(2, int))
    towns: dict[Any, Any] = defaultdict(lambda: np.zeros(2, int))
    for (period, area, stratifier, level), pair in shown.items():
        levels[period, area, stratifier] += pair
        if area in members(place.catalogue.areas, REGION, int(period)):
            towns[period, REGION, stratifier, level] += pair
        counts = {*pair, pair[0] - pair[1]}
        assert all(count == 0 or count >= BASE for count in counts)
    assert {tuple(pair) for key, pair in towns.items() if tuple(pair) != shown[key]} == set()
    assert all(tuple(pair) == shown[(*key[:2], None, None)] for key, pair in levels.items())
    assert {area for _, area, _, _ in shown} == {REGION, *TOWNS}


def test_rounding_changed_small_groups_and_is_the_whole_change(release: Release, truth: Estimates) -> None:
    shown, exact = groups(rows_of(release)), groups(truth.rows(), KEPT)
    off = np.abs([np.subtract(shown[key], exact[key]) for key in shown])
    assert exact[LAST, FEW, "education", "short"] == (48, 45)
    assert shown[LAST, "0860", "education", "short"][1] != exact[LAST, "0860", "education", "short"][1] == 3
    record = release.audit
    assert record["largest_change"] - BASE < off.max() <= record["largest_change"]
    assert record["largest_change"] % BASE == 0 != off.max() % BASE
    assert record["mean_change"] - 1 < off.mean() <= record["mean_change"]
    assert (record["small"], record["unequal_sums"], record["hidden_figures"]) == (0, 0, 0)
    assert record["left_out"] == ["F6.1"]


def test_every_figure_is_worked_out_of_rounded_groups_and_says_so(release: Release) -> None:
    rows, found = rows_of(release), 0
    assert all(row["method"].endswith("rounded counts") and row["measure"] != KEPT for row in rows)
    value = {(r["period"], r["area"], r["level"]): r["value"] for r in rows if r["measure"] == "crude"}
    for row in rows:
        place = row["period"], row["area"]
        if row["measure"] == "crude" and row["n"]:
            assert row["value"] == pytest.approx(100 * row["events"] / row["n"])
        if row["measure"] == "difference" and row["stratifier"] == "education" and row["component"] is None:
            assert row["value"] == pytest.approx(value[(*place, "short")] - value[(*place, "long")])
            found += 1
    assert found == 2 * (len(TOWNS) + 1)


def test_a_release_that_is_built_again_is_equal_to_the_byte(release: Release, place: Place, tmp_path: Path) -> None:
    for name in ("2", "3"):
        assert contents(place.published(tmp_path / name).folder) == contents(release.folder)


EXACT = {
    "the total of a municipality": {"area": FEW, "stratifier": None},
    "a group of a municipality": {"area": FEW, "stratifier": "education", "level": "short"},
    "the total of the region": {"area": REGION, "stratifier": None},
    "a group of the region": {"area": REGION, "stratifier": "education", "level": "short"},
}


@pytest.mark.parametrize("total", EXACT)
def test_an_exact_total_among_rounded_ones_is_refused(
    total: str, place: Place, truth: Estimates, tmp_path: Path
) -> None:
    rows, exact = truth.rows(), groups(truth.rows(), KEPT)
    wanted = EXACT[total] | {"period": LAST, "measure": "crude"}
    (row,) = (row for row in rows if all(row[name] == word for name, word in wanted.items()))
    pair = exact[row["period"], row["area"], row["stratifier"], row["level"]]
    assert (row["n"], row["events"]) != pair
    row |= {"n": pair[0], "events": pair[1]}
    with pytest.raises(ReleaseError) as refused:
        place.published(tmp_path / "1", Estimates(pa.Table.from_pylist(rows, SCHEMA)))
    assert refused.value.key == "rounding_unsafe"
    assert [*tmp_path.iterdir()] == []


def test_the_audit_sees_every_count_that_is_other_than_the_sum_of_its_parts() -> None:
    rows = table(town(), crossed=True).rows()
    assert unequal(estimates(rows), CATALOGUE) == 0
    counted = [row for row in rows if row["measure"] == "crude"]
    assert {"poverty_fifth", "municipality_group", "education_sex"} < {row["stratifier"] for row in counted}
    for row in counted:
        row["events"] += BASE
        assert unequal(estimates(rows), CATALOGUE) > 0, row
        row["events"] -= BASE


def test_the_command_line_says_what_is_left_out_and_refuses_the_other_mode_after_it(
    place: Place, run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "town"
    shutil.copytree(place.made.project.folder, folder)
    other = PLAN.replace("id: town", "id: other").replace("policy: rounded", "policy: research_export")
    (folder / "plans" / "other.yaml").write_text(other, "utf-8")
    first = run("build", "--plan", "town", "--project", folder, "--made", MADE)
    assert first.code == 0
    assert "worked out of rounded counts, and are not in it: 1." in " ".join(first.out.split())
    second = run("build", "--plan", "other", "--project", folder, "--made", MADE)
    assert second.code == 1
    assert "for 2023, 2024" in " ".join(second.err.split())
    again = run("build", "--plan", "town", "--project", folder, "--made", MADE)
    assert (again.code, len([*(folder / "releases" / "town").glob("*/manifest.json")])) == (0, 1)


ALIKE: dict[str, dict[tuple[str, str | None, str | None], int]] = {
    "a group in all areas": {(area, "education", "short"): 5 for area in ("0860", REGION, "group-5", COUNTRY)},
    "two groups of an area": {("0860", "education", "short"): 5, ("0860", "education", "medium"): -5},
    "two groups of areas": {(COUNTRY, "poverty_fifth", "second"): 5, (COUNTRY, "poverty_fifth", "middle"): -5},
}


@pytest.mark.parametrize("moved", ALIKE)
def test_the_audit_sees_counts_that_are_other_in_all_sums_but_one(moved: str) -> None:
    rows = table(town()).rows()
    for row in rows:
        if row["measure"] == "crude":
            row["n"] += ALIKE[moved].get((row["area"], row["stratifier"], row["level"]), 0)
    assert unequal(estimates(rows), CATALOGUE) > 0


def test_the_internal_edition_is_of_exact_counts_and_has_all_that_the_plan_asks_for(
    place: Place, truth: Estimates
) -> None:
    found = place.estimates("internal")
    assert groups(found.where(indicator=SHARE).rows()) == groups(truth.rows(), KEPT)
    assert found.distinct("indicator") == ["F6.1", SHARE]


def test_a_small_count_is_refused_though_all_sums_agree(place: Place, truth: Estimates, tmp_path: Path) -> None:
    rows = truth.rows()
    for row in rows:
        of_sex = (row["period"], row["stratifier"], row["measure"]) == (LAST, "sex", "crude")
        if of_sex and row["area"] in (FEW, REGION):
            row["n"] += {"female": -2, "unknown": 2}.get(row["level"], 0)
    with pytest.raises(ReleaseError) as refused:
        place.published(tmp_path / "1", Estimates(pa.Table.from_pylist(rows, SCHEMA)))
    assert (refused.value.key, refused.value.values["sums"]) == ("rounding_unsafe", 0)


def test_what_was_not_rounded_is_refused(place: Place, tmp_path: Path) -> None:
    exact = place.estimates(policy="research_export")
    for found in (exact, exact.where(indicator=SHARE), exact.where(indicator="none")):
        with pytest.raises(ReleaseError) as refused:
            place.published(tmp_path / "1", found)
        assert refused.value.key == "not_rounded"


@pytest.fixture(scope="module")
def ledgers(place: Place, release: Release, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The ledgers of a rounded release, and of one of 2023 in which small counts are hidden."""
    folder = tmp_path_factory.mktemp("ledgers")
    hidden = place.published(folder / "hidden" / "1", policy="research_export", years=(2023, 2023))
    for name, one in (("rounded", release), ("hidden", hidden)):
        enter(folder / f"of_{name}", one.folder)
    return {name: folder / f"of_{name}" for name in ("rounded", "hidden")}


def test_rounded_and_exact_counts_of_one_period_never_meet(
    place: Place, ledgers: dict[str, Path], tmp_path: Path
) -> None:
    for before, policy in (("rounded", "research_export"), ("hidden", "rounded")):
        with pytest.raises(ReleaseError) as refused:
            place.published(tmp_path / "1", ledger=ledgers[before], policy=policy)
        assert refused.value.key == "two_modes"
        assert all("2023" in refused.value.sentence(lang) for lang in LANGUAGES)
    later = place.published(tmp_path / "1", ledger=ledgers["hidden"], years=(2024, 2024))
    assert later.audit["earlier"] == 1


def test_a_year_that_was_published_rounded_is_published_as_it_was(
    place: Place, release: Release, ledgers: dict[str, Path], tmp_path: Path
) -> None:
    first = place.published(tmp_path / "first", years=(2023, 2023))
    shown = groups(rows_of(release))
    assert groups(rows_of(first)) == {key: pair for key, pair in shown.items() if key[0] == "2023"}
    again = place.published(tmp_path / "again", ledger=ledgers["rounded"])
    assert groups(rows_of(again)) == shown


def test_other_rounded_counts_of_a_year_that_was_published_are_refused(
    place: Place, ledgers: dict[str, Path], tmp_path: Path
) -> None:
    finer = {"stratifiers_of": {SHARE: ("age_group",)}}
    corrected = Place.of(tmp_path / "corrected", moved=True)
    for one, changed, period in ((place, finer, "2023, 2024"), (corrected, {}, "2024")):
        with pytest.raises(ReleaseError) as refused:
            one.published(tmp_path / "1", ledger=ledgers["rounded"], **changed)
        assert (refused.value.key, refused.value.values["periods"]) == ("rounded_otherwise", period)
    shutil.rmtree(tmp_path / "corrected")


def ends(area: str, level: str, has: int, shown: Groups, exact: Groups) -> list[int]:
    """The fewest and the most of an education group with the thing (or without), to who solves all counts as integers.

    The unknown are the cells of education and sex of a municipality, with the thing and without: what each is rounded
    to, and what it is. One rounded to 0 is 0 to 4, one of 5 is 1 to 5, and of a larger one all is known.
    """
    atoms = [*product((1, 0), EDUCATION, ("female", "male"))]
    size, most, inf = len(atoms), 1000, np.inf
    eye, none = np.eye(size), np.zeros((size, size))
    # for each cell: what it is rounded to, what it is, and whether it is rounded to 0, to 5, or to more
    rules = [
        LinearConstraint(np.hstack([none, none, eye, eye, eye]), 1, 1),
        LinearConstraint(np.hstack([eye, none, none, -BASE * eye, -most * eye]), -inf, 0),
        LinearConstraint(np.hstack([eye, none, none, -BASE * eye, -(BASE + 1) * eye]), 0, inf),
        LinearConstraint(np.hstack([-eye, eye, -(BASE - 1) * eye, none, none]), -inf, 0),
        LinearConstraint(np.hstack([-eye, eye, none, (BASE - 1) * eye, none]), 0, inf),
    ]
    for at, told in enumerate((shown, exact)):
        for (period, place, by, word), counts in told.items():
            if (period, place) == (LAST, area):
                inside = np.array([word in (None, atom[1 + (by == "sex")]) for atom in atoms], float)
                for counted, count in zip((inside, inside * [atom[0] for atom in atoms]), counts, strict=True):
                    rules.append(LinearConstraint(np.pad(counted, (at * size, (4 - at) * size)), count, count))
    wanted = np.pad([float(atom[:2] == (has, level)) for atom in atoms], (size, 3 * size))
    bounds = Bounds(0, np.repeat([most, most, 1, 1, 1], size))
    found = [milp(sign * wanted, integrality=1, bounds=bounds, constraints=rules) for sign in (1, -1)]
    assert all(one.success for one in found)
    return [round(sign * one.fun) for sign, one in zip((1, -1), found, strict=True)]


SMALL = {("0860", "short", 1): 3, (FEW, "short", 0): 3}  # municipality, education, with the thing or without


@pytest.mark.parametrize("group", SMALL, ids=str)
def test_who_solves_all_that_is_shown_finds_no_small_count(
    group: tuple[str, str, int], release: Release, truth: Estimates
) -> None:
    """Who has the exact counts of the other groups beside it does."""
    shown, exact = groups(rows_of(release)), groups(truth.rows(), KEPT)
    n, events = exact[LAST, group[0], "education", group[1]]
    assert (events if group[2] else n - events) == SMALL[group]
    least, most = ends(*group, shown, {})
    assert least <= 1 < BASE - 1 <= most
    beside = {key: pair for key, pair in exact.items() if key[-1] != group[1]}
    assert ends(*group, shown, beside) == [SMALL[group]] * 2


def _facts(page: Page) -> dict[str, str]:
    return {name: found for block in page.blocks if isinstance(block, Facts) for name, found in block.facts}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_says_what_the_audit_found_and_what_is_left_out(lang: Lang, place: Place, release: Release) -> None:
    page = protection(View(release, place.catalogue, lang, REGION))
    record = release.audit
    names = ("cells", "small", "unequal_sums", "largest_change", "mean_change", "earlier")
    assert [*_facts(page).values()] == [str(record[name]) for name in names]
    said = " ".join(point.text for block in page.blocks if isinstance(block, Points) for point in block.items)
    assert {"da": "derfor mangler: 1", "en": "for that reason: 1"}[lang] in said
    assert {"da": "mindst 5 tilfælde", "en": "no cases or at least 5"}[lang] in said
