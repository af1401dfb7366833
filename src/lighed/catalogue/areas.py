"""Places and when they exist: municipalities, regions (with the change of 1 January 2027), groups, and a user's own.

``areas.csv`` names them, ``membership.csv`` says which belongs to which and when, ``attributes.csv`` holds figures
about them. A project adds districts or health councils by the same three files.
"""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

from lighed.core.errors import DefinitionError
from lighed.core.text import Text
from lighed.core.types import COUNTRY, Area, Crosswalk, Level, Membership, Stratifier


def read_areas(roots: list[Path]) -> tuple[dict[str, Area], dict[str, dict[str, float]]]:
    """Read every area with its memberships, and the attributes of areas by attribute and code."""
    names = [(path, row) for root in roots for path, row in _rows(root / "areas" / "areas.csv")]
    members = [(path, row) for root in roots for path, row in _rows(root / "areas" / "membership.csv")]
    known = {row["code"] for _, row in names}
    parents: dict[str, list[Membership]] = {}
    for path, row in members:
        if not {row["code"], row["parent"]} <= known:
            raise DefinitionError(path, f"{row['code']} or its parent {row['parent']} does not stand in areas.csv")
        parents.setdefault(row["code"], []).append(Membership(parent=row["parent"], **_dates(path, row)))
    areas = {row["code"]: _area(path, row, parents.get(row["code"], [])) for path, row in names}
    return areas, _attributes(roots)


def _rows(path: Path) -> list[tuple[Path, dict[str, str]]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [(path, row) for row in csv.DictReader(file)]


def _dates(path: Path, row: dict[str, str]) -> dict[str, Any]:
    try:
        until = row.get("valid_to")
        return {
            "valid_from": date.fromisoformat(row["valid_from"]),
            "valid_to": date.fromisoformat(until) if until else None,
        }
    except ValueError as error:
        raise DefinitionError(path, f"{row['code']}: {error}; write dates as 2007-01-01") from None


def _area(path: Path, row: dict[str, str], parents: list[Membership]) -> Area:
    name = Text(da=row["name_da"], en=row["name_en"] or row["name_da"])
    return Area(code=row["code"], name=name, kind=row["kind"], parents=tuple(parents), **_dates(path, row))


def _attributes(roots: list[Path]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for root in roots:
        for _, row in _rows(root / "areas" / "attributes.csv"):
            for name, value in row.items():
                if name != "code" and value:
                    found.setdefault(name, {})[row["code"]] = float(value)
    return found


def members(areas: dict[str, Area], parent: str, year: int) -> list[str]:
    """Return the codes of the areas that belong to `parent` on 1 January of `year`; all municipalities for the country.

    Examples
    --------
    >>> from lighed.catalogue import load
    >>> len(members(load().areas, "1081", 2025)), len(members(load().areas, "DK", 2025))
    (11, 98)
    """
    if parent == COUNTRY:
        return [area.code for area in areas.values() if area.kind == "municipality" and _stands(area, year)]
    return [area.code for area in areas.values() if any(m.parent == parent and _stands(m, year) for m in area.parents)]


def _stands(thing: Area | Membership, year: int) -> bool:
    first_day = date(year, 1, 1)
    return thing.valid_from <= first_day and (thing.valid_to is None or first_day <= thing.valid_to)


def parent_of(areas: dict[str, Area], code: str, kind: str, year: int) -> str | None:
    """Return the area of `kind` that `code` belongs to on 1 January of `year`."""
    return next((m.parent for m in areas[code].parents if areas[m.parent].kind == kind and _stands(m, year)), None)


def with_area_levels(
    stratifiers: dict[str, Stratifier], areas: dict[str, Area], attributes: dict[str, dict[str, float]]
) -> dict[str, Stratifier]:
    """Fill in the levels and the crosswalk from area codes of those stratifiers whose levels are made of areas."""
    return {
        s.id: s.model_copy(update=_area_levels(s, areas, attributes)) if s.areas else s for s in stratifiers.values()
    }


def _area_levels(
    stratifier: Stratifier, areas: dict[str, Area], attributes: dict[str, dict[str, float]]
) -> dict[str, Any]:
    groups = stratifier.areas
    assert groups is not None
    if groups.parent_kind:
        parents = [area for area in areas.values() if area.kind == groups.parent_kind]
        made = {p.code: [a.code for a in areas.values() if any(m.parent == p.code for m in a.parents)] for p in parents}
        levels = tuple(Level(id=p.code, title=p.name) for p in parents)
    else:
        ranked = _ranked(attributes.get(groups.attribute or "", {}), worst=groups.worst)
        if groups.groups is None:
            made = {code: [code] for code in ranked}
            levels = tuple(Level(id=code, title=areas[code].name) for code in ranked)
        else:
            made = _by_population(ranked, attributes["population"], [level.id for level in stratifier.levels])
            levels = stratifier.levels
    crosswalk = Crosswalk(levels={level: tuple(codes) for level, codes in made.items()})
    return {"levels": levels, "crosswalks": (crosswalk,), "dimension": "area"}


def _ranked(values: dict[str, float], *, worst: str) -> list[str]:
    # Ties are broken by the code, so that the order is the same on every machine.
    return sorted(values, key=lambda code: (-values[code] if worst == "highest" else values[code], code))


def _by_population(ranked: list[str], population: dict[str, float], levels: list[str]) -> dict[str, list[str]]:
    total, before = sum(population[code] for code in ranked), 0.0
    made: dict[str, list[str]] = {level: [] for level in levels}
    for code in ranked:
        middle = (before + population[code] / 2) / total
        made[levels[min(int(middle * len(levels)), len(levels) - 1)]].append(code)
        before += population[code]
    return made
