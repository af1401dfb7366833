"""Writes a release folder: withholds what must be withheld, audits what is left, and only then puts it in its place."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy.sparse import csr_array, vstack

from lighed import __version__
from lighed.analysis.build import indicators_of
from lighed.analysis.evaluate import evaluated
from lighed.analysis.handover import compared
from lighed.analysis.lost import lost
from lighed.analysis.small_areas import drawn
from lighed.analysis.units import units
from lighed.catalogue import Catalogue
from lighed.core.durable import put_in_place
from lighed.core.errors import DataError, ReleaseError
from lighed.core.estimates import KEPT, NUMBERS, OF_GROUPS, SCHEMA, Estimates, family
from lighed.core.progress import working
from lighed.core.release import EVALUATIONS, FORMAT, Manifest, Release, area_file, digest
from lighed.core.types import UNKNOWN, Definition, Policy, ReleasePlan
from lighed.disclosure.attack import intervals
from lighed.disclosure.audit import audit
from lighed.disclosure.cells import (
    KEY,
    Array,
    Cells,
    kinds,
    lines,
    numbered,
    positions,
    with_beside,
    with_parts,
    with_rests,
)
from lighed.disclosure.ledger import NOTHING, Ledger, guessed, met, of_one_mode, told
from lighed.disclosure.measures import Printed, is_rounded, linear, rounded
from lighed.disclosure.protect import (
    Mask,
    corrected,
    near,
    numbers,
    primary,
    secondary,
    thin,
    withstanding,
)
from lighed.disclosure.rounding import checked, said_rounded
from lighed.sources.panel import of_estimates, read_panel

GROUP = 1 << 13  # rows that are read together: an indicator is found without the others


def publish(
    estimates: Estimates,
    plan: ReleasePlan,
    catalogue: Catalogue,
    folder: Path,
    *,
    inputs: dict[str, str],
    made: str,
    seed: int | None = None,
    ledger: Ledger = NOTHING,
    edition: Literal["public", "internal"] = "public",
) -> Release:
    """Make a release of `estimates` in `folder`, which must not exist; nothing is left behind when it is refused.

    It is held against the `ledger` of what was published of the same persons before. `made` is the date that the
    release bears: the bytes depend on the arguments alone. In the internal edition nothing is withheld, and nobody
    opens it but the workbench.
    """
    policy = catalogue.policies[plan.policy]
    if folder.exists():
        raise ReleaseError("release_exists", folder=folder)
    if (policy.mode == "published" or plan.tables) and not plan.citations:
        raise ReleaseError("no_citation", release=plan.id)
    if policy.mode == "published" and estimates.table["n"].null_count < len(estimates):
        raise ReleaseError("published_counts", release=plan.id)
    if policy.mode == "suppress" and edition == "public" and not len(estimates):
        raise ReleaseError("nothing_counted", release=plan.id)
    waiting = folder.with_name(folder.name + ".part")
    shutil.rmtree(waiting, ignore_errors=True)
    try:
        with working("release"):
            protected = _protected if edition == "public" else _as_they_are
            shown, record = protected(estimates, policy, catalogue, ledger)
            later = (made(shown, catalogue) for made in (drawn, lost, units))
            shown = Estimates.concat([shown, *later, compared(shown)])
            if record.get("rules", {}).get("mode") == "round":
                shown = said_rounded(shown)
                record["left_out"] = [i.id for i in indicators_of(catalogue, plan) if not i.of_counts]
            waiting.mkdir(parents=True)
            _write(shown, plan, policy, catalogue, waiting, record, inputs=inputs, made=made, seed=seed)
        put_in_place(waiting, folder)
    except BaseException:
        shutil.rmtree(waiting, ignore_errors=True)
        raise
    return Release.open(folder, internal=edition == "internal")


def _as_they_are(estimates: Estimates, policy: Policy, *_: object) -> tuple[Estimates, dict[str, Any]]:
    return estimates.without(KEPT), {"policy": policy.id, "audited": False, "edition": "internal"}


def _protected(
    estimates: Estimates, policy: Policy, catalogue: Catalogue, ledger: Ledger = NOTHING
) -> tuple[Estimates, dict[str, Any]]:
    kept, estimates = estimates.where(measure=KEPT), estimates.without(KEPT)
    if policy.mode == "published":
        return estimates, {"policy": policy.id, "audited": False}
    of_one_mode(estimates, ledger, policy.mode)
    if policy.mode == "round":
        found = checked(estimates, kept, policy, catalogue, ledger)
        return estimates, {"policy": policy.id, "rules": policy.rules, "audited": True} | found
    cells, earlier = met(estimates, ledger, catalogue)
    cells = with_rests(with_beside(cells, catalogue), catalogue)
    sums = lines(cells, catalogue)
    cells = guessed(cells, sums, catalogue)
    small = (primary(cells, policy, catalogue, kept) | corrected(cells, policy, catalogue)) & ~cells.out
    together = policy.sums == "together"
    more = cells.held | secondary(small | cells.held, cells, sums, policy, catalogue)
    printed = linear(estimates, cells, policy, catalogue, told(ledger, estimates, catalogue))
    if together:
        beside = withstanding(small, more, cells, sums, policy, catalogue, printed)
        more, printed = more | beside[: len(small)], printed.where(~beside[len(small) :])
    own = (cells.row >= 0) & (cells.row < len(estimates))
    hidden = (small | more) & own
    shown = rounded(withhold(estimates, cells, hidden, thin(estimates, kept, policy)), printed)
    found = audit(shown, catalogue)
    if len(earlier):
        found["lines_with_one_hidden"] = audit(Estimates.concat([shown, earlier]), catalogue)["lines_with_one_hidden"]
    if found["lines_with_one_hidden"]:
        raise ReleaseError("unsafe", lines=found["lines_with_one_hidden"])
    if together:
        found |= attacked(small, small | more, cells, sums, policy, catalogue, printed)
        if found["attack_exact"] or found["attack_narrow"]:
            raise ReleaseError("solved", cells=found["attack_exact"] + found["attack_narrow"])
    record = {"cells": int(own.sum()), "hidden": int(hidden.sum()), "lines": int(sums.shape[0])}
    if policy.public_persons:
        record["rounded"] = int(is_rounded(shown).sum())
    record |= {"earlier": ledger.releases, "earlier_cells": int((cells.told | cells.held).sum())}
    return shown, {"policy": policy.id, "rules": policy.rules, "audited": True} | record | found


def attacked(
    small: Mask,
    hidden: Mask,
    cells: Cells,
    sums: csr_array,
    policy: Policy,
    catalogue: Catalogue,
    printed: Printed | None = None,
) -> dict[str, int]:
    """Work out, as a reader could of all sums together, what each small number may be, and count what is not in doubt.

    What solves the sums is separate code from the protection; the sums themselves are the same, those with what earlier
    releases showed and hid among them, and what is `printed` of events. Narrow is what is not as wide as the smallest
    count, or cannot be each number below it, or what was shown before it was corrected by a few; and what the solver is
    not sure of. Of fewer persons, whom anybody knows of, each number of them must be possible.
    """
    tried, exact, narrow = 0, 0, 0
    events, *others = numbers(cells, policy, catalogue)
    for number, said in [(events, printed), *((other, None) for other in others)]:
        of, count, fewest, most = number.of, number.count, number.fewest, number.most
        few = (count > 0) & (count < fewest)
        rows, asked = number.known(sums, hidden), small[of] & (few | near(number.moved, fewest))
        level = rows @ count
        limits = [level, level]
        if said:
            rows = csr_array(vstack([rows, said.among(len(of))]))
            limits = [np.append(level, end) for end in said.ends]
        shown, width = np.where(hidden[of], np.nan, count), np.minimum(fewest, most)
        possible = [np.where(most < fewest, 0, 1), np.minimum(fewest - 1, most)]
        ends = np.where(few, possible, np.sort([count, count - number.moved], axis=0))
        enough = np.stack([*ends, width])
        lower, upper = intervals(rows, shown, *limits, asked=asked, narrow=3 * fewest, enough=enough)
        wide = (lower <= ends[0]) & (upper >= ends[1]) & (upper - lower >= width)
        tried, exact = tried + int(asked.sum()), exact + int((asked & (lower == upper)).sum())
        narrow += int((asked & ~wide & (lower != upper)).sum())
    return {"attacked": tried, "attack_exact": exact, "attack_narrow": narrow}


def withhold(estimates: Estimates, cells: Cells, hidden: Mask, also: Mask | None = None) -> Estimates:
    """Take the numbers out of the hidden cells and of everything that was computed from them, and of rows `also`.

    A measure goes with any of its ranked groups, in its own period and, for a change, in the one that it began in. What
    is worked out of parts goes with any of them.
    """
    rows, of = Rows.of(estimates, cells), np.array(kinds(cells))[cells.at["part"]]
    ranked = cells.at["level"] != cells.position("level", UNKNOWN)
    whole = hidden & (of == "")
    groups, unknown = rows.named(*OF_GROUPS), rows.named("unknown_share")
    measures = [word for word in pc.unique(estimates.table["measure"].cast(pa.string())).to_pylist() if word]
    families = {kind: rows.named(*(name for name in measures if family(name) == kind != name)) for kind in {*of} - {""}}
    others = ~np.any([groups, unknown, *families.values()], axis=0)
    found = rows.hit(groups, hidden, KEY) | rows.hit(unknown, whole, KEY[:4])
    found |= rows.hit(others, whole & ranked, KEY[:4]) | rows.hit(others, whole & ranked, KEY[:4], period="horizon")
    over_levels = pc.and_(pc.is_valid(estimates.table["stratifier"]), pc.is_null(estimates.table["level"])).to_numpy()
    for kind, worked_out in families.items():
        of_kind = hidden & (of == kind)
        found |= rows.hit(worked_out & ~over_levels, of_kind, KEY[:5])
        found |= rows.hit(worked_out & over_levels, of_kind & ranked, KEY[:4])
    mask, table = pa.array(found if also is None else found | also), estimates.table
    for name in NUMBERS:
        column = table[name].combine_chunks()
        table = table.set_column(
            SCHEMA.get_field_index(name), name, pc.if_else(mask, pa.scalar(None, column.type), column)
        )
    flags = pc.if_else(mask, "suppressed", table["flags"].combine_chunks().cast(pa.string())).dictionary_encode()
    field = SCHEMA.field("flags")
    return Estimates(table.set_column(SCHEMA.get_field_index("flags"), field, flags.cast(field.type)))


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of some estimates beside their cells: ``at`` are positions among the words of the cells."""

    measure: pa.ChunkedArray
    cells: Cells
    at: dict[str, Array]

    @classmethod
    def of(cls, estimates: Estimates, cells: Cells) -> Rows:
        """Find the words of the rows among those of the cells."""
        table = with_parts(estimates.table)
        at = {name: positions(table[name], cells.words[name]) for name in KEY}
        return cls(table["measure"], cells, at | {"horizon": positions(table["horizon"], cells.words["period"])})

    def named(self, *measures: str) -> Mask:
        """Return which rows are of some measures."""
        found = pc.is_in(self.measure.cast(pa.string()), value_set=pa.array(measures, pa.string()))
        return np.asarray(found.to_numpy())

    def hit(self, among: Mask, hidden: Mask, key: tuple[str, ...], *, period: str = "period") -> Mask:
        """Return which of some rows share a key with a hidden cell, with the period read from the column `period`."""
        place, secret = np.flatnonzero(among), np.flatnonzero(hidden)
        sizes = [len(self.cells.words[name]) + 4 for name in key]
        rows = numbered([self.at[period if name == "period" else name][place] for name in key], sizes)
        cells = numbered([self.cells.at[name][secret] for name in key], sizes)
        found = np.zeros(len(among), bool)
        found[place] = pc.is_in(pa.array(rows), value_set=pa.array(cells)).to_numpy(zero_copy_only=False)
        return found


