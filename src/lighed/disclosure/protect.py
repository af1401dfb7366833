"""Which cells must be hidden: small ones and their complements, and as many more as keep sums from giving them away."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import block_array, csr_array, eye_array

from lighed.catalogue import Catalogue
from lighed.core.errors import ReleaseError
from lighed.core.estimates import DIVIDING, TOGETHER, Estimates
from lighed.core.types import Policy
from lighed.disclosure.cells import BESIDE, KEY, Array, Cells, kinds, numbered, positions
from lighed.disclosure.flows import FREE, Table, doubt, price, suppress
from lighed.disclosure.measures import Printed

Mask = npt.NDArray[np.bool_]

QUANTILES = ("waiting_median",)  # figures that are the value of somebody


def primary(cells: Cells, policy: Policy, catalogue: Catalogue, kept: Estimates | None = None) -> Mask:
    """Return the cells that may not be shown for what they are themselves, shape (cell,).

    Too few persons or cases, too few without the thing, nobody where that is sensitive; and of what is `kept` behind
    the figures, too few senders, or a sum of which one gave too much.
    """
    k = policy.smallest_count
    indicators = [catalogue.indicators[name] for name in cells.words["indicator"]]
    survey = np.array([i.basis == "survey" for i in indicators])[cells.at["indicator"]]
    counted = np.array([i.kind != "mean" or i.how_often for i in indicators])[cells.at["indicator"]]
    fewest = np.where(survey, policy.smallest_respondents, policy.smallest_group)
    without = cells.n - cells.events
    small = (cells.n > 0) & (cells.n < fewest)
    few = counted & ((cells.events > 0) | _of_sensitive_zeros(cells, catalogue)) & (cells.events < k)
    nearly_all = _shares(cells, catalogue) & (without < k)
    behind = _dominated(cells, policy, kept) | _few_units(cells, policy, kept) if kept else False
    somebody = (cells.n > 0) | (cells.row == BESIDE)  # of the same persons an indicator may have some cases more
    return np.asarray(somebody & (small | few | nearly_all | behind))


def _of_sensitive_zeros(cells: Cells, catalogue: Catalogue) -> Mask:
    """Which cells are of an indicator of which it may not be known that nobody has the thing."""
    indicators = [catalogue.indicators[name] for name in cells.words["indicator"]]
    return np.array([i.zeros == "sensitive" for i in indicators], bool)[cells.at["indicator"]]


def _dominated(cells: Cells, policy: Policy, kept: Estimates) -> Mask:
    """Which cells hold a sum that one or two gave most of, or of which the second could work out the largest.

    The second knows its own part, and that the rest is not negative: the largest is at most the sum less the second.
    """
    total, first, second = (_behind(cells, kept, name) for name in ("total", "largest", "second"))
    found = np.zeros(len(cells.n), bool)
    if policy.dominance:
        most = first + second if policy.dominance.contributors == 2 else first
        found |= most > total * policy.dominance.percent / 100
    if policy.largest_within:
        found |= total - first - second < first * policy.largest_within / 100
    return found


def _few_units(cells: Cells, policy: Policy, kept: Estimates) -> Mask:
    """Which cells rest on too few senders; a part that is of those from one sender rests on one."""
    of_one = np.array([kind == "sent" for kind in kinds(cells)])[cells.at["part"]]
    return np.where(of_one, 1, _behind(cells, kept, "units")) < policy.smallest_units


def _behind(cells: Cells, kept: Estimates, component: str) -> Array:
    """A number that is kept behind each cell of a whole group; NaN where there is none."""
    table = kept.where(component=component).table
    wanted = [positions(table[name], cells.words[name]) for name in KEY[:-1]]
    wanted.append(np.full(table.num_rows, cells.position("part", "")))
    row, cell = cells.matched([cells.at[name] for name in KEY], wanted)
    found = np.full(len(cells.n), np.nan)
    found[cell] = table["value"].to_numpy()[row]
    return found


def thin(estimates: Estimates, kept: Estimates, policy: Policy) -> Mask:
    """Return the rows of a quantile that is the value of too few: as many as the smallest count must have it."""
    rows = kept.where(component=[*QUANTILES]).table
    few = rows.filter(pc.less(rows["value"], policy.smallest_count))
    of_few = pc.is_in(_place(estimates.table, "measure"), value_set=_place(few, "component"))
    return np.asarray(of_few.to_numpy(zero_copy_only=False))


def _place(table: pa.Table, name: str) -> pa.Array:
    words = (pc.fill_null(table[one].cast(pa.string()), "") for one in (name, "horizon", *KEY[:-1]))
    return pc.binary_join_element_wise(*words, "|").combine_chunks()


def _shares(cells: Cells, catalogue: Catalogue) -> Mask:
    """Which cells divide persons into those with the thing and those without, who are a group too."""
    indicators = [catalogue.indicators[name] for name in cells.words["indicator"]]
    divided = np.array([i.kind == "proportion" or i.how_often for i in indicators])[cells.at["indicator"]]
    return np.asarray(divided & (cells.row != BESIDE))


def secondary(hidden: Mask, cells: Cells, sums: csr_array, policy: Policy, catalogue: Catalogue) -> Mask:
    """Return the cells that must be hidden too, so that no sum gives a hidden cell or holds less than the limit.

    In every line with a hidden cell at least two are hidden, and together they hold at least the smallest count of
    persons, of events and, in a share, of persons without the thing: what the reader can work out of them is their
    sum. Cells are taken from the smallest up, and so parts before wholes. The steps of a pathway are hidden together,
    and so are the parts of a group; parts go where their group goes. What an earlier release showed stays shown, and
    if it gives a hidden cell away with nothing left to hide beside it, the release is refused.
    """
    shares = _shares(cells, catalogue)
    one, n, without = np.ones_like(cells.n), cells.n, cells.n - cells.events
    zeros = np.where(_of_sensitive_zeros(cells, catalogue), one, 0)
    of_cell = np.stack([one, n, cells.events, np.where(shares, one, 0), np.where(shares, without, 0), zeros], -1)
    sums, wholes = abs(sums), sums.maximum(0)
    lines_of = csr_array(sums.T)
    kin, group = _tied(cells, catalogue)
    done, total = np.zeros_like(hidden), np.zeros((sums.shape[0], of_cell.shape[1]), np.int64)
    wanted = hidden
    while (wanted & ~done).any():
        wanted = wanted | _any(kin, kin[wanted])
        wanted = (wanted | _any(group, kin[wanted])) & ~cells.out
        new = np.flatnonzero(wanted & ~done)
        added = lines_of[new].T @ of_cell[new]
        total += added
        changed = np.flatnonzero(added[:, 0])
        unsafe = changed[_unsafe(total[changed], policy)]
        done, wanted = wanted, wanted.copy()
        wanted[_smallest(unsafe, done, cells, sums)] = True
    new = sums @ ((cells.row >= 0) & ~(cells.out | cells.held)).astype(np.int64) > 0
    given = _unsafe(total, policy) & ((total[:, 0] == 1) | (new & (wholes @ (~done).astype(np.int64) > 0)))
    _demand_company(sums[given], done, cells)
    return np.asarray(done & ~hidden)


def _demand_company(sums: csr_array, hidden: Mask, cells: Cells) -> None:
    """Refuse sums that give away what they hide, of which something cannot be hidden for it was shown before."""
    sums = sums[sums @ cells.out.astype(np.int64) > 0]
    given = np.flatnonzero(hidden & (sums.sum(axis=0) > 0))
    if len(given):
        raise ReleaseError("unprotectable", cells=", ".join(_named(cells, given, k) for k in range(len(given))))


@dataclass(frozen=True, slots=True)
class Number:
    """A number of hidden cells: ``count`` of the cells ``of``, of which fewer than ``fewest`` may not be known.

    ``moved`` is by how much it is more than what was shown before, and ``most`` what anybody knows that it is at most;
    ``zeros`` says of which it may not be known that there is nobody. Of cells whose persons are public it is the events
    and, behind all cells, those without the thing: what is known of the one is known of the other.
    """

    of: Array
    count: Array
    fewest: int
    moved: Array
    most: Array
    zeros: Mask

    def known(self, sums: csr_array, hidden: Mask) -> csr_array:
        """Return what anybody knows: the sums, and how many have the thing and have it not together."""
        cells = sums.shape[1]
        more = len(self.of) - cells
        rows = known(sums, self.count[:cells], hidden)
        whole = csr_array((np.ones(more), (np.arange(more), self.of[cells:])), shape=(more, cells))
        return csr_array(block_array([[rows, None], [whole, eye_array(more)]])) if more else rows


def numbers(cells: Cells, policy: Policy, catalogue: Catalogue) -> list[Number]:
    """Return the numbers that hidden cells hide: events first, those without the thing, and persons.

    Of cells whose persons are public the first has both, and the others nothing.
    """
    public = np.isin(cells.words["indicator"], policy.public_persons)[cells.at["indicator"]] & (cells.row != BESIDE)
    every, at, endless = np.arange(len(public)), np.flatnonzero(public), np.full(len(public), np.inf)
    (events, k), (without, _), _ = all_three = counts(cells, policy, catalogue)
    by = moves(cells, catalogue)
    both = Number(
        np.append(every, at),
        np.append(events, without[at]),
        k,
        np.append(by[0], by[1][at]),
        np.append(np.where(public, cells.n, endless), cells.n[at]),
        np.append(_of_sensitive_zeros(cells, catalogue), np.ones(len(at), bool)),
    )
    others = [
        Number(every, np.where(public, 0, count), fewest, np.where(public, 0, moved), endless, np.zeros_like(public))
        for (count, fewest), moved in zip(all_three[1:], by[1:], strict=True)
    ]
    return [both, *others]


def withstanding(
    small: Mask,
    more: Mask,
    cells: Cells,
    sums: csr_array,
    policy: Policy,
    catalogue: Catalogue,
    printed: Printed | None = None,
) -> Mask:
    """Return the cells that must be hidden beside the small ones, so that all sums leave every small number in doubt.

    Persons, events and persons without the thing are a table each (see ``flows``), and what is hidden in one is hidden
    in all; `more` are hidden already. A small number may be each of 1 to k - 1, and its interval is as wide as k also
    for one who is in the group. One that was corrected by a few may be what was shown before, and is as wide. What was
    `printed` of events is an equation; behind the cells come the measures that must be hidden for it.
    """
    hidden, free = small | more, ((cells.n > 0) | (cells.row == BESIDE)) & ~cells.out
    kin, group = _tied(cells, catalogue)
    above = np.array([catalogue.areas[code].kind != "municipality" for code in cells.words["area"]])[cells.at["area"]]
    totals = above + 1 * (cells.at["level"] < 0)
    events, *others = numbers(cells, policy, catalogue)
    secret = np.zeros(len(printed.row) if printed else 0, bool)
    while True:
        before = hidden
        for number, said in [(events, printed), *((other, None) for other in others)]:
            of, size = number.of, len(number.of)
            cost = np.where(free[of], price(np.maximum(number.count, 1), totals[of]), np.inf)
            cost[len(free) :] = FREE
            table, need = Table.of(number.known(sums, hidden), number.count, cost), _need(small[of], number)
            also = hidden[of]
            if said and len(said.row):
                table = table.with_measures(said.among(size), *said.ends, said.cost)
                also, need = np.append(also, secret), np.append(need, np.zeros((len(secret), 2)), axis=0)
            found = suppress(table, also, need, name=partial(_named, cells, of))
            hidden = hidden | np.isin(np.arange(len(hidden)), of[found[:size]])
            secret = found[size:] if said else secret
        hidden = hidden | _any(kin, kin[hidden])
        hidden = (hidden | _any(group, kin[hidden])) & ~cells.out
        if (hidden == before).all():
            return np.append(hidden & ~small, secret)


def _need(small: Mask, number: Number) -> Array:
    """The smallest and the largest that each number must be able to be, shape (number, 2)."""
    count, fewest, most = number.count, number.fewest, number.most[:, None]
    few, nobody = small & (count > 0) & (count < fewest), small & (count == 0) & number.zeros
    from_1 = doubt(fewest, own=1)
    doubtful = np.where(nobody[:, None] | (most <= fewest), doubt(fewest), from_1)
    changed = (small & near(number.moved, fewest))[:, None]
    since = (count - np.maximum(number.moved, 0))[:, None] + doubt(fewest)
    need = np.where((few | nobody)[:, None], doubtful, np.where(changed, since, count[:, None]))
    return np.minimum(need, most)


def known(sums: csr_array, count: Array, hidden: Mask) -> csr_array:
    """Return the sums that hold of a number and that anybody knows: what is no sum of its parts has a rest.

    Parts without a whole add up to what the reader knows where one of them is shown, for it says of how many they are.
    """
    shown = sums @ (~hidden).astype(np.int64) != 0
    return sums[np.where(sums.max(axis=1).toarray().ravel() < 1, shown, sums @ count == 0)]


def counts(cells: Cells, policy: Policy, catalogue: Catalogue) -> list[tuple[Array, int]]:
    """The numbers that a hidden cell hides, each with the smallest of them that may be shown."""
    without = np.where(_shares(cells, catalogue), cells.n - cells.events, 0)
    k = policy.smallest_count
    return [(cells.events, k), (without, k), (cells.n, policy.smallest_group)]


def corrected(cells: Cells, policy: Policy, catalogue: Catalogue) -> Mask:
    """Return the cells below a region of which the number and the one shown before tell of a few, shape (cell,)."""
    below = np.array([catalogue.areas[code].kind == "municipality" for code in cells.words["area"]])[cells.at["area"]]
    changes = zip(counts(cells, policy, catalogue), moves(cells, catalogue), strict=True)
    return np.asarray(below & np.any([near(moved, fewest) for (_, fewest), moved in changes], axis=0))


def moves(cells: Cells, catalogue: Catalogue) -> list[Array]:
    """By how much each of the numbers of `counts` is more than what was shown before."""
    n, events = cells.moved
    return [events, np.where(_shares(cells, catalogue), n - events, 0), n]


def near(moved: Array, fewest: int) -> Mask:
    """Return which numbers moved, and by fewer than may be shown."""
    return np.asarray((moved != 0) & (np.abs(moved) < fewest))


def _named(cells: Cells, of: Array, number: int) -> str:
    """What the cell of a number is called where somebody must be told of it."""
    words = ((cells.words[name], int(cells.at[name][of[number]])) for name in KEY)
    return " ".join(known[at] for known, at in words if at >= 0 and known[at])


def _any(number: Array, wanted: Array) -> Mask:
    """Which numbers are among the wanted; -1 is no number."""
    found = np.zeros(max(number.max(initial=0), wanted.max(initial=0)) + 2, bool)
    found[wanted] = True
    found[-1] = False
    return np.asarray(found[number])


def _tied(cells: Cells, catalogue: Catalogue) -> tuple[Array, Array]:
    """Two numbers for each cell: one for all that are hidden with it, and of a part that of the group it is a part of.

    The steps of a pathway in a group, of all or of those from one sender, are hidden together, for who leaves a step
    enters the next. -1 for cells that stand alone, and for what does not go with a group.
    """
    names, words, kind = [*catalogue.pathways], cells.words, kinds(cells)
    indicators = [catalogue.indicators[name] for name in words["indicator"]]
    pathway = np.array([names.index(i.of_pathway) if i.of_pathway else -1 for i in indicators])[cells.at["indicator"]]
    whole = cells.position("part", "")
    one = [kind.index(k) if k in TOGETHER else at for at, k in enumerate(kind)]  # those together have one number
    of_step = np.array([k in (*DIVIDING, *TOGETHER) for k in kind])[cells.at["part"]]
    own = np.where(of_step, cells.at["indicator"], -1)
    place = [np.where(pathway >= 0, pathway, len(names) + cells.at["indicator"])]
    place += [cells.at[name] for name in KEY[1:-1]]
    radix = [len(names) + len(words["indicator"]), *(len(words[name]) for name in KEY[1:]), len(words["indicator"])]
    radix = [size + 3 for size in radix]
    kin = numbered([*place, np.array(one)[cells.at["part"]], own], radix)
    group = numbered([*place, np.full(len(own), whole), np.full(len(own), -1)], radix)
    tied = (pathway >= 0) | of_step | np.isin(kin, group[of_step])
    _, number = np.unique(np.concatenate([kin[tied], group[of_step]]), return_inverse=True)
    made = np.full(len(own), -1), np.full(len(own), -1)
    made[0][tied], made[1][of_step] = number[: tied.sum()], number[tied.sum() :]
    return made


def _unsafe(total: Array, policy: Policy) -> Mask:
    """Which lines give something away, by what their hidden cells hold: cells, n, events, cells and rests of shares.

    Of sensitive zeros also that all of them are one.
    """
    count, n, events, of_shares, without, of_zeros = total.T
    thin = _few(events, policy.smallest_count) | _few(n, policy.smallest_group) | ((of_zeros > 0) & (events == 0))
    nearly_all = (of_shares > 0) & (without < policy.smallest_count)
    return np.asarray((count == 1) | ((count > 1) & (thin | nearly_all)))


def _few(total: Array, limit: int) -> Mask:
    # Hidden cells that add up to nothing are all nothing, and nothing is published: there is nobody to protect.
    return np.asarray((total > 0) & (total < limit))


def _smallest(unsafe: Array, hidden: Mask, cells: Cells, sums: csr_array) -> Array:
    """In each unsafe line, the smallest cell that is still shown and has anybody in it.

    Of parts of the same persons it is the one with fewest cases; one without any would hide nothing else.
    """
    lines: Any = sums[unsafe].tocoo()
    usable = ~(hidden | cells.out)[lines.col] & (cells.n[lines.col] > 0)
    line, cell = lines.row[usable], lines.col[usable]
    events = cells.events[cell]
    order = np.lexsort((cell, events, events == 0, cells.n[cell], line))
    _, at = np.unique(line[order], return_index=True)
    return np.unique(cell[order][at])
