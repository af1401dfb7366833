"""What the synthetic Denmark was made to resemble, beside what came of it: shares, and life expectancy."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from _table import arguments, show_rows, took
from lighed.analysis.build import Records, from_people
from lighed.catalogue import load
from lighed.catalogue.load import BUILT_IN
from lighed.core.condition import parse
from lighed.core.estimates import Estimates
from lighed.core.settings import Settings
from lighed.core.types import COUNTRY, Indicator, Stratifier
from lighed.sources.synthetic import fill
from lighed.sources.synthetic.chances import chances, draw_positions, eligible, models
from lighed.sources.synthetic.people import Population
from lighed.sources.synthetic.world import BLOCK, GROUPS, years
from lighed.store import Store
from lighed.store.engine import connect
from lighed.store.frame import person_years

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
SEXES = {"men": "male", "women": "female"}
GAPS: dict[str, tuple[int, dict[str, float], str, str]] = {
    "education": (
        30,
        {"men": 6.4, "women": 4.7},
        "2011",
        "Brønnum-Hansen H, Baadsgaard M. BMC Public Health 2012;12:994, the abstract",
    ),
    "income_quintile": (
        50,
        {"men": 8.6, "women": 5.5},
        "2021",
        "Brønnum-Hansen H, Foverskov E, Andersen I. J Epidemiol Community Health 2021;75:145, the abstract",
    ),
}


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


def lifetimes(persons: int) -> Iterator[Target]:
    """Give the life expectancy of all, and its gap between the ends of education and of income, as a build has them."""
    known = load()
    whole = known.indicators["life_expectancy"]
    asked: list[tuple[Stratifier | None, list[Indicator]]] = [(None, [whole])]
    asked += [(known.stratifiers[over], [_of(whole, age, sex) for sex in SEXES]) for over, (age, *_) in GAPS.items()]
    with tempfile.TemporaryDirectory() as name:
        store = Store.create(Path(name) / "store")
        fill(store, persons=persons, seed=11, workers=Settings().workers)
        engine, snapshot = connect(folders=[store.folder]), store.current()
        people = person_years(engine, snapshot, known, years(), set(GAPS))
        found = from_people(engine, people, Records(engine, snapshot), known, asked).where(area=COUNTRY)
    yield Target("life expectancy at birth, years", "all", "2024", 81.5, _mean(found, whole.id, "crude"), AT_BIRTH)
    for over, (age, wanted, year, source) in GAPS.items():
        for sex, gap in wanted.items():
            what = f"gap in life expectancy at {age}, years"
            group = f"{sex}, highest − lowest {known.stratifiers[over].short.en.lower()}"
            yield Target(what, group, year, gap, _mean(found, _of(whole, age, sex).id, "difference"), source)


def _of(whole: Indicator, age: int, sex: str) -> Indicator:
    """The life expectancy of one sex at an age."""
    population = parse({"age": {"at_least": age}, "sex": {"is": SEXES[sex]}})
    return whole.model_copy(update={"id": f"{sex}_{age}", "population": population})


def _mean(found: Estimates, indicator: str, measure: str) -> float:
    """Return the mean over the years."""
    rows = found.where(indicator=indicator, measure=measure, component=None).rows()
    return float(np.mean([row["value"] for row in rows]))


def compared(persons: int) -> list[Target]:
    """Return every target with what came of it."""
    return [*shares(populations(persons)), *lifetimes(persons)]


def main() -> None:
    """Make the persons, and print the table."""
    given = arguments(__doc__, persons=300_000)
    rows = [target.cells() for target in took(compared, given.persons).result]
    heads = ("outcome", "group", "year", "published", "generated", "difference", "source")
    show_rows(f"Calibration of the synthetic Denmark: {given.persons:,} persons", heads, rows, write=given.write)


if __name__ == "__main__":
    main()
