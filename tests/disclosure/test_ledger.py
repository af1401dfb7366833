"""What was published before is part of every sum: it is not hidden again, not shown after all, and gives nothing away.

Releases of one table that show different parts of it stand for years, plans and corrections that follow each other.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lighed.catalogue import Catalogue, load
from lighed.core.errors import ReleaseError
from lighed.core.estimates import Estimates
from lighed.core.project import Project
from lighed.core.release import Release, found_in
from lighed.core.text import LANGUAGES
from lighed.core.types import COUNTRY, Policy
from lighed.disclosure import release
from lighed.disclosure.cells import lines
from lighed.disclosure.ledger import BEFORE_MEASURES, FIELDS, FORMAT, NAME, Ledger, counted, enter, guessed, met
from lighed.workbench import zone
from tests.disclosure.reader import Key, Row, determined, hidden, small, worked_out
from tests.disclosure.reader import counted as cells
from tests.disclosure.tables import CATALOGUE, FEW, QUICK, RATE, SHARE, Counts, counts, estimates, table
from tests.disclosure.test_release import PLAN, contents, published, town
from tests.golden import read

FIVE, TOGETHER = CATALOGUE.policies["research_export"], CATALOGUE.policies["together"]


def published_after(*earlier: Estimates, made: Estimates, policy: Policy = FIVE, known: Catalogue = CATALOGUE) -> Any:
    """What is shown of a table after some releases, and the audit record."""
    return release._protected(made, policy, known, Ledger.of([counted(shown) for shown in earlier]))


def secret(shown: Estimates) -> set[Key]:
    return {key for key, row in cells(shown.rows()).items() if hidden(row)}


def union(*releases: Estimates) -> list[Row]:
    """What somebody knows who has kept all releases: a group is hidden if none shows it."""
    found: dict[Key, Row] = {}
    for shown in releases:
        for key, row in cells(shown.rows()).items():
            found[key] = row if key not in found or hidden(found[key]) else found[key]
    return [*found.values()]


VIEWS: dict[str, Callable[[Row], bool]] = {
    "everything": bool,
    "no education": lambda row: row["stratifier"] != "education",
    "education only": lambda row: row["stratifier"] == "education",
    "totals only": lambda row: row["stratifier"] is None,
    "municipalities only": lambda row: row["area"].startswith("0"),
    "all but municipalities": lambda row: not row["area"].startswith("0"),
    "crossed groups only": lambda row: row["stratifier"] == "education_sex",
    "the first year": lambda row: row["period"] == "2023",
}

PLAIN = sorted(VIEWS.keys() - {"crossed groups only"})


def seen(made: Estimates, view: str) -> Estimates:
    return estimates([row for row in made.rows() if VIEWS[view](row)])


def test_the_same_table_again_is_shown_as_it_was_and_counts_the_release_before() -> None:
    for policy in (FIVE, TOGETHER):
        first, record = published_after(made=table(town()), policy=policy)
        again, after = published_after(first, made=table(town()), policy=policy)
        assert again.rows() == first.rows()
        assert (record["earlier"], record["earlier_cells"]) == (0, 0)
        assert (after["earlier"], after["earlier_cells"]) == (1, after["cells"])


@QUICK
@given(counts(), st.sampled_from([SHARE, RATE]), st.tuples(*[st.sampled_from(sorted(VIEWS))] * 2))
def test_two_releases_give_no_more_away_by_one_sum_after_another_than_one(
    drawn: Counts, indicator: str, views: tuple[str, str]
) -> None:
    made = table(drawn, indicator, crossed=True)
    first = release._protected(seen(made, views[0]), FIVE, CATALOGUE)[0]
    with suppress(ReleaseError):  # it may be that what is out gives a small group away
        second, _ = published_after(first, made=seen(made, views[1]))
        assert secret(first) & cells(second.rows()).keys() <= secret(second)
        assert not (cells(first.rows()).keys() - secret(first)) & secret(second)
        assert worked_out(union(first, second), CATALOGUE) == set()


@FEW
@given(counts(most=(3, 1)), st.sampled_from([SHARE, RATE]), st.tuples(*[st.sampled_from(PLAIN)] * 2))
def test_nor_by_all_sums_where_they_are_held_together(drawn: Counts, indicator: str, views: tuple[str, str]) -> None:
    made = table(drawn, indicator)
    few = {key for key, row in cells(made.rows()).items() if row["events"] and small(key, row, FIVE, CATALOGUE)}
    first, _ = published_after(made=seen(made, views[0]), policy=TOGETHER)
    with suppress(ReleaseError):
        second, record = published_after(first, made=seen(made, views[1]), policy=TOGETHER)
        assert not few & set(determined(union(first, second), CATALOGUE, np.random.default_rng(1)))
        assert record["attack_exact"] == record["attack_narrow"] == 0


def test_what_was_hidden_before_and_is_no_more_is_given_numbers_with_which_all_sums_hold() -> None:
    first, _ = published_after(made=table(town()))
    beside, only = met(seen(table(town()), "no education"), Ledger.of([counted(first)]), CATALOGUE)
    sums = lines(beside, CATALOGUE)
    found = guessed(beside, sums, CATALOGUE)
    assert found.lost.sum() == len(secret(first)) > 0
    assert len(only) > found.lost.sum()
    assert not (sums @ found.n).any()
    assert not (sums @ found.events).any()


NEXT = {
    "what was shown and is the same is shown": ({}, {("long", "0851"): False, ("long", "0860"): False}),
    "what was hidden stays hidden though it has grown": (
        {"short_0860": (60, 14)},
        {("short", "0860"): True},
    ),
    "what was corrected by many is shown": ({"long_0851": (950, 450)}, {("long", "0851"): False}),
    "what was corrected by two cases is hidden": ({"long_0851": (900, 402)}, {("long", "0851"): True}),
    "what was corrected by two persons is hidden": ({"long_0851": (910, 402)}, {("long", "0851"): True}),
    "what was corrected by few of those without is hidden": ({"long_0851": (908, 406)}, {("long", "0851"): True}),
    "what has become small is hidden": ({"long_0851": (900, 4)}, {("long", "0851"): True}),
}


@pytest.mark.parametrize("policy", [FIVE, TOGETHER], ids=lambda policy: policy.id)
@pytest.mark.parametrize(("changed", "due"), NEXT.values(), ids=NEXT)
def test_a_later_extract_shows_what_tells_of_no_few(
    changed: dict[str, tuple[int, int]], due: dict[tuple[str, str], bool], policy: Policy
) -> None:
    first, _ = published_after(made=table(town()), policy=policy)
    second, _ = published_after(first, made=table(town(**changed)), policy=policy)
    found = {(key[4], key[2]): hidden(row) for key, row in cells(second.rows()).items() if key[3] == "education"}
    assert {place: found[place] for place in due} == due
    assert worked_out(second.rows(), CATALOGUE) == set()


def test_a_correction_of_a_few_in_a_region_is_shown() -> None:
    made = [row for row in table(town()).rows() if row["area"] in {"1081", COUNTRY}]
    first, _ = published_after(made=estimates(made))
    moved = [row | {"events": row["events"] + 1} if row["stratifier"] is None else row for row in made]
    second, _ = published_after(first, made=estimates(moved))
    assert not secret(second) - secret(first)


def test_a_limit_that_is_higher_than_before_hides_nothing_that_is_out() -> None:
    first, _ = published_after(made=table(town()))
    strict = CATALOGUE.policies["strict"].model_copy(update={"smallest_count": 45})
    shown = published_after(first, made=table(town()), policy=strict)[0]
    assert secret(shown) == secret(first)


@pytest.fixture(scope="module")
def quarters(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """Definitions by which the golden publications of two quarters are crossed groups of four municipalities."""
    folder = tmp_path_factory.mktemp("quarters") / "stratifiers"
    folder.mkdir()
    words = "title: {da: x, en: x}\nshort: {da: x, en: x}\nordered: false\nsocial: false\n"
    for name, levels in (("quarter", ("Q1", "Q2")), ("size", ("BIG", "small"))):
        lines = "".join(f"  - {{id: {level}, title: {{da: x, en: x}}}}\n" for level in levels)
        (folder / f"{name}.yaml").write_text(f"id: {name}\n{words}column: sex\nlevels:\n{lines}", "utf-8")
    (folder / "quarter_size.yaml").write_text(f"id: quarter_size\n{words}crosses: [quarter, size]\n", "utf-8")
    return load(folder.parent)


INCOMES = {"Total": "1084", "assistance": "0101", "other": "0147", "pensions": "0151", "wages": "0153"}
SIXTEEN = FIVE.model_copy(update={"smallest_count": 16})


def publication(name: str, *, as_shown: bool) -> Estimates:
    """A golden publication: as it was shown, or what it was made of."""
    rows = []
    for row in read(f"sdc/{name}/output.csv"):
        parts = {"quarter": row["quarter"], "size": row["size"]}
        said = {part: word for part, word in parts.items() if word not in {"Total", "quarter_Q1_Q2"}}
        place = {"stratifier": "_".join(said) or None, "level": "+".join(said.values()) or None}
        numbers = {"n": 100_000, "events": int(row["freq"]), "flags": ""}
        if as_shown and row["suppressed"] == "TRUE":
            numbers = {"n": None, "events": None, "flags": "suppressed"}
        rows.append(place | numbers | {"area": INCOMES[row["main_income"]], "period": "2024", "measure": "crude"})
    return estimates([{"indicator": RATE} | row for row in rows])


FIRST, MINDFUL, NAIVE = "09_time_Q1", "10_time_Q1Q2_given_Q1", "11_time_Q1Q2_naive"


def test_a_publication_of_two_quarters_that_minds_the_first_passes(quarters: Catalogue) -> None:
    before = [publication(name, as_shown=True) for name in (FIRST, MINDFUL)]
    made = publication(MINDFUL, as_shown=False)
    shown, record = published_after(*before, made=made, policy=SIXTEEN, known=quarters)
    assert secret(shown) == secret(before[1])
    assert (record["earlier"], record["lines_with_one_hidden"]) == (2, 0)


def test_one_that_does_not_is_refused_with_the_cell_named(quarters: Catalogue) -> None:
    first, made = publication(FIRST, as_shown=True), publication(NAIVE, as_shown=False)
    with pytest.raises(ReleaseError) as refused:
        published_after(first, publication(NAIVE, as_shown=True), made=made, policy=SIXTEEN, known=quarters)
    for lang in LANGUAGES:
        assert "0151 quarter_size Q2+small" in refused.value.sentence(lang)


@pytest.mark.parametrize("sums", ["each", "together"])
def test_the_program_s_own_second_publication_minds_the_first(sums: str, quarters: Catalogue) -> None:
    policy = SIXTEEN.model_copy(update={"sums": sums, "smallest_count": 5})
    first, made = publication(FIRST, as_shown=True), publication(NAIVE, as_shown=False)
    shown, _ = published_after(first, made=made, policy=policy, known=quarters)
    assert worked_out(union(first, shown), quarters) == set()
    assert secret(first) <= secret(shown)
    assert not (cells(first.rows()).keys() - secret(first)) & secret(shown)


@pytest.fixture
def before(tmp_path: Path) -> tuple[Path, Release]:
    """A ledger with a release in it."""
    made = published(tmp_path / "town" / "1", table(town()))
    enter(tmp_path / "ledger", made.folder)
    return tmp_path / "ledger", made


def test_the_ledger_has_what_a_release_shows_and_hides_and_nothing_else(before: tuple[Path, Release]) -> None:
    folder, made = before
    rows = [row for area in made.areas for row in made.estimates(area).rows()]
    held = {key: (row["n"], row["events"]) for key, row in cells(Ledger.open(folder).rows.rows()).items()}
    assert held == {key: (row["n"], row["events"]) for key, row in cells(rows).items()}
    (file,) = folder.iterdir()
    assert pq.read_schema(file).names == FIELDS.names


def test_a_release_is_entered_once_and_stays_when_it_is_taken_away(before: tuple[Path, Release]) -> None:
    folder, made = before
    ledger = contents(folder)
    enter(folder, made.folder)
    shutil.rmtree(made.folder)
    assert contents(folder) == ledger
    assert Ledger.open(folder).releases == 1


def test_public_figures_are_not_in_the_ledger(denmark_release: Release, tmp_path: Path) -> None:
    enter(tmp_path / "ledger", denmark_release.folder)
    assert Ledger.open(tmp_path / "ledger").releases == 0


def test_a_ledger_from_before_it_had_measures_is_read(tmp_path: Path) -> None:
    rows = counted(table(town()))
    old = rows.drop_columns(["value"]).replace_schema_metadata({NAME: BEFORE_MEASURES})
    pq.write_table(old, tmp_path / "a.parquet")
    assert Ledger.open(tmp_path).rows.rows() == Ledger.of([rows]).rows.rows()


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-9])


def of_another_version(file: Path) -> None:
    pq.write_table(pq.read_table(file).replace_schema_metadata({NAME: FORMAT + b"0"}), file)


def without_its_name(file: Path) -> None:
    pq.write_table(pq.read_table(file).replace_schema_metadata(None), file)


def without_a_column(file: Path) -> None:
    found = pq.read_table(file)
    pq.write_table(found.drop_columns(["n"]), file)


def of_words_for_numbers(file: Path) -> None:
    found = pq.read_table(file)
    pq.write_table(found.set_column(found.schema.names.index("n"), "n", pa.array(["x"] * len(found))), file)


@pytest.mark.parametrize("harm", [cut, of_another_version, without_its_name, without_a_column, of_words_for_numbers])
def test_a_ledger_that_cannot_be_read_is_refused(harm: Callable[[Path], None], before: tuple[Path, Release]) -> None:
    (file,) = before[0].iterdir()
    harm(file)
    with pytest.raises(ReleaseError) as refused:
        Ledger.open(before[0])
    assert refused.value.key == "ledger_unreadable"
    assert all(str(file) in refused.value.sentence(lang) for lang in LANGUAGES)


def sign(project: Project, plan: str, candidate: Release) -> Path:
    return zone.sign_off(project, plan, candidate.folder, by="bo", built_by="anna")


def test_what_was_signed_off_is_in_the_ledger_and_another_plan_minds_it(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    sign(project, "ours", published(tmp_path / "one", table(town())))
    assert zone.earlier(project.releases).releases == 1
    assert found_in(project.releases) == [project.releases / "ours" / "1"]
    ledger = zone.earlier(project.releases)
    other = published(tmp_path / "two", table(town(short_0860=(60, 14))), ledger=ledger)
    sign(project, "theirs", other)
    shown = {key[2:]: hidden(row) for key, row in cells(other.estimates("0860").rows()).items()}
    assert shown["0860", "education", "short"]
    assert zone.earlier(project.releases).releases == 2


def test_a_candidate_that_was_built_before_the_last_release_is_not_signed_off(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    one, two = (published(tmp_path / name, table(town())) for name in ("one", "two"))
    sign(project, "ours", one)
    with pytest.raises(ReleaseError) as refused:
        sign(project, "theirs", two)
    assert refused.value.key == "ledger_grew"
    assert not (project.releases / "theirs").exists()


def test_a_release_of_before_there_was_a_ledger_is_entered_when_the_next_is_built(tmp_path: Path) -> None:
    versions = tmp_path / "releases" / "ours"
    published(versions / "1", table(town()))
    assert zone.earlier(versions.parent).releases == 1
    shutil.rmtree(versions)
    assert zone.earlier(versions.parent).releases == 1


def test_what_shows_the_same_is_the_same_release_though_it_was_tried_with_more(tmp_path: Path) -> None:
    one, other = (published(tmp_path / name, table(town(long_0851=pair))) for name, pair in OTHERS.items())
    enter(tmp_path / "ledger", one.folder)
    again = published(tmp_path / "again", table(town()), ledger=Ledger.open(tmp_path / "ledger"))
    assert zone.same(one.folder, again.folder)
    assert contents(one.folder) != contents(again.folder)
    assert not zone.same(one.folder, other.folder)


OTHERS = {"one": (900, 400), "other": (900, 500)}
POLICIES = "research_export", "together"
TOWNS: list[dict[str, tuple[int, int]]] = [
    {},
    {"short_0860": (60, 14)},
    {"long_0851": (902, 401)},
    {"medium_0860": (70, 4)},
    {"long_0860": (130, 90), "unknown_0851": (60, 20)},
]


class Office(RuleBasedStateMachine):
    """Extracts that follow each other, plans, corrections and withdrawals, and what somebody has who keeps it all."""

    def __init__(self) -> None:
        super().__init__()
        self.place = TemporaryDirectory()
        self.project = Project(Path(self.place.name) / "project")
        self.extract: dict[str, tuple[int, int]] = {}
        self.candidate: Release | None = None
        self.kept: list[tuple[Path, dict[str, bytes]]] = []
        self.hidden, self.built, self.ledger = set[Key](), 0, dict[str, bytes]()

    @rule(extract=st.sampled_from(TOWNS))
    def upload(self, extract: dict[str, tuple[int, int]]) -> None:
        self.extract = extract

    @rule(
        view=st.sampled_from(["everything", "no education", "municipalities only"]), policy=st.sampled_from([0, 0, 1])
    )
    def protect(self, view: str, policy: int) -> None:
        self.built += 1
        plan = PLAN.model_copy(update={"policy": ("research_export", "together")[policy]})
        folder = Path(self.place.name) / f"candidate{self.built}"
        ledger = zone.earlier(self.project.releases)
        try:
            self.candidate = published(folder, seen(table(town(**self.extract)), view), plan, ledger=ledger)
        except ReleaseError:
            assert not folder.exists()

    @precondition(lambda self: self.candidate)
    @rule()
    def publish(self) -> None:
        assert self.candidate
        try:
            target = sign(self.project, "ours", self.candidate)
        except ReleaseError:
            assert self.candidate.audit["earlier"] < zone.earlier(self.project.releases).releases
        else:
            shown = Estimates.concat([self.candidate.estimates(area) for area in self.candidate.areas])
            out = {key for key, row in cells(shown.rows()).items() if not hidden(row)}
            assert not self.hidden & out
            self.hidden |= secret(shown)
            self.kept.append((target, contents(target)))
        self.candidate = None

    @precondition(lambda self: self.kept)
    @rule()
    def withdraw(self) -> None:
        folder, _ = self.kept.pop()
        shutil.rmtree(folder)

    @invariant()
    def what_was_published_stays_as_it_was_and_was_audited(self) -> None:
        for folder, before in self.kept:
            assert contents(folder) == before
            assert Release.open(folder).audit["audited"]

    @invariant()
    def the_ledger_only_grows(self) -> None:
        folder = self.project.releases / "ledger"
        found = contents(folder) if folder.exists() else {}
        assert self.ledger.items() <= found.items()
        self.ledger = found

    def teardown(self) -> None:
        self.place.cleanup()


TestOffice = Office.TestCase
TestOffice.settings = settings(FEW, max_examples=10, stateful_step_count=12)
