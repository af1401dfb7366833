"""Files that outlast a power cut: flushed to the disk before anything points at them."""

from __future__ import annotations

import os
from pathlib import Path


def flush(path: Path) -> None:
    """Have a file, or the names in a folder, outlast a power cut."""
    if os.name == "posix":  # elsewhere neither can be flushed by itself
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


def write_durably(path: Path, text: str) -> None:
    """Write a file in one step: whoever reads it sees the text of before, or the whole of the new one.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_durably(Path(folder) / "current", "2")
    ...     [(path.name, path.read_text()) for path in Path(folder).iterdir()]
    [('current', '2')]
    """
    waiting = path.with_name(path.name + ".new")
    with waiting.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    waiting.replace(path)
    flush(path.parent)


def put_in_place(waiting: Path, folder: Path) -> None:
    """Give a folder of files its name, in one step, after all that is in it has been flushed."""
    for path in (*waiting.iterdir(), waiting):
        flush(path)
    waiting.replace(folder)
    flush(folder.parent)
