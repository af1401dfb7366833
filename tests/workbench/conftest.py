"""A workbench with a file of every kind, a store, work that is done and undone, and a candidate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser

from lighed.catalogue.load import BUILT_IN
from tests.browser import WIDE, Visit
from tests.workbench.bench import MAPPING, NAME, OTHERS, YEAR, Bench, people_file, running

PLAN = "kommunen"


@dataclass(frozen=True)
class Stand:
    """A workbench in which everything has happened, and the addresses of what there is."""

    bench: Bench
    addresses: dict[str, str]


def edit_plan(text: str) -> str:
    """The first plan of a project, for one municipality and the year of its file."""
    made = text.replace('front_area: "DK"', 'front_area: "0101"')
    years = next(line for line in text.splitlines() if line.startswith("years:"))
    return made.replace(years, f"years: [{YEAR}, {YEAR}]")


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with running(tmp_path_factory.mktemp("stand") / PLAN) as bench:
        bench.open_accounts()
        dora, anna = bench.person("dora"), bench.person("anna")
        found = {}
        loaded = dora.upload(NAME, people_file())
        assert dora.post(f"/da/zone/files/{loaded}/mapping", {"text": MAPPING, "then": ""}).status_code == 303
        found["loaded"] = dora.done(dora.post(f"/da/zone/files/{loaded}/load"))
        found["file"] = f"/da/zone/files/{dora.upload('nye borgere.csv', people_file())}"
        found["text"] = found["file"] + "/text"
        waits = dora.upload("flere borgere.csv", people_file(OTHERS))
        found["tried"] = dora.done(dora.post(f"/da/zone/files/{waits}/mapping", {"text": MAPPING, "then": "try"}))
        faulty = dora.upload(NAME, people_file(weight="-1", area="999"))
        found["faulty"] = dora.done(dora.post(f"/da/zone/files/{faulty}/mapping", {"text": MAPPING, "then": "try"}))
        found["damaged"] = f"/da/zone/files/{dora.upload('regneark.xlsx', b'PK no workbook')}"
        table = (BUILT_IN / "published" / "figures.csv").read_bytes()
        found["table"] = f"/da/zone/files/{dora.upload('tal.csv', table)}"
        text = (bench.project.plans / f"{PLAN}.yaml").read_text("utf-8")
        assert anna.post(f"/da/zone/plans/{PLAN}", {"text": edit_plan(text)}).status_code == 303
        found["built"] = dora.done(dora.post(f"/da/zone/plans/{PLAN}/build"))
        yield Stand(bench, found)


@pytest.fixture
def visit(browser: Browser, stand: Stand) -> Iterator[Visit]:
    page = browser.new_page(viewport={"width": WIDE, "height": 900})
    yield Visit(page, stand.bench.address)
    page.close()
