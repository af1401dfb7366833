"""How likely an outcome is for each person: coefficients for which groups have the shares that are asked for."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from scipy.special import expit, logit

from lighed.catalogue import load
from lighed.catalogue.areas import members
from lighed.sources.synthetic.people import Population
from lighed.sources.synthetic.world import BLOCK, GROUPS, LATER, Array, Rng, day_of, municipalities, parameters, years

IN_ORDER = {"education_profile", "parents", "income"}


def chances(people: Population, name: str, model: dict[str, Any], year: int) -> Array:
    """Return the true chance of an outcome for each person in a year."""
    coefficients = calibrated()[name]
    score = (
        coefficients["level"] + model.get("trend", 0.0) * (year - model.get("year", year)) + _fixed(people, model, year)
    )
    for dimension in model["by"]:
        score = score + coefficients[dimension][people.group(dimension, year)]
    return np.asarray(expit(score + _extended(people, model, year)))


def _extended(people: Population, model: dict[str, Any], year: int) -> Array:
    """What an extended offer adds to the score of some groups, in one area from a year on."""
    offer, added = model.get("extended"), np.zeros(len(people))
    if offer and year >= offer["from"]:
        there = members(load().areas, offer["area"], year)
        inside = np.isin(np.array(municipalities()[0])[people.area_in(year)], there)
        for dimension, levels in offer["by"].items():
            gains = np.array([*(levels.get(level, 0.0) for level in GROUPS[dimension]), 0.0])
            added += inside * gains[people.group(dimension, year)]
    return added


def _fixed(people: Population, model: dict[str, Any], year: int) -> Array:
    """What is added to the score without being calibrated: sex, age, and a gap that widens with the years."""
    score = model.get("male", 0.0) * ~people.female + model.get("female", 0.0) * people.female
    score = score + model.get("ages", 0.0) * (people.age(day_of(year)) - 45)
    first = next(iter(model["by"]))
    steps = np.append(np.linspace(2, -2, len(GROUPS[first])), 0.0)[people.group(first, year)]
    return np.asarray(score + model.get("widening", 0.0) * (year - model.get("year", year)) * steps)


def eligible(people: Population, model: dict[str, Any], year: int) -> Array:
    """Return whom an outcome can happen to in a year: by age on the first day there, and by position."""
    low, high = model["age"]
    age = np.maximum(people.age(day_of(year)), 0)
    inside = people.present(year) & (age >= low) & (age <= high)
    for dimension, level in model.get("only", {}).items():
        inside &= people.group(dimension, year) == GROUPS[dimension].index(level)
    return inside


def draw_positions(people: Population, rng: Rng) -> dict[str, Array]:
    """Draw who is in day-care, has special needs, is homeless …: once, for the year in the middle of the age range."""
    drawn = {}
    for name, model in parameters()["positions"].items():
        middle = 2016 + (people.birth / 365.25 + np.mean(model["age"]))
        year = np.clip(middle, years()[0], years()[-1]).astype(int)
        chance = np.select([year == one for one in years()], [chances(people, name, model, one) for one in years()])
        drawn[name] = rng.random(len(people)) < chance
    return drawn | {"marginalisation": drawn["marginalised"]}


def draw_diseases(people: Population, rng: Rng) -> dict[str, Array]:
    """Draw which diseases the chronic conditions are that each person has, or will have: they begin with the first."""
    models = parameters()["diseases"].items()
    return {name: rng.random(len(people)) < chances(people, name, model, model["year"]) for name, model in models}


_CALIBRATED: dict[str, dict[str, Any]] = {}


def calibrated() -> dict[str, dict[str, Any]]:
    """Return, by outcome, the coefficients for which the groups of a pilot population have the shares asked for."""
    if not _CALIBRATED:
        adopt(_calibrate())
    return _CALIBRATED


def adopt(found: dict[str, dict[str, Any]]) -> None:
    """Take what another process has calibrated."""
    _CALIBRATED.update(found)


def _calibrate() -> dict[str, dict[str, Any]]:
    pilot, found = _pilot(), {}
    for name, model in models().items():
        year = int(np.clip(model.get("year", 2021), years()[0], years()[-1]))
        found[name] = _fitted(pilot, model, year, eligible(pilot, model, year))
    return found


@cache
def models() -> dict[str, dict[str, Any]]:
    """Return every outcome that is drawn with a chance, with the population that it can happen to."""
    given, asked = parameters(), dict[str, dict[str, Any]]()
    for survey in given["survey"].values():
        common = {"age": survey["age"], "only": survey.get("only", {})}
        asked |= {name: common | item for name, item in survey["items"].items() if "share" in item}
    for drawn in (given, *(given[part] for part in LATER)):
        asked |= {follow["item"]: {"age": [0, 120]} | follow for follow in drawn["follows"]}
        asked |= {name: {"age": [0, 0]} | model for name, model in drawn.get("events", {}).items()}
    asked |= {dropout["item"]: {"age": [0, 120]} | dropout for dropout in given["dropouts"]}
    return asked | given["positions"] | given["diseases"]


def _pilot() -> Population:
    def guessed(people: Population, rng: Rng) -> dict[str, Array]:
        given = parameters()
        shares = {name: model["share"] for name, model in given["positions"].items()}
        shares |= {"marginalisation": shares["marginalised"]}
        shares |= {name: model["share"] for name, model in given["diseases"].items()}
        return {name: rng.random(len(people)) < share for name, share in shares.items()}

    return Population.born(BLOCK, np.random.default_rng(1), first_id=0, positions=guessed)


def _fitted(people: Population, model: dict[str, Any], year: int, inside: Array) -> dict[str, Any]:
    """Raise and lower the coefficient of each group until its mean chance is the share asked for.

    The groups of the first dimension of which nothing is asked take what brings the whole to the share asked of all;
    of an ordered dimension they lie, so shifted, on the line between their neighbours. The last coefficient is for no
    group.
    """
    fixed = _fixed(people, model, year)[inside] + logit(model["share"])
    at = {dimension: people.group(dimension, year)[inside] for dimension in model["by"]}
    wanted = {dimension: _wanted(dimension, shares) for dimension, shares in model["by"].items()}
    terms = {dimension: np.zeros(len(GROUPS[dimension]) + 1) for dimension in at}
    first, shift = next(iter(at)), 0.0
    for _ in range(60):
        for dimension, group in at.items():
            chance = expit(fixed + sum(terms[d][g] for d, g in at.items()))
            number, total = _by_group(group, terms[dimension], chance)
            asked = np.isfinite(wanted[dimension]) & (number > 30)
            terms[dimension][asked] += logit(wanted[dimension][asked]) - logit(total[asked] / number[asked])
        chance = expit(fixed + sum(terms[d][g] for d, g in at.items()))
        shift += float(logit(model["share"]) - logit(chance.mean()))
        terms[first] = _filled(first, terms[first], np.isfinite(wanted[first]), shift)
    return {"level": float(logit(model["share"]))} | terms


def _by_group(group: Array, terms: Array, chance: Array) -> tuple[Array, Array]:
    place = group % len(terms)  # -1, no group, stands last
    return np.bincount(place, minlength=len(terms)), np.bincount(place, chance, len(terms))


def _filled(dimension: str, terms: Array, asked: Array, shift: float) -> Array:
    place = np.arange(len(terms))
    between = np.interp(place, place[asked], terms[asked]) if dimension in IN_ORDER else np.zeros(len(terms))
    between[-1] = 0.0
    return np.where(asked, terms, between + shift)


def _wanted(dimension: str, shares: dict[str, float]) -> Array:
    """Return the shares asked for along the groups of a dimension, and NaN for groups of which nothing is asked."""
    given = {GROUPS[dimension].index(level): share for level, share in shares.items()}
    return np.array([given.get(k, np.nan) for k in range(len(GROUPS[dimension]) + 1)])
