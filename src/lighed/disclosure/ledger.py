"""The ledger: what every earlier release of the same persons has shown and hidden, which no new one can take back.

A release is held against all of it. What was shown as it is now is known to everybody: it is never hidden, and says of
other cells what it says. What was hidden stays hidden. What was shown otherwise, for the extract was corrected since,
is a vintage: where the two differ by a few persons or cases, below a region, the new one is hidden. Cells that only
the ledger has stand beside those of the release in every sum that holds of both; what those were that it hid nobody
knows here either, so they are given numbers that agree with all that is known.

A period has rounded counts in all releases, or in none, and what was rounded is shown again as it was.

Each release is one file, ``<release>.<digest of its manifest>.parquet``, written when it is put in force and never
again; a release that is withdrawn stays. A file has the columns of `KEYS` (null where a row says nothing of them), and
``n`` and ``events``, null in what is hidden, and the ``value`` of a measure of which some groups are; it says whether
counts are rounded. There is no secret in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack

from lighed.catalogue import Catalogue
from lighed.core.durable import flush
from lighed.core.errors import ReleaseError
from lighed.core.estimates import PARTS, SCHEMA, Estimates
from lighed.core.release import Release, digest
from lighed.disclosure.cells import KEY, Array, Cells, Mask, numbered
from lighed.disclosure.measures import LINEAR, is_rounded

FORMAT, BEFORE_MEASURES = b"2", b"1"
NAME, MODE = b"lighed_ledger", b"lighed_mode"
KEYS = (*KEY[:-1], "measure", "component", "counterpart", "horizon")
FIELDS = pa.schema(
    [(name, pa.string()) for name in KEYS] + [("n", pa.int64()), ("events", pa.int64()), ("value", pa.float64())]
)
TOO_MANY = 10.0  # what it costs that parts are more than their whole, beside parts that nobody was told of


@dataclass(frozen=True, slots=True)
class Ledger:
    """The counted rows of earlier releases and their rounded measures, each once, and how many releases there were.

    ``rounded`` are the periods whose counts are rounded.
    """

    rows: Estimates
    releases: int
    rounded: frozenset[str] = frozenset()

    @classmethod
    def open(cls, folder: Path) -> Ledger:
        """Read a ledger; a folder that is not there is an empty one, and a file that is none is refused."""
        return cls.of([_read(file) for file in sorted(folder.glob("*.parquet"))])

    @classmethod
    def of(cls, releases: list[pa.Table]) -> Ledger:
        """Put together what some releases showed and hid (see `counted`).

        Examples
        --------
        >>> shown = Estimates.of(area=["0101", "0147"], measure="crude", n=[60, None], flags=["", "suppressed"])
        >>> ledger = Ledger.of([counted(shown), counted(shown)])
        >>> ledger.releases, ledger.rows.table["n"].to_pylist()
        (2, [60, None])
        """
        every = pa.concat_tables([FIELDS.empty_table(), *releases])
        once = every.group_by(FIELDS.names, use_threads=False).aggregate([])
        # Null comes last: of a cell that was hidden in one release and shown in another the number comes first.
        ordered = once.sort_by([(name, "ascending") for name in ("n", "events", *KEYS)]).combine_chunks()
        flags = pc.if_else(pc.is_null(ordered["n"]), "suppressed", "")
        columns = {name: column.combine_chunks() for name, column in zip(FIELDS.names, ordered.columns, strict=True)}
        rounded = {word for one in releases if _mode(one) == b"round" for word in one["period"].unique().to_pylist()}
        return cls(Estimates.of(**columns, flags=flags.combine_chunks()), len(releases), frozenset(rounded))


NOTHING = Ledger(Estimates(SCHEMA.empty_table()), 0)


def _read(file: Path) -> pa.Table:
    try:
        found = pq.read_table(file)
        form = found.schema.metadata[NAME]
        if form in (BEFORE_MEASURES, FORMAT):
            if form == BEFORE_MEASURES:
                found = found.append_column(FIELDS.field("value"), pa.nulls(len(found), pa.float64()))
            return found.select(FIELDS.names).cast(FIELDS).replace_schema_metadata(found.schema.metadata)
    except (OSError, KeyError, TypeError, pa.ArrowException):
        pass
    raise ReleaseError("ledger_unreadable", file=file)


def _mode(rows: pa.Table) -> bytes | None:
    return (rows.schema.metadata or {}).get(MODE)


def enter(folder: Path, release: Path) -> None:
    """Write what a release shows and hides into the ledger in `folder`, once; public figures are nobody's secret."""
    file = folder / f"{release.parent.name}.{digest(release / 'manifest.json')}.parquet"
    if file.exists():
        return
    opened = Release.open(release)
    if opened.audit["audited"]:
        folder.mkdir(parents=True, exist_ok=True)
        waiting = file.with_suffix(".part")
        rows = counted(Estimates.concat([opened.estimates(area) for area in opened.areas]))
        told = {NAME: FORMAT, MODE: opened.audit["rules"]["mode"]}
        pq.write_table(rows.replace_schema_metadata(told), waiting, compression="zstd")
        flush(waiting)
        waiting.replace(file)
        flush(folder)


