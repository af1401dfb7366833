"""What many tests stand on: the catalogue, an engine, a synthetic store with its truth, two releases, a browser."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from lighed import catalogue as definitions
from lighed.analysis.build import from_store
from lighed.analysis.published import from_tables
from lighed.catalogue import Catalogue
from lighed.catalogue.load import BUILT_IN
from lighed.cli import main
from lighed.core.estimates import Estimates
from lighed.core.release import Release
from lighed.disclosure import publish
from lighed.sources.synthetic import Truth, fill
from lighed.store import Store
from lighed.store.engine import connect
from tests.browser import chromium
from tests.zones import Ran, Run, Zone, new_zone

PERSONS, SEED, MADE = 20_000, 7, "2026-11-22"
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that runs the tests in the background ignores Ctrl-C


@dataclass(frozen=True)
class Synthetic:
    """A synthetic store, what is true of it, and what the program finds."""

    store: Store
    truth: Truth
    estimates: Estimates


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return definitions.load()


@pytest.fixture
def engine() -> Any:
    return connect()


@pytest.fixture(scope="session")
def synthetic(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Synthetic:
    store = Store.create(tmp_path_factory.mktemp("synthetic") / "store")
    truth = fill(store, persons=PERSONS, seed=SEED, workers=2)
    found = from_store(connect(folders=[store.folder]), store.current(), catalogue, catalogue.plans["synthetic"])
    return Synthetic(store, truth, found)


@pytest.fixture(scope="session")
def synthetic_release(synthetic: Synthetic, catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("releases") / "synthetic"
    inputs = synthetic.store.current().inputs
    plan = catalogue.plans["synthetic"]
    return publish(synthetic.estimates, plan, catalogue, folder, inputs=inputs, made=MADE, seed=SEED)


@pytest.fixture(scope="session")
def denmark(catalogue: Catalogue) -> Estimates:
    return from_tables(catalogue, catalogue.plans["denmark"], BUILT_IN / "published")


@pytest.fixture(scope="session")
def denmark_release(denmark: Estimates, catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("releases") / "denmark"
    return publish(denmark, catalogue.plans["denmark"], catalogue, folder, inputs={}, made=MADE)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Where a project may be made."""
    return tmp_path / "project"


@pytest.fixture
def made(project: Path, catalogue: Catalogue) -> Zone:
    return new_zone(project, catalogue)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command as the program would, in a language."""

    def ran(*words: object, lang: str = "en") -> Ran:
        monkeypatch.setattr("lighed.cli.LANG", lang)
        monkeypatch.setattr("sys.argv", ["lighed", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        written = capsys.readouterr()
        code = ended.value.code
        return Ran(code if isinstance(code, int) else 0, written.out, written.err)

    return ran
