"""What a reader with pencil and paper can do with a table: make sums, work out what is hidden, hold it to the policy.

None of it uses ``lighed.disclosure``: it is what the tests of it are held against. Rows are dicts, as
``Estimates.rows`` gives them; a group is named by its ``Key``, and a part of a group by the part behind the indicator.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from scipy.optimize import linprog

from lighed.catalogue import Catalogue
from lighed.core.estimates import DIVIDING, PARTS, TOGETHER
from lighed.core.types import COUNTRY, UNKNOWN, Policy

Row = dict[str, Any]
Key = tuple[str, str, str, str | None, str | None]

KEY = ("indicator", "period", "area", "stratifier", "level")
PART = ("measure", "component", "counterpart", "horizon")
NUMBERS = ("value", "se", "lower", "upper", "n", "events")
MARK = "suppressed"
SAME = 1e-6  # two bounds of a count that lie closer than this are one number


@dataclass(frozen=True)
class Sum:
    """A group, and groups that it is made of; None for a group that no row shows and everybody knows the size of."""

    whole: Key | None
    parts: tuple[Key, ...]

    @property
    def groups(self) -> tuple[Key, ...]:
        return (self.whole, *self.parts) if self.whole else self.parts


def key_of(row: Row) -> Key:
    of = [row["indicator"]] + [row[name] or "" for name in PART if row["measure"] in PARTS]
    return ("|".join(of), *(row[name] for name in KEY[1:]))  # type: ignore[return-value]


def group_of(key: Key) -> Key:
    """The group that a part is a part of; of a group itself."""
    return (key[0].split("|")[0], *key[1:])


def excepted_of(key: Key) -> Key:
    """All who were excepted of the group."""
    return (f"{group_of(key)[0]}|fate|excepted||", *key[1:])


def kind_of(key: Key) -> str:
    return [*key[0].split("|"), ""][1]


def counted(rows: list[Row]) -> dict[Key, Row]:
    """The groups of a table, and their parts, by their key."""
    return {key_of(row): row for row in rows if row["measure"] in ("crude", *PARTS)}


def hidden(row: Row) -> bool:
    return row["flags"] == MARK


def sums(keys: set[Key], catalogue: Catalogue) -> list[Sum]:
    """Every sum that ties groups of a table together."""
    found: list[Sum] = []
    for indicator, period in sorted({key[:2] for key in keys}):
        here = {key[2:] for key in keys if key[:2] == (indicator, period)}
        tied = (*_of_levels(here), *_of_areas(here, catalogue, period), *_of_names(here, catalogue))
        for whole, parts in (*tied, *_of_crossings(here, catalogue)):
            present = tuple((indicator, period, *part) for part in parts if part in here)
            if whole in here and present:
                found.append(Sum((indicator, period, *whole), present))
    sent = _gathered(key for key in keys if kind_of(key) == "sent" and group_of(key) in keys)
    found += [Sum(group_of(parts[0]), parts) for parts in sent]
    excepted = _gathered(key for key in keys if kind_of(key) == "exception" and excepted_of(key) in keys)
    return found + [Sum(excepted_of(parts[0]), parts) for parts in excepted]


def ties_of(shown: dict[Key, Row], catalogue: Catalogue) -> list[Sum]:
    """The sums in which anybody stands: of a group without crossed parts a rest is all that there is."""
    tied = [*sums(set(shown), catalogue), *divided(set(shown))]
    return [tie for tie in tied if any(shown[part]["n"] != 0 for part in tie.parts)]


def divided(keys: set[Key]) -> list[Sum]:
    """What became of those who came to a step: with who came and who is counted, all but one say the one."""
    parts = _gathered(key for key in keys if kind_of(key) in DIVIDING)
    return [Sum(None, tied) for tied in parts if len(tied) > 1]


def _gathered(keys: Iterable[Key]) -> list[tuple[Key, ...]]:
    """The parts of one group, of one kind and horizon."""
    found = defaultdict(list)
    for key in sorted(keys, key=str):
        found[group_of(key), kind_of(key), key[0].split("|")[-1] if kind_of(key) in DIVIDING else ""].append(key)
    return [tuple(parts) for parts in found.values()]


Place = tuple[str, str | None, str | None]  # area, stratifier, level


def _of_levels(here: set[Place]) -> Iterator[tuple[Place, list[Place]]]:
    levels = defaultdict(list)
    for place in sorted(p for p in here if p[1]):
        levels[place[:2]].append(place)
    for (area, _), parts in levels.items():
        yield (area, None, None), parts


def _of_areas(here: set[Place], catalogue: Catalogue, period: str) -> Iterator[tuple[Place, list[Place]]]:
    areas = {place[0] for place in here}
    of_kind = {
        kind: [
            code for code in sorted(areas) if catalogue.areas[code].kind == kind and _exists(catalogue, code, period)
        ]
        for kind in ("municipality", "region", "municipality_group")
    }
    for group in sorted({place[1:] for place in here}, key=str):
        for parent in of_kind["region"] + of_kind["municipality_group"]:
            inside = [code for code in of_kind["municipality"] if _belongs(catalogue, code, parent, period)]
            yield (parent, *group), [(code, *group) for code in inside]
        for kind in of_kind.values():
            yield (COUNTRY, *group), [(code, *group) for code in kind]


def _exists(catalogue: Catalogue, code: str, period: str) -> bool:
    area, day = catalogue.areas[code], date(int(period[:4]), 1, 1)
    return area.valid_from <= day <= (area.valid_to or date.max)


def _belongs(catalogue: Catalogue, code: str, parent: str, period: str) -> bool:
    day = date(int(period[:4]), 1, 1)
    memberships = (m for m in catalogue.areas[code].parents if m.parent == parent)
    return any(m.valid_from <= day <= (m.valid_to or date.max) for m in memberships)


def _of_names(here: set[Place], catalogue: Catalogue) -> Iterator[tuple[Place, list[Place]]]:
    """Levels made of areas, and levels made of the levels of another stratifier of the same codes."""
    used = sorted({place[1] for place in here if place[1]})
    for name in used:
        stratifier = catalogue.stratifiers[name]
        if stratifier.areas:
            for level, codes in stratifier.crosswalks[0].levels.items():
                yield (COUNTRY, name, level), [(code, None, None) for code in codes]
                if level in catalogue.areas:
                    yield (COUNTRY, name, level), [(level, None, None)]
        for fine in used:
            if fine != name and _same_codes(catalogue, name, fine):
                for level, parts in _made_of(catalogue, name, fine).items():
                    for area in sorted({place[0] for place in here}):
                        yield (area, name, level), [(area, fine, part) for part in parts]


def _of_crossings(here: set[Place], catalogue: Catalogue) -> Iterator[tuple[Place, list[Place]]]:
    """Levels made of combinations, and of a rest that is written nowhere."""
    for crossing in sorted({place[1] for place in here if place[1]}):
        combinations = [level for level in catalogue.stratifiers[crossing].level_ids if "+" in level]
        for area, name, level in sorted((p for p in here if p[1] in catalogue.stratifiers[crossing].crosses), key=str):
            yield (area, name, level), [(area, crossing, c) for c in combinations if level in c.split("+")]


def _codes(catalogue: Catalogue, name: str) -> dict[str, set[str]]:
    crosswalks = catalogue.stratifiers[name].crosswalks
    return {level: set(codes) for level, codes in crosswalks[0].levels.items()} if len(crosswalks) == 1 else {}


def _same_codes(catalogue: Catalogue, one: str, other: str) -> bool:
    dimensions = {catalogue.stratifiers[name].dimension for name in (one, other)}
    return len(dimensions) == 1 and None not in dimensions


def _made_of(catalogue: Catalogue, coarse: str, fine: str) -> dict[str, list[str]]:
    whole, parts = _codes(catalogue, coarse), _codes(catalogue, fine)
    found = {level: [part for part in parts if parts[part] <= codes] for level, codes in whole.items()}
    made = {k: v for k, v in found.items() if v and set().union(*(parts[part] for part in v)) == whole[k]}
    known = [set().union(*codes.values()) for codes in (whole, parts)]
    return made | ({UNKNOWN: [UNKNOWN]} if known[0] == known[1] else {})


def violations(before: list[Row], after: list[Row], policy: Policy, catalogue: Catalogue) -> list[str]:
    """Everything that is wrong with the table `after`, made of `before`, by the words of the policy."""
    shown = counted(after)
    ties = ties_of(shown, catalogue)
    return [
        *_too_small(shown, policy, catalogue),
        *_given_away(counted(before), shown, ties, policy, catalogue),
        *_without_reason(counted(before), shown, ties, policy, catalogue),
        *_parted(shown),
        *_computed_from_hidden(after, shown),
        *_touched(before, after),
    ]


def forbidden(n: int, events: int, indicator: str, policy: Policy, catalogue: Catalogue, *, fewest: int) -> str | None:
    """Why a group may not be known, by the policy; None when it may."""
    one, k = catalogue.indicators[indicator.split("|")[0]], policy.smallest_count
    # so many of the persons, or not at all
    used = one.kind == "mean" and one.item is not None and one.basis == "person"
    if 0 < n < fewest:
        return f"{n} persons"
    if (one.kind != "mean" or used) and 0 < events < k:
        return f"{events} cases"
    if (one.kind == "proportion" or used) and n > 0 and n - events < k:
        return f"all but {n - events} of {n}"
    return None


def small(key: Key, row: Row, policy: Policy, catalogue: Catalogue) -> str | None:
    """Why a group is too small by itself."""
    survey = catalogue.indicators[group_of(key)[0]].basis == "survey"
    fewest = policy.smallest_respondents if survey else policy.smallest_group
    return forbidden(row["n"], row["events"], key[0], policy, catalogue, fewest=fewest)


def _too_small(shown: dict[Key, Row], policy: Policy, catalogue: Catalogue) -> Iterator[str]:
    for key, row in shown.items():
        why = None if hidden(row) else small(key, row, policy, catalogue)
        if why:
            yield f"small: {key} is shown: {why}"


def _given_away(
    truth: dict[Key, Row], shown: dict[Key, Row], ties: list[Sum], policy: Policy, catalogue: Catalogue
) -> Iterator[str]:
    """Sums with one hidden part, and sums whose hidden parts together are a group that the policy forbids."""
    for tie in ties:
        secret = [key for key in tie.groups if hidden(shown[key])]
        if len(secret) == 1:
            yield f"alone: {secret[0]} follows from the sum {tie.whole}"
        if secret and tie.whole not in secret and not (tie.whole is None and len(secret) == len(tie.parts)):
            n, events = (sum(truth[key][name] for key in secret) for name in ("n", "events"))
            why = forbidden(n, events, secret[0][0], policy, catalogue, fewest=policy.smallest_group)
            if why:
                yield f"together: {secret} are {why}"


def _without_reason(
    truth: dict[Key, Row], shown: dict[Key, Row], ties: list[Sum], policy: Policy, catalogue: Catalogue
) -> Iterator[str]:
    beside = {key for tie in ties if sum(hidden(shown[k]) for k in tie.groups) > 1 for key in tie.groups}
    beside |= _taken(shown)
    for key, row in shown.items():
        if hidden(row) and key not in beside and not small(key, truth[key], policy, catalogue):
            yield f"needless: {key} is hidden"
        if hidden(row) and not truth[key]["n"]:
            yield f"empty: {key} is hidden, and there is nobody in it to keep others company"


def _taken(shown: dict[Key, Row]) -> set[Key]:
    """The parts that are hidden with their group, and those that are shown all or none and of which one is hidden."""
    secret = {(group_of(key), kind_of(key)) for key, row in shown.items() if hidden(row)}
    return {
        key
        for key in shown
        if (kind_of(key) in (*DIVIDING, *TOGETHER) and (group_of(key), "") in secret)
        or (kind_of(key) in TOGETHER and (group_of(key), kind_of(key)) in secret)
    }


def _parted(shown: dict[Key, Row]) -> Iterator[str]:
    for key in _taken(shown):
        if not hidden(shown[key]):
            yield f"parted: {key} is shown, and not all that it goes with"


def _computed_from_hidden(after: list[Row], shown: dict[Key, Row]) -> Iterator[str]:
    """Rows that are not groups are hidden when a group that they were computed from is, and only then."""
    parts = {key for key, row in shown.items() if hidden(row) and kind_of(key)}
    secret = {key for key, row in shown.items() if hidden(row)} - parts
    of_any = {key[:4] for key in secret}
    of_ranked = {key[:4] for key in secret if key[4] != UNKNOWN}
    for row in after:
        key = key_of(row)
        if row["measure"] in ("crude", *PARTS):
            continue
        if row["measure"] == "standardised":
            due = key in secret
        elif (kind := row["measure"].split("_")[0]) in PARTS:
            of_kind = [group_of(part) for part in parts if kind_of(part) == kind]
            due = key in of_kind or (key[4] is None and key[:4] in {k[:4] for k in of_kind if k[4] != UNKNOWN})
        elif row["measure"] == "unknown_share":
            due = key[:4] in of_any
        else:
            first = (key[0], row["horizon"], *key[2:4])
            due = key[:4] in of_ranked or first in of_ranked
        if due != hidden(row):
            yield f"computed: {row['measure']} of {key} is {'shown' if due else 'hidden without need'}"


def _touched(before: list[Row], after: list[Row]) -> Iterator[str]:
    """A hidden row has lost its numbers and bears the one mark; nothing else has changed."""
    if len(before) != len(after):
        yield f"touched: {len(before)} rows have become {len(after)}"
    for old, new in zip(before, after, strict=False):
        due = old | dict.fromkeys(NUMBERS) | {"flags": MARK} if new["flags"] != old["flags"] else old
        if new != due:
            yield f"touched: {key_of(old)} {old['measure']} has become {new}"


def worked_out(rows: list[Row], catalogue: Catalogue) -> set[Key]:
    """The hidden groups that follow from one sum after another in which a single one is missing."""
    shown = counted(rows)
    return _solved(ties_of(shown, catalogue), {key for key, row in shown.items() if hidden(row)})


def _solved(ties: list[Sum], missing: set[Key]) -> set[Key]:
    found = set[Key]()
    while True:
        alone = {key for tie in ties if len(left := missing & set(tie.groups)) == 1 for key in left}
        if not alone:
            return found
        missing, found = missing - alone, found | alone


def rests_worked_out(before: list[Row], after: list[Row], policy: Policy, catalogue: Catalogue) -> set[Key]:
    """The rests of crossed groups that may not be known and follow from one sum after another.

    A rest is what a group has beside those who stand in a crossing: they lack one of the crossed dimensions.
    """
    truth, shown = counted(before), counted(after)
    rests: dict[Key, Sum] = {}
    ties = []
    for tie in sums(set(shown), catalogue):
        crossing, name = tie.parts[0][3], tie.whole[3]
        if crossing and name in catalogue.stratifiers[crossing].crosses:
            rest: Key = (*tie.whole[:3], f"{crossing} beside {name}", tie.whole[4])
            rests[rest] = tie
            ties.append(Sum(tie.whole, (*tie.parts, rest)))
        else:
            ties.append(tie)
    for indicator, period in sorted({key[:2] for key in rests}):
        here = {key[2:] for key in rests if key[:2] == (indicator, period)}
        for whole, parts in _of_areas(here, catalogue, period):
            present = [part for part in parts if part in here]
            if whole in here and present:
                ties.append(Sum((indicator, period, *whole), tuple((indicator, period, *part) for part in present)))
    for key in {(*rest[:3], tie.parts[0][3], tie.whole[3]) for rest, tie in rests.items()}:
        whole: Key = (*key[:4], UNKNOWN)
        own = [(*key[:3], key[4], UNKNOWN)] if (*key[:3], key[4], UNKNOWN) in shown else []
        of_levels = [rest for rest, tie in rests.items() if (*rest[:3], tie.parts[0][3], tie.whole[3]) == key]
        ties += [Sum(whole, (*of_levels, *own))] if whole in shown else []
    found = _solved(ties, {key for key, row in shown.items() if hidden(row)} | set(rests)) & set(rests)
    left = {key: _left(truth, rests[key]) for key in found}
    return {key for key, (n, events) in left.items() if small(key, {"n": n, "events": events}, policy, catalogue)}


def _left(truth: dict[Key, Row], tie: Sum) -> tuple[int, int]:
    n, events = (truth[tie.whole][name] - sum(truth[part][name] for part in tie.parts) for name in ("n", "events"))
    return n, events


def determined(rows: list[Row], catalogue: Catalogue, rng: np.random.Generator) -> dict[Key, int]:
    """The hidden groups whose number of cases all published sums together allow one value of, with that value.

    A linear program over persons and cases of every hidden group: the sums hold, and there are no more cases than
    persons where cases are persons. Random vertices find most groups free; the others are asked about one by one.
    """
    shown = counted(rows)
    secret = sorted((key for key, row in shown.items() if hidden(row)), key=str)
    if not secret:
        return {}
    program = _program(shown, secret, sums(set(shown), catalogue), catalogue)
    size = len(secret)
    corners = [linprog(rng.normal(size=2 * size), **program).x for _ in range(6)]
    spread = np.ptp(corners, axis=0)[size:]
    found = {}
    for k in np.flatnonzero(spread < SAME):
        goal = np.eye(2 * size)[size + k]
        low, high = (linprog(sign * goal, **program).x[size + k] for sign in (1, -1))
        if high - low < SAME:
            found[secret[k]] = round(low)
    return found


def _program(shown: dict[Key, Row], secret: list[Key], ties: list[Sum], catalogue: Catalogue) -> dict[str, Any]:
    place, size = {key: k for k, key in enumerate(secret)}, len(secret)
    left, right = [], []
    for tie in ties:
        signs = [(key, -1 if key == tie.whole else 1) for key in tie.groups]
        line = np.zeros(size)
        for key, sign in signs:
            if key in place:
                line[place[key]] += sign
        if line.any():
            known = [sum(-sign * (shown[key][name] or 0) for key, sign in signs) for name in ("n", "events")]
            left += [np.concatenate([line, 0 * line]), np.concatenate([0 * line, line])]
            right += known
    persons = np.array([catalogue.indicators[key[0]].kind == "proportion" for key in secret])
    no_more = np.hstack([-np.eye(size), np.eye(size)])[persons]
    top = 2 * max((row["n"] or 0) + (row["events"] or 0) for row in shown.values()) + 100  # keeps the program bounded
    return {
        "A_eq": np.array(left) if left else None,
        "b_eq": np.array(right, float) if left else None,
        "A_ub": no_more if len(no_more) else None,
        "b_ub": np.zeros(len(no_more)) if len(no_more) else None,
        "bounds": (0, top),
        "method": "highs",
    }
