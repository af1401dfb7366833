"""The attacks are attacked: a protection that is taken out is missed by the attack that it was there for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from lighed.core.errors import ReleaseError
from lighed.core.estimates import SCHEMA, Estimates
from lighed.disclosure import protect, release
from lighed.disclosure.ledger import NOTHING
from lighed.report import html
from tests.attacks.attacks import ATTACKS
from tests.attacks.town import Town
from tests.disclosure.reader import worked_out
from tests.disclosure.tables import CATALOGUE, drawn, table
from tests.disclosure.test_ledger import published_after, seen, union

Break = Callable[[pytest.MonkeyPatch], None]


def nobody_counts_sums(patch: pytest.MonkeyPatch) -> None:
    """The second pair of eyes is shut."""
    audit = release.audit
    patch.setattr(release, "audit", lambda *given: audit(*given) | {"lines_with_one_hidden": 0})


def no_secondary(patch: pytest.MonkeyPatch) -> None:
    nobody_counts_sums(patch)
    patch.setattr(release, "secondary", lambda small, *_: np.zeros_like(small))


def no_complements(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(protect, "_shares", lambda cells, _: np.zeros(len(cells.row), bool))


def shown_again(patch: pytest.MonkeyPatch, wanted: Callable[[pa.Table], Any], columns: tuple[str, ...]) -> None:
    """Rows get some of their numbers back after they were withheld."""
    withhold = release.withhold

    def forgetful(estimates: Estimates, *given: Any) -> Estimates:
        table = withhold(estimates, *given).table
        back = wanted(table)
        for name in columns:
            whole = pc.if_else(back, estimates.table[name].combine_chunks(), table[name].combine_chunks())
            table = table.set_column(
                SCHEMA.get_field_index(name), SCHEMA.field(name), whole.cast(SCHEMA.field(name).type)
            )
        return Estimates(table)

    patch.setattr(release, "withhold", forgetful)


def of_measure(name: str) -> Callable[[pa.Table], Any]:
    return lambda table: pc.equal(table["measure"].combine_chunks().cast(pa.string()), name)


def slope_index_of_raw_counts(patch: pytest.MonkeyPatch) -> None:
    shown_again(patch, of_measure("slope_index"), ("value",))


def standardised_stays(patch: pytest.MonkeyPatch) -> None:
    shown_again(patch, of_measure("standardised"), ("value", "lower", "upper"))


def limits_stay(patch: pytest.MonkeyPatch) -> None:
    shown_again(patch, of_measure("crude"), ("lower", "upper"))


def two_marks(patch: pytest.MonkeyPatch) -> None:
    """What is hidden for the sake of another has a mark of its own."""
    nobody_counts_sums(patch)
    withhold = release.withhold

    def marked(estimates: Estimates, *given: Any) -> Estimates:
        table = withhold(estimates, *given).table
        flags, events = table["flags"].combine_chunks().cast(pa.string()), estimates.table["events"].combine_chunks()
        other = pc.and_(pc.equal(flags, "suppressed"), pc.fill_null(pc.greater(events, 4), False))
        flags = pc.if_else(other, "not_collected", flags).dictionary_encode().cast(SCHEMA.field("flags").type)
        return Estimates(table.set_column(SCHEMA.get_field_index("flags"), SCHEMA.field("flags"), flags))

    patch.setattr(release, "withhold", marked)


def counts_in_the_record(patch: pytest.MonkeyPatch) -> None:
    """The audit's record says what it hid."""
    protected = release._protected

    def telling(estimates: Estimates, *given: Any) -> Any:
        shown, record = protected(estimates, *given)
        held = pc.equal(shown.table["flags"].cast(pa.string()), "suppressed")
        return shown, record | {"hidden_events": estimates.table.filter(held)["events"].to_pylist()}

    patch.setattr(release, "_protected", telling)


def labels_as_they_are(patch: pytest.MonkeyPatch) -> None:
    bare = html._environment().overlay(autoescape=False)
    patch.setattr(html, "_environment", lambda: bare)


def labels_worked_out(patch: pytest.MonkeyPatch) -> None:
    written = html.html
    patch.setattr("lighed.web.app.html", lambda *given: written(*given).replace("{{7*7}}", "49"))


MUTANTS: dict[str, tuple[Break, tuple[str, ...]]] = {
    "secondary dropped": (no_secondary, ("D1 margins", "D2 all filters")),
    "complements forgotten": (no_complements, ("D8 complements", "D5 width of an interval")),
    "slope index of raw counts": (slope_index_of_raw_counts, ("D6 measures", "D13 hidden numbers in exports")),
    "standardised rates stay": (standardised_stays, ("D14 pages and charts", "D14 hidden numbers in pages")),
    "limits stay": (limits_stay, ("D12 headers and sizes", "D13 exports", "D13 hidden numbers in exports")),
    "two marks": (two_marks, ("D7 marks",)),
    "counts in the record": (counts_in_the_record, ("D6 measures",)),
    "unescaped labels": (labels_as_they_are, ("I2 labels that are scripts",)),
    "labels worked out": (labels_worked_out, ("I4 labels that are templates",)),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_an_attack_misses_a_protection_that_is_taken_out(
    name: str, towns: tuple[Town, Town], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken, attacks = MUTANTS[name]
    broken(monkeypatch)
    one, other = (town.published(tmp_path / str(k)) for k, town in enumerate(towns))
    assert [attack for attack in attacks if not ATTACKS[attack]((one, other))] == []


def test_without_secondary_suppression_the_audit_refuses_the_release(
    towns: tuple[Town, Town], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(release, "secondary", lambda small, *_: np.zeros_like(small))
    with pytest.raises(ReleaseError) as refused:
        towns[0].published(tmp_path / "release")
    assert refused.value.key == "unsafe"
    assert list(tmp_path.iterdir()) == []


def forgotten(patch: pytest.MonkeyPatch) -> None:
    """Every release is taken for the first one."""
    met = release.met
    patch.setattr(release, "met", lambda estimates, _, catalogue: met(estimates, NOTHING, catalogue))


@pytest.mark.parametrize("seed", range(3))
def test_a_ledger_that_is_forgotten_gives_groups_away_to_who_keeps_both_releases(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = table(drawn(np.random.default_rng(seed)), crossed=True)
    earlier, later = (seen(made, view) for view in ("crossed groups only", "education only"))
    first, _ = published_after(made=earlier)
    with suppress(ReleaseError):
        second, _ = published_after(first, made=later)
        assert worked_out(union(first, second), CATALOGUE) == set()
    forgotten(monkeypatch)
    second, _ = published_after(first, made=later)
    assert worked_out(union(first, second), CATALOGUE)
