"""Six million persons: the concentration index by income with its interval, against one sorting of the incomes."""

from __future__ import annotations

import numpy as np

from _table import Line, arguments, processor, show, took
from lighed.stats import Sample, index_of_persons

LIMIT = 2.5  # sortings of the column


def seconds(persons: int) -> list[tuple[float, float]]:
    """Return the processor's seconds for sorting and for the index, by each ranking."""
    rng = np.random.default_rng(1)
    income = rng.lognormal(12.5, 0.6, persons)
    visits, sample = rng.poisson(3 + 2 * (income < 200_000)).astype(float), Sample(np.ones(persons))
    found = []
    for ranking in (np.round(income), income, rng.integers(0, 100, persons)):
        start = processor()
        np.argsort(ranking)
        middle = processor()
        index_of_persons("concentration_index", visits, ranking, sample).values()
        found.append((middle - start, processor() - middle))
    return found


def main() -> None:
    """Measure the pass over the persons."""
    given = arguments(__doc__, persons=6_000_000)
    measured = took(seconds, given.persons)
    names = (
        "incomes in whole kroner",
        "incomes of which no two are alike",
        "hundredths of incomes, which need no sorting",
    )
    lines = [Line("memory", measured.peak, "GB")]
    for name, (sorting, index) in zip(names, measured.result, strict=True):
        lines.append(Line(f"sorting {name.split(',')[0]}", sorting, "s"))
        lines.append(Line(f"concentration index with interval by {name}", index, "s", LIMIT * sorting))
    show(f"Persons: {given.persons:,} rows", lines, write=given.write)


if __name__ == "__main__":
    main()
