"""A workbench as it runs: a process of its own on a project, and people who are signed in to it."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from lighed.core.accounts import Accounts
from lighed.core.project import Project
from tests.browser import free_port

PASSWORD = "en lang adgangskode"
PEOPLE = {
    "anna": ["analyst"],
    "bo": ["releaser"],
    "carl": ["administrator"],
    "dora": ["analyst", "releaser", "administrator"],
    "eva": [],
    "fie": ["internal_reader"],
}
NAME, YEAR, PERSONS = "borgere.csv", 2024, 400
PATIENCE = 600.0  # seconds that a piece of work may take on a machine that does other things too


def _numbers(first: int) -> list[str]:
    rng = random.Random(7)
    days = [(rng.randint(1, 28), rng.randint(1, 12), rng.randint(30, 99)) for _ in range(PERSONS)]
    return [f"{day:02}{month:02}{year:02}{k:04}" for k, (day, month, year) in enumerate(days, first)]


NUMBERS, OTHERS = _numbers(0), _numbers(5000)


def people_file(numbers: list[str] = NUMBERS, *, weight: str = "1,5", area: str = "101") -> bytes:
    """A municipality's own file of persons, as such files are: semicolons, Windows letters and decimal commas."""
    rng, lines = random.Random(11), ["CPR;AAR;KOMNR;KØN;FOED;UDD;RYGER;VAEGT"]
    for number in numbers:
        born = f"{number[:2]}-{number[2:4]}-19{number[4:6]}"
        education, smokes = rng.choice(["10", "30", "40", "60", "9999"]), rng.choice("122")
        lines.append(f"{number};{YEAR};101;{rng.choice('12')};{born};{education};{smokes};1,5")
    fields = lines[3].split(";")
    lines[3] = ";".join([*fields[:2], area, *fields[3:7], weight])
    return ("\n".join(lines) + "\n").encode("cp1252")


MAPPING = f"""
id: borgere
format: {{kind: csv, delimiter: ";", encoding: cp1252, decimal: ","}}
period: {{column: AAR}}
columns:
  CPR: {{to: person_id, as: cpr}}
  KOMNR: {{to: residence.area}}
  KØN: {{to: person.sex, codes: {{"1": male, "2": female}}}}
  FOED: {{to: person.birth_date, date: dd-mm-yyyy}}
  UDD: {{to: position.education, missing: ["9999"]}}
  RYGER: {{to: answer.daily_smoking, codes: {{"1": daily, "2": not_daily}}}}
  VAEGT: {{to: respondent.weight}}
constants: {{respondent.wave: profil_{YEAR}}}
"""


@dataclass
class Person:
    """Somebody who is signed in, without a browser."""

    client: httpx.Client
    token: str

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path)

    def post(self, path: str, data: dict[str, Any] | None = None, **given: Any) -> httpx.Response:
        """Send a form as its page would."""
        return self.client.post(path, data={"token": self.token} | (data or {}), **given)

    def upload(self, name: str, content: bytes) -> str:
        """Upload a file and return its id."""
        answer = self.post("/da/zone/files", files={"file": (name, content)})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"].rsplit("/", 1)[-1]

    def done(self, answer: httpx.Response) -> str:
        """Wait for the work that an answer leads to, and return its address."""
        address, began = answer.headers["location"], time.monotonic()
        while self.get(f"{address}.json").json()["state"] in {"waiting", "running"}:
            assert time.monotonic() - began < PATIENCE
            time.sleep(0.1)
        return address


@dataclass
class Bench:
    """A workbench that is served, where its project lies, and what its process has written."""

    address: str
    project: Project
    written: Path
    people: dict[str, Person] = field(default_factory=dict)
    clients: list[httpx.Client] = field(default_factory=list)

    @property
    def accounts(self) -> Accounts:
        return Accounts(self.project.accounts)

    def open_accounts(self) -> None:
        """Open an account for each of PEOPLE."""
        accounts = self.accounts
        for name, roles in PEOPLE.items():
            accounts.add_user(name, PASSWORD, roles, by="admin")
        accounts.engine.dispose()

    def client(self, **given: Any) -> httpx.Client:
        """Somebody who is not signed in."""
        self.clients.append(httpx.Client(base_url=self.address, timeout=PATIENCE, **given))
        return self.clients[-1]

    def person(self, name: str) -> Person:
        """Somebody who is signed in, once for all tests."""
        if name not in self.people:
            self.people[name] = self.sign_in(name)
        return self.people[name]

    def sign_in(self, name: str, password: str = PASSWORD) -> Person:
        client = self.client()
        answer = client.post("/da/zone/sign-in", data={"name": name, "password": password})
        assert answer.status_code == 303, answer.text
        page = client.get("/da/zone/account").text
        return Person(client, re.findall('name="token" value="([^"]+)"', page)[0] if "token" in page else "")

    @property
    def output(self) -> str:
        """What the process has written to its terminal."""
        return self.written.read_text("utf-8")

    @property
    def first_password(self) -> str:
        return re.search(r"(?:adgangskode|password) (\S{12,}?)\.? ", self.output).group(1)


@contextmanager
def running(folder: Path, *, command: str = "workbench", **environment: str) -> Iterator[Bench]:
    """Run the workbench of a project, or another process with accounts."""
    port, written = free_port(), folder.with_name(f"{folder.name}.out")
    words = [sys.executable, "-m", "lighed.cli", command, "--project", str(folder), "--port", str(port)]
    with written.open("wb") as file:
        process = subprocess.Popen(
            words, stdout=file, stderr=subprocess.STDOUT, env={**os.environ, "COLUMNS": "400", **environment}
        )
    bench = Bench(f"http://127.0.0.1:{port}", Project(folder), written)
    try:
        wait(lambda: answers(bench) or process.poll() is not None)
        assert process.poll() is None, bench.output
        yield bench
    finally:
        for client in bench.clients:
            client.close()
        process.terminate()
        process.wait(PATIENCE)


def wait(happened: Callable[[], bool]) -> None:
    """Wait until something has happened."""
    began = time.monotonic()
    while not happened():
        assert time.monotonic() - began < PATIENCE
        time.sleep(0.05)


def answers(bench: Bench) -> bool:
    """Return whether the workbench answers."""
    try:
        return httpx.get(f"{bench.address}/static/lighed.svg").status_code == 200
    except httpx.TransportError:
        return False
