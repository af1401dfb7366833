"""Which hospital the synthetic persons come to, and who is lost on the way from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from lighed.catalogue import load
from lighed.sources.synthetic.people import Population
from lighed.sources.synthetic.world import Array, Rng, municipalities, parameters


@cache
def hospitals() -> tuple[str, ...]:
    """Return the ids of the hospitals, whose positions stand for them."""
    return tuple(provider.id for provider in load().providers.values() if provider.catchment)


@cache
def _catchments() -> tuple[Array, Array]:
    """The hospital of each municipality, and the others of its region, repeated to one length."""
    known = [load().providers[name] for name in hospitals()]
    main = [next(k for k, one in enumerate(known) if code in one.catchment) for code in municipalities()[0]]
    beside = [[j for j, one in enumerate(known) if one.area == known[k].area and j != k] for k in main]
    length = np.lcm.reduce([len(others) for others in beside])
    return np.array(main), np.array([np.resize(others, length) for others in beside])


@dataclass(frozen=True)
class Sent:
    """Which hospital persons come from, and who of them is lost: nothing that would have followed happens to them."""

    sender: Array
    lost: Array

    def of(self, which: Any) -> Sent:
        """Return some of them."""
        return Sent(self.sender[which], self.lost[which])


class Senders:
    """The hospital of each person of a block, the same in all years unless they move to another catchment."""

    def __init__(self, people: Population, rng: Rng) -> None:
        self.rng, self.elsewhere = rng, rng.random(len(people)) >= _given()["main"]
        self.other = rng.integers(0, _catchments()[1].shape[1], len(people))

    def of(self, people: Population, who: Array, year: int) -> Sent:
        """Return where the persons at the positions `who` come from in a year."""
        main, beside = _catchments()
        area = people.area_in(year)[who]
        sender = np.where(self.elsewhere[who], beside[area, self.other[who]], main[area])
        return Sent(sender, np.full(len(who), False))

    def on(self, sent: Sent, item: str) -> Sent:
        """Return those who would come on to an event, with those who are lost before it."""
        return Sent(sent.sender, sent.lost | (self.rng.random(len(sent.sender)) < losses(item)[sent.sender]))


def sends(item: str) -> bool:
    """Return whether a hospital provides events of a kind."""
    return item in _given()["events"]


@cache
def losses(item: str) -> Array:
    """Return the share that each hospital loses before an event."""
    shares = _given()["losses"].get(item, {})
    return np.array([shares.get(name, 0.0) for name in hospitals()])


def _given() -> dict[str, Any]:
    return dict(parameters()["senders"])