def counted(shown: Estimates) -> pa.Table:
    """Return what stands in the ledger of a release: counts, shown or hidden, and measures of groups of which some are.

    A count has no value here, and a measure no count.
    """
    table, printed = shown.table, pa.array(is_rounded(shown))
    of_counts = pc.is_in(table["measure"].cast(pa.string()), value_set=pa.array(["crude", *PARTS]))
    hidden = pc.equal(table["flags"].cast(pa.string()), "suppressed")
    kept = pc.or_(pc.and_(of_counts, pc.or_(pc.is_valid(table["n"]), hidden)), printed)
    value = pc.if_else(printed, table["value"].combine_chunks(), None)
    return (
        table.set_column(SCHEMA.get_field_index("value"), "value", value).filter(kept).select(FIELDS.names).cast(FIELDS)
    )


def of_one_mode(estimates: Estimates, ledger: Ledger, mode: str) -> None:
    """Refuse to round what an earlier release has exact numbers of, or to show exact numbers of what one rounded."""
    other = {*ledger.rows.distinct("period")} - ledger.rounded if mode == "round" else ledger.rounded
    if both := other & {*estimates.distinct("period")}:
        raise ReleaseError("two_modes", periods=", ".join(sorted(both)))


def as_before(estimates: Estimates, ledger: Ledger) -> None:
    """Refuse rounded counts that an earlier release showed otherwise: together the two would say more than either."""
    both = pa.concat_tables([counted(estimates), counted(ledger.rows)])
    said = both.group_by([*KEYS]).aggregate([(name, end) for name in ("n", "events") for end in ("min", "max")])
    moved = (pc.not_equal(said[f"{name}_min"], said[f"{name}_max"]) for name in ("n", "events"))
    if other := said.filter(pc.or_(*moved))["period"].unique().to_pylist():
        raise ReleaseError("rounded_otherwise", periods=", ".join(sorted(other)))


def met(estimates: Estimates, ledger: Ledger, catalogue: Catalogue) -> tuple[Cells, Estimates]:
    """Return the cells of a release beside those of the ledger, and the rows that only the ledger has.

    The latter's cells have a ``row`` behind those of `estimates`. Those of other periods, or of indicators that have
    nothing to do with the release's, stand in none of its sums, and are left out.
    """
    if not ledger.releases:
        return Cells.of(estimates), NOTHING.rows
    earlier = _near(ledger, estimates, catalogue).where(measure=["crude", *PARTS])
    for column, known in (("stratifier", catalogue.stratifiers), ("area", catalogue.areas)):
        if gone := {*earlier.distinct(column)} - {*known}:
            raise ReleaseError("ledger_gone", words=", ".join(sorted(gone)))
    both = Cells.of(Estimates.concat([estimates, _as_nobody(earlier)]))
    hid = np.asarray(earlier.table["n"].is_null().to_numpy())
    joined = _joined(both, len(estimates), hid)
    alone = joined.row >= len(estimates)
    only = Estimates(earlier.table.take(pa.array(joined.row[alone] - len(estimates))))
    # Where a cell is only in the ledger its place is that of its row there; the rows that are left stand after the new.
    row = joined.row.copy()
    row[alone] = len(estimates) + np.arange(alone.sum())
    return replace(joined, row=row, lost=alone & joined.held), only


