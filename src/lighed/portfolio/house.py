"""The folder of the registers, and where everything in it stands."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lighed import catalogue
from lighed.core.accounts import Accounts, User
from lighed.core.register import Register
from lighed.core.settings import Settings
from lighed.portfolio.archive import Archive
from lighed.portfolio.desk import Desk
from lighed.portfolio.files import Files
from lighed.portfolio.obligations import Due, dues


@dataclass(frozen=True, slots=True)
class House:
    """The registers that are open: their folder, which may hold definitions of its own, accounts and records."""

    folder: Path
    accounts: Accounts
    archive: Archive
    files: Files

    @classmethod
    def open(cls, folder: Path, url: str = "", clock: Callable[[], float] = time.time) -> House:
        """Open the folder, and make what is missing; records are in SQLite there, or in the database at `url`.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as made:
        ...     house = House.open(Path(made) / "portfolio")
        ...     sorted(path.name for path in house.folder.iterdir() if path.suffix == ".db")
        ...     house.close()
        ['accounts.db', 'portfolio.db']
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        archive = Archive(url or Settings().portfolio or f"sqlite:///{folder / 'portfolio.db'}")
        archive.refresh(catalogue.load(folder).registers)
        return cls(folder, Accounts(folder / "accounts.db", clock), archive, Files(folder / "files"))

    def desk(self, user: User | None) -> Desk:
        """Return the desk of a user."""
        known = catalogue.load(self.folder)
        told = known.registers, known.reports, known.policies, known.diagnostics.values()
        return Desk(self.accounts, user, self.archive, self.files, *told)

    @property
    def registers(self) -> dict[str, Register]:
        """Return the registers, those of the folder among them."""
        return catalogue.load(self.folder).registers

    def dues(self, today: date) -> list[Due]:
        """Return what every organisation owes on a day, the most pressing first."""
        return dues(self.archive, self.registers, today)

    def broken_files(self) -> list[tuple[str, str, str]]:
        """Return register, record and name of the files of any version that are not as they were kept."""
        kept = [
            (one, value)
            for register in self.registers.values()
            for field in register.fields
            if field.kind == "file"
            for one in self.archive.versions(register.id)
            if (value := one.content.get(field.id))
        ]
        broken = {value["checksum"] for _, value in kept if not self.files.whole(value["checksum"])}
        return sorted({(*one.key, value["name"]) for one, value in kept if value["checksum"] in broken})

    def close(self) -> None:
        """Let go of the databases."""
        self.accounts.engine.dispose()
        self.archive.engine.dispose()
