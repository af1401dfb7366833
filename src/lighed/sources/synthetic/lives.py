"""How the lives of the synthetic persons are drawn: kin, place, schooling, work, income, illness and death.

What is drawn first weighs on what follows through one hidden trait, *advantage*: it is lower where a municipality is
poor and handed on, in part, from mother to child; it raises education and income, and postpones illness and death.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from lighed.catalogue import load
from lighed.sources.synthetic.world import (
    LONG_AGO,
    PROFILE,
    Array,
    Rng,
    day_of,
    municipalities,
    parameters,
    profile,
    years,
)

CHILD_OF = np.array([0, 2, 2, 4, 4])  # origin of the children of mothers of each origin


def lives(size: int, rng: Rng) -> dict[str, Array]:
    """Draw everything that is fixed of the persons of a block; days count from the first day."""
    arrived = _arrivals(size, rng)
    birth, female, newcomer = arrived["birth"], arrived["female"], arrived.pop("newcomer")
    mother, father, partner = _families(birth, female, np.isneginf(arrived.pop("since")), rng)
    roots = _roots(mother, newcomer, rng)
    advantage = roots["advantage"]
    education, completed = _education(birth, advantage, roots["origin"], rng)
    people = np.arange(len(birth))
    home = np.where(mother >= 0, mother, np.where((partner >= 0) & ~female, partner, people))
    status = _status(birth, completed, advantage, rng)
    income = _income(status[:, -1], advantage, education, home, birth, female, rng)
    onset = _onset(birth, advantage, rng)
    died = _deaths(birth, female, profile(education), income, onset, rng)
    return (
        arrived
        | roots
        | {"mother": mother, "father": father, "household": home, "education": education, "completed": completed}
        | {"cohabiting": (partner >= 0) | (rng.random(len(birth)) < 0.12), "status": status, "income": income}
        | {"onset": onset, "died": died, "tenure": _tenure(advantage, rng), "municipal": rng.random(len(birth)) < 0.19}
        | _stays(arrived["entry"], birth, mother >= 0, died, rng)
    )


def _arrivals(size: int, rng: Rng) -> dict[str, Array]:
    """Those who live here on the first day, those who are born in the years, and those who come from elsewhere."""
    given, span = parameters()["population"], 365.25 * len(years())
    births, come = (rng.poisson(given[name] * size * len(years())) for name in ("births", "immigration"))
    total = size + births + come
    newborn, newcomer = (np.repeat(kind, (size, births, come)) for kind in ([False, True, False], [False, False, True]))
    female, age = _sex_and_age(total, rng)
    age[newcomer] = rng.uniform(18, 45, come)
    since = np.where(newborn | newcomer, rng.uniform(0, span, total), -np.inf)
    birth = np.floor(np.where(newborn, since, np.maximum(since, 0) - age * 365.25))
    entry = np.where(np.isneginf(since), np.maximum(birth, LONG_AGO), np.floor(since))
    return {"female": female, "birth": birth, "entry": entry, "newcomer": newcomer, "since": since}


def _roots(mother: Array, newcomer: Array, rng: Rng) -> dict[str, Array]:
    """Municipality, origin and advantage, which children have from their mothers, advantage in part."""
    total, child = len(mother), mother >= 0
    area, poverty = _areas(total, rng)
    origin = _choice(rng, parameters()["population"]["origin"], total)
    origin[newcomer] = np.where(rng.random(newcomer.sum()) < 0.45, 1, 3)
    for inherited in (area, poverty):
        inherited[child] = inherited[mother[child]]
    origin[child] = CHILD_OF[origin[mother[child]]]
    advantage = rng.normal(size=total) - 0.22 * poverty - 0.35 * np.isin(origin, (3, 4))
    advantage[child] = 0.45 * advantage[mother[child]] + 0.89 * rng.normal(size=child.sum())
    return {"area": area, "origin": origin, "advantage": advantage}


def _stays(entry: Array, birth: Array, child: Array, died: Array, rng: Rng) -> dict[str, Array]:
    """When each person leaves (by death or by moving abroad), and who moves to another municipality when."""
    given, span, total = parameters()["population"], 365.25 * len(years()), len(entry)
    gone = rng.random(total) < given["emigration"] * len(years()) * 2.2
    leaves = np.where(gone, rng.uniform(0, span, total), np.inf)
    leaves[(birth < -45 * 365) | child] = np.inf
    last = np.minimum(died, np.floor(leaves))
    moved = np.where(rng.random(total) < given["moves"], np.floor(rng.uniform(0, span, total)), np.inf)
    moved[(moved <= entry) | (moved >= last)] = np.inf
    return {"exit": last, "moved": moved, "area_after": _areas(total, rng)[0]}


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


def _income(
    status: Array, advantage: Array, education: Array, home: Array, birth: Array, female: Array, rng: Rng
) -> Array:
    """Income fifth within sex and five years of birth, mostly shared by a household."""
    level = np.array([-0.35, 0.0, 0.15, 0.25, 0.6, -0.2])[profile(education)]
    work = np.array([0, -0.5, 0.35, -0.4, -0.15, -0.8, -0.6, -0.1])[status]
    score = 0.55 * advantage + level + work + 0.45 * rng.normal(size=len(home))
    shared = 0.6 * score[home] + 0.4 * score
    shared = np.where(home == np.arange(len(home)), shared, score[home])
    alike = 2 * np.floor(birth / (5 * 365.25)).astype(int) + female
    order = np.lexsort([shared, alike])
    _, first, size = np.unique(alike[order], return_index=True, return_counts=True)
    place = np.arange(len(home)) - np.repeat(first, size)
    fifth = np.empty(len(home), int)
    fifth[order] = 5 * place // np.repeat(size, size)
    return fifth


def _tenure(advantage: Array, rng: Rng) -> Array:
    score = 0.75 * advantage + 0.66 * rng.normal(size=len(advantage))
    return np.searchsorted(ndtri(np.array([0.17, 0.36, 0.43])), score, side="right")


def _onset(birth: Array, advantage: Array, rng: Rng) -> Array:
    """Days of the first and of the second chronic condition."""
    first = 54 + 6.5 * advantage + 19 * rng.normal(size=len(birth))
    second = first + rng.exponential(14 + 3 * np.clip(advantage, -2, 2), len(birth))
    return np.floor(birth[:, None] + 365.25 * np.stack([np.maximum(first, 1), np.maximum(second, 2)], 1))


def _deaths(birth: Array, female: Array, level: Array, income: Array, onset: Array, rng: Rng) -> Array:
    """Day of death, infinite for those who outlive the last year; social differences fade with age."""
    given, died = parameters()["mortality"], np.full(len(birth), np.inf)
    social = _by_sex(given["education"], female) * np.array([-2.0, -1, 0, 1, 2, -1])[level]
    social += _by_sex(given["income"], female) * (income - 2)
    for year in years():
        start = day_of(year)
        age = (start - birth) / 365.25
        fading = np.clip((given["faded_at"] - age) / (given["faded_at"] - 40), 0, 1)
        hazard = _by_sex(given["level"], female) + given["slope"] * np.maximum(age, 0)
        hazard += fading * (social + given["conditions"] * (onset[:, 1] < start))
        dies = (rng.random(len(birth)) < -np.expm1(-np.exp(hazard))) & np.isinf(died)
        died[dies] = np.floor(np.maximum(start, birth[dies]) + 1 + rng.random(dies.sum()) * 363)
    return died


def _by_sex(given: dict[str, float], female: Array) -> Array:
    return np.where(female, given["female"], given["male"])
