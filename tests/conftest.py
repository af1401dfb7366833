"""What many tests stand on: the catalogue, an engine, a synthetic store with its truth, two releases, a browser."""

from __future__ import annotations

import pickle
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.feather as feather
import pytest
from filelock import FileLock
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
Once = Callable[[str, Callable[[Path], None]], Path]
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that runs the tests in the background ignores Ctrl-C


@dataclass(frozen=True)
class Synthetic:
    """A synthetic store, what is true of it, and what the program finds."""

    store: Store
    truth: Truth
    estimates: Estimates


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file is of one process, for what it stands on is made once in each; and the attacks, of their two towns."""
    for item in items:
        together = "attacks" if item.path.parent.name == "attacks" else str(item.path)
        item.add_marker(pytest.mark.xdist_group(together))


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Once:
    """Have a folder made by the process that asks first, for all of them."""
    mine = tmp_path_factory.getbasetemp()
    root = mine if worker_id == "master" else mine.parent

    def made(name: str, make: Callable[[Path], None]) -> Path:
        folder, done = root / name, root / f"{name}.made"
        with FileLock(root / f"{name}.lock"):
            if not done.is_file():
                make(folder)
                done.touch()
        return folder

    return made


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return definitions.load()


@pytest.fixture
def engine() -> Any:
    return connect()


@pytest.fixture(scope="session")
def synthetic(catalogue: Catalogue, once: Once) -> Synthetic:
    def make(folder: Path) -> None:
        store = Store.create(folder / "store")
        truth = fill(store, persons=PERSONS, seed=SEED, workers=2)
        found = from_store(connect(folders=[store.folder]), store.current(), catalogue, catalogue.plans["synthetic"])
        (folder / "truth").write_bytes(pickle.dumps(truth))
        feather.write_feather(found.table, folder / "found", compression="uncompressed", chunksize=len(found))

    folder = once("synthetic", make)
    truth = pickle.loads((folder / "truth").read_bytes())
    found = feather.read_table(folder / "found", memory_map=True)  # the processes share what they read
    return Synthetic(Store.open(folder / "store"), truth, Estimates(found))


@pytest.fixture(scope="session")
def synthetic_release(synthetic: Synthetic, catalogue: Catalogue, once: Once) -> Release:
    def make(folder: Path) -> None:
        folder.mkdir()
        inputs = synthetic.store.current().inputs
        plan = catalogue.plans["synthetic"]
        publish(synthetic.estimates, plan, catalogue, folder / "synthetic", inputs=inputs, made=MADE, seed=SEED)

    return Release.open(once("releases", make) / "synthetic")


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
