"""The counted groups of some estimates, and the sums that tie them together.

A *cell* is a crude row: persons (or respondents, or records) and events of one group; or the row of a part of a group
(``core.estimates.PARTS``). A *line* is a sum that anybody can make of what is published: the levels of a stratifier and
their total, the municipalities of a region and the region, the regions and the country, five groups of education and
the three that they make up, crossed groups and the group that they are a part of, those from each sender and the group,
those excepted from a step for each reason and all of them.
If exactly one cell of a line is hidden, it can be worked out from the others.

Of crossed groups there is a *rest*: those of a group of whom another of the crossed dimensions is not known. No row has
them and anybody can subtract them, so they are cells too. So are those whom an indicator counts and one ``within`` it
does not: the deaths of all less those from the age of 30 on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_array

from lighed.catalogue import Catalogue
from lighed.catalogue.areas import parent_of
from lighed.catalogue.crossed import combination, parts_of
from lighed.catalogue.nested import apart
from lighed.core.errors import ReleaseError
from lighed.core.estimates import DIVIDING, EXCEPTED, PARTS, Estimates
from lighed.core.types import COUNTRY, UNKNOWN, Stratifier

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
Sum = tuple[Array, Array, Array]  # for each place in some lines: the line, the cell, and its sign
REST, BESIDE = -1, -2  # rows of those who are in none of some crossed groups, or in none of some narrower indicators
KEY = ("indicator", "period", "area", "stratifier", "level", "part")


@dataclass(frozen=True, slots=True)
class Cells:
    """The counted rows as arrays: ``row`` in the estimates (`REST`, `BESIDE`), words as positions, counts.

    Of earlier releases (see ``ledger``): ``out``, which cells they showed as they are now; ``held``, which they hid;
    ``lost``, which of these have no row now, so that their counts are guesses; ``moved``, shape (2, cell), by how much
    n and events are more than they showed, 0 where they showed none.
    """

    row: Array
    words: dict[str, list[str]]
    at: dict[str, Array]
    n: Array
    events: Array
    out: Mask
    held: Mask
    lost: Mask
    moved: Array

    @classmethod
    def of(cls, estimates: Estimates) -> Cells:
        """Take the counted rows out of `estimates`."""
        table = with_parts(estimates.table)
        of_counts = pc.is_in(table["measure"].cast(pa.string()), value_set=pa.array(["crude", *PARTS]))
        counted = pc.and_(of_counts, pc.is_valid(table["n"]))  # published rows have no counts
        row = np.flatnonzero(counted.to_numpy())
        words, at = {}, {}
        for name in KEY:
            column = table[name].combine_chunks()
            words[name] = column.dictionary.to_pylist()
            at[name] = np.asarray(column.indices.fill_null(-1).to_numpy())[row]
        n, events = (np.asarray(table[name].combine_chunks().fill_null(0).to_numpy())[row] for name in ("n", "events"))
        never = np.zeros(len(row), bool)
        return cls(row, words, at, n, events, never, never, never, np.zeros((2, len(row)), np.int64))

    @property
    def told(self) -> Mask:
        """Which cells an earlier release showed, as they are now or otherwise."""
        return np.asarray(self.out | self.moved.any(axis=0))

    def position(self, name: str, word: str) -> int:
        """Return the position of a word, -2 for one that does not occur."""
        return self.words[name].index(word) if word in self.words[name] else -2

    def matched(self, keys: list[Array], wanted: list[Array]) -> tuple[Array, Array]:
        """For each row of `wanted`, the cell whose `keys` equal it: pairs of (row, cell)."""
        radix = [int(max(k.max(initial=0), w.max(initial=0))) + 3 for k, w in zip(keys, wanted, strict=True)]
        have, ask = numbered(keys, radix), numbered(wanted, radix)
        order = np.argsort(have, kind="stable")
        place = np.searchsorted(have[order], ask)
        found = (place < len(have)) & (have[order][np.minimum(place, len(have) - 1)] == ask)
        return np.flatnonzero(found), order[place[found]]


def with_parts(table: pa.Table) -> pa.Table:
    """Return the rows with a column ``part``: the kind and the name of the part that they count, "" for a whole."""
    is_part = pc.is_in(table["measure"].cast(pa.string()), value_set=pa.array(PARTS)).to_numpy()
    rows = table.select(["measure", "component", "counterpart", "horizon"]).filter(is_part)
    named = (pc.fill_null(column.cast(pa.string()), "") for column in rows.columns)
    name = pc.binary_join_element_wise(*named, "|").combine_chunks().dictionary_encode()
    at = np.zeros(table.num_rows, np.int32)
    at[is_part] = name.indices.to_numpy() + 1
    return table.append_column("part", pa.DictionaryArray.from_arrays(at, ["", *name.dictionary.to_pylist()]))


def kinds(cells: Cells) -> list[str]:
    """Return the kind of part that each word of ``part`` is; nothing for a whole."""
    return [word.split("|")[0] for word in cells.words["part"]]


def positions(column: pa.ChunkedArray, words: list[str]) -> Array:
    """Return the position of each word; -1 for null, and one too many for a word that no cell has."""
    encoded = column.combine_chunks()
    place = {word: k for k, word in enumerate(words)}
    of_word = np.array([*(place.get(word, len(words)) for word in encoded.dictionary.to_pylist()), -1], np.int64)
    return of_word[np.asarray(encoded.indices.fill_null(-1).to_numpy())]


def numbered(columns: list[Array], radix: list[int]) -> Array:
    """Return one number for each row of several columns of positions (from -2 up), the same for the same row."""
    number = np.zeros(len(columns[0]), np.int64)
    for column, size in zip(columns, radix, strict=True):
        number = number * size + (column + 2)
    return number


def lines(cells: Cells, catalogue: Catalogue) -> csr_array:
    """Return the sums as a matrix, shape (line, cell): 1 for a whole, -1 for its parts."""
    sums = [*_level_lines(cells), *_sender_lines(cells), *_dividing_lines(cells), *_area_lines(cells, catalogue)]
    sums += [*_area_group_lines(cells, catalogue), *_same_code_lines(cells, catalogue)]
    sums += _within_lines(cells, catalogue)
    start, numbers = 0, []
    for of_line, _, _ in sums:
        _, number = np.unique(of_line, return_inverse=True)
        numbers.append(number + start)
        start += int(number.max(initial=-1)) + 1
    line, cell, sign = (
        np.concatenate(part) if part else np.zeros(0, int)
        for part in (numbers, [one[1] for one in sums], [one[2] for one in sums])
    )
    made = csr_array((sign.astype(np.int8), (line, cell)), shape=(start, len(cells.row)))
    np.clip(made.data, -1, 1, out=made.data)
    return made[np.diff(made.indptr) > 1]


def _sum(line: Array, part: Array, of_whole: Array, whole: Array) -> Sum:
    """The parts of some lines with the whole of each; parts whose whole nobody was told are no sum."""
    kept = np.isin(line, of_whole)
    signs = np.repeat([-1, 1], [kept.sum(), len(whole)])
    return np.concatenate([line[kept], of_whole]), np.concatenate([part[kept], whole]), signs


def _level_lines(cells: Cells) -> Iterator[Sum]:
    """The levels of a stratifier, and the total of the same indicator, period and area."""
    at = cells.at
    level = np.flatnonzero((at["stratifier"] >= 0) & (cells.row != REST))
    names = ("indicator", "period", "area", "part", "stratifier")
    radix = [len(cells.words[name]) + 3 for name in names]
    line = numbered([at[name][level] for name in names], radix)
    each = np.unique(line, return_index=True)[1]
    wanted = [at[name][level[each]] for name in names[:-1]] + [np.full(len(each), -1)]
    row, total = cells.matched([at[name] for name in names], wanted)
    yield _sum(line, level, line[each][row], total)


def _sender_lines(cells: Cells) -> Iterator[Sum]:
    """Those of a group from each sender, and the group; those excepted for each reason, and all excepted."""
    for kind, whole in (("sent", ""), ("exception", f"fate|{EXCEPTED}||")):
        part = np.flatnonzero(np.array([one == kind for one in kinds(cells)])[cells.at["part"]])
        yield from _made_of(cells, part, {"part": cells.position("part", whole)})


def _dividing_lines(cells: Cells) -> Iterator[Sum]:
    """The parts of a group of one kind and horizon: those who came, less the others, are the one that is hidden."""
    of = [(kind, word.split("|")[-1]) for kind, word in zip(kinds(cells), cells.words["part"], strict=True)]
    lines = [*dict.fromkeys(of)]
    line = np.array([lines.index(one) if one[0] in DIVIDING else -1 for one in of])[cells.at["part"]]
    part = np.flatnonzero(line >= 0)
    columns = [*(cells.at[name][part] for name in KEY[:-1]), line[part]]
    radix = [*(len(cells.words[name]) + 3 for name in KEY[:-1]), len(lines) + 3]
    yield numbered(columns, radix), part, np.full(len(part), -1)


def _area_lines(cells: Cells, catalogue: Catalogue) -> Iterator[Sum]:
    """The municipalities of a region, a group or the country and the whole; the regions and the country."""
    at, areas = cells.at, catalogue.areas
    for kind in ("region", "municipality_group", COUNTRY):
        parent = _parents(cells, catalogue, kind)
        yield from _summed(cells, parent)
    regions = np.array([areas[code].kind == "region" for code in cells.words["area"]])
    country = cells.position("area", COUNTRY)
    yield from _summed(cells, np.where(regions[at["area"]], country, -2))
    groups = np.array([areas[code].kind == "municipality_group" for code in cells.words["area"]])
    yield from _summed(cells, np.where(groups[at["area"]], country, -2))


def _parents(cells: Cells, catalogue: Catalogue, kind: str) -> Array:
    """The area of a kind that each municipal cell belongs to in its period; -2 for none."""
    areas, words = catalogue.areas, cells.words
    if kind == COUNTRY:
        inside = np.array([areas[code].kind == "municipality" for code in words["area"]])
        return np.where(inside[cells.at["area"]], cells.position("area", COUNTRY), -2)
    table = np.full((len(words["area"]), len(words["period"])), -2)
    for a, code in enumerate(words["area"]):
        for p, period in enumerate(words["period"]):
            parent = parent_of(areas, code, kind, int(period[:4])) if areas[code].kind == "municipality" else None
            table[a, p] = cells.position("area", parent) if parent else -2
    return table[cells.at["area"], cells.at["period"]]


def _summed(cells: Cells, parent: Array) -> Iterator[Sum]:
    names = ("indicator", "period", "stratifier", "level", "part")
    part = np.flatnonzero(parent >= 0)
    if not len(part):
        return
    keys = [cells.at[name] for name in names]
    radix = [len(cells.words[name]) + 3 for name in names] + [len(cells.words["area"]) + 3]
    line = numbered([key[part] for key in keys] + [parent[part]], radix)
    each = np.unique(line, return_index=True)[1]
    wanted = [key[part[each]] for key in keys] + [parent[part[each]]]
    row, whole = cells.matched([*keys, cells.at["area"]], wanted)
    yield _sum(line, part, line[each][row], whole)


def _area_group_lines(cells: Cells, catalogue: Catalogue) -> Iterator[Sum]:
    """A level that is made of areas (a fifth by poverty): its municipalities, or the area that is the level."""
    for name in cells.words["stratifier"]:
        stratifier = catalogue.stratifiers[name]
        if stratifier.areas:
            (crosswalk,) = stratifier.crosswalks
            made_of = {code: level for level, codes in crosswalk.levels.items() for code in codes}
            yield from _level_of_areas(cells, stratifier, made_of)
            yield from _level_of_areas(cells, stratifier, {level: level for level in crosswalk.levels})


def _level_of_areas(cells: Cells, stratifier: Stratifier, of: dict[str, str]) -> Iterator[Sum]:
    level = np.array([cells.position("level", of.get(code, "")) for code in cells.words["area"]])
    at = cells.at
    part = np.flatnonzero((at["stratifier"] < 0) & (level[at["area"]] >= 0))
    whole = {"area": cells.position("area", COUNTRY), "stratifier": cells.position("stratifier", stratifier.id)}
    yield from _made_of(cells, part, whole | {"level": level[at["area"][part]]})


def _same_code_lines(cells: Cells, catalogue: Catalogue) -> Iterator[Sum]:
    """The levels of a stratifier that make up a level of another, out of the same codes (education in five and three).

    Without them a group that is hidden under one name could be read under the other. Crossed groups make up a group
    with their rest; without it they are held to the same, for it may be nobody.
    """
    for coarse, fine, of in _divisions(cells, catalogue):
        yield from _made_of(cells, *_parts(cells, coarse, fine, of))
        rests = {word: level for level in of.values() if (word := _rest(coarse, fine, level)) in cells.words["level"]}
        if rests:
            yield from _made_of(cells, *_parts(cells, coarse, fine, of | rests))
        if catalogue.stratifiers[fine].crosses and _complete(of, catalogue.stratifiers, coarse, fine):
            yield from _unknown_line(cells, coarse, fine, [*rests])


def _complete(of: dict[str, str], stratifiers: dict[str, Stratifier], coarse: str, fine: str) -> bool:
    return set(of) == {*stratifiers[fine].level_ids} and {*of.values()} == {*stratifiers[coarse].level_ids}


def _divisions(cells: Cells, catalogue: Catalogue) -> Iterator[tuple[str, str, dict[str, str]]]:
    for coarse, fine in permutations(cells.words["stratifier"], 2):
        of = _nested(catalogue.stratifiers[coarse], catalogue.stratifiers[fine], catalogue)
        if of:
            yield coarse, fine, of


def _parts(cells: Cells, coarse: str, fine: str, of: dict[str, str]) -> tuple[Array, dict[str, Any]]:
    """The cells of `fine` that are a part of a level of `coarse`, and what of their key is that level's."""
    level = np.array([cells.position("level", of.get(word, "")) for word in cells.words["level"]])
    part = np.flatnonzero(cells.at["stratifier"] == cells.position("stratifier", fine))
    part = part[level[cells.at["level"][part]] >= 0]
    return part, {"stratifier": cells.position("stratifier", coarse), "level": level[cells.at["level"][part]]}