def told(ledger: Ledger, estimates: Estimates, catalogue: Catalogue) -> Estimates:
    """Return the measures that earlier releases printed of groups of which some were hidden (see ``measures``)."""
    return _near(ledger, estimates, catalogue).where(measure=LINEAR)


def _near(ledger: Ledger, estimates: Estimates, catalogue: Catalogue) -> Estimates:
    """What the ledger has of the periods of some rows, and of indicators that have to do with theirs."""
    return ledger.rows.where(indicator=_kin(estimates, catalogue), period=estimates.distinct("period"))


def _kin(estimates: Estimates, catalogue: Catalogue) -> list[str]:
    """The indicators of some rows, and those that are within the same ones."""
    outermost = {name: [name, *catalogue.around(name)][-1] for name in catalogue.indicators}
    here = {outermost[name] for name in estimates.distinct("indicator")}
    return [name for name, outer in outermost.items() if outer in here]


def _as_nobody(rows: Estimates) -> Estimates:
    """Rows with 0 for every count that is hidden, so that they are cells."""
    table = rows.table
    for name in ("n", "events"):
        table = table.set_column(SCHEMA.get_field_index(name), SCHEMA.field(name), pc.fill_null(table[name], 0))
    return Estimates(table)


def _joined(both: Cells, own: int, hid: Mask) -> Cells:
    """Each cell once, with what the ledger says of it; `both` has the release's own rows first, and then the ledger's.

    A cell that was shown in several vintages has moved by what it differs least from.
    """
    number = numbered([both.at[name] for name in KEY], [len(both.words[name]) + 3 for name in KEY])
    _, first, of = np.unique(number, return_index=True, return_inverse=True)
    counts, theirs = np.stack([both.n, both.events]), np.flatnonzero(both.row >= own)
    cell, hidden = of[theirs], hid[both.row[theirs] - own]
    moved = counts[:, first[cell]] - counts[:, theirs]
    held, out = np.zeros((2, len(first)), bool)
    held[cell[hidden]] = True
    out[cell[~hidden & ~moved.any(axis=0)]] = True
    since = np.zeros((2, len(first)), np.int64)
    order = np.argsort(-np.abs(moved).sum(axis=0), kind="stable")
    order = order[~hidden[order]]
    since[:, cell[order]] = moved[:, order]
    since[:, out] = 0
    kept = np.flatnonzero((both.row < own) | np.isin(np.arange(len(of)), first))
    return Cells(
        both.row[kept],
        both.words,
        {name: both.at[name][kept] for name in KEY},
        both.n[kept],
        both.events[kept],
        out[of[kept]],
        (held & ~out)[of[kept]],
        np.zeros(len(kept), bool),
        since[:, of[kept]],
    )


def guessed(cells: Cells, sums: csr_array, catalogue: Catalogue) -> Cells:
    """Return the cells with numbers for those that are lost, such that as few sums as can be do not hold."""
    if not cells.lost.any():
        return cells
    sums = sums[(sums.max(axis=1).toarray().ravel() > 0) & (abs(sums) @ cells.lost.astype(int) > 0)]
    events = _agreeing(sums, cells.events, cells.lost, np.zeros(len(cells.lost)))
    often = np.array([catalogue.indicators[name].over_time for name in cells.words["indicator"]])
    least = np.where(often[cells.at["indicator"]], 0, events)  # who is counted once is no more cases than persons
    return replace(cells, events=events, n=_agreeing(sums, cells.n, cells.lost, least))


def _agreeing(sums: csr_array, count: Array, unknown: Mask, least: Array) -> Array:
    at, size = np.flatnonzero(unknown), sums.shape[0]
    left, rest = -(sums @ np.where(unknown, 0, count)), eye_array(size, format="csr")
    made = milp(
        np.concatenate([np.zeros(len(at)), np.ones(size), np.full(size, TOO_MANY)]),
        integrality=np.repeat([1, 0], [len(at), 2 * size]),
        bounds=Bounds(np.concatenate([least[at], np.zeros(2 * size)]), np.inf),
        constraints=LinearConstraint(hstack([sums[:, at], -rest, rest]), left, left) if size else (),
    )
    found = count.copy()
    found[at] = np.round(made.x[: len(at)])
    return found
