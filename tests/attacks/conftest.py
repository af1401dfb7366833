"""Two towns, and what is shown of each."""

from __future__ import annotations

import pytest

from lighed.catalogue import Catalogue
from tests.attacks.attacks import Pair
from tests.attacks.town import Town


@pytest.fixture(scope="session")
def towns(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> tuple[Town, Town]:
    folder = tmp_path_factory.mktemp("towns")
    one, other = (Town.of(folder / name / "town", catalogue, moved=name == "other") for name in ("one", "other"))
    return one, other


@pytest.fixture(scope="session")
def pair(towns: tuple[Town, Town], tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp("shown")
    one, other = (town.published(folder / str(k)) for k, town in enumerate(towns))
    return one, other