def _write(
    shown: Estimates,
    plan: ReleasePlan,
    policy: Policy,
    catalogue: Catalogue,
    folder: Path,
    record: dict[str, Any],
    *,
    inputs: dict[str, str],
    made: str,
    seed: int | None,
) -> None:
    ordered = shown.sorted()
    areas = ordered.distinct("area")
    for area, table in _by_area(ordered.table):
        pq.write_table(table, folder / area_file(area), compression="zstd", version="2.6", row_group_size=GROUP)
    indicators = ordered.distinct("indicator")
    along = {catalogue.indicators[name].of_pathway for name in indicators}
    used = {
        "indicators": _used(catalogue.indicators, indicators),
        "pathways": _used(catalogue.pathways, [name for name in along if name]),
        "uses": _used(catalogue.uses, indicators),
        "stratifiers": _used(catalogue.stratifiers, ordered.distinct("stratifier")),
        "areas": _used(catalogue.areas, areas),
        "providers": _used(catalogue.providers, ordered.distinct("counterpart")),
    }
    _json(folder / "definitions.json", used)
    effects = list(_effects(ordered, indicators, catalogue))
    if effects:
        _json(folder / EVALUATIONS, effects)
    _json(folder / "audit.json", record)
    manifest = Manifest(
        format=FORMAT,
        id=plan.id,
        title=plan.title,
        summary=plan.summary,
        synthetic=plan.synthetic,
        policy=policy.id,
        policy_title=policy.title,
        policy_explanation=policy.explanation,
        # A project with the persons of some municipalities has no figures of the country to open on.
        front_area=plan.front_area if plan.front_area in areas or not areas else min(areas),
        caveats=plan.caveats,
        citations=plan.citations,
        program=__version__,
        catalogue=catalogue.digest,
        inputs=inputs,
        seed=seed,
        made=made,
        files={path.name: digest(path) for path in sorted(folder.iterdir())},
    )
    _json(folder / "manifest.json", manifest.model_dump(mode="json"))


