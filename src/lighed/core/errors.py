"""What can go wrong, as a tree.

LighedError
├── DefinitionError   a file of the catalogue is wrong: it names the file and the remedy
├── DataError         a data file is wrong: it carries one Problem per row and column
├── StoreError        the person store cannot do what was asked, and is as it was
├── ReleaseError      a release cannot be made or read
└── AccessError       this user may not do this

Errors that reach a user are sentences from ``core/texts/errors.yaml`` in the user's language. A Problem never holds the
value of an identifying column, so that no log, page or traceback can show one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lighed.core.text import DEFAULT_LANG, Lang, say


class LighedError(Exception):
    """An error whose message is written for the person who meets it."""

    def __init__(self, key: str, **values: Any) -> None:
        self.key, self.values = key, values
        super().__init__(self.sentence(DEFAULT_LANG))

    def sentence(self, lang: Lang) -> str:
        """Return the whole message in `lang`."""
        return say(f"error.{self.key}", lang, **self.values)


class DefinitionError(LighedError):
    """A definition file is wrong."""

    def __init__(self, path: object, problem: str) -> None:
        super().__init__("definition", path=path, problem=problem)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a data file, and where it stands."""

    key: str
    file: str
    row: int | None = None
    column: str | None = None
    value: str | None = None
    values: dict[str, Any] = field(default_factory=dict)

    def place(self, lang: Lang) -> str:
        """Return file, row, column and value as far as they are known."""
        parts = [self.file]
        parts += [f"{say('word.row', lang)} {self.row}"] if self.row is not None else []
        parts += [f"{say('word.column', lang)} {self.column}"] if self.column else []
        parts += [f"»{self.value}«"] if self.value is not None else []
        return ", ".join(parts)

    def sentence(self, lang: Lang) -> str:
        """Return place, fault and remedy as one sentence."""
        return f"{self.place(lang)}: {say(f'problem.{self.key}', lang, **self.values)}"


class DataError(LighedError):
    """A data file cannot be used as it stands; nothing was stored."""

    SHOWN = 20

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("data", count=len(problems))

    def sentence(self, lang: Lang) -> str:
        """Return every problem on a line of its own, the first ones if they are many."""
        lines = [problem.sentence(lang) for problem in self.problems[: self.SHOWN]]
        if len(self.problems) > self.SHOWN:
            lines.append(say("error.more", lang, count=len(self.problems) - self.SHOWN))
        return "\n".join([*lines, super().sentence(lang)])


class StoreError(LighedError):
    """The person store cannot do what was asked, and is as it was."""


class ReleaseError(LighedError):
    """A release cannot be made or read."""


class AccessError(LighedError):
    """The user may not do what was asked."""

    def __init__(self, action: str) -> None:
        super().__init__("access", action=action)
