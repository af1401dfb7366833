"""Progress bars for anything that takes longer than a moment; silent where nobody looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from lighed.core.settings import Settings
from lighed.core.text import say

T = TypeVar("T")


def track(things: Iterable[T], step: str, *, total: int | None = None) -> Iterator[T]:
    """Go through `things` with a bar on standard error, if that is a terminal; `step` is a key of ``progress``.

    Examples
    --------
    >>> list(track(["persons", "events"], "load"))
    ['persons', 'events']
    """
    with _bar() as bar:
        yield from bar.track(things, description=_title(step), total=total)


@contextmanager
def working(step: str) -> Iterator[None]:
    """Show that one long step is under way.

    Examples
    --------
    >>> with working("summarise"):
    ...     found = 6 * 7
    >>> found
    42
    """
    with _bar() as bar:
        bar.add_task(_title(step), total=None)
        yield


def _title(step: str) -> str:
    return say(f"progress.{step}", Settings().lang)


def _bar() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)
