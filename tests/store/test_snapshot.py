"""The store is whole after whatever happens: the same file twice, corrections, failures, kills, two writers at once."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lighed import catalogue as definitions
from lighed.cli import main
from lighed.core.errors import DataError, StoreError
from lighed.sources.synthetic import fill
from lighed.store import Store
from lighed.store import ingest as taking
from lighed.store import snapshot as snapshots
from lighed.store.engine import connect
from lighed.store.schema import tables
from lighed.store.snapshot import Load, Snapshot, Writer
from tests.zones import Zone, new_zone

ANNA, BO, CARL = "0101701234", "0202802345", "3103903456"
AREA = "{id: area, period: {year: 2020}, columns: {CPR: {to: person_id}, KOMNR: {to: residence.area}}}"
SPELLS = (
    "{id: spells, columns: {CPR: {to: person_id}, KOMNR: {to: residence.area}, "
    "FRA: {to: residence.valid_from}, TIL: {to: residence.valid_to}}}"
)
SEX = "{id: sex, columns: {CPR: {to: person_id}, KOEN: {to: person.sex}}}"
BIRTH = "{id: birth, columns: {CPR: {to: person_id}, FOEDT: {to: person.birth_date}}}"
GOOD = f"CPR;KOMNR\n{ANNA};0101\n{BO};0147\n"
LOAD = Load("by hand", "none", "digest", {}, "file")


def places(made: Zone) -> dict[int, str]:
    return {row["person_id"]: row["area"] for row in made.rows("residence")}


def one_person(number: int = 1, **known: Any) -> pa.Table:
    return pa.Table.from_pylist([{"person_id": number} | known], schema=tables()["person"].schema)


def listed(store: Store) -> set[Path]:
    manifests = (store.folder / "snapshots").glob("*.json")
    return {path for manifest in manifests for path in snapshots._listed(store.folder, manifest)}


def written(store: Store) -> set[Path]:
    return set((store.folder / "data").rglob("*.parquet"))


def person_rows(snapshot: Snapshot) -> list[dict[str, Any]]:
    return sorted(snapshot.read(connect(), "person").to_pyarrow().to_pylist(), key=lambda row: row["person_id"])


# --- the same file, and corrected ones


def test_the_same_file_twice_changes_nothing(made: Zone) -> None:
    path = made.put("a.csv", GOOD)
    assert made.load(path, AREA).changed
    before = made.digest()
    again = made.load(path, AREA)
    assert not again.changed
    assert again.rows == {"residence": 2}
    assert made.digest() == before
    assert not made.load(path, AREA, replace=True).changed
    assert made.digest() == before


def test_a_dry_run_says_what_a_load_would_do_and_does_nothing(made: Zone) -> None:
    made.load(made.put("a.csv", GOOD), AREA)
    before = made.digest()
    other = made.put("b.csv", f"CPR;KOMNR\n{CARL};0101\n")
    assert made.load(other, AREA, dry_run=True).rows == {"residence": 1}
    corrected = made.put("a.csv", GOOD.replace("0147", "0751"))
    assert made.load(corrected, AREA, dry_run=True, replace=True).persons == 2
    assert made.digest() == before


def test_a_corrected_file_takes_the_place_of_the_earlier_one(made: Zone) -> None:
    made.load(made.put("a.csv", GOOD), AREA)
    made.load(made.put("b.csv", f"CPR;KOMNR\n{CARL};0751\n"), AREA)
    made.load(made.put("a.csv", GOOD.replace("0147", "0155")), AREA, replace=True)
    assert places(made) == {1: "0101", 2: "0155", 3: "0751"}
    assert [load.file for load in Store.open(made.project.store).current().loads] == ["b.csv", "a.csv"]


def test_a_correction_takes_nobody_s_number(made: Zone) -> None:
    made.load(made.put("a.csv", GOOD), AREA)
    made.load(made.put("a.csv", f"CPR;KOMNR\n{BO};0147\n"), AREA, replace=True)
    made.load(made.put("b.csv", f"CPR;KOMNR\n{CARL};0751\n{ANNA};0153\n"), AREA)
    assert places(made) == {2: "0147", 3: "0751", 1: "0153"}


CONFLICTS = {
    "the same rows of another file": (AREA, GOOD, AREA, GOOD + f"{CARL};0101\n", "stored_already", [2, 3], None),
    "an overlapping spell": (
        AREA,
        GOOD,
        SPELLS,
        f"CPR;KOMNR;FRA;TIL\n{CARL};0101;2020-01-01;\n{BO};0101;2020-12-31;2021-02-01\n",
        "overlaps_stored",
        [3],
        "FRA",
    ),
    "an overlapping spell that began before": (
        AREA,
        GOOD,
        SPELLS,
        f"CPR;KOMNR;FRA;TIL\n{BO};0101;2019-12-31;2020-01-02\n",
        "overlaps_stored",
        [2],
        "FRA",
    ),
    "another sex": (
        SEX,
        f"CPR;KOEN\n{ANNA};female\n{BO};male\n",
        SEX,
        f"CPR;KOEN\n{CARL};male\n{BO};female\n",
        "contradicts_stored",
        [3],
        "KOEN",
    ),
}


@pytest.mark.parametrize("name", CONFLICTS)
def test_a_file_that_contradicts_the_store_is_refused_by_row(name: str, made: Zone) -> None:
    first, earlier, second, later, key, rows, column = CONFLICTS[name]
    made.load(made.put("a.csv", earlier), first)
    before = made.digest()
    with pytest.raises(DataError) as caught:
        made.load(made.put("b.csv", later), second)
    assert [(p.key, p.row, p.column) for p in caught.value.problems] == [(key, row, column) for row in rows]
    assert all("--replace" in caught.value.sentence(lang) for lang in ("da", "en"))
    assert made.digest() == before


def test_a_spell_that_begins_when_the_stored_one_ends_is_taken(made: Zone) -> None:
    made.load(made.put("a.csv", GOOD), AREA)
    made.load(
        made.put("b.csv", f"CPR;KOMNR;FRA;TIL\n{BO};0101;2021-01-01;\n{ANNA};0147;2019-01-01;2020-01-01\n"), SPELLS
    )
    assert len(made.rows("residence")) == 4


def test_two_files_may_each_know_a_part_of_a_person(made: Zone) -> None:
    made.load(made.put("a.csv", f"CPR;KOEN\n{ANNA};female\n{BO};male\n"), SEX)
    made.load(made.put("b.csv", f"CPR;FOEDT\n{BO};1980-02-02\n{CARL};1990-03-31\n"), BIRTH)
    known = [(row["sex"], str(row["birth_date"])) for row in person_rows(Store.open(made.project.store).current())]
    assert known == [("female", "None"), ("male", "1980-02-02"), (None, "1990-03-31")]


def test_persons_are_the_same_in_every_file_and_spelling(made: Zone) -> None:
    spellings = [ANNA, f"{ANNA[:6]}-{ANNA[6:]}", ANNA[1:], f" {ANNA} ", f"{ANNA[:6]} {ANNA[6:]}"]
    for year, spelling in enumerate(spellings, 2010):
        made.load(made.put(f"{year}.csv", f"CPR;KOMNR\n{spelling};0101\n"), AREA.replace("2020", str(year)))
    assert places(made) == {1: "0101"}
    assert len(made.rows("residence")) == len(spellings)


def test_identifiers_of_other_kinds_keep_their_hyphens_apart(made: Zone) -> None:
    key = AREA.replace("to: person_id", "to: person_id, as: key")
    made.load(made.put("a.csv", "CPR;KOMNR\n1-11;0101\n11-1;0147\n111;0151\na;0153\nA;0155\n"), key)
    assert list(places(made).values()) == ["0101", "0147", "0151", "0153", "0155"]


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sets(st.integers(0, 5), min_size=1), st.integers(2010, 2020)),
        min_size=2,
        max_size=5,
    )
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_any_loads_each_person_has_one_number_and_each_number_one_person(
    tmp_path_factory: pytest.TempPathFactory, loads: list[tuple[str, set[int], int]]
) -> None:
    made, holds = (
        new_zone(tmp_path_factory.mktemp("any") / "project", definitions.load()),
        dict[str, Counter[tuple[int, int]]](),
    )
    for name, persons, year in loads:
        text = "CPR;KOMNR\n" + "".join(f"010170{person:04};0101\n" for person in sorted(persons))
        with contextlib.suppress(DataError):  # a person-year that another file has already
            taken = made.load(made.put(f"{name}.csv", text), AREA.replace("2020", str(year)), replace=True)
            if taken.changed:  # under another name, the same content is the same file
                holds[name] = Counter((person, year) for person in persons)
    identities = [(row["key"], row["number"]) for row in made.rows("identity")]
    assert len({key for key, _ in identities}) == len({number for _, number in identities}) == len(identities)
    stored = Counter((row["person_id"], row["valid_from"].year) for row in made.rows("residence"))
    assert stored.total() == sum((one.total() for one in holds.values()), 0)
    assert set(stored.values()) <= {1}


# --- snapshots


def test_a_snapshot_that_was_opened_stays_as_it_was(made: Zone) -> None:
    store = Store.open(made.project.store)
    made.load(made.put("a.csv", f"CPR;KOEN\n{ANNA};female\n"), SEX)
    first = store.current()
    before = {path: path.read_bytes() for path in first.paths("person")}
    made.load(made.put("a.csv", f"CPR;KOEN\n{ANNA};male\n"), SEX, replace=True)
    made.load(made.put("b.csv", f"CPR;KOEN\n{BO};male\n"), SEX)
    assert [row["sex"] for row in person_rows(first)] == ["female"]
    assert {path: path.read_bytes() for path in first.paths("person")} == before
    assert [row["sex"] for row in person_rows(store.current())] == ["male", "male"]
    assert (first.number, store.current().number) == (1, 3)


def test_an_older_snapshot_can_be_put_in_force_again(made: Zone) -> None:
    store = Store.open(made.project.store)
    made.load(made.put("a.csv", f"CPR;KOEN\n{ANNA};female\n"), SEX)
    made.load(made.put("a.csv", f"CPR;KOEN\n{ANNA};male\n"), SEX, replace=True)
    (store.folder / "current").write_text("1", "ascii")
    assert [row["sex"] for row in person_rows(store.current())] == ["female"]


def test_every_snapshot_says_what_it_was_made_of(made: Zone) -> None:
    made.load(made.put("a.csv", GOOD), AREA)
    current = Store.open(made.project.store).current()
    assert [(load.mapping, load.file, load.rows, load.source) for load in current.loads] == [
        ("area", "a.csv", {"residence": 2}, "file")
    ]
    assert list(current.inputs) == ["area/a.csv"]
    assert current.rows("residence") == 2
    assert current.rows("event") == 0


# --- writers that fail


def stop(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def fail(*_: object, **__: object) -> None:
    raise OSError("no space left on the device")


BEFORE_COMMIT = {
    "between two tables": (Writer, "record"),
    "before the first row": (Writer, "add"),
    "when persons are numbered": (taking, "_numbered"),
    "while a file is written": (snapshots.pq, "write_table"),
}
IN_COMMIT = {"at the manifest": (Store, "_write_manifest"), "at the pointer": (Store, "_point_at")}


@pytest.mark.parametrize("way", [stop, fail])
@pytest.mark.parametrize("where", BEFORE_COMMIT | IN_COMMIT)
def test_a_load_that_is_stopped_leaves_the_store_as_it_was(
    where: str, way: Any, made: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.load(made.put("a.csv", GOOD), AREA)
    before, other = made.digest(), made.put("b.csv", f"CPR;KOMNR\n{CARL};0101\n")
    with monkeypatch.context() as patched:
        patched.setattr(*(BEFORE_COMMIT | IN_COMMIT)[where], way)
        with pytest.raises((KeyboardInterrupt, Exception)):
            made.load(other, AREA)
    after = made.digest()
    assert {name: after[name] for name in before} == before
    assert places(made) == {1: "0101", 2: "0147"}
    if where in BEFORE_COMMIT:
        assert after == before
    made.load(other, AREA)
    made.load(made.put("c.csv", GOOD), AREA.replace("2020", "2021"))
    store = Store.open(made.project.store)
    assert written(store) == listed(store)
    assert len(made.rows("residence")) == 5


def test_a_writer_that_raises_leaves_nothing(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    seen = list[set[Path]]()
    with contextlib.suppress(ZeroDivisionError), store.writing() as writer:
        writer.add("person", one_person(), "digest")
        seen.append(written(store))
        raise ZeroDivisionError
    assert [len(paths) for paths in seen] == [1]
    assert written(store) == set()
    assert store.current().number == 0


def test_ctrl_c_is_answered_in_words_with_its_own_code(
    made: Zone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (made.project.mappings / "a.yaml").write_text(AREA, "utf-8")
    path, before = made.put("a.csv", GOOD), made.digest()
    monkeypatch.setattr(Writer, "record", stop)
    monkeypatch.setattr("lighed.cli.LANG", "en")
    monkeypatch.setattr("sys.argv", ["lighed", "load", str(path), "--project", str(made.project.folder)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert "Interrupted. Nothing was left half-stored." in capsys.readouterr().err
    assert made.digest() == before


HALF = """
import sys, time
from pathlib import Path
import pyarrow as pa
from lighed.store import Store
from lighed.store.schema import tables
rows = pa.Table.from_pylist([{"person_id": n} for n in range(1000)], schema=tables()["person"].schema)
with Store.open(Path(sys.argv[1])).writing() as writer:
    writer.add("person", rows, "half")
    batches = writer.open_table("residence", "half")
    print("writing", flush=True)
    time.sleep(60)
