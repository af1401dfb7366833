"""A synthetic Denmark: persons with residence, education, income, work, housing, origin, illness, events and answers.

A source like any other, vectorised, in blocks of persons with a random generator each: the same seed gives the same
persons whatever number of processes shares the blocks. What it is made to resemble stands in
``catalogue/data/synthetic/denmark.yaml``; the true chance of every outcome for every person is known (``Truth``), so
that tests can hold what the program finds against it.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lighed.core.errors import StoreError
from lighed.core.progress import track
from lighed.sources.synthetic.chances import adopt, calibrated, draw_diseases, draw_positions
from lighed.sources.synthetic.happenings import Truth, answers, events
from lighed.sources.synthetic.people import Population
from lighed.sources.synthetic.senders import Senders
from lighed.sources.synthetic.work import work
from lighed.sources.synthetic.world import BLOCK, years
from lighed.store.snapshot import Load, Store

__all__ = ["Truth", "fill", "generate", "years"]

VERSION = 4  # to be raised when the same seed no longer gives the same persons

Tables = dict[str, pa.Table]


def generate(persons: int, *, seed: int, workers: int = 1) -> Iterator[tuple[Tables, Truth]]:
    """Give the tables of one block of persons after another, with the truth of the block; the respondents come last.

    Parameters
    ----------
    persons
        The population on the first day: 10,000 to 6,000,000. Those who are born or come later are added to it.
    seed
        The same seed and number give the same tables.
    workers
        Processes to share the blocks between; the result does not depend on it.
    """
    sizes = [min(BLOCK, persons - start) for start in range(0, persons, BLOCK)]
    tasks = [(size, seed, block, persons) for block, size in enumerate(sizes)]
    respondents, strata = [], []
    for made, truth in _shared(tasks, workers):
        respondents.append(made.pop("respondent"))
        strata.append(made.pop("strata"))
        yield made, truth
    yield {"respondent": _with_strata(respondents, strata)}, Truth()


def _shared(tasks: list[tuple[int, int, int, int]], workers: int) -> Iterator[tuple[Tables, Truth]]:
    if workers == 1:
        yield from map(_block, tasks)
        return
    # Not forked: a copy of a process in which an engine has threads may die of it.
    with ProcessPoolExecutor(workers, get_context("spawn"), adopt, (calibrated(),)) as pool:
        yield from pool.map(_block, tasks)


def _block(task: tuple[int, int, int, int]) -> tuple[Tables, Truth]:
    size, seed, block, persons = task
    rng, truth = np.random.default_rng([seed, block]), Truth()
    people = Population.born(size, rng, first_id=1 + block * 10 * BLOCK, positions=draw_positions)
    people.positions |= draw_diseases(people, np.random.default_rng([seed, block, 1]))
    senders = Senders(people, np.random.default_rng([seed, block, 2]))
    made = people.tables(rng) | events(people, rng, senders, truth, first_id=1 + block * 1000 * BLOCK)
    made["position"] = pa.concat_tables([made["position"], work(people, made["event"])])
    return made | answers(people, rng, truth, persons=persons), truth


def _with_strata(respondents: list[pa.Table], strata: list[pa.Table]) -> pa.Table:
    """Put the size of each stratum, over all blocks, beside its respondents."""
    sizes = pa.concat_tables(strata).group_by(["wave", "stratum"]).aggregate([("population", "sum")])
    joined = pa.concat_tables(respondents).drop_columns(["population"]).join(sizes, ["wave", "stratum"])
    whole = joined.rename_columns({"population_sum": "population"})
    return whole.select(respondents[0].column_names).sort_by([("wave", "ascending"), ("person_id", "ascending")])


def fill(store: Store, *, persons: int, seed: int, workers: int = 1) -> Truth:
    """Write a synthetic population into an empty store, and return its truth; a store that has persons refuses."""
    digest, truth, counts = f"synthetic {persons} {seed} {VERSION}", Truth(), dict[str, int]()
    with store.writing() as writer, ExitStack() as stack:
        if writer.knows(digest):
            return truth
        if writer.files:
            raise StoreError("not_empty", folder=store.folder)
        files: dict[str, pq.ParquetWriter] = {}
        blocks = 1 + -(-persons // BLOCK)
        for made, part in track(generate(persons, seed=seed, workers=workers), "synthetic", total=blocks):
            truth.join(part)
            for name, table in made.items():
                if name not in files:
                    files[name] = stack.enter_context(writer.open_table(name, digest))
                files[name].write_table(table)
                counts[name] = counts.get(name, 0) + table.num_rows
        writer.record(
            Load(
                mapping="synthetic",
                file=f"{persons} persons, seed {seed}",
                digest=digest,
                rows=counts,
                source="synthetic",
            )
        )
    return truth
