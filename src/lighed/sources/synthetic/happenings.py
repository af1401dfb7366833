"""What happens to the synthetic persons, and what they answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from lighed.sources.synthetic.chances import chances, eligible, models
from lighed.sources.synthetic.people import Population
from lighed.sources.synthetic.senders import Senders, Sent, hospitals, losses, sends
from lighed.sources.synthetic.world import LATER, Array, Rng, date, day_of, municipalities, parameters, rows, years

LEVELS = ("short", "medium", "long")


@dataclass
class Truth:
    """By outcome and year, the sum of the true chances and of the persons they are of.

    Each is of shape (municipality, education in three groups, 2). Of those whom a hospital sent, the outcome's name has
    the hospital's id after it.
    """

    sums: dict[tuple[str, int], Array] = field(default_factory=dict)

    def add(
        self, outcome: str, year: int, people: Population, who: Array, chance: Array, sent: Sent | None = None
    ) -> None:
        """Add the chances of the persons at the positions `who`, by their parents' education if it weighs on them."""
        if sent:
            who, chance = who[~sent.lost], (chance * (1 - losses(outcome)[sent.sender]))[~sent.lost]
        of_parents = "parents" in models()[outcome]["by"]
        education = (people.group("parents", year) if of_parents else people.education3(year))[who]
        cell = people.area_in(year)[who] * len(LEVELS) + education
        self._sum(outcome, year, cell, chance, education >= 0)
        if sent:
            sender = np.where(education >= 0, sent.sender[~sent.lost], -1)
            for k, hospital in enumerate(hospitals()):
                self._sum(f"{outcome} {hospital}", year, cell, chance, sender == k)

    def _sum(self, outcome: str, year: int, cell: Array, chance: Array, kept: Array) -> None:
        shape, cell = (len(municipalities()[0]), len(LEVELS)), cell[kept]
        parts = [np.bincount(cell, part, shape[0] * shape[1]) for part in (chance[kept], np.ones(len(cell)))]
        self._take(outcome, year, np.stack(parts, -1).reshape(*shape, 2))

    def share(self, outcome: str, year: int, level: str, areas: Iterable[str] | None = None) -> float:
        """Return the true share of an education group in a year, in some municipalities or in all."""
        place = slice(None) if areas is None else [municipalities()[0].index(code) for code in areas]
        total, persons = self.sums[outcome, year][place, LEVELS.index(level)].sum(0)
        return float(total / persons)

    def join(self, other: Truth) -> None:
        """Take in the truth of other persons."""
        for (outcome, year), sums in other.sums.items():
            self._take(outcome, year, sums)

    def _take(self, outcome: str, year: int, sums: Array) -> None:
        self.sums[outcome, year] = self.sums.get((outcome, year), np.zeros(sums.shape)) + sums


@dataclass(frozen=True)
class Happened:
    """Events of one kind: to whom (positions in the population), when, in which category, until when, how much, why."""

    item: str
    who: Array
    day: Array
    category: Array | None = None
    last: Array | None = None
    amount: Array | None = None
    sent: Sent | None = None
    reason: Array | None = None


def events(people: Population, rng: Rng, senders: Senders, truth: Truth, *, first_id: int) -> dict[str, pa.Table]:
    """Draw the events of every year, and the reasons of those that have one."""
    parts, start, reasons = [], first_id, []
    for h in _happened(people, rng, senders, truth):
        kept = (people.entry[h.who] <= h.day) & (people.exit[h.who] >= h.day)
        kept &= ~h.sent.lost if h.sent else True
        who = h.who[kept]
        parts.append(
            rows(
                "event",
                event_id=start + np.arange(len(who)),
                person_id=people.id[who],
                item=np.full(len(who), h.item),
                date=date(h.day[kept]),
                date_to=None if h.last is None else date(np.minimum(h.last[kept], people.exit[who])),
                category=None if h.category is None else h.category[kept],
                amount=None if h.amount is None else h.amount[kept],
                provider_id=np.array(hospitals())[h.sent.sender[kept]] if h.sent and sends(h.item) else None,
                status=np.full(len(who), "active"),
            )
        )
        if h.reason is not None:
            reasons.append(rows("reason", event_id=start + np.arange(len(who)), reason=h.reason[kept]))
        start += len(who)
    return {"event": pa.concat_tables(parts), "reason": pa.concat_tables(reasons)}


