"""One schema for every number that anybody will look at; each row says how it was made.

``level`` is null for a measure over all levels, ``stratifier`` is null for everybody together. ``flags`` is a set out
of FLAGS, written with spaces between; ``value`` is null where a number is withheld or does not exist, and then a flag
says why. A missing number is never 0 and never NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lighed.core.order import in_order

# Rows that count a part of a group: n and events of them are persons and cases, as of a whole group. `sent` divides a
# group by whom it came from; the DIVIDING of a step (of one horizon) are of the same persons and add up, those by
# `exception` to the fate EXCEPTED; those of TOGETHER are shown all or none. What is worked out of parts has a name that
# begins with theirs ("waiting_difference").
DIVIDING = ("fate", "reason", "exception", "state")
EXCEPTED = "excepted"
TOGETHER = ("waiting", "gone", "score")
PARTS = ("sent", *DIVIDING, *TOGETHER)
AGAINST = ("relative_survival", "excess_deaths")  # a group's survival against that of others like it
# Rows of one group each; others are of the groups of a dimension.
OF_GROUPS = ("crude", "standardised", *AGAINST, *PARTS)
# Rows of what stands behind a figure, for the protection alone: `component` says what. They never leave the zone.
KEPT = "kept"
FLAGS = ("suppressed", "unreliable", "immature", "not_collected", "not_applicable")
CONFIDENCE = 0.95

_WORD = pa.dictionary(pa.int32(), pa.string())
_WORDS = ("indicator", "component", "area", "counterpart", "period", "horizon", "arm", "scenario", "sex", "age")
_LEVELS = ("stratifier", "level", "stratifier_2", "level_2")

SCHEMA = pa.schema(
    [(name, _WORD) for name in (*_WORDS, *_LEVELS, "measure")]
    + [(name, pa.float64()) for name in ("value", "se", "lower", "upper", "confidence")]
    + [(name, pa.int64()) for name in ("n", "events")]
    + [(name, _WORD) for name in ("unit", "method", "flags")]
)
DIMENSIONS = tuple(SCHEMA.names[: SCHEMA.get_field_index("value")])
NUMBERS = ("value", "se", "lower", "upper", "n", "events")


@dataclass(frozen=True, slots=True)
class Estimates:
    """Rows of SCHEMA; made from columns, read by pages, tables, charts and reports."""

    table: pa.Table

    def __post_init__(self) -> None:
        assert self.table.schema.equals(SCHEMA), "estimates have one schema"

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @classmethod
    def of(cls, **columns: Any) -> Estimates:
        """Make estimates from columns; one value serves all rows, an absent column is null, NaN becomes null.

        Examples
        --------
        >>> made = Estimates.of(indicator="F3.1", value=[22.1, float("nan")], flags=["", "suppressed"])
        >>> [row["value"] for row in made.rows()]
        [22.1, None]
        """
        length = max((len(c) for c in columns.values() if isinstance(c, list | np.ndarray | pa.Array)), default=1)
        return cls(pa.table([_column(field, columns.get(field.name), length) for field in SCHEMA], schema=SCHEMA))

    @classmethod
    def concat(cls, parts: list[Estimates]) -> Estimates:
        """Put estimates of the same schema under each other.

        Examples
        --------
        >>> Estimates.concat([Estimates.of(value=[1.0]), Estimates.of(value=[2.0])]).table["value"].to_pylist()
        [1.0, 2.0]
        """
        tables = [part.table for part in parts] or [SCHEMA.empty_table()]
        return cls(pa.concat_tables(tables).unify_dictionaries().combine_chunks())

    def where(self, **wanted: Any) -> Estimates:
        """Keep rows whose columns equal the wanted values; None wants null, a list or set wants any of its members.

        Examples
        --------
        >>> made = Estimates.of(area=["DK", "0101", "0147"], value=[1.0, 2.0, 3.0])
        >>> made.where(area={"DK", "0101"}, level=None).table["value"].to_pylist()
        [1.0, 2.0]
        """
        mask: Any = None
        for name, value in wanted.items():
            column = self.table[name]
            if value is None:
                match = column.is_null()
            elif isinstance(value, list | tuple | set | frozenset):
                match = pc.is_in(column.cast(pa.string()), value_set=pa.array(sorted(value), pa.string()))
            else:
                match = pc.fill_null(pc.equal(column, value), False)
            mask = match if mask is None else pc.and_(mask, match)
        return self if mask is None else Estimates(self.table.filter(mask))

    def without(self, measure: str) -> Estimates:
        """Leave out the rows of a measure.

        Examples
        --------
        >>> Estimates.of(measure=["crude", KEPT], value=[1.0, 2.0]).without(KEPT).table["value"].to_pylist()
        [1.0]
        """
        return Estimates(self.table.filter(pc.fill_null(pc.not_equal(self.table["measure"], measure), True)))

    def sorted(self) -> Estimates:
        """Order the rows by their dimensions, so that equal contents give equal bytes.

        Examples
        --------
        >>> Estimates.of(area=["DK", "0101"]).sorted().table["area"].to_pylist()
        ['0101', 'DK']
        """
        plain = pa.schema([(field.name, pa.string() if field.type == _WORD else field.type) for field in SCHEMA])
        return Estimates(in_order(self.table, DIMENSIONS).cast(plain).cast(SCHEMA))  # words in the order of the rows

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows as dicts, for pages and tests."""
        return Columns.of(self).rows(0, len(self))

    def distinct(self, column: str) -> list[str]:
        """Return the values of `column` that occur, in order.

        Examples
        --------
        >>> Estimates.of(period=["2025", "2024", None, "2025"]).distinct("period")
        ['2024', '2025']
        """
        return sorted(
            value for value in pc.unique(self.table[column].cast(pa.string())).to_pylist() if value is not None
        )


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of some estimates, from which a few rows at a time are written as dicts.

    Of words there are the known ones and the position of each row's, of numbers the numbers and which are missing.
    """

    words: dict[str, tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]
    numbers: dict[str, tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]

    @classmethod
    def of(cls, estimates: Estimates) -> Columns:
        """Take the columns of estimates."""
        words, numbers = {}, {}
        for name, chunks in zip(SCHEMA.names, estimates.table.columns, strict=True):
            column = chunks.combine_chunks()
            if isinstance(column, pa.DictionaryArray):
                known = np.array([*column.dictionary.to_pylist(), None], object)
                words[name] = known, column.indices.fill_null(len(known) - 1).to_numpy()
            else:
                # pyarrow's own to_pylist makes an object of its own for every value first
                numbers[name] = column.fill_null(0).to_numpy(), column.is_null().to_numpy(zero_copy_only=False)
        return cls(words, numbers)

    def rows(self, start: int, end: int) -> list[dict[str, Any]]:
        """Write the rows from `start` up to `end`."""
        found = {name: known[at[start:end]].tolist() for name, (known, at) in self.words.items()}
        for name, (values, missing) in self.numbers.items():
            written = values[start:end].astype(object)
            written[missing[start:end]] = None
            found[name] = written.tolist()
        return [dict(zip(SCHEMA.names, row, strict=True)) for row in zip(*map(found.get, SCHEMA.names), strict=True)]


def family(measure: str) -> str:
    """Return the kind of parts that a measure is, or is worked out of; nothing where it is of whole groups.

    Examples
    --------
    >>> family("waiting"), family("waiting_difference"), family("crude")
    ('waiting', 'waiting', '')
    """
    word = measure.split("_")[0]
    return word if word in PARTS else ""


def _column(field: pa.Field, given: Any, length: int) -> pa.Array:
    if given is None:
        return pa.nulls(length, field.type)
    if isinstance(given, pa.DictionaryArray):
        return given if given.type == field.type else given.cast(field.type)
    if not isinstance(given, list | np.ndarray | pa.Array):
        if field.type != _WORD:
            return pa.repeat(pa.array([given], field.type, from_pandas=True)[0], length)
        return pa.DictionaryArray.from_arrays(np.zeros(length, np.int32), pa.array([given], pa.string()))
    if field.type == _WORD:
        return pa.array(given, pa.string()).dictionary_encode()
    return pa.array(given, field.type, from_pandas=True)


def codes(index: np.ndarray[Any, Any], words: Sequence[str | None]) -> pa.DictionaryArray:
    """Make a word column from positions into `words`, without writing a string per row.

    Examples
    --------
    >>> codes(np.array([1, 0, 1]), ["a", "b"]).to_pylist()
    ['b', 'a', 'b']
    """
    known = [word for word in words if word is not None]
    place = np.array([known.index(word) if word is not None else -1 for word in words], np.int32)
    at = place[np.asarray(index).ravel()]
    return pa.DictionaryArray.from_arrays(pa.array(at, pa.int32(), mask=at < 0), pa.array(known, pa.string()))
