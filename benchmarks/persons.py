"""Six million persons: the concentration index by income with its interval, against one sorting of the incomes."""

from __future__ import annotations

import numpy as np

from _table import Line, arguments, processor, show, took
from lighed.stats import Sample, index_of_persons

LIMIT = 2.5  # sortings of the column


def seconds(persons: int) -> tuple[float, float, float]:
    """Return the processor's seconds for sorting, for the index by incomes, and for the index by hundredths of them."""
    rng = np.random.default_rng(1)
    income = rng.lognormal(12.5, 0.6, persons)
    visits = rng.poisson(3 + 2 * (income < 200_000)).astype(float)
    hundredth = rng.integers(0, 100, persons)
    start = processor()
    np.argsort(income)
    sorted_at = processor()
    index_of_persons("concentration_index", visits, income, Sample(np.ones(persons))).values()
    indexed_at = processor()
    index_of_persons("concentration_index", visits, hundredth, Sample(np.ones(persons))).values()
    return sorted_at - start, indexed_at - sorted_at, processor() - indexed_at


def main() -> None:
    """Measure the pass over the persons."""
    given = arguments(__doc__, persons=6_000_000)
    measured = took(seconds, given.persons)
    sorting, index, binned = measured.result
    lines = [
        Line("sorting the incomes", sorting, "s"),
        Line("concentration index by income, with interval", index, "s", LIMIT * sorting),
        Line("the same by hundredths, which need no sorting", binned, "s"),
        Line("memory", measured.peak, "GB"),
    ]
    show(f"Persons: {given.persons:,} rows", lines, write=given.write)


if __name__ == "__main__":
    main()
