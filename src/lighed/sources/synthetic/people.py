"""Who the synthetic persons are: everything about them that is fixed when they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import ndtr, ndtri

from lighed.catalogue import load
from lighed.catalogue.load import BUILT_IN, read_yaml
from lighed.store.schema import tables

Array = npt.NDArray[Any]
Rng = np.random.Generator

BLOCK = 50_000
DAY0 = np.datetime64("2016-01-01")
LONG_AGO = -9000.0  # the day that spells begin on when they began before anything is counted
PROFILE = {"10": 0, "15": 0, "20": 1, "30": 1, "35": 1, "40": 2, "50": 3, "60": 3, "70": 4, "80": 4}
GROUPS = {
    "education_profile": ("basic", "short", "short_higher", "medium_higher", "long_higher"),
    "status": ("child", "student", "employed", "unemployed", "sick", "outside", "disability", "retired"),
    "income": ("q1", "q2", "q3", "q4", "q5"),
    "origin": ("danish", "western", "non_western"),
    "cohabitation": ("alone", "cohabiting"),
    "tenure": ("social", "private_rent", "cooperative", "owner"),
    "sex": ("female", "male"),
    "parents": ("short", "medium", "long"),
    "sector": ("municipal", "other"),
    "marginalisation": ("yes", "no"),
}
STATUS_CODE = ("420", "310", "13", "210", "220", "330", "321", "322")  # SOCIO13; employees by education below
STATUS_BENEFIT = (
    "none",
    "education_grant",
    "none",
    "unemployment",
    "sickness",
    "cash",
    "disability_pension",
    "old_age_pension",
)


@cache
def parameters() -> dict[str, Any]:
    """Return what the population is made to resemble."""
    return dict(read_yaml(BUILT_IN / "synthetic" / "denmark.yaml"))


def years() -> range:
    """Return the years that the population lives in."""
    return range(parameters()["first_year"], parameters()["last_year"] + 1)


@dataclass
class Population:
    """Everything that is fixed of the persons of a block, as arrays with one entry each; days count from DAY0."""

    id: Array
    female: Array
    birth: Array
    entry: Array
    exit: Array
    died: Array
    area: Array
    moved: Array
    area_after: Array
    advantage: Array
    origin: Array
    education: Array
    completed: Array
    mother: Array
    father: Array
    household: Array
    cohabiting: Array
    tenure: Array
    income: Array
    status: Array
    municipal: Array
    onset: Array
    positions: dict[str, Array]
    kept: dict[tuple[str, int], Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.id)

    @classmethod
    def born(
        cls, size: int, rng: Rng, *, first_id: int, positions: Callable[[Population, Rng], dict[str, Array]]
    ) -> Population:
        """Make the persons of a block: those who live there on the first day, and those who are born or come later.

        `positions` draws what depends on the chances: who is in day-care, homeless, and so on.
        """
        given, span = parameters()["population"], 365.25 * len(years())
        births, come = (rng.poisson(given[name] * size * len(years())) for name in ("births", "immigration"))
        total = size + births + come
        is_start = np.arange(total) < size
        is_born = (np.arange(total) >= size) & (np.arange(total) < size + births)
        female, age = _sex_and_age(total, rng)
        age[~is_start & ~is_born] = rng.uniform(18, 45, come)
        arrives = np.where(is_start, -1.0, rng.uniform(0, span, total))
        birth = np.floor(np.where(is_born, arrives, np.maximum(arrives, 0) - age * 365.25))
        entry = np.where(is_start, np.maximum(birth, LONG_AGO), np.floor(arrives))
        area, poverty = _areas(total, rng)
        origin = _choice(rng, given["origin"], total)
        origin[~is_start & ~is_born] = np.where(rng.random(come) < 0.45, 1, 3)
        mother, father, partner = _families(birth, female, is_start, rng)
        child = mother >= 0
        for inherited in (area, poverty):
            inherited[child] = inherited[mother[child]]
        origin[child] = np.array([0, 2, 2, 4, 4])[origin[mother[child]]]
        advantage = rng.normal(size=total) - 0.22 * poverty - 0.35 * np.isin(origin, (3, 4))
        advantage[child] = 0.45 * advantage[mother[child]] + 0.89 * rng.normal(size=child.sum())
        education, completed = _education(birth, advantage, origin, rng)
        cohabiting = (partner >= 0) | (rng.random(total) < 0.12)
        people = np.arange(total)
        home = np.where(child, mother, np.where((partner >= 0) & ~female, partner, people))
        status = _status(birth, completed, advantage, rng)
        income = _income(status[:, -1], advantage, education, home, rng)
        onset = _onset(birth, advantage, rng)
        died = _deaths(birth, female, advantage, onset, rng)
        leaves = np.where(
            rng.random(total) < given["emigration"] * len(years()) * 2.2, rng.uniform(0, span, total), np.inf
        )
        leaves[(birth < -45 * 365) | child] = np.inf
        exit_day = np.minimum(died, np.floor(leaves))
        moved = np.where(rng.random(total) < given["moves"], np.floor(rng.uniform(0, span, total)), np.inf)
        moved[(moved <= entry) | (moved >= exit_day)] = np.inf
        after, _ = _areas(total, rng)
        made = cls(
            id=first_id + people,
            female=female,
            birth=birth,
            entry=entry,
            exit=exit_day,
            died=died,
            area=area,
            moved=moved,
            area_after=after,
            advantage=advantage,
            origin=origin,
            education=education,
            completed=completed,
            mother=mother,
            father=father,
            household=first_id + home,
            cohabiting=cohabiting,
            tenure=_tenure(advantage, rng),
            income=income,
            status=status,
            municipal=rng.random(total) < 0.19,
            onset=onset,
            positions={},
        )
        made.positions = positions(made, rng)
        return made

    def age(self, day: float) -> Array:
        """Whole years of age on a day."""
        return np.floor((day - self.birth) / 365.25).astype(int)

    def present(self, year: int) -> Array:
        """Who lives here at some time in the year."""
        return (self.entry < day_of(year + 1)) & (self.exit > day_of(year))

    def group(self, dimension: str, year: int) -> Array:
        """Position of each person's level in GROUPS, on 1 January; -1 where there is none."""
        if (dimension, year) not in self.kept:
            self.kept[dimension, year] = self._group(dimension, year)
        return self.kept[dimension, year]

    def _group(self, dimension: str, year: int) -> Array:
        match dimension:
            case "education_profile":
                done = np.where(self.education >= 0, _profile(self.education), -1)
                return np.where(self.completed <= day_of(year), done, np.where(self.age(day_of(year)) >= 16, 0, -1))
            case "status":
                return self.status[:, year - years()[0]]
            case "income":
                return self.income
            case "origin":
                return np.array([0, 1, 1, 2, 2])[self.origin]
            case "cohabitation":
                return self.cohabiting.astype(int)
            case "tenure":
                return self.tenure
            case "sex":
                return (~self.female).astype(int)
            case "parents":
                return self._parents(year)
            case "sector":
                return np.where(self.municipal, 0, 1)
            case _:
                return np.where(self.positions[dimension], 0, 1)

    def area_in(self, year: int) -> Array:
        """Position of the municipality on 1 January, or on arrival."""
        return np.where(self.moved <= day_of(year), self.area_after, self.area)

    def education3(self, year: int) -> Array:
        """Short, medium, long (SEPLINE) as 0, 1, 2; -1 unknown."""
        return np.array([0, 1, 2, 2, 2, -1])[self.group("education_profile", year)]

    def _parents(self, year: int) -> Array:
        level = self.education3(year)
        mother = np.where(self.mother >= 0, level[self.mother], -1)
        father = np.where(self.father >= 0, level[self.father], -1)
        return np.maximum(mother, father)

    def tables(self, rng: Rng) -> dict[str, pa.Table]:
        """The tables of what is fixed: person, parent, household, residence, position, observation."""
        return {
            "person": rows(
                "person",
                person_id=self.id,
                sex=np.where(self.female, "female", "male"),
                birth_date=date(self.birth),
                death_date=date(self.died),
            ),
            "parent": self._parent_rows(),
            "household": rows(
                "household",
                person_id=self.id,
                household_id=self.household,
                valid_from=date(self.entry),
                valid_to=date(self.exit),
            ),
            "residence": self._residence(),
            "position": pa.concat_tables(self._position_rows(rng)),
            "observation": rows(
                "observation",
                person_id=self.id,
                source=np.full(len(self), "synthetic"),
                valid_from=date(self.entry),
                valid_to=date(self.exit),
            ),
        }

    def _parent_rows(self) -> pa.Table:
        pairs = [(self.mother, "mother"), (self.father, "father")]
        return pa.concat_tables(
            rows(
                "parent",
                person_id=self.id[whom >= 0],
                parent_id=self.id[whom[whom >= 0]],
                relation=np.full((whom >= 0).sum(), relation),
            )
            for whom, relation in pairs
        )

    def _residence(self) -> pa.Table:
        codes = np.array(municipalities()[0])
        stays = np.isfinite(self.moved)
        first = rows(
            "residence",
            person_id=self.id,
            area=codes[self.area],
            valid_from=date(self.entry),
            valid_to=date(np.minimum(self.moved, self.exit)),
        )
        second = rows(
            "residence",
            person_id=self.id[stays],
            area=codes[self.area_after[stays]],
            valid_from=date(self.moved[stays]),
            valid_to=date(self.exit[stays]),
        )
        return pa.concat_tables([first, second])

    def _position_rows(self, rng: Rng) -> Iterator[pa.Table]:
        everyone, always = np.arange(len(self)), np.full(len(self), LONG_AGO)
        grown = self.birth + 15 * 365.25
        start, done = np.maximum(grown, LONG_AGO), np.maximum(self.completed, LONG_AGO)
        young = start < done
        yield self._spells("education", everyone[young], np.full(young.sum(), "10"), start[young], done[young])
        known = self.education >= 0
        codes = np.array([*PROFILE])
        yield self._spells("education", everyone[known], codes[self.education[known]], done[known])
        kinds = list(parameters()["population"]["origin"])
        yield self._spells("origin", everyone, np.array(kinds)[self.origin], always)
        adult = np.maximum(self.birth + 18 * 365.25, LONG_AGO)
        yield self._spells(
            "cohabitation", everyone, np.array(GROUPS["cohabitation"])[self.cohabiting.astype(int)], adult
        )
        yield self._spells("tenure", everyone, np.array(GROUPS["tenure"])[self.tenure], always)
        yield self._spells("sector", everyone, np.array(GROUPS["sector"])[np.where(self.municipal, 0, 1)], adult)
        yield self._spells("income", everyone, None, always, amount=self._kroner(rng))
        yield from self._work()
        yield from self._illness()
        for name, (values, low, high) in _SIMPLE.items():
            inside = self.positions[name]
            dimension, yes, no = values
            spans = np.maximum(self.birth + low * 365.25, LONG_AGO), self.birth + (high + 1) * 365.25
            if no is not None:
                yield self._spells(
                    dimension, everyone[~inside], np.full((~inside).sum(), no), spans[0][~inside], spans[1][~inside]
                )
            yield self._spells(
                dimension, everyone[inside], np.full(inside.sum(), yes), spans[0][inside], spans[1][inside]
            )

    def _kroner(self, rng: Rng) -> Array:
        """An income whose rank within sex and age is the person's, in whole kroner."""
        position = (self.income + rng.random(len(self))) / 5
        return np.round(np.exp(12.35 + 0.48 * ndtri(np.clip(position, 0.001, 0.999))))

    def _work(self) -> Iterator[pa.Table]:
        """Spells of work and benefit: years of the same status are one."""
        level = np.array(["134", "134", "133", "133", "132", "139"])[_profile(self.education)]
        change = np.ones(self.status.shape, bool)
        change[:, 1:] = self.status[:, 1:] != self.status[:, :-1]
        who, k = np.nonzero(change)
        status = self.status[who, k]
        firsts = np.array([day_of(year) for year in years()] + [day_of(years()[-1] + 1)])
        until = np.full(len(who), np.inf)
        same = who[1:] == who[:-1]
        until[:-1][same] = firsts[k[1:][same]]
        since = np.where(k == 0, LONG_AGO, firsts[k])
        code = np.array(STATUS_CODE)[status]
        code = np.where(status == 2, level[who], code)
        yield self._spells("employment", who, code, since, until)
        flexible = (status == 2) & (self.advantage[who] < -1.45) & (self.onset[who, 0] < day_of(years()[0]))
        benefit = np.where(flexible, "flex_job", np.array(STATUS_BENEFIT)[status])
        yield self._spells("benefit", who, benefit, since, until)

    def _illness(self) -> Iterator[pa.Table]:
        everyone, (first, second) = np.arange(len(self)), self.onset.T
        yield self._spells("conditions", everyone, np.full(len(self), "none"), np.full(len(self), LONG_AGO), first)
        yield self._spells("conditions", everyone, np.full(len(self), "one"), first, second)
        yield self._spells("conditions", everyone, np.full(len(self), "several"), second)

    def _spells(
        self,
        dimension: str,
        who: Array,
        category: Array | None,
        since: Array,
        until: Array | None = None,
        amount: Array | None = None,
    ) -> pa.Table:
        since = np.maximum(since, self.birth[who].clip(min=LONG_AGO))
        until = np.full(len(who), np.inf) if until is None else until
        kept = since < until
        return rows(
            "position",
            person_id=self.id[who][kept],
            dimension=np.full(kept.sum(), dimension),
            category=None if category is None else category[kept],
            amount=None if amount is None else amount[kept],
            valid_from=date(since[kept]),
            valid_to=date(until[kept]),
        )


