"""What can go wrong, as a tree.

LighedError
├── DefinitionError   a file of the catalogue is wrong: it names the file and the remedy
├── DataError         a data file is wrong: it carries one Problem per row and column
├── LoadError         a mapping is not finished, or an upload is not there
├── StoreError        the person store cannot do what was asked, and is as it was
├── ReleaseError      a release cannot be made or read
├── FormError         a form cannot be filled in, read or kept as asked
├── RegisterError     a record of a register cannot be read, kept or moved as asked
├── SignInError       an account cannot be opened or used
└── AccessError       this user may not do this

Errors that reach a user are sentences from ``core/texts/errors.yaml`` in the user's language. A Problem never holds the
value of an identifying column, nor anything that looks like a person's number in another, so that no log, page or
traceback can show one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lighed.core.identifiers import masked
from lighed.core.text import DEFAULT_LANG, Lang, Text, say


class LighedError(Exception):
    """An error whose message is written for the person who meets it."""

    def __init__(self, key: str, **values: Any) -> None:
        self.key, self.values = key, values
        super().__init__(self.sentence(DEFAULT_LANG))

    def sentence(self, lang: Lang) -> str:
        """Return the whole message in `lang`, with everything that looks like a person's number hidden."""
        return masked(say(f"error.{self.key}", lang, **self.values))


class DefinitionError(LighedError):
    """A definition file is wrong.

    Examples
    --------
    >>> print(DefinitionError("indicators/own.yaml", "unit 'pct' is not known").sentence("en"))
    indicators/own.yaml: unit 'pct' is not known
    """

    def __init__(self, path: object, problem: str) -> None:
        super().__init__("definition", path=path, problem=problem)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a data file, and where it stands; what looks like a person's number is hidden in it.

    Examples
    --------
    >>> print(Problem("not_a_number", "smoking.csv", 3, "estimate", "12,3,4").sentence("en"))
    smoking.csv, row 3, column estimate, »12,3,4«: this is not a number. Write digits and one decimal mark only.
    """

    key: str
    file: str
    row: int | None = None
    column: str | None = None
    value: str | None = None
    values: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("file", "column", "value"):
            given = getattr(self, name)
            object.__setattr__(self, name, None if given is None else masked(given))
        hidden = {name: masked(given) if isinstance(given, str) else given for name, given in self.values.items()}
        object.__setattr__(self, "values", hidden)

    def place(self, lang: Lang) -> str:
        """Return file, row, column and value as far as they are known."""
        parts = [self.file]
        parts += [f"{say('word.row', lang)} {self.row}"] if self.row is not None else []
        parts += [f"{say('word.column', lang)} {self.column}"] if self.column else []
        parts += [f"»{self.value}«"] if self.value is not None else []
        return ", ".join(parts)

    def fault(self, lang: Lang) -> str:
        """Return what is wrong, and what to do about it."""
        said = {name: value[lang] if isinstance(value, Text) else value for name, value in self.values.items()}
        return say(f"problem.{self.key}", lang, **said)

    def sentence(self, lang: Lang) -> str:
        """Return place, fault and remedy as one sentence."""
        return f"{self.place(lang)}: {self.fault(lang)}"


class DataError(LighedError):
    """A data file cannot be used as it stands; nothing was stored.

    Examples
    --------
    >>> wrong = [Problem("not_0_or_1", "smoking.csv", row, "ordered_dimension", "yes") for row in (3, 5)]
    >>> print(DataError(wrong).sentence("en"))
    smoking.csv, row 3, column ordered_dimension, »yes«: this must be 0 or 1.
    smoking.csv, row 5, column ordered_dimension, »yes«: this must be 0 or 1.
    Faults: 2; nothing was stored.
    """

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


class LoadError(LighedError):
    """A file cannot be loaded as things stand; nothing was stored."""


class StoreError(LighedError):
    """The person store cannot do what was asked, and is as it was."""


class ReleaseError(LighedError):
    """A release cannot be made or read."""


class FormError(LighedError):
    """A form that somebody fills in cannot be taken, read or kept as asked; its message never holds an answer."""

    def __init__(self, key: str, **values: Any) -> None:
        super().__init__(f"form.{key}", **values)


class RegisterError(LighedError):
    """A record of a register cannot be read, kept or moved as asked; nothing was kept."""

    def __init__(self, key: str, **values: Any) -> None:
        super().__init__(f"register.{key}", **values)


class SignInError(LighedError):
    """An account cannot be opened or used as asked."""

    def __init__(self, key: str, **values: Any) -> None:
        super().__init__(f"account.{key}", **values)


class AccessError(LighedError):
    """The user may not do what was asked."""

    def __init__(self, action: str, title: Text, *, own: bool = False) -> None:
        self.action, self.title = action, title
        super().__init__("access_own" if own else "access")

    def sentence(self, lang: Lang) -> str:
        """Return what the user may not do."""
        return say(f"error.{self.key}", lang, action=self.title[lang])