def _effects(shown: Estimates, indicators: list[str], catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    """Evaluate what is evaluated from a release, of nothing but what this one shows; without rows where that hides."""
    for one in catalogue.evaluations.values():
        if one.rows and one.rows.indicator in indicators:
            groups = catalogue.groups(one)
            try:
                panel = read_panel(of_estimates(shown, one, one.id), one, groups)
                rows = evaluated(one, panel, groups).to_pylist()
            except DataError:
                rows = []
            levels = [level.model_dump(mode="json") for level in groups]
            yield {"evaluation": one.model_dump(mode="json"), "groups": levels, "rows": rows}


def _by_area(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Divide rows by their area, each part in the order in which they stand; one pass, for there are many areas."""
    column = table["area"].combine_chunks()
    at = np.asarray(column.indices.to_numpy())
    gathered = table.take(pa.array(np.argsort(at, kind="stable")))
    ends = np.cumsum(np.bincount(at, minlength=len(column.dictionary)))
    for area, end, start in zip(column.dictionary.to_pylist(), ends, [0, *ends], strict=False):
        yield area, gathered.slice(start, end - start)


def _used(known: dict[str, Any], ids: list[str]) -> list[dict[str, Any]]:
    kept = set(ids)
    definitions: list[Definition] = [definition for name, definition in known.items() if name in kept]
    return [definition.model_dump(mode="json", exclude={"example"}) for definition in definitions]


def _json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