# name: (dimension, what those with the outcome have, what the others have), from age, to age
_SIMPLE: dict[str, tuple[tuple[str, str, str | None], int, int]] = {
    "upper_secondary_completed": (("upper_secondary", "completed", "enrolled"), 18, 25),
    "upper_secondary_neither": (("upper_secondary", "neither", "enrolled"), 15, 17),
    "activity_neither": (("activity", "neither", "school"), 15, 17),
    "daycare": (("daycare", "enrolled", "not_enrolled"), 1, 5),
    "special_needs": (("special_needs", "yes", "no"), 1, 17),
    "homeless": (("housing", "homeless", "housed"), 18, 120),
    "marginalised": (("marginalisation", "yes", None), 18, 120),
}


def day_of(year: int) -> float:
    """Days from DAY0 to 1 January of a year."""
    return float((np.datetime64(f"{year}-01-01") - DAY0).astype(int))


def date(days: Array) -> pa.Array:
    """Days from DAY0 as dates; infinite is null."""
    finite = np.isfinite(days)
    offset = DAY0.astype("datetime64[D]").astype(int)
    return pa.array(np.where(finite, days, 0).astype(np.int32) + np.int32(offset), pa.int32(), mask=~finite).cast(
        pa.date32()
    )


def rows(name: str, **columns: Any) -> pa.Table:
    """Make rows of a table of the store; a column that is not given is null."""
    schema, length = tables()[name].schema, len(next(iter(columns.values())))

    def column(field: pa.Field) -> pa.Array:
        given = columns.get(field.name)
        if given is None:
            return pa.nulls(length, field.type)
        return given.cast(field.type) if isinstance(given, pa.Array) else pa.array(given, field.type)

    return pa.table([column(field) for field in schema], schema=schema)


