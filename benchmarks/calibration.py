"""What the synthetic Denmark was made to resemble, beside what came of it: shares, and life expectancy."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from _table import arguments, show_rows, took
from lighed.catalogue.load import BUILT_IN
from lighed.sources.synthetic.chances import chances, draw_positions, eligible, models
from lighed.sources.synthetic.people import Population
from lighed.sources.synthetic.world import BLOCK, GROUPS, Array, day_of, years

ASKED = "none among the shipped figures: as asked for in denmark.yaml"
PUBLISHED = {
    "crc_screening_participation": "colorectal_screening",
    "full_breastfeeding_4_months": "full_breastfeeding",
    "low_mental_health_score": "poor_mental_health",
    "not_meeting_who_physical_activity": "physical_activity_below_who",
    "upper_sec_completed_20_24": "upper_secondary_20_24",
}
SUBGROUPS = {
    ("education_profile", "basic"): "Grundskole",
    ("education_profile", "long_higher"): "Lang videregående",
    ("parents", "short"): "Grundskole",
    ("parents", "long"): "Lang videregående",
    ("status", "disability"): "Førtidspensionister",
    ("status", "unemployed"): "Arbejdsløse",
    ("status", "outside"): "Andre uden for arbejdsmarkedet",
    ("income", "q1"): "Laveste fjerdedel",
    ("income", "q5"): "Højeste fjerdedel",
    ("sex", "female"): "Kvinder",
    ("sex", "male"): "Mænd",
}
AT_BIRTH = "Danmarks Statistik, by way of aalborgidag.dk, 2 May 2025"
GAPS: dict[str, tuple[int, int, dict[str, float], str, str]] = {
    "education": (
        30,
        3,
        {"men": 6.4, "women": 4.7},
        "2011",
        "Brønnum-Hansen H, Baadsgaard M. BMC Public Health 2012;12:994, the abstract",
    ),
    "income": (
        50,
        5,
        {"men": 8.6, "women": 5.5},
        "2021",
        "Brønnum-Hansen H, Foverskov E, Andersen I. J Epidemiol Community Health 2021;75:145, the abstract",
    ),
}
OLDEST = 100


@dataclass(frozen=True)
class Target:
    """A published figure, and what the synthetic persons have."""

    outcome: str
    group: str
    year: str
    wanted: float
    generated: float
    source: str

    def cells(self) -> tuple[str, ...]:
        """Return what is written in each column."""
        numbers = [f"{number:.1f}" for number in (self.wanted, self.generated, self.generated - self.wanted)]
        return self.outcome, self.group, self.year, *numbers, self.source


def populations(persons: int) -> list[Population]:
    """Make blocks of persons that are others than those the chances were calibrated on."""
    blocks = range(-(-persons // BLOCK))
    return [
        Population.born(BLOCK, np.random.default_rng([11, block]), first_id=1, positions=draw_positions)
        for block in blocks
    ]


def shares(people: list[Population]) -> Iterator[Target]:
    """Give every share that is taken from a published figure: of all, and of each group that is asked for."""
    given = list(csv.DictReader((BUILT_IN / "published" / "figures.csv").open(encoding="utf-8")))
    for name, model in models().items():
        if "figure" in model:
            known = [row for row in given if row["indicator_abbr"] == PUBLISHED.get(model["figure"], model["figure"])]
            yield from _shares(people, name, model, known)


def _shares(people: list[Population], name: str, model: dict, known: list[dict[str, str]]) -> Iterator[Target]:
    year = int(np.clip(model.get("year", 2021), years()[0], years()[-1]))
    inside = [eligible(some, model, year) for some in people]
    chance = np.concatenate([chances(some, name, model, year)[kept] for some, kept in zip(people, inside, strict=True)])
    near = sorted(known, key=lambda row: abs(int(row["date"]) - year))
    average = next((row | {"estimate": row["setting_average"]} for row in near if row["setting_average"]), None)
    yield _target(name, "all", year, model["share"], average, float(chance.mean()))
    for dimension, asked in model["by"].items():
        group = np.concatenate([some.group(dimension, year)[kept] for some, kept in zip(people, inside, strict=True)])
        for level, share in asked.items():
            found = next((row for row in near if row["subgroup"] == SUBGROUPS.get((dimension, level))), None)
            of_level = chance[group == GROUPS[dimension].index(level)]
            yield _target(name, f"{dimension} {level}", year, share, found, float(of_level.mean()))


def _target(name: str, group: str, year: int, asked: float, found: dict[str, str] | None, share: float) -> Target:
    if found is None:
        return Target(name, group, str(year), 100 * asked, 100 * share, ASKED)
    source = found["source"].partition(". http")[0]
    return Target(name, group, found["date"], float(found["estimate"]), 100 * share, source)


def lifetimes(people: list[Population]) -> Iterator[Target]:
    """Give the life expectancy of all, and its gap between the ends of education and of income."""
    (whole,) = expectancy(people, lambda some, _: np.zeros(len(some), int), groups=1, age=0)
    yield Target("life expectancy at birth, years", "all", "2024", 81.5, whole, AT_BIRTH)
    for dimension, (age, groups, wanted, year, source) in GAPS.items():
        for sex, gap in wanted.items():
            left = expectancy(people, _among(sex, dimension), groups=groups, age=age)
            what = f"gap in life expectancy at {age}, years"
            yield Target(what, f"{sex}, highest − lowest {dimension}", year, gap, left[-1] - left[0], source)


def _among(sex: str, dimension: str) -> Callable[[Population, int], Array]:
    def group(some: Population, year: int) -> Array:
        levels = some.education3(year) if dimension == "education" else some.income
        return np.where(some.female == (sex == "women"), levels, -1)

    return group


def expectancy(
    people: list[Population], group: Callable[[Population, int], Array], *, groups: int, age: int
) -> list[float]:
    """Return the years left at an age for each group, from a period life table of all years by single years of age."""
    deaths, time = np.zeros((groups, OLDEST + 1)), np.zeros((groups, OLDEST + 1))
    for some in people:
        for year in years():
            at, start, end = group(some, year), day_of(year), day_of(year + 1)
            since, until = np.maximum(some.entry, start), np.minimum(some.exit, end)
            inside = (at >= 0) & (since < until)
            old = np.clip(some.age((start + end) / 2), 0, OLDEST)
            np.add.at(time, (at[inside], old[inside]), (until - since)[inside] / 365.25)
            died = inside & (some.died >= start) & (some.died < end) & (some.died <= some.exit)
            np.add.at(deaths, (at[died], old[died]), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.nan_to_num(deaths / time)
    alive = np.cumprod(np.concatenate([np.ones((groups, 1)), np.exp(-rate[:, age:])], axis=1), axis=1)
    open_end = alive[:, -1] / (deaths[:, 90:].sum(1) / time[:, 90:].sum(1))
    return ((alive[:, :-1] + alive[:, 1:]).sum(1) / 2 + open_end).tolist()


def compared(persons: int) -> list[Target]:
    """Return every target with what came of it."""
    people = populations(persons)
    return [*shares(people), *lifetimes(people)]


def main() -> None:
    """Make the persons, and print the table."""
    given = arguments(__doc__, persons=300_000)
    rows = [target.cells() for target in took(compared, given.persons).result]
    heads = ("outcome", "group", "year", "published", "generated", "difference", "source")
    show_rows(f"Calibration of the synthetic Denmark: {given.persons:,} persons", heads, rows, write=given.write)


if __name__ == "__main__":
    main()
