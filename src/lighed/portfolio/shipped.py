"""Records that the program brings along: what the Danish sources say, taken in through the same door as anybody's."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterable
from graphlib import TopologicalSorter
from pathlib import Path

from lighed import catalogue
from lighed.catalogue.registers import ShippedRecord
from lighed.core.accounts import NOBODY, may
from lighed.core.register import ORGANISATIONS, Register
from lighed.portfolio.desk import Desk, Place
from lighed.portfolio.house import House

PEOPLE = {
    "ansvarlig": "initiative_owner",
    "partner": "partner",
    "analytiker": "analyst",
    "godkender": "approver",
    "administrator": "administrator",
    "laeser": "reader",
}
HOME = Place("nyborg-kommune")  # where the partner is at home; the initiative owner is at home everywhere


def fill(folder: Path) -> str | None:
    """Make a folder of registers with the shipped records and an account of each role; None where it is there already.

    Returns the password that all the accounts have. Each record is written and moved by somebody whose role allows it.
    """
    if folder.exists():
        return None
    begun = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(begun, ignore_errors=True)
    house, password = House.open(begun, f"sqlite:///{begun / 'portfolio.db'}"), secrets.token_urlsafe(12)
    records = catalogue.portfolio()
    desks = _desks(house, password, [one.id for one in records[ORGANISATIONS]])
    for register in in_order(desks[0].registers()):
        _take_in(desks, register, records.get(register.id, []))
    house.close()
    begun.rename(folder)
    return password


def _desks(house: House, password: str, organisations: list[str]) -> list[Desk]:
    homes = {"partner": [HOME.unit], "initiative_owner": organisations}
    for name, role in PEOPLE.items():
        house.accounts.add_user(name, password, [role], by=NOBODY, units=homes.get(role, []))
    return [house.desk(house.accounts.user(name)) for name in PEOPLE]


def in_order(registers: Iterable[Register]) -> list[Register]:
    """Return the registers, each after those that it points into."""
    known = {one.id: one for one in registers}
    points = {name: {field.register_id for field in one.fields} - {None, name} for name, one in known.items()}
    return [known[name] for name in TopologicalSorter(points).static_order() if name]


def _take_in(desks: list[Desk], register: Register, records: list[ShippedRecord]) -> None:
    if records:
        told = {"records": [{"id": one.id, "content": one.content} for one in records]}
        writer = next(desk for desk in desks if may(desk.user, register.edit, HOME))
        writer.take_in(register, f"{register.id}.json", json.dumps(told, default=str).encode())
    for one in records:
        for move in one.moves:
            _move(desks, register, one, move)


def _move(desks: list[Desk], register: Register, one: ShippedRecord, move: str) -> None:
    now = desks[0].archive.get(register.id, one.id)
    way = register.workflow.transition(move, after=now.state)
    mover = next(desk for desk in desks if may(desk.user, way.action, now))
    mover.move(register, one.id, now.version, move, one.reason if way.reason else "")