def _unknown_line(cells: Cells, coarse: str, fine: str, rests: list[str]) -> Iterator[Sum]:
    """The rests over all levels of `coarse`, with its own unknown level: together the unknown level of `fine`."""
    names = [cells.position("level", word) for word in rests]
    unknown = {"stratifier": cells.position("stratifier", fine), "level": cells.position("level", UNKNOWN)}
    own = (cells.at["stratifier"] == cells.position("stratifier", coarse)) & (cells.at["level"] == unknown["level"])
    left = (cells.at["stratifier"] == unknown["stratifier"]) & np.isin(cells.at["level"], names)
    yield from _made_of(cells, np.flatnonzero(own | left), unknown)


def with_rests(cells: Cells, catalogue: Catalogue) -> Cells:
    """Return the cells with the rests of crossed groups, as levels of the crossing that nothing else has."""
    for coarse, fine, of in [*_divisions(cells, catalogue)]:
        if catalogue.stratifiers[fine].crosses:
            cells = _with_rest(cells, coarse, fine, of)
    return cells


def _with_rest(cells: Cells, coarse: str, fine: str, of: dict[str, str]) -> Cells:
    rests = _left(cells, *_parts(cells, coarse, fine, of))
    levels, wholes = cells.words["level"], sorted(set(of.values()))
    place = np.array([wholes.index(word) if word in wholes else -1 for word in levels])
    rests.at["level"] = len(levels) + place[rests.at["level"]]
    rests.at["stratifier"] = np.full(len(rests.row), cells.position("stratifier", fine))
    return _beside(cells, rests, {"level": [*levels, *(_rest(coarse, fine, level) for level in wholes)]})