def _happened(people: Population, rng: Rng, senders: Senders, truth: Truth) -> Iterator[Happened]:
    *later, dropping = rng.spawn(len(LATER) + 1)  # what is drawn from one moves nothing that is drawn from another
    parts = [(parameters(), rng), *zip((parameters()[part] for part in LATER), later, strict=True)]
    for year in years():
        firsts = {"death": _deaths(people, year)}
        for given, stream in parts:
            for name in given.get("events", {}):
                firsts[name] = _event(people, stream, truth, name, models()[name], year)
                if sends(name):
                    firsts[name] = replace(firsts[name], sent=senders.of(people, firsts[name].who, year))
            for name, days in given.get("stays", {}).items():
                firsts[name] = replace(firsts[name], last=firsts[name].day + _delay(stream, days, firsts[name].who))
            for name, shares in given.get("kinds", {}).items():
                firsts[name] = replace(firsts[name], category=_category(stream, shares, firsts[name].who))
            for follow in given["follows"]:
                firsts[follow["item"]] = _following(people, stream, senders, truth, follow, firsts, year)
        yield from (happened for name, happened in firsts.items() if name != "death")
        for model in parameters()["dropouts"]:
            yield _dropped_out(people, dropping, truth, model, firsts[model["after"]], firsts[model["without"]], year)


def _deaths(people: Population, year: int) -> Happened:
    """Those who die here in the year; the deaths themselves stand with the persons."""
    dies = (people.died >= day_of(year)) & (people.died < day_of(year + 1)) & (people.exit == people.died)
    who = np.flatnonzero(dies)
    return Happened("death", who, people.died[who])


def _dropped_out(
    people: Population, rng: Rng, truth: Truth, model: dict[str, Any], first: Happened, then: Happened, year: int
) -> Happened:
    """Those of a first event to whom the next did not come and whose dropping out is registered, and why."""
    without = np.isin(first.who, then.who, invert=True) & (rng.random(len(first.who)) < model["registered"])
    who = first.who[without]
    chance = chances(people, model["item"], models()[model["item"]], year)[who]
    truth.add(model["item"], year, people, who, chance)
    reason = np.where(rng.random(len(who)) < chance, model["reason"], _category(rng, model["others"], who))
    return Happened(model["item"], who, first.day[without] + _delay(rng, model["days"], who), reason=reason)


def _following(
    people: Population,
    rng: Rng,
    senders: Senders,
    truth: Truth,
    model: dict[str, Any],
    firsts: dict[str, Happened],
    year: int,
) -> Happened:
    """What follows, from its last day, a first event; of one category or of some, if the definition names them."""
    first = firsts[model["after"]]
    of = np.isin(np.asarray(first.category), model["of"]) if "of" in model else slice(None)
    who, day = first.who[of], (first.day if first.last is None else first.last)[of]
    chance = chances(people, model["item"], models()[model["item"]], year)[who]
    sent = first.sent.of(of) if first.sent else None
    truth.add(model["item"], year, people, who, chance, sent)
    hit, category, amount = rng.random(len(who)) < chance, None, None
    if "outcome" in model:
        hit, category = np.full(len(who), True), np.where(hit, *model["outcome"])
    who, day = who[hit], day[hit] + _delay(rng, model["days"], who[hit])
    if "categories" in model:
        category = _category(rng, model["categories"], who)
        amount = _points(rng, model["points"], category) if "points" in model else None
    sent = senders.on(sent.of(hit), model["item"]) if sent else None
    return Happened(model.get("into", model["item"]), who, day, category, amount=amount, sent=sent)


def _delay(rng: Rng, days: list[int], who: Array) -> Array:
    return rng.integers(days[0], days[1] + 1, len(who))


def _category(rng: Rng, shares: dict[str, float], who: Array) -> Array:
    return rng.choice([*shares], size=len(who), p=[*shares.values()])


def _points(rng: Rng, bands: dict[str, list[int]], category: Array) -> Array:
    """Points of a form, between the fewest and the most of the band that was drawn, each as likely as another."""
    fewest, most = (np.array([bands[band][end] for band in category], int) for end in (0, 1))
    return rng.integers(fewest, most + 1)


def _event(people: Population, rng: Rng, truth: Truth, name: str, model: dict[str, Any], year: int) -> Happened:
    who, item = np.flatnonzero(_those(people, rng, model, year)), model.get("into", name)
    chance = chances(people, name, model, year)[who]
    truth.add(name, year, people, who, chance)
    if "birth" in model:
        day = people.birth[who] + model["birth"]
    else:
        start = np.maximum(people.entry[who], day_of(year))
        day = np.floor(start + rng.random(len(who)) * (np.minimum(people.exit[who], day_of(year + 1)) - start))
    if "outcome" in model:
        yes, no = model["outcome"]
        return Happened(item, who, day, np.where(rng.random(len(who)) < chance, yes, no))
    times = rng.binomial(model.get("times", 1), chance)
    who, day = np.repeat(who, times), np.repeat(day, times)
    day = day + rng.integers(1, 300, len(who)) if "birth" in model else day  # several in the first year of life
    return Happened(item, who, day, _category(rng, model["categories"], who) if "categories" in model else None)