@cache
def municipalities() -> tuple[tuple[str, ...], Array, Array]:
    """Codes, shares of the population, and poverty as deviations from the mean."""
    attributes = load().attributes
    codes = tuple(attributes["population"])
    population = np.array([attributes["population"][code] for code in codes])
    poverty = np.array([attributes["relative_poverty"][code] for code in codes])
    share = population / population.sum()
    return codes, share, (poverty - (share * poverty).sum()) / poverty.std()


def _areas(size: int, rng: Rng) -> tuple[Array, Array]:
    _, share, poverty = municipalities()
    area = np.searchsorted(share.cumsum()[:-1], rng.random(size), side="right")
    return area, poverty[area].copy()


def _sex_and_age(size: int, rng: Rng) -> tuple[Array, Array]:
    """Draw sex and age as in Denmark; within five years of age every day is as likely."""
    standard = load().standards["denmark_2025"]
    weights = np.array([standard.weights["female"], standard.weights["male"]], float).ravel()
    cell = np.searchsorted(weights.cumsum()[:-1] / weights.sum(), rng.random(size), side="right")
    band = np.array(standard.ages)[cell % len(standard.ages)]
    width = np.where(band == standard.ages[-1], 12, 5)
    return cell < len(standard.ages), band + rng.random(size) * width


