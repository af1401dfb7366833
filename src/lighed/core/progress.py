"""Progress bars for anything that takes longer than a moment; silent where nobody looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

T = TypeVar("T")


def track(things: Iterable[T], title: str, *, total: int | None = None) -> Iterator[T]:
    """Go through `things` with a bar on standard error, if that is a terminal."""
    with _bar() as bar:
        yield from bar.track(things, description=title, total=total)


@contextmanager
def working(title: str) -> Iterator[None]:
    """Show that one long step is under way."""
    with _bar() as bar:
        bar.add_task(title, total=None)
        yield


def _bar() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)
