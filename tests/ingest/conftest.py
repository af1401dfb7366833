"""Two projects to load files into."""

from __future__ import annotations

import pytest

from lighed.catalogue import Catalogue
from tests.zones import Zone, new_zone


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> dict[str, Zone]:
    """Two projects that stand through the tests of a file, one with an empty store and one that holds a good file."""
    zones = {state: new_zone(tmp_path_factory.mktemp(state) / "project", catalogue) for state in ("empty", "filled")}
    path = zones["filled"].put("before.csv", "CPR;AAR;KOMNR\n0101701234;2010;0101\n0202802345;2010;0147\n")
    mapping = "{id: before, period: {column: AAR}, columns: {CPR: {to: person_id}, KOMNR: {to: residence.area}}}"
    zones["filled"].load(path, mapping)
    return zones