def _choice(rng: Rng, shares: dict[str, float], size: int) -> Array:
    return np.searchsorted(np.cumsum([*shares.values()])[:-1], rng.random(size), side="right")


def _families(birth: Array, female: Array, is_start: Array, rng: Rng) -> tuple[Array, Array, Array]:
    """Mother, father and partner of each person, as positions in the block; -1 for none.

    A child's mother is a woman of the block some 30 years older; two of three adults live in couples of nearly one age.
    """
    people = np.arange(len(birth))
    age = -birth / 365.25
    adult = is_start & (age >= 18)
    women, men = (people[adult & sex & (rng.random(len(birth)) < 0.66)] for sex in (female, ~female))
    couples = min(len(women), len(men))
    women, men = women[np.argsort(birth[women], kind="stable")], men[np.argsort(birth[men], kind="stable")]
    women, men = (
        women[np.linspace(0, len(women) - 1, couples).astype(int)],
        men[np.linspace(0, len(men) - 1, couples).astype(int)],
    )
    partner = np.full(len(birth), -1)
    partner[women], partner[men] = men, women
    child = people[age < 18]
    candidates = people[adult & female]
    candidates = candidates[np.argsort(birth[candidates], kind="stable")]
    wished = birth[child] - 365.25 * np.clip(rng.normal(30, 4.8, len(child)), 17, 44)
    at = np.clip(np.searchsorted(birth[candidates], wished), 0, len(candidates) - 1)
    mother = np.full(len(birth), -1)
    mother[child] = candidates[at]
    mother[mother >= 0] = np.where(
        birth[mother[mother >= 0]] < birth[mother >= 0] - 15 * 365.25, mother[mother >= 0], -1
    )
    father = np.where(mother >= 0, partner[mother], -1)
    return mother, father, partner


