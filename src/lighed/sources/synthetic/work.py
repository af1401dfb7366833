"""Where the synthetic persons stand from week to week: their status of the year, and sick leaves laid over it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lighed.sources.synthetic.people import Population
from lighed.sources.synthetic.world import DAY0, LONG_AGO, Array, date, rows

STATES = ("", "education", "employed", "unemployed", "sick", "assistance", "disability", "retired")
SICK_DAYS, FOLLOWED = 365, 1095  # sickness benefit of those who do not return; how long a leave decides where they are

Spells = tuple[Array, Array, Array, Array]  # whose, the state, from and until when


def work(people: Population, event: pa.Table) -> pa.Table:
    """Return the positions of the dimension ``work``: what a sick leave and a return to work make of the status."""
    who, status, since, until = people.status_spells()
    adult = status > 0
    spells: Spells = who[adult], np.array(STATES)[status[adult]], since[adult], until[adult]
    for leave in _leaves(people, event):
        spells = _laid_over(spells, leave, size=len(people))
    who, state, since, until = spells
    since = np.maximum(since, people.birth[who].clip(min=LONG_AGO))
    kept = since < until
    return rows(
        "position",
        person_id=people.id[who][kept],
        dimension=np.full(kept.sum(), "work"),
        category=state[kept],
        valid_from=date(since[kept]),
        valid_to=date(until[kept]),
    )


def _leaves(people: Population, event: pa.Table) -> list[Spells]:
    """The spells that follow a sick leave: of the first leave of each person, of the second, and so on."""
    of = event.filter(pc.is_in(event["item"], pa.array(["sick_leave", "return_to_work"])))
    who = np.searchsorted(people.id, of["person_id"].to_numpy())
    day = of["date"].cast(pa.int32()).to_numpy() - DAY0.astype("datetime64[D]").astype(int)
    order = np.lexsort([day, who])
    who, day, is_leave = who[order], day[order].astype(float), (of["item"].to_numpy() == "sick_leave")[order]
    returns = np.append((who[1:] == who[:-1]) & ~is_leave[1:], False)
    back = np.where(returns, np.append(day[1:], 0), np.inf)
    who, day, back = who[is_leave], day[is_leave], back[is_leave]
    number = np.arange(len(who)) - np.searchsorted(who, who)
    after = np.where(np.isfinite(back), "employed", np.where(people.id[who] % 2, "unemployed", "disability"))
    until = np.minimum(back, day + SICK_DAYS * np.isinf(back) + FOLLOWED * np.isfinite(back))
    parts = []
    for k in range(int(number.max(initial=-1)) + 1):
        one = number == k
        states = np.concatenate([np.full(one.sum(), "sick"), after[one]])
        since, to = np.concatenate([day[one], until[one]]), np.concatenate([until[one], day[one] + FOLLOWED])
        parts.append((np.tile(who[one], 2), states, since, to))
    return parts


def _laid_over(spells: Spells, others: Spells, *, size: int) -> Spells:
    """The spells, but for the time of others that each hold one stretch of a person's life, and those others."""
    start, end = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(start, others[0], others[2])
    np.maximum.at(end, others[0], others[3])
    who, state, since, until = spells
    earlier = who, state, since, np.minimum(until, start[who])
    later = who, state, np.where(np.isfinite(start[who]), np.maximum(since, end[who]), np.inf), until
    parts = [np.concatenate(columns) for columns in zip(earlier, later, others, strict=True)]
    kept = parts[2] < parts[3]
    return parts[0][kept], parts[1][kept], parts[2][kept], parts[3][kept]
