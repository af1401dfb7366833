"""What the benchmarks share: a task in a process of its own, what it took, and the table that is printed."""

from __future__ import annotations

import argparse
import os
import platform
import re
import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results.md")


@dataclass(frozen=True)
class Took:
    """Seconds by the clock and of all processors, gigabytes of memory at the highest, and what the task returned."""

    wall: float
    cpu: float
    peak: float
    result: Any


@dataclass(frozen=True)
class Line:
    """A row of a table; without a limit it only informs."""

    what: str
    measured: float
    unit: str
    limit: float | None = None

    def cells(self) -> tuple[str, ...]:
        """Return what is written in each column."""
        limit = f"< {self.limit:g} {self.unit}" if self.limit is not None else ""
        ratio = f"{self.measured / self.limit:.2f}" if self.limit else ""
        return self.what, f"{self.measured:,.4g} {self.unit}", limit, ratio


def took(task: Callable[..., Any], *arguments: Any, workers: int = 0) -> Took:
    """Run a task in a fresh process, which may share its work between `workers` more, each as large as the largest."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measured, task, arguments, workers).result()


def _measured(task: Callable[..., Any], arguments: tuple[Any, ...], workers: int) -> Took:
    wall, cpu = time.perf_counter(), processor()
    result = task(*arguments)
    wall, cpu = time.perf_counter() - wall, processor() - cpu
    own, other = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return Took(wall, cpu, (own + workers * other) / 2**20, result)


def processor() -> float:
    """Return the seconds that the processors have spent on this process and those that it has waited for."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime + used.ru_stime for used in both)


def arguments(description: str | None, **defaults: int) -> argparse.Namespace:
    """Read the command line: ``--write``, and a whole number for each of `defaults`."""
    parser = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"put the table in {RESULTS.name}")
    for name, value in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=value, help=f"{value} without")
    return parser.parse_args()


def show(title: str, lines: Sequence[Line], *, write: bool) -> None:
    """Print the table of a benchmark, and put it in the committed file where that is asked for."""
    show_rows(title, ("what", "measured", "limit", "measured / limit"), [line.cells() for line in lines], write=write)


def show_rows(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], *, write: bool) -> None:
    """Print a table, and put it in the committed file where that is asked for."""
    widths = [max(len(row[k]) for row in (heads, *rows)) for k in range(len(heads))]
    written = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in (heads, ["-" * width for width in widths], *rows)
    ]
    section = "\n".join([f"## {title}", "", f"{machine()}.", "", *written, ""])
    print(section)
    if write:
        before = RESULTS.read_text("utf-8") if RESULTS.is_file() else "# What was measured\n"
        sections = [part for part in re.split(r"(?m)^(?=## )", before) if not part.startswith(f"## {title}\n")]
        head, others = sections[0].rstrip() + "\n", sorted([*(part.strip() + "\n" for part in sections[1:]), section])
        RESULTS.write_text("\n".join([head, *others]), "utf-8")


def machine() -> str:
    """Say what it was measured on."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GB of memory, Python {platform.python_version()}"