"""


@contextlib.contextmanager
def another_writer(store: Store) -> Iterator[subprocess.Popen[bytes]]:
    """Another process in the middle of its writing."""
    command = [sys.executable, "-c", HALF, str(store.folder)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"writing"
        try:
            yield other
        finally:
            other.kill()


def test_a_writer_that_is_killed_leaves_a_store_that_opens_and_the_next_one_sweeps(made: Zone) -> None:
    made.load(made.put("a.csv", GOOD), AREA)
    store, before = Store.open(made.project.store), made.digest()
    path = made.put("b.csv", f"CPR;KOMNR\n{CARL};0101\n")
    with another_writer(store) as other:
        with pytest.raises(StoreError) as refused:
            made.load(path, AREA)
        assert "is being written by another process; try again" in refused.value.sentence("en")
        assert "skrives af en anden lige nu; prøv igen" in refused.value.sentence("da")
        other.kill()
        other.wait()
    assert written(store) - listed(store)
    assert {name: made.digest()[name] for name in before} == before
    assert places(made) == {1: "0101", 2: "0147"}
    assert Store.create(store.folder).current() == store.current()
    made.load(path, AREA)
    assert written(store) == listed(store)
    assert places(made) == {1: "0101", 2: "0147", 3: "0101"}


def test_a_second_writer_is_refused_while_one_writes(tmp_path: Path) -> None:
    store, found = Store.create(tmp_path / "store"), list[str]()

    def second() -> None:
        try:
            with store.writing():
                found.append("let in")
        except StoreError as error:
            found.append(error.key)

    with store.writing() as writer:
        writer.add("person", one_person(), "digest")
        writer.record(LOAD)
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
        with pytest.raises(StoreError), store.writing():
            pass
        assert written(store)  # the one that was refused swept nothing away
    second()
    assert found == ["locked", "let in"]
    assert store.current().rows("person") == 1


def test_readers_need_no_lock(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    with store.writing() as writer:
        writer.add("person", one_person(), "digest")
        assert Store.open(store.folder).current().rows("person") == 0
    assert Store.open(store.folder).current().rows("person") == 1


def test_readers_see_whole_loads_while_a_writer_writes(made: Zone) -> None:
    store, done = Store.open(made.project.store), threading.Event()
    seen: list[list[tuple[int, int, int]]] = [[], []]
    both = BIRTH.replace("columns: {", "period: {year: 2020}, columns: {KOMNR: {to: residence.area}, ")

    def read(found: list[tuple[int, int, int]]) -> None:
        while not done.is_set():
            current = store.current()
            areas = current.read(connect(), "residence").count().execute()
            found.append((current.number, len(person_rows(current)), int(areas)))

    readers = [threading.Thread(target=read, args=(found,)) for found in seen]
    for reader in readers:
        reader.start()
    for number in range(6):
        text = f"CPR;KOMNR;FOEDT\n010170{number:04};0101;1970-01-01\n020280{number:04};0147;1980-02-02\n"
        made.load(made.put(f"{number}.csv", text), both)
    done.set()
    for reader in readers:
        reader.join()
    for found in seen:
        assert found == sorted(found)
        assert {(2 * number, 2 * number) for number, *_ in found} == {(persons, areas) for _, persons, areas in found}
        assert len(set(found)) > 1  # the reader was there while something was written


def test_leftovers_of_every_kind_are_swept_but_nothing_that_an_older_snapshot_lists(made: Zone) -> None:
    made.load(made.put("a.csv", GOOD), AREA)
    made.load(made.put("a.csv", GOOD.replace("0147", "0151")), AREA, replace=True)
    store = Store.open(made.project.store)
    kept = written(store)
    (store.folder / "data" / "residence" / "left.parquet").write_bytes(b"half a file")
    with store.writing():
        pass
    assert written(store) == kept == listed(store)
    assert store.current().number == 2


# --- what the store is for


def test_a_store_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        Store.open(tmp_path)
    assert "make one with lighed load" in caught.value.sentence("en")


def test_real_persons_are_not_put_among_synthetic_ones(made: Zone) -> None:
    fill(Store.open(made.project.store), persons=100, seed=1)
    before = made.digest()
    path = made.put("a.csv", GOOD)
    with pytest.raises(StoreError) as caught:
        made.load(path, AREA)
    assert caught.value.key == "synthetic_store"
    assert made.digest() == before
