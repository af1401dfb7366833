"""A release: its bytes depend on what is shown alone, it says how it was made, and it is whole or refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from lighed import __version__
from lighed.analysis.build import from_store
from lighed.catalogue import Catalogue, load
from lighed.core.errors import DefinitionError, ReleaseError
from lighed.core.estimates import Estimates
from lighed.core.release import Release, found_in
from lighed.core.text import LANGUAGES
from lighed.core.types import COUNTRY, UNKNOWN, ReleasePlan
from lighed.disclosure import publish, release
from lighed.store.engine import connect
from tests.conftest import MADE, Synthetic
from tests.disclosure.reader import hidden
from tests.disclosure.tables import CATALOGUE, EDUCATION, Counts, estimates, table

INPUTS = {"persons.csv": "0f" * 32, "answers.csv": "a1" * 32}
PLAN = CATALOGUE.plans["synthetic"]


def town(**pairs: tuple[int, int]) -> Counts:
    """Persons and cases of the education groups of Aalborg and Hjørring, one of them small."""
    others = {"short_0851": (900, 400), "medium_0851": (900, 400), "long_0851": (900, 400), "unknown_0851": (90, 40)}
    given = others | {"short_0860": (60, 4), "medium_0860": (70, 30), "long_0860": (80, 30), "unknown_0860": (50, 20)}
    found = {tuple(name.split("_")): pair for name, pair in (given | pairs).items()}
    return {("2024", area, education, "female"): pair for (education, area), pair in found.items()}


def published(folder: Path, found: Estimates, plan: ReleasePlan = PLAN, **changed: Any) -> Release:
    given: dict[str, Any] = {"inputs": INPUTS, "made": MADE, "seed": 7}
    return publish(found, plan, CATALOGUE, folder, **given | changed)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def small(tmp_path: Path) -> Release:
    return published(tmp_path / "small", table(town()))


def test_the_order_of_estimates_and_files_is_not_in_the_bytes(tmp_path: Path, small: Release) -> None:
    rows = table(town()).rows()
    mixed = estimates([rows[k] for k in np.random.default_rng(1).permutation(len(rows))])
    again = published(tmp_path / "mixed", mixed, inputs=dict(reversed(INPUTS.items())))
    assert contents(again.folder) == contents(small.folder)


def test_a_release_built_twice_from_the_same_persons_is_equal_to_the_byte(
    synthetic: Synthetic, catalogue: Catalogue, tmp_path: Path
) -> None:
    some = PLAN.model_copy(update={"indicators": ("F3.1", "F6.1", "F8.1b", "I7.1"), "years": (2025, 2025)})
    store, made = synthetic.store, []
    for name in ("one", "two"):
        shutil.copytree(store.folder, tmp_path / "store" / name, ignore=shutil.ignore_patterns("frames"))
        twin = type(store).open(tmp_path / "store" / name)
        found = from_store(connect(folders=[twin.folder]), twin.current(), catalogue, some)
        made.append(contents(publish(found, some, catalogue, tmp_path / name, inputs={}, made=MADE).folder))
    assert made[0] == made[1]


def test_the_time_is_an_argument_and_stands_in_the_manifest_alone(tmp_path: Path, small: Release) -> None:
    later = contents(published(tmp_path / "later", table(town()), made="2031-05-06").folder)
    differ = [name for name, content in contents(small.folder).items() if later[name] != content]
    assert differ == ["manifest.json"]
    assert json.loads(later["manifest.json"]) == json.loads(contents(small.folder)["manifest.json"]) | {
        "made": "2031-05-06"
    }


def test_the_manifest_says_what_the_release_was_made_of_and_by_which_rules(small: Release) -> None:
    found = small.manifest
    assert (found.program, found.catalogue, found.made, found.seed) == (__version__, CATALOGUE.digest, MADE, 7)
    assert (found.policy, found.inputs, found.synthetic) == ("research_export", INPUTS, True)
    assert "1–4" in found.policy_explanation["da"]
    assert {"manifest.json", *found.files} == set(contents(small.folder))
    assert str(small.folder.parent).encode() not in b"".join(contents(small.folder).values())


def test_a_release_opens_on_an_area_that_it_has(tmp_path: Path, small: Release) -> None:
    """A project that holds the persons of some municipalities has no figures of the country."""
    assert small.manifest.front_area == COUNTRY
    two = table(town()).where(area=("0851", "0860"))
    assert published(tmp_path / "two", two).manifest.front_area == "0851"


def test_the_definitions_travel_with_the_release(small: Release) -> None:
    assert list(small.indicators) == ["F6.1"]
    assert set(small.stratifiers) == {"education", "sex", "poverty_fifth", "municipality_group"}
    assert set(small.areas) == {"DK", "1081", "group-2", "group-5", "0851", "0860"}
    assert small.indicators["F6.1"] == CATALOGUE.indicators["F6.1"].model_copy(update={"example": None})


def test_what_is_hidden_stands_in_no_byte(tmp_path: Path, small: Release) -> None:
    """Two towns that differ in hidden groups only give the same release."""
    other = town(short_0860=(61, 3), unknown_0860=(49, 21), short_0851=(899, 401), unknown_0851=(91, 39))
    assert table(other).rows() != table(town()).rows()
    assert contents(published(tmp_path / "other", table(other)).folder) == contents(small.folder)


def test_what_is_shown_does_stand_in_the_bytes(tmp_path: Path, small: Release) -> None:
    other = town(long_0851=(900, 401))
    differ = {
        name
        for name, content in contents(published(tmp_path / "other", table(other)).folder).items()
        if content != contents(small.folder)[name]
    }
    assert differ >= {"manifest.json", "area=0851.parquet", "area=1081.parquet", "area=DK.parquet"}


def test_the_audit_record_counts_what_the_rows_hide(small: Release) -> None:
    rows = [row for area in small.areas for row in small.estimates(area).rows()]
    crude = [row for row in rows if row["measure"] == "crude"]
    assert small.audit["hidden_figures"] == sum(map(hidden, rows)) > 0
    assert small.audit["hidden"] == small.audit["hidden_groups"] == sum(map(hidden, crude))
    assert (small.audit["audited"], small.audit["lines_with_one_hidden"]) == (True, 0)


DENMARK = CATALOGUE.plans["denmark"]


def test_public_figures_are_shown_as_they_are_and_called_not_audited(
    denmark: Estimates, denmark_release: Release
) -> None:
    shown = Estimates.concat([denmark_release.estimates(area) for area in denmark_release.areas])
    assert shown.sorted().rows() == denmark.sorted().rows()
    assert denmark_release.audit == {"policy": "published", "audited": False}
    assert denmark_release.manifest.citations == DENMARK.citations


REFUSED: dict[str, tuple[ReleasePlan, Callable[[], Estimates], str]] = {
    "public figures without a source": (
        DENMARK.model_copy(update={"citations": ()}),
        lambda: Estimates.of(indicator="F3.1", value=[1.0]),
        "no_citation",
    ),
    "comparator figures without a source": (
        PLAN.model_copy(update={"tables": DENMARK.tables}),
        lambda: table(town()),
        "no_citation",
    ),
    "counted figures called public": (DENMARK, lambda: table(town()), "published_counts"),
    "one counted figure among public ones": (
        DENMARK,
        lambda: Estimates.of(indicator="F3.1", area="DK", value=[1.0, 2.0], n=[None, 100]),
        "published_counts",
    ),
    "nothing at all": (PLAN, lambda: table(town()).where(area="0101"), "nothing_counted"),
}


@pytest.mark.parametrize(("plan", "made", "key"), REFUSED.values(), ids=REFUSED)
def test_public_figures_need_a_source_and_counted_ones_another_policy(
    plan: ReleasePlan, made: Callable[[], Estimates], key: str, tmp_path: Path
) -> None:
    with pytest.raises(ReleaseError) as caught:
        published(tmp_path / "refused", made(), plan)
    assert caught.value.key == key
    assert all(plan.id in caught.value.sentence(lang) for lang in LANGUAGES)
    assert list(tmp_path.iterdir()) == []


OWN = {
    "id": "own",
    "title": {"da": "Færre end 40 skjules", "en": "Fewer than 40 are hidden"},
    "explanation": {"da": "Vores egen regel.", "en": "A rule of our own."},
    "mode": "suppress",
    "smallest_count": 40,
    "smallest_group": 100,
    "smallest_respondents": 100,
}


def project_with(folder: Path, policy: dict[str, Any], plan_policy: str = "own") -> Path:
    plan = {"id": "ours", "title": OWN["title"], "summary": OWN["title"], "policy": plan_policy, "years": [2024, 2024]}
    for name, tree in (("policies/own.yaml", policy), ("plans/ours.yaml", plan)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(yaml.safe_dump(tree, allow_unicode=True), "utf-8")
    return folder


def test_a_project_s_policy_file_decides_what_is_hidden(tmp_path: Path) -> None:
    own = load(project_with(tmp_path / "project", OWN))
    made = table({("2024", "0851", education, "female"): (90, 39) for education in EDUCATION})
    strict = publish(made, own.plans["ours"], own, tmp_path / "own", inputs={}, made=MADE)
    assert strict.manifest.policy_title["en"] == OWN["title"]["en"]
    levels = {row["level"] for row in strict.estimates("0851").where(measure="crude", stratifier="education").rows()}
    shown = [row for row in strict.estimates("0851").where(stratifier="education").rows() if not hidden(row)]
    assert levels == set(EDUCATION)
    assert shown == []
    assert not any(hidden(row) for row in published(tmp_path / "five", made).estimates("0851").rows())


BAD = {
    "a negative count": (OWN | {"smallest_count": -1}, "own", "smallest_count"),
    "an unknown mode": (OWN | {"mode": "nothing"}, "own", "mode"),
    "a field that is no rule": (OWN | {"smallest_cuont": 3}, "own", "smallest_cuont"),
    "a rule that is left out": ({k: v for k, v in OWN.items() if k != "smallest_group"}, "own", "smallest_group"),
    "a plan with a policy that is nowhere": (OWN, "nowhere", "nowhere"),
}


@pytest.mark.parametrize(("policy", "plan_policy", "named"), BAD.values(), ids=BAD)
def test_a_policy_that_cannot_be_kept_is_refused(
    policy: dict[str, Any], plan_policy: str, named: str, tmp_path: Path
) -> None:
    with pytest.raises(DefinitionError, match=named):
        load(project_with(tmp_path, policy, plan_policy))


def test_a_release_never_changes(small: Release) -> None:
    before = contents(small.folder)
    with pytest.raises(ReleaseError) as caught:
        published(small.folder, table(town(long_0851=(900, 401))))
    assert caught.value.key == "release_exists"
    assert contents(small.folder) == before


@pytest.mark.parametrize("failure", [OSError("disk full"), KeyboardInterrupt()], ids=["disk full", "Ctrl-C"])
def test_nothing_is_left_of_a_release_that_was_interrupted(
    failure: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise failure

    with monkeypatch.context() as patched:
        patched.setattr(release, "_used", interrupted)  # the rows of every area are written by then
        with pytest.raises(type(failure)):
            published(tmp_path / "made", table(town()))
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_build_left_is_not_taken_for_a_release(tmp_path: Path, small: Release) -> None:
    """Killed before the name is given: the folder bears the mark of what is under way, and is cleared by the next."""
    left = tmp_path / "again.part"
    shutil.copytree(small.folder, left)
    assert found_in(tmp_path) == [small.folder]
    assert contents(published(tmp_path / "again", table(town())).folder) == contents(small.folder)
    assert not left.exists()


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def turn_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def other_list(file: Path) -> None:
    file.write_text("[1, 2]")


def not_text(file: Path) -> None:
    file.write_bytes(b"\xff\xfe{}\x00")


ROWS, RECORD, TEXTS, MANIFEST = "area=0851.parquet", "audit.json", "definitions.json", "manifest.json"
DAMAGE: list[tuple[str, Callable[[Path], None], str]] = [
    *((name, harm, "release_damaged") for name in (ROWS, RECORD, TEXTS) for harm in (cut, empty, turn_a_bit)),
    *((MANIFEST, harm, "release_damaged") for harm in (cut, empty, other_list, not_text)),
    (ROWS, Path.unlink, "release_damaged"),
    (TEXTS, Path.unlink, "release_damaged"),
    (RECORD, Path.unlink, "no_audit"),
    (MANIFEST, Path.unlink, "no_release"),
]


@pytest.mark.parametrize(("name", "harm", "key"), DAMAGE, ids=lambda part: getattr(part, "__name__", part))
def test_a_damaged_or_cut_release_is_refused_in_a_sentence(
    name: str, harm: Callable[[Path], None], key: str, small: Release
) -> None:
    harm(small.folder / name)
    with pytest.raises(ReleaseError) as caught:
        Release.open(small.folder)
    assert caught.value.key == key
    for lang in LANGUAGES:
        assert name in caught.value.sentence(lang)
        assert str(small.folder) in caught.value.sentence(lang)


def test_a_release_of_another_format_says_which(small: Release) -> None:
    manifest = small.folder / MANIFEST
    manifest.write_text(json.dumps(json.loads(manifest.read_text("utf-8")) | {"format": 99}), "utf-8")
    with pytest.raises(ReleaseError, match="99"):
        Release.open(small.folder)


def test_the_steps_of_a_pathway_are_hidden_together(synthetic_release: Release) -> None:
    """Those who leave a step are those who enter the next: a step that is shown would tell of its neighbour."""
    hidden: dict[tuple[Any, ...], set[bool]] = {}
    for area in synthetic_release.areas:
        for row in synthetic_release.estimates(area).where(measure="crude").rows():
            if name := synthetic_release.indicators[row["indicator"]].of_pathway:
                key = (name, area, row["period"], row["stratifier"], row["level"])
                hidden.setdefault(key, set()).add(row["flags"] == "suppressed")
    assert {len(found) for found in hidden.values()} == {1}
    assert {True, False} <= {shown for found in hidden.values() for shown in found}


def test_what_is_worked_out_of_the_points_of_a_form_is_hidden_with_them(synthetic_release: Release) -> None:
    """Of the group whose points they are, the unknown one too; and between groups with those of any."""
    seen = set[tuple[bool, bool]]()
    for area in synthetic_release.areas:
        found = synthetic_release.estimates(area)
        rows = found.where(measure=[one for one in found.distinct("measure") if one.startswith("score")]).rows()
        secret = {
            (row["indicator"], row["period"], row["stratifier"], level)
            for row in rows
            if row["measure"] == "score" and row["flags"] == "suppressed"
            for level in (row["level"], *([] if row["level"] == UNKNOWN else [None]))
        }
        for row in rows:
            is_hidden = (row["indicator"], row["period"], row["stratifier"], row["level"]) in secret
            assert (row["flags"] == "suppressed") == is_hidden
            assert not is_hidden or (row["value"], row["lower"], row["n"]) == (None, None, None)
            seen.add((is_hidden, row["level"] == UNKNOWN))
    assert seen >= {(True, True), (True, False), (False, False)}


@pytest.mark.parametrize("level", ["short", "unknown"])
def test_what_is_worked_out_of_the_parts_of_a_group_goes_with_them(level: str, catalogue: Catalogue) -> None:
    """Two of twelve are not there, so the group is hidden; of the others nothing is."""
    groups = {"short": (900, 500), "medium": (900, 500), "long": (900, 500), "unknown": (900, 500)} | {level: (12, 10)}
    rows = [
        {"level": name, "measure": measure, "horizon": day, "n": n, "events": events, "value": 1.0}
        for name, (n, events) in {None: (2712, 1510), **groups}.items()
        for measure, day in (("crude", None), ("waiting", "30"), ("waiting_incidence", "30"))
    ]
    rows += [{"level": None, "measure": "waiting_difference", "horizon": "30", "value": 1.0}]
    names = ("level", "measure", "horizon", "n", "events", "value")
    columns = {name: [row.get(name) for row in rows] for name in names}
    given = Estimates.of(
        **columns,
        stratifier=["education" if row["level"] or "diff" in row["measure"] else None for row in rows],
        indicator="rehabilitation.started",
        area="DK",
        period="2023",
        flags="",
    )
    shown, _ = release._protected(given, catalogue.policies["research_export"], catalogue)
    withheld = {row["level"] for row in shown.where(measure="waiting_incidence").rows() if row["value"] is None}
    assert level in withheld
    assert len(withheld) == 2
    (over,) = shown.where(measure="waiting_difference").rows()
    assert (over["value"] is None) == bool(withheld & {"short", "medium", "long"})
