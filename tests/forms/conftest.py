"""A clinic with a calendar that is turned by hand, and people of every role and of two units."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest

from lighed.core.accounts import roles
from lighed.forms.clinic import Clinic
from lighed.forms.desk import Desk

TODAY = date.today()  # noqa: DTZ011 - the day that the commands go by
EVA, FINN = "1303851717", "030486-1718"
PASSWORD = "en lang adgangskode"
PEOPLE = {
    "anna": (["clinician"], ["5A"]),
    "bo": (["clinician"], ["5B"]),
    "carl": (["administrator"], []),
    "kim": (["form_keeper"], ["5A"]),
    "dora": (list(roles()), ["5A", "5B"]),
    "lis": (["analyst", "releaser"], ["5A"]),
    "nils": (["clinician"], []),
}
NEEDS = {"education": "none", "network": "never", "home": "alone", "transport": "own_way", "medicine": "collected"}
FULL = NEEDS | {"language": "fine"}


@dataclass
class Calendar:
    """A day that stays until the page is turned."""

    day: date = date(2025, 11, 22)

    def __call__(self) -> date:
        return self.day

    def turn(self, days: int) -> None:
        self.day += timedelta(days=days)


@dataclass
class Ward:
    """A clinic, its calendar, and the desks of its people."""

    folder: Path
    calendar: Calendar = field(default_factory=Calendar)

    def __post_init__(self) -> None:
        self.clinic = Clinic.open(self.folder, self.calendar)

    def desk(self, name: str | None) -> Desk:
        return self.clinic.desk(self.clinic.accounts.user(name) if name else None)

    def logged(self, most: int = 1) -> list[tuple[str, str, str, str]]:
        return [(e.user, e.action, e.thing, e.detail) for e in self.clinic.accounts.log(most)]

    def bytes(self) -> bytes:
        """All that lies in the folder."""
        return b"".join(path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file())


@pytest.fixture(scope="session")
def staffed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a clinic whose people have their accounts, to be copied."""
    clinic = Clinic.open(tmp_path_factory.mktemp("staffed") / "skemaer")
    for name, (given, units) in PEOPLE.items():
        clinic.accounts.add_user(name, PASSWORD, given, by="-", units=units)
    clinic.close()
    return clinic.folder


@pytest.fixture
def ward(staffed: Path, tmp_path: Path) -> Iterator[Ward]:
    made = Ward(shutil.copytree(staffed, tmp_path / "skemaer"))
    yield made
    made.clinic.close()