def _left(cells: Cells, part: Array, whole: dict[str, Any]) -> Cells:
    """What the cells that some parts belong to (see `_made_of`) have beside them, under the key of the whole."""
    wanted = [np.broadcast_to(whole.get(name, cells.at[name][part]), part.shape) for name in KEY]
    row, found = cells.matched([cells.at[name] for name in KEY], wanted)
    counts = np.stack([cells.n, cells.events, *cells.moved, cells.told, cells.lost])
    parts = np.stack([np.bincount(found, count[part[row]], len(count)) for count in counts]).astype(np.int64)
    pieces = np.bincount(found, minlength=len(cells.n))
    n, events, *moved = counts[:4] - parts[:4]
    more = np.flatnonzero((pieces > 0) & ((n != 0) | (events != 0)))
    told = (cells.told & (parts[4] == pieces))[more]
    since = np.where(told, np.stack(moved)[:, more], 0)
    at, never = {name: cells.at[name][more] for name in KEY}, np.zeros(len(more), bool)
    out, lost = told & ~since.any(axis=0), (cells.lost | (parts[5] > 0))[more]
    return Cells(np.full(len(more), REST), cells.words, at, n[more], events[more], out, never, lost, since)


def _beside(cells: Cells, rests: Cells, words: dict[str, list[str]]) -> Cells:
    """Put rests behind the cells, with the words that only they have."""
    names = ("row", "n", "events", "out", "held", "lost")
    joined = {name: np.append(getattr(cells, name), getattr(rests, name)) for name in names}
    at = {name: np.append(cells.at[name], rests.at[name]) for name in KEY}
    return Cells(words=cells.words | words, at=at, moved=np.concatenate([cells.moved, rests.moved], axis=1), **joined)


