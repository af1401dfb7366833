"""What a policy hides can neither be read in the table that is shown nor worked out of its sums, one after another.

The tables are small and adverse: three municipalities of each of two regions, with many groups that are empty, small or
whole. ``tests.disclosure.reader`` holds them to the words of the policy; it knows nothing of how they were made.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lighed.catalogue import load
from lighed.core.errors import ReleaseError
from lighed.core.estimates import Estimates
from lighed.core.release import Release
from lighed.core.types import COUNTRY, UNKNOWN
from lighed.disclosure import release
from lighed.disclosure.audit import audit
from lighed.stats import TESTS
from tests.conftest import Synthetic
from tests.disclosure.reader import (
    MARK,
    NUMBERS,
    Key,
    Row,
    counted,
    determined,
    hidden,
    key_of,
    rests_worked_out,
    small,
    sums,
    ties_of,
    violations,
    worked_out,
)
from tests.disclosure.tables import (
    CATALOGUE,
    EDUCATION,
    FATE,
    FEW,
    LIFE,
    MUNICIPALITIES,
    QUICK,
    RATE,
    SENT,
    SHARE,
    SURVEY,
    WAITING,
    WHY,
    Counts,
    Part,
    counts,
    drawn,
    estimates,
    parted,
    table,
)

POLICIES = sorted(p.id for p in CATALOGUE.policies.values() if p.mode == "suppress" and p.sums == "each")
STEP = "rehabilitation.started"
FIVE = CATALOGUE.policies["research_export"]


def protected(made: Estimates, policy: str = "research_export") -> Estimates:
    return release._protected(made, CATALOGUE.policies[policy], CATALOGUE)[0]


def of_groups(**pairs: tuple[int, int]) -> Counts:
    """Persons and cases of the education groups of one municipality; another one is large everywhere."""
    large = {("2024", "0851", education, "female"): (900, 400) for education in EDUCATION}
    return large | {("2024", "0813", education, "female"): pairs.get(education, (800, 300)) for education in EDUCATION}


def is_hidden(rows: list[Row], area: str, stratifier: str | None, level: str | None) -> bool:
    (found,) = (row for key, row in counted(rows).items() if key[2:] == (area, stratifier, level))
    return hidden(found)


@QUICK
@given(counts(), st.sampled_from([SHARE, RATE, SURVEY]), st.sampled_from(POLICIES))
def test_every_table_keeps_to_the_words_of_its_policy(made: Counts, indicator: str, policy: str) -> None:
    before = table(made, indicator)
    after = protected(before, policy)
    assert violations(before.rows(), after.rows(), CATALOGUE.policies[policy], CATALOGUE) == []


@FEW
@given(counts(most=(3, 1)), st.sampled_from([SHARE, RATE]), st.booleans())
def test_small_tables_whose_sums_are_held_together_keep_to_it_too(made: Counts, indicator: str, crossed: bool) -> None:
    before, policy = table(made, indicator, crossed=crossed), CATALOGUE.policies["together"]
    rows, after = before.rows(), protected(before, "together").rows()
    assert violations(rows, after, policy, CATALOGUE) == []
    assert rests_worked_out(rows, after, policy, CATALOGUE) == set()
    if not crossed:  # whoever solves these sums knows of no rests
        few = {key for key, row in counted(rows).items() if row["events"] and small(key, row, policy, CATALOGUE)}
        assert not few & set(determined(after, CATALOGUE, np.random.default_rng(1)))


@QUICK
@given(counts(scale=20), st.sampled_from(POLICIES))
def test_large_groups_keep_to_it_too(made: Counts, policy: str) -> None:
    before = table(made)
    assert violations(before.rows(), protected(before, policy).rows(), CATALOGUE.policies[policy], CATALOGUE) == []


@QUICK
@given(counts(), st.sampled_from(POLICIES))
def test_no_hidden_group_follows_from_one_sum_after_another(made: Counts, policy: str) -> None:
    assert worked_out(protected(table(made), policy).rows(), CATALOGUE) == set()


@QUICK
@given(counts(), st.sampled_from([SHARE, RATE, SURVEY]), st.sampled_from(POLICIES))
def test_crossed_groups_keep_to_it_with_those_of_whom_one_dimension_is_not_known(
    made: Counts, indicator: str, policy: str
) -> None:
    before = table(made, indicator, crossed=True)
    rows, after = before.rows(), protected(before, policy).rows()
    assert violations(rows, after, CATALOGUE.policies[policy], CATALOGUE) == []
    assert worked_out(after, CATALOGUE) == set()
    assert rests_worked_out(rows, after, CATALOGUE.policies[policy], CATALOGUE) == set()


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("indicator", [STEP, SHARE])
@pytest.mark.parametrize("policy", POLICIES)
def test_the_parts_of_groups_keep_to_it_with_the_groups(seed: int, indicator: str, policy: str) -> None:
    whole, parts = parted(np.random.default_rng(seed))
    before = table(whole, indicator, parts=parts)
    rows, after = before.rows(), protected(before, policy).rows()
    assert violations(rows, after, CATALOGUE.policies[policy], CATALOGUE) == []
    assert worked_out(after, CATALOGUE) == set()


@pytest.mark.parametrize("published", [("education", "sex"), ("sex",), ("education",)], ids=", ".join)
@pytest.mark.parametrize("rest", [(7, 3), (60, 4), (60, 57)])
def test_a_few_of_whom_one_crossed_dimension_is_not_known_are_not_found_by_subtraction(
    rest: tuple[int, int], published: tuple[str, ...]
) -> None:
    sizes = {"female": (900, 400), "male": (1800, 800)}
    made = {("2024", code, e, s): pair for code in ("0851", "0813") for e in EDUCATION for s, pair in sizes.items()}
    made["2024", "0813", UNKNOWN, "female"] = rest
    rows = [row for row in table(made, crossed=True).rows() if row["stratifier"] in {None, "education_sex", *published}]
    after = protected(estimates(rows)).rows()
    assert violations(rows, after, FIVE, CATALOGUE) == []
    assert rests_worked_out(rows, after, FIVE, CATALOGUE) == set()
    bare = {key[2:] for key in rests_worked_out(rows, rows, FIVE, CATALOGUE)}
    assert (("0813", "education_sex beside sex", "female") in bare) == ("sex" in published)


PARTED = {
    "few died": (FATE, [(70, 20), (70, 4), (70, 30)], {"excepted", "died"}),
    "few died of few": (FATE, [(70, 2), (70, 4), (70, 30)], {"excepted", "died"}),
    "few died and nobody emigrated": (FATE, [(70, 20), (70, 4), (70, 0)], {"excepted", "died"}),
    "two of them are few together": (FATE, [(70, 1), (70, 3), (70, 30)], {"excepted", "died", "emigrated"}),
    "enough of each": (FATE, [(70, 5), (70, 7), (70, 30)], set()),
    "nobody left": (FATE, [(60, 0), (60, 0), (60, 0)], set()),
    "few died, and excepted are not to be added up": (
        FATE + WHY,
        [(70, 20), (70, 4), (70, 30), (70, 7), (70, 7), (70, 6)],
        {"excepted", "died", "not_stated", "postponed"},
    ),
    "few excepted for a reason": (
        FATE + WHY,
        [(70, 20), (70, 7), (70, 30), (70, 1), (70, 9), (70, 10)],
        {"postponed", "free_choice"},
    ),
    "enough of each and for each reason": (
        FATE + WHY,
        [(70, 20), (70, 7), (70, 30), (70, 7), (70, 7), (70, 6)],
        set(),
    ),
    "few within a week": (WAITING, [(60, 3), (60, 20), (60, 30)], {"7", "30", "90"}),
    "enough within each time": (WAITING, [(60, 5), (60, 20), (60, 30)], set()),
    "one sends few": (SENT, [(9, 4), (21, 10), (30, 16)], {"A", "B"}),
    "each sends enough": (SENT, [(12, 5), (18, 9), (30, 16)], set()),
}


@pytest.mark.parametrize(("parts", "pairs", "due"), PARTED.values(), ids=PARTED)
def test_parts_are_hidden_for_few_and_for_what_gives_the_few_away(
    parts: list[Part], pairs: list[tuple[int, int]], due: set[str]
) -> None:
    whole = of_groups(short=(60, 30))
    place = ("2024", "0813", "short", "female")
    given = {part: {place: pair} for part, pair in zip(parts, pairs, strict=True)}
    kinds = {part[0] for part in parts}
    rows = protected(table(whole, STEP, parts=given)).where(area="0813", stratifier="education", measure=kinds)
    assert {row["component"] or row["counterpart"] or row["horizon"] for row in rows.rows() if hidden(row)} == due


@pytest.mark.parametrize("parts", [FATE, WHY, WAITING], ids=["fate", "exception", "waiting"])
def test_parts_are_hidden_with_their_group(parts: list[Part]) -> None:
    given = {part: {("2024", "0813", "short", "female"): (60, 20)} for part in parts}
    rows = protected(table(of_groups(short=(60, 4)), STEP, parts=given)).where(area="0813", stratifier="education")
    assert [hidden(row) for row in rows.rows() if row["measure"] == parts[0][0]] == [True] * 3


CELLS = {
    "4 cases of 60": ((60, 4), True),
    "5 cases of 60": ((60, 5), False),
    "nobody of 60": ((60, 0), False),
    "nobody of 4": ((4, 0), True),
    "all but 4 of 60": ((60, 56), True),
    "all but 5 of 60": ((60, 55), False),
    "all of 60": ((60, 60), True),
    "5 of 10": ((10, 5), False),
    "an empty group": ((0, 0), False),
}


@pytest.mark.parametrize(("pair", "due"), CELLS.values(), ids=CELLS)
def test_a_share_is_hidden_for_few_persons_few_cases_or_few_without(pair: tuple[int, int], due: bool) -> None:
    after = protected(table(of_groups(short=pair))).rows()
    assert is_hidden(after, "0813", "education", "short") == due


@pytest.mark.parametrize("indicator", [RATE, LIFE])
@pytest.mark.parametrize(("events", "due"), [(4, True), (5, False), (60, False), (120, False)])
def test_events_over_time_are_hidden_when_few_and_have_no_complement(events: int, due: bool, indicator: str) -> None:
    after = protected(table(of_groups(short=(60, events)), indicator)).rows()
    assert is_hidden(after, "0813", "education", "short") == due


@pytest.mark.parametrize(("n", "due"), [(49, True), (50, False)])
def test_a_survey_has_a_fewest_number_of_respondents(n: int, due: bool) -> None:
    after = protected(table(of_groups(short=(n, 20)), SURVEY)).rows()
    assert is_hidden(after, "0813", "education", "short") == due


@pytest.mark.parametrize(("short", "due"), [((60, 4), True), ((60, 5), False)])
def test_a_hidden_group_takes_the_tests_of_shape_with_it(short: tuple[int, int], due: bool) -> None:
    rows = protected(table(of_groups(short=short))).where(area="0813", stratifier="education").rows()
    found = {row["measure"]: (hidden(row), row["value"] is None) for row in rows if row["measure"] in TESTS}
    assert found == dict.fromkeys(TESTS, (due, due))


def test_a_hidden_group_takes_one_with_it_and_no_total() -> None:
    after = protected(table(of_groups(short=(60, 4), medium=(70, 30)))).rows()
    secret = {key[2:] for key, row in counted(after).items() if hidden(row)}
    named = {place for place in secret if place[0] in {"0813", "group-5"}}
    assert named == {(area, "education", level) for area in ("0813", "group-5") for level in ("short", "medium")}
    assert not any(place[0] in {COUNTRY, "1081"} and place[1] is None for place in secret)


def test_hidden_groups_without_any_case_need_no_company_with_cases() -> None:
    """What they add up to is nothing, and nothing is published: there is nobody to protect."""
    after = protected(table(of_groups(short=(3, 0), medium=(2, 0)), RATE)).rows()
    shown = {level for level in EDUCATION if not is_hidden(after, "0813", "education", level)}
    assert shown == {"long", UNKNOWN}


@pytest.mark.parametrize(
    ("policy", "short", "medium"),
    [("research_export", (60, 1), (70, 2)), ("research_export", (60, 59), (70, 68)), ("small_area", (9, 5), (10, 5))],
    ids=["few cases", "few without", "few persons"],
)
def test_hidden_groups_that_hold_too_few_together_take_another(
    policy: str, short: tuple[int, int], medium: tuple[int, int]
) -> None:
    after = protected(table(of_groups(short=short, medium=medium, long=(80, 30))), policy).rows()
    assert is_hidden(after, "0813", "education", "long")


def test_a_total_that_is_small_is_hidden_itself() -> None:
    made = of_groups(**dict.fromkeys(("short", "medium", "long"), (20, 1)), unknown=(20, 0))
    assert is_hidden(protected(table(made)).rows(), "0813", None, None)


def test_an_unknown_group_that_is_hidden_leaves_the_measures_and_takes_its_share() -> None:
    after = protected(table(of_groups(unknown=(60, 4), short=(9000, 4000))))
    # what goes with it is a group of the same line, so the measures go; with everybody's total hidden they would stay
    rows = after.where(area="0813", stratifier="education").rows()
    assert {row["measure"] for row in rows if hidden(row)} >= {"unknown_share", "difference"}
    secret = release.withhold(table(of_groups()), *_only("0813", "education", UNKNOWN))
    rows = secret.where(area="0813", stratifier="education").rows()
    assert {row["measure"] for row in rows if hidden(row)} == {"crude", "standardised", "unknown_share"}


def _only(area: str, stratifier: str | None, level: str | None) -> tuple[release.Cells, Any]:
    cells = release.Cells.of(table(of_groups()))
    place = {"area": area, "stratifier": stratifier, "level": level}
    at = [cells.at[name] == (cells.words[name].index(word) if word else -1) for name, word in place.items()]
    return cells, np.all(at, axis=0)


@pytest.mark.parametrize("period", ["2023", "2024"])
def test_a_change_is_hidden_with_either_of_its_ends(period: str) -> None:
    made = {(p, *key[1:]): pair for p in ("2023", "2024") for key, pair in of_groups().items()}
    made[period, "0813", "short", "female"] = (60, 4)
    rows = protected(table(made)).where(area="0813", stratifier="education").rows()
    assert [hidden(row) for row in rows if row["component"] == "change"] == [True]
    assert {
        row["period"] for row in rows if row["measure"] == "difference" and not row["component"] and hidden(row)
    } == {period}


def test_what_is_hidden_has_no_number_and_the_one_public_mark() -> None:
    rows = protected(table(of_groups(short=(60, 4)))).rows()
    secret = [row for row in rows if hidden(row)]
    assert secret
    assert all(row[name] is None for row in secret for name in NUMBERS)
    assert {row["flags"] for row in rows} <= {"", "not_applicable", MARK}


PROFILE = {"basic": "short", "short": "medium", "short_higher": "long", "medium_higher": "long", "long_higher": "long"}


def test_a_group_that_stands_in_two_divisions_is_hidden_in_both() -> None:
    """Education in five groups and in three: lower secondary is one group under two names."""
    made = of_groups(short=(100, 40), medium=(30, 4), long=(600, 200), unknown=(50, 20))
    parts = {"basic": (100, 40), "short": (30, 4), "short_higher": (20, 10), "medium_higher": (180, 90)}
    parts |= {"long_higher": (400, 100), UNKNOWN: (50, 20)}
    rows = [row for row in table(made).rows() if row["measure"] == "crude" and row["stratifier"] != "sex"]
    (like,) = (row for row in rows if row["area"] == "0813" and row["stratifier"] is None)
    rows += [
        like | {"stratifier": "education_profile", "level": level, "n": n, "events": events}
        for level, (n, events) in parts.items()
    ]
    after = protected(estimates(rows)).rows()
    assert violations(rows, after, FIVE, CATALOGUE) == []
    for fine, coarse in {"basic": "short", "short": "medium", UNKNOWN: UNKNOWN}.items():
        assert is_hidden(after, "0813", "education_profile", fine) == is_hidden(after, "0813", "education", coarse), (
            fine
        )


def test_education_in_five_groups_makes_up_education_in_three() -> None:
    """The reader knows it from the code lists; were they changed, the test above would test nothing."""
    keys: set[Key] = {(SHARE, "2024", "0813", "education", level) for level in (*set(PROFILE.values()), UNKNOWN)}
    keys |= {(SHARE, "2024", "0813", "education_profile", level) for level in (*PROFILE, UNKNOWN)}
    ties = [tie for tie in sums(keys, CATALOGUE) if tie.whole[3] == "education"]
    found = {tie.whole[4]: {part[4] for part in tie.parts} for tie in ties}
    due = {whole: {part for part in PROFILE if PROFILE[part] == whole} for whole in set(PROFILE.values())}
    assert found == due | {UNKNOWN: {UNKNOWN}}


def test_crossed_groups_make_up_a_group_of_fewer_levels_than_they_cross(tmp_path: Path) -> None:
    """Education in five groups by sex makes up education in three: lower secondary is one group under two names."""
    (tmp_path / "stratifiers").mkdir()
    text = "id: profile_sex\ntitle: {da: x, en: x}\nshort: {da: x, en: x}\nordered: false\n"
    (tmp_path / "stratifiers" / "profile_sex.yaml").write_text(f"{text}crosses: [education_profile, sex]\n", "utf-8")
    known = load(tmp_path)
    (like,) = (row for row in table(of_groups()).where(area="0813", stratifier=None, measure="crude").rows())
    sizes = {"basic+female": (50, 4), "basic+male": (60, 30), "short+female": (90, 40), "short+male": (90, 30)}
    pairs = [("profile_sex", level, pair) for level, pair in sizes.items()]
    pairs += [("education", "short", (110, 34)), ("education", "medium", (180, 70))]
    rows = [like | {"stratifier": s, "level": level, "n": n, "events": events} for s, level, (n, events) in pairs]
    shown = release._protected(estimates(rows), FIVE, known)[0]
    assert {row["level"] for row in shown.rows() if hidden(row)} == {"basic+female", "basic+male"}
    for alone in (["basic+female"], ["short"]):
        secret = [key for key in counted(rows) if key[4] in alone]
        assert audit(hide(estimates(rows), secret), known)["lines_with_one_hidden"] == 1


def hide(made: Estimates, keys: Iterable[Key]) -> Estimates:
    secret, blank = set(keys), dict.fromkeys(NUMBERS) | {"flags": MARK}
    return estimates([row | blank if key_of(row) in secret else row for row in made.rows()])


def everywhere() -> Estimates:
    """Large groups only, in every sum that there is: education stands in five groups too, and groups in parts."""
    made = {("2024", code, education, "female"): (900, 400) for code in MUNICIPALITIES for education in EDUCATION}
    parts = dict.fromkeys(SENT, dict.fromkeys(made, (300, 100))) | dict.fromkeys(FATE, dict.fromkeys(made, (960, 20)))
    parts |= {part: dict.fromkeys(made, (960, events)) for part, events in zip(WHY, (7, 7, 6), strict=True)}
    rows = [row for row in table(made, parts=parts).rows() if row["measure"] in ("crude", "sent", "fate", "exception")]
    other = {"short": "basic", "medium": "short", "long": "long_higher", UNKNOWN: UNKNOWN}
    twins = [row | {"stratifier": "education_profile"} for row in rows if row["stratifier"] == "education"]
    return estimates([*rows, *(row | {"level": other[row["level"]]} for row in twins)])


WHOLE = everywhere()
KEYS = sorted(counted(WHOLE.rows()), key=str)
SUMS = ties_of(counted(WHOLE.rows()), CATALOGUE)


@QUICK
@given(st.sets(st.sampled_from(KEYS), min_size=1, max_size=9))
def test_the_audit_counts_the_sums_that_a_reader_can_solve(secret: set[Key]) -> None:
    alone = [tie for tie in SUMS if len(secret & set(tie.groups)) == 1]
    found = audit(hide(WHOLE, secret), CATALOGUE)
    assert (found["lines_with_one_hidden"], found["hidden_groups"]) == (len(alone), len(secret))


def test_the_audit_is_content_with_a_table_that_gives_nothing_away() -> None:
    assert audit(WHOLE, CATALOGUE)["lines_with_one_hidden"] == 0
    after = protected(table(of_groups(short=(60, 4))))
    found = audit(after, CATALOGUE)
    assert found["lines_with_one_hidden"] == 0
    assert found["hidden_figures"] == sum(map(hidden, after.rows())) > found["hidden_groups"] > 1


def test_the_audit_makes_no_sum_without_a_total() -> None:
    levels = WHOLE.where(area="0813", stratifier="education", measure="crude")
    assert audit(hide(levels, [(SHARE, "2024", "0813", "education", "short")]), CATALOGUE)["lines_with_one_hidden"] == 0


def test_the_audit_does_not_mix_the_regions_of_two_years() -> None:
    """Copenhagen, its group and its region of 2026 are hidden; that it is of another region from 2027 is no sum."""
    made = {("2026", code, "short", "female"): (900, 400) for code in ("0101", "0265", "0851")}
    rows = [row for row in table(made).rows() if row["stratifier"] is None and row["measure"] == "crude"]
    (like,) = (row for row in rows if row["area"] == "0101")
    rows.append(like | {"area": "region-east", "n": 0, "events": 0, "value": None, "flags": "not_applicable"})
    keys = [(SHARE, "2026", area, None, None) for area in ("0101", "0851", "group-1", "group-2", "1084", "1081")]
    assert audit(hide(estimates(rows), keys), CATALOGUE)["lines_with_one_hidden"] == 0


def test_a_table_that_gives_a_figure_away_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "secondary", lambda hidden, *_: np.zeros_like(hidden))
    with pytest.raises(ReleaseError) as caught:
        protected(table(of_groups(short=(60, 4))))
    assert caught.value.key == "unsafe"


SAMPLE = {"F6.1": ("2016", "2020", "2025"), "F3.1": ("2017", "2025"), "F1.1": ("2021",), "I7.1": ("2016", "2025")}


@pytest.mark.parametrize("indicator", SAMPLE)
def test_the_synthetic_release_keeps_to_its_policy(
    indicator: str, synthetic: Synthetic, synthetic_release: Release
) -> None:
    periods = SAMPLE[indicator]
    before = synthetic.estimates.where(indicator=indicator, period=periods).sorted().rows()
    parts = [
        synthetic_release.estimates(area).where(indicator=indicator, period=periods) for area in synthetic_release.areas
    ]
    found = Estimates.concat(parts).sorted().rows()
    after = [row for row in found if row["measure"] != "shrunk"]
    assert any(hidden(row) for row in after)
    due = [row for row in before if row["horizon"] in {None, *periods}]
    shown = [row for row in after if row["horizon"] in {None, *periods}]
    assert violations(due, shown, FIVE, CATALOGUE) == []
    assert worked_out(shown, CATALOGUE) == set()
    assert rests_worked_out(due, shown, FIVE, CATALOGUE) == set()
    secret = {key for key, row in counted(after).items() if hidden(row)}
    assert not any(key_of(row) in secret for row in found if row["measure"] == "shrunk")


@pytest.fixture(scope="module")
def attacked() -> list[tuple[dict[Key, Row], dict[Key, int], dict[Key, int]]]:
    """Random tables: the truth, and what a linear program over all sums finds with all and with no company hidden."""
    found = []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        made = table(drawn(rng))
        bare = hide(made, [key for key, row in counted(made.rows()).items() if small(key, row, FIVE, CATALOGUE)])
        shown = (protected(made).rows(), bare.rows())
        found.append((counted(made.rows()), *(determined(rows, CATALOGUE, rng) for rows in shown)))
    return found


def test_the_attack_finds_true_numbers(attacked: list[Any]) -> None:
    for truth, left, bare in attacked:
        assert {key: truth[key]["events"] for key in left | bare} == left | bare


def test_all_sums_together_give_few_small_groups_away(attacked: list[Any]) -> None:
    """No single sum does; that several together might is left to a complete protection, and must not grow unseen."""
    names = ("secret", "left", "bare")
    count = dict.fromkeys(names, 0)
    for truth, left, bare in attacked:
        due = {key for key, row in truth.items() if row["events"] and small(key, row, FIVE, CATALOGUE)}
        for name, keys in zip(names, (due, due & set(left), due & set(bare)), strict=True):
            count[name] += len(keys)
    assert count["bare"] > 0.5 * count["secret"]
    assert count["left"] < 0.05 * count["secret"]


@pytest.mark.parametrize("seed", range(6))
def test_nothing_follows_from_all_sums_where_they_are_held_together(seed: int) -> None:
    rng = np.random.default_rng(seed)
    made = table(drawn(rng))
    secret = {key for key, row in counted(made.rows()).items() if row["events"] and small(key, row, FIVE, CATALOGUE)}
    assert len(secret) > 5
    assert not secret & set(determined(protected(made, "together").rows(), CATALOGUE, rng))


@pytest.mark.parametrize("indicator", [STEP, SHARE])
def test_parts_of_groups_are_held_together_too(indicator: str) -> None:
    whole, parts = parted(np.random.default_rng(0))
    before = table(whole, indicator, parts=parts)
    rows, after = before.rows(), protected(before, "together").rows()
    assert violations(rows, after, FIVE, CATALOGUE) == []
    assert worked_out(after, CATALOGUE) == set()


def test_a_table_that_all_sums_together_give_away_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    made = table(drawn(np.random.default_rng(0)))
    protected(made, "together")
    monkeypatch.setattr(release, "withstanding", lambda small, *_: np.zeros_like(small))
    with pytest.raises(ReleaseError, match="2 små tal"):
        protected(made, "together")