def _those(people: Population, rng: Rng, model: dict[str, Any], year: int) -> Array:
    if "birth" in model:
        day = people.birth + model["birth"]
        return (day >= day_of(year)) & (day < day_of(year + 1)) & (people.exit > day)
    inside = eligible(people, model, year)
    if "every" in model:
        inside &= (people.id + year) % model["every"] == 0
    if "times_share" in model:
        inside &= rng.random(len(people)) < model["times_share"]
    return inside


def answers(people: Population, rng: Rng, truth: Truth, *, persons: int) -> dict[str, pa.Table]:
    """Draw the samples of the surveys and what the respondents answer.

    The table ``respondent`` lacks the size of its strata, which is known when all blocks are: ``strata`` holds the
    part.
    """
    respondents, given, strata = [], [], []
    for name, survey in parameters()["survey"].items():
        for year in survey["years"]:
            wave = f"{name}_{year}"
            area = people.area_in(year)
            inside = eligible(people, survey, year)
            strata.append((wave, np.bincount(area[inside], minlength=len(municipalities()[0]))))
            asked, weight = _sample(people, rng, survey, inside, area, persons)
            day = np.full(len(asked), day_of(year) + 45.0)
            respondents.append(
                rows(
                    "respondent",
                    wave=np.full(len(asked), wave),
                    person_id=people.id[asked],
                    date=date(day),
                    weight=weight,
                    stratum=np.array(municipalities()[0])[area[asked]],
                )
            )
            given += list(_answers(people, rng, truth, survey, year, wave, asked))
    sizes = pa.table(
        {
            "wave": np.repeat([wave for wave, _ in strata], len(municipalities()[0])),
            "stratum": np.tile(municipalities()[0], len(strata)),
            "population": np.concatenate([size for _, size in strata]),
        }
    )
    return {"respondent": pa.concat_tables(respondents), "answer": pa.concat_tables(given), "strata": sizes}


def _sample(
    people: Population, rng: Rng, survey: dict[str, Any], inside: Array, area: Array, persons: int
) -> tuple[Array, Array]:
    """Who answers, and their weights: one over the chance of being asked times the chance of answering."""
    expected = persons * municipalities()[1][area] * 0.82
    asked = np.minimum(np.maximum(survey["per_municipality"], survey["at_least"] / np.maximum(expected, 1)), 1.0)
    base = survey["answers"]
    age = (day_of(2021) - people.birth) / 365.25
    score = np.log(base["base"] / (1 - base["base"])) + base["advantage"] * people.advantage + base["age"] * (age - 48)
    answering = 1 / (1 + np.exp(-score))
    who = np.flatnonzero(inside & (rng.random(len(people)) < asked * answering))
    return who, np.round(1 / (asked * answering)[who], 6)


def _answers(
    people: Population, rng: Rng, truth: Truth, survey: dict[str, Any], year: int, wave: str, who: Array
) -> Iterator[pa.Table]:
    everyone = np.flatnonzero(eligible(people, survey, year))
    free: dict[str, Array] = {}
    for name, item in survey["items"].items():
        target = item.get("into", name)
        asked = free.get(target)
        asked = who[rng.random(len(who)) < 0.97] if asked is None else asked  # some leave a question out
        if "amount" in item:
            yield _answer(people, wave, target, asked, amount=_amount(people, rng, item["amount"], year, asked))
            continue
        chance = chances(people, name, models()[name], year)
        truth.add(name, year, people, everyone, chance[everyone])
        hit = rng.random(len(asked)) < chance[asked]
        if "other" in item:
            yield _answer(people, wave, target, asked, category=np.where(hit, item["category"], item["other"]))
        else:
            yield _answer(people, wave, target, asked[hit], category=np.full(hit.sum(), item["category"]))
            free[target] = asked[~hit]


def _amount(people: Population, rng: Rng, given: dict[str, float], year: int, who: Array) -> Array:
    step = np.append(np.linspace(-2, 2, 5), 0.0)[people.group("education_profile", year)[who]]
    middle = np.maximum(given["mean"] + given["step"] * step + given["male"] * ~people.female[who], 0.1)
    drawn = middle * np.exp(given["spread"] * rng.normal(size=len(who)) - given["spread"] ** 2 / 2)
    return np.round(np.where(rng.random(len(who)) < given["zero"], 0.0, drawn), 1)


def _answer(
    people: Population, wave: str, item: str, who: Array, *, category: Array | None = None, amount: Array | None = None
) -> pa.Table:
    return rows(
        "answer",
        wave=np.full(len(who), wave),
        person_id=people.id[who],
        item=np.full(len(who), item),
        category=category,
        amount=amount,
    )