def with_beside(cells: Cells, catalogue: Catalogue) -> Cells:
    """Return the cells with those whom an indicator counts and some that are within it do not.

    Raises
    ------
    ReleaseError
        If an indicator counts more than the one that it is said to be within.
    """
    for outer, inner in _families(cells, catalogue):
        part, whole = _inner(cells, outer, [cells.position("indicator", name) for name in inner])
        rests = _left(cells, part, whole)
        if len(inner) > 1:  # the same persons may be those of whom each counts some cases
            rests = replace(rests, n=np.maximum(rests.n, 0))
        if (((rests.n < 0) | (rests.events < 0)) & ~(rests.lost | rests.told)).any():
            raise ReleaseError("not_within", inner=", ".join(inner), outer=outer)
        rests.at["part"] = np.full(len(rests.row), len(cells.words["part"]))
        words = {"part": [*cells.words["part"], _others(outer, inner)]}
        cells = _beside(cells, replace(rests, row=np.full(len(rests.row), BESIDE)), words)
    return cells


def _within_lines(cells: Cells, catalogue: Catalogue) -> Iterator[Sum]:
    """The cases of an indicator, of those that are within it, and of neither."""
    for outer, inner in _families(cells, catalogue):
        part, whole = _inner(cells, outer, [cells.position("indicator", name) for name in inner])
        others = np.flatnonzero(cells.at["part"] == cells.position("part", _others(outer, inner)))
        both = np.concatenate([part, others])
        yield from _made_of(cells, both, whole)