def _profile(education: Array) -> Array:
    return np.array([*PROFILE.values(), 5])[education]


def _education(birth: Array, advantage: Array, origin: Array, rng: Rng) -> tuple[Array, Array]:
    """Highest education (a position in PROFILE, -1 unknown) and the day it is completed."""
    given = parameters()
    draw = ndtr(0.62 * advantage + 0.78 * rng.normal(size=len(birth)))
    born = 2016 + birth / 365.25
    order = [*PROFILE]
    education = np.full(len(birth), -1)
    lower = -np.inf
    for cohort in given["education"]:
        inside = (born > lower) & (born <= cohort["born_to"] + 1)
        levels = [order.index(code) for code in cohort["shares"]]
        at = np.searchsorted(np.cumsum([*cohort["shares"].values()])[:-1], draw[inside], side="right")
        education[inside] = np.array(levels)[at]
        lower = cohort["born_to"] + 1
    ages = np.array([given["completed_at"].get(code, 22) for code in order])
    completed = np.floor(birth + 365.25 * (ages[education] + rng.random(len(birth))))
    lost = rng.random(len(birth)) < np.where(
        origin == 0, given["education_unknown"]["danish"], given["education_unknown"]["other"]
    )
    education[lost & (completed < 0)] = -1
    return education, completed


