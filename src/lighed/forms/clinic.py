"""The folder of those who fill in forms, and where everything in it stands: never the folder of the statistics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lighed.core.accounts import Accounts, User
from lighed.core.errors import FormError
from lighed.core.keys import make_key, read_key
from lighed.forms.cabinet import Cabinet
from lighed.forms.desk import Desk


def _today() -> date:
    return date.today()  # noqa: DTZ011 - the day where the user is


@dataclass(frozen=True, slots=True)
class Clinic:
    """A clinic that is open: its folder, its accounts, its cabinet of forms, and the day it is."""

    folder: Path
    accounts: Accounts
    cabinet: Cabinet
    today: Callable[[], date] = _today

    @classmethod
    def open(cls, folder: Path, today: Callable[[], date] = _today) -> Clinic:
        """Open the folder, and make what is missing; the folder of a project of the statistics is refused.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as made:
        ...     clinic = Clinic.open(Path(made) / "forms")
        ...     sorted(path.name for path in clinic.folder.iterdir() if path.suffix in {".db", ".key"})
        ...     clinic.close()
        ['accounts.db', 'forms.db', 'forms.key']
        """
        if (folder / "lighed.yaml").exists() or (folder / "store").exists():
            raise FormError("same_folder", folder=folder)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        make_key(folder / "forms.key")
        cabinet = Cabinet(folder / "forms.db", read_key(folder / "forms.key"))
        return cls(folder, Accounts(folder / "accounts.db"), cabinet, today)

    def desk(self, user: User | None) -> Desk:
        """Return the desk of a user, when everything that is due has been deleted."""
        self.delete_due()
        return Desk(self.accounts, user, self.cabinet, self.folder, self.today())

    def delete_due(self) -> int:
        """Delete what is due, write down how much it was, and return it."""
        count = self.cabinet.delete_due(self.today())
        if count:
            self.accounts.record("-", "delete_forms", "", str(count))
        return count

    def close(self) -> None:
        """Let go of the databases."""
        self.accounts.engine.dispose()
        self.cabinet.engine.dispose()