def _inner(cells: Cells, outer: str, inner: list[int]) -> tuple[Array, dict[str, Any]]:
    whole = {"indicator": cells.position("indicator", outer), "part": cells.position("part", "")}
    return np.flatnonzero(np.isin(cells.at["indicator"], inner) & (cells.at["part"] == whole["part"])), whole


def _others(outer: str, inner: list[str]) -> str:
    return f"beside|{outer} beside {', '.join(inner)}"


def _families(cells: Cells, catalogue: Catalogue) -> Iterator[tuple[str, list[str]]]:
    """Indicators with those that are within them and count no case twice; each is within the nearest that has cells."""
    of: dict[str, list[list[str]]] = {}
    for name in cells.words["indicator"]:
        outer = next((above for above in catalogue.around(name) if above in cells.words["indicator"]), None)
        if outer:
            known, one = of.setdefault(outer, []), catalogue.indicators[name]
            free = (f for f in known if all(apart(one, catalogue.indicators[other]) for other in f))
            family = next(free, None)
            if family is None:
                known.append(family := [])
            family.append(name)
    yield from ((outer, family) for outer, families in of.items() for family in families)


def _rest(coarse: str, fine: str, level: str) -> str:
    return f"{coarse} {level} beside {fine}"


def _nested(coarse: Stratifier, fine: Stratifier, catalogue: Catalogue) -> dict[str, str]:
    """For each level of `fine`, the level of `coarse` that it is a part of, where that is made up of such levels."""
    if fine.crosses:
        return _crossing(coarse, fine, catalogue)
    if coarse.areas or not coarse.dimension or coarse.dimension != fine.dimension:
        return {}
    whole, parts = _codes(coarse), _codes(fine)
    of = {part: level for level in whole for part in parts if parts[part] and parts[part] <= whole[level]}
    filled = {level: set().union(*(parts[p] for p in parts if of.get(p) == level)) for level in whole}
    return {part: level for part, level in of.items() if filled[level] == whole[level]}