def _status(birth: Array, completed: Array, advantage: Array, rng: Rng) -> Array:
    """Status on each 1 January, shape (person, year): positions in GROUPS['status']."""
    fate, status = rng.random(len(birth)), np.empty((len(birth), len(years())), np.int8)
    for k, year in enumerate(years()):
        age = (day_of(year) - birth) / 365.25
        hard = np.exp(-0.85 * advantage)
        disability = 0.035 * hard * np.clip((age - 18) / 30, 0, 1.6)
        outside = disability + 0.032 * hard
        draw = rng.random(len(birth))
        out = np.where(draw < 0.035 * hard, 3, np.where(draw < 0.035 * hard + 0.022 * hard, 4, 2))
        out = np.where(fate < disability, 6, np.where(fate < outside, 5, out))
        out = np.where((completed > day_of(year)) & (age < 30) & (draw < 0.8), 1, out)
        out = np.where(age >= 66.5, 7, np.where(age < 15, 0, np.where(age < 18, 1, out)))
        status[:, k] = out
    return status


def _income(status: Array, advantage: Array, education: Array, home: Array, rng: Rng) -> Array:
    """Income fifth within the block, shared by a household."""
    level = np.array([-0.35, 0.0, 0.15, 0.25, 0.6, -0.2])[_profile(education)]
    work = np.array([0, -0.5, 0.35, -0.4, -0.15, -0.8, -0.6, -0.1])[status]
    score = 0.55 * advantage + level + work + 0.45 * rng.normal(size=len(home))
    shared = 0.6 * score[home] + 0.4 * score
    shared = np.where(home == np.arange(len(home)), shared, score[home])
    rank = np.argsort(np.argsort(shared, kind="stable"), kind="stable") / len(home)
    return (rank * 5).astype(int)


def _tenure(advantage: Array, rng: Rng) -> Array:
    score = 0.75 * advantage + 0.66 * rng.normal(size=len(advantage))
    return np.searchsorted(ndtri(np.array([0.17, 0.36, 0.43])), score, side="right")


def _onset(birth: Array, advantage: Array, rng: Rng) -> Array:
    """Days of the first and of the second chronic condition."""
    first = 54 + 6.5 * advantage + 19 * rng.normal(size=len(birth))
    second = first + rng.exponential(14 + 3 * np.clip(advantage, -2, 2), len(birth))
    return np.floor(birth[:, None] + 365.25 * np.stack([np.maximum(first, 1), np.maximum(second, 2)], 1))


def _deaths(birth: Array, female: Array, advantage: Array, onset: Array, rng: Rng) -> Array:
    """Day of death, infinite for those who outlive the last year."""
    given, died = parameters()["mortality"], np.full(len(birth), np.inf)
    for year in years():
        start = day_of(year)
        age = (start - birth) / 365.25
        fading = np.clip((92 - age) / 62, 0, 1)
        level = np.where(female, given["female"], given["male"]) + given["slope"] * np.maximum(age, 0)
        ill = given["conditions"] * (onset[:, 1] < start) * fading
        chance = -np.expm1(-np.exp(level + given["advantage"] * advantage * fading + ill))
        dies = (rng.random(len(birth)) < chance) & np.isinf(died)
        died[dies] = np.floor(np.maximum(start, birth[dies]) + 1 + rng.random(dies.sum()) * 363)
    return died
