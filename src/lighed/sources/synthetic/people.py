"""Who the synthetic persons are: all that is fixed of them when they are made, and their rows in the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.special import ndtri

from lighed.sources.synthetic.lives import lives
from lighed.sources.synthetic.world import (
    DISEASES,
    GROUPS,
    LONG_AGO,
    PROFILE,
    STATUS_BENEFIT,
    STATUS_CODE,
    Array,
    Rng,
    date,
    day_of,
    municipalities,
    parameters,
    profile,
    rows,
    years,
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
        drawn: dict[str, Any] = lives(size, rng)
        drawn |= {"id": first_id + np.arange(len(drawn["birth"])), "household": first_id + drawn["household"]}
        made = cls(**drawn, positions={})
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
                done = np.where(self.education >= 0, profile(self.education), -1)
                return np.where(self.completed <= day_of(year), done, np.where(self.age(day_of(year)) >= 16, 0, -1))
            case "status":
                return self.status[:, year - years()[0]]
            case "income" | "tenure":
                return np.asarray(getattr(self, dimension))
            case "origin":
                return np.array([0, 1, 1, 2, 2])[self.origin]
            case "cohabitation":
                return self.cohabiting.astype(int)
            case "sex":
                return (~self.female).astype(int)
            case "parents":
                return self._parents(year)
            case "sector":
                return np.where(self.municipal, 0, 1)
            case "conditions":
                return (self.onset <= day_of(year)).sum(1)
            case _:
                begun = (self.onset[:, 0] <= day_of(year)) | (dimension not in DISEASES)
                return np.where(self.positions[dimension] & begun, 0, 1)

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
        without = self.positions["homeless"] | self.positions["marginalisation"]
        yield self._spells("address", everyone, np.where(without, "none", "permanent"), adult)
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
        """Spells of work and benefit."""
        level = np.array(["134", "134", "133", "133", "132", "139"])[profile(self.education)]
        who, status, since, until = self.status_spells()
        code = np.array(STATUS_CODE)[status]
        code = np.where(status == 2, level[who], code)
        yield self._spells("employment", who, code, since, until)
        flexible = (status == 2) & (self.advantage[who] < -1.45) & (self.onset[who, 0] < day_of(years()[0]))
        benefit = np.where(flexible, "flex_job", np.array(STATUS_BENEFIT)[status])
        yield self._spells("benefit", who, benefit, since, until)

    def status_spells(self) -> tuple[Array, Array, Array, Array]:
        """Return whose spell it is, the status, and from and until when; years of the same status are one."""
        change = np.ones(self.status.shape, bool)
        change[:, 1:] = self.status[:, 1:] != self.status[:, :-1]
        who, k = np.nonzero(change)
        status = self.status[who, k]
        firsts = np.array([day_of(year) for year in years()] + [day_of(years()[-1] + 1)])
        until = np.full(len(who), np.inf)
        same = who[1:] == who[:-1]
        until[:-1][same] = firsts[k[1:][same]]
        return who, status, np.where(k == 0, LONG_AGO, firsts[k]), until

    def _illness(self) -> Iterator[pa.Table]:
        everyone, (first, second) = np.arange(len(self)), self.onset.T
        yield self._spells("conditions", everyone, np.full(len(self), "none"), np.full(len(self), LONG_AGO), first)
        yield self._spells("conditions", everyone, np.full(len(self), "one"), first, second)
        yield self._spells("conditions", everyone, np.full(len(self), "several"), second)
        for disease in DISEASES:
            ill = everyone[self.positions[disease]]
            yield self._spells(disease, ill, np.full(len(ill), "yes"), first[ill])

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