def _crossing(coarse: Stratifier, fine: Stratifier, catalogue: Catalogue) -> dict[str, str]:
    """For each combination, the level (or combination) of `coarse` whose dimensions are among the crossed ones."""
    ways = []
    for name in coarse.crosses or (coarse.id,):
        known = [_wholes(catalogue.stratifiers[name], catalogue.stratifiers[part], catalogue) for part in fine.crosses]
        ways.append(next(((k, of) for k, of in enumerate(known) if of), (0, {})))
    return {
        level: combination([of[parts[k]] for k, of in ways])
        for level, parts in parts_of(fine, catalogue.stratifiers).items()
        if all(parts[k] in of for k, of in ways)
    }


def _wholes(coarse: Stratifier, part: Stratifier, catalogue: Catalogue) -> dict[str, str]:
    return {level: level for level in part.level_ids} if part.id == coarse.id else _nested(coarse, part, catalogue)


def _codes(stratifier: Stratifier) -> dict[str, set[tuple[Any, ...]]]:
    """The source codes of each level, with the years of their coding; for the unknown level all that are known."""
    found: dict[str, set[tuple[Any, ...]]] = {}
    for crosswalk in stratifier.crosswalks:
        for level, codes in crosswalk.levels.items():
            found.setdefault(level, set()).update((crosswalk.first_year, crosswalk.last_year, code) for code in codes)
    return found | {UNKNOWN: {("known", *code) for codes in found.values() for code in codes}}


def _made_of(cells: Cells, part: Array, whole: dict[str, Any]) -> Iterator[Sum]:
    """Parts with the cell that each belongs to: of the same key, but for what `whole` says of it."""
    keys = {name: np.broadcast_to(whole.get(name, cells.at[name][part]), part.shape) for name in KEY}
    line = numbered([*keys.values()], [len(cells.words[name]) + 3 for name in KEY])
    each = np.unique(line, return_index=True)[1]
    row, found = cells.matched([cells.at[name] for name in KEY], [column[each] for column in keys.values()])
    yield _sum(line, part, line[each][row], found)
