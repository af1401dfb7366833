"""Reading YAML, with the parser in C where the library was built with one: it is ten times as fast."""

from __future__ import annotations

from typing import Any

import yaml

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse(text: str) -> Any:
    """Return what a YAML text holds; raises ``yaml.YAMLError`` where it is none.

    Examples
    --------
    >>> parse("levels: [short, medium, long]")
    {'levels': ['short', 'medium', 'long']}
    """
    return yaml.load(text, LOADER)  # noqa: S506 - both are safe loaders
