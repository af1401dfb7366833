"""What the workbench refuses: strangers, wrong roles, forged forms, files that are traps, and numbers of persons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from lighed.core.project import Project
from lighed.workbench.app import create_app
from tests.workbench.bench import Bench, running
from tests.workbench.conftest import PLAN, Stand

NUMBER = "0101701234"
MEGABYTES = 1

# Every route but those of signing in, and what it takes; written here and held against the program's own list.
ROUTES = {
    "GET /{lang}/zone/": "see_zone",
    "GET /{lang}/zone/account": None,
    "POST /{lang}/zone/account": None,
    "POST /{lang}/zone/sign-out": None,
    "POST /{lang}/zone/files": "upload",
    "GET /{lang}/zone/files/{name}": "see_zone",
    "GET /{lang}/zone/files/{name}/text": "see_zone",
    "POST /{lang}/zone/files/{name}/mapping": "map",
    "POST /{lang}/zone/files/{name}/draft": "map",
    "POST /{lang}/zone/files/{name}/load": "load",
    "POST /{lang}/zone/files/{name}/table": "load",
    "POST /{lang}/zone/files/{name}/discard": "upload",
    "GET /{lang}/zone/jobs/{name}": "see_zone",
    "GET /{lang}/zone/jobs/{name}.json": "see_zone",
    "GET /{lang}/zone/plans/{plan}": "see_zone",
    "POST /{lang}/zone/plans/{plan}": "plan",
    "POST /{lang}/zone/plans/{plan}/build": "build",
    "GET /{lang}/zone/candidates/{plan}": "see_zone",
    "POST /{lang}/zone/candidates/{plan}/sign-off": "sign_off",
    "POST /{lang}/zone/candidates/{plan}/discard": "discard",
    "GET /{lang}/zone/users": "manage_users",
    "POST /{lang}/zone/users": "manage_users",
    "POST /{lang}/zone/users/{name}": "manage_users",
    "GET /{lang}/zone/log": "read_log",
    "GET /{lang}/{plan}/{path:path}": "see_zone",
}
OPEN = {"GET /", "GET /{lang}/zone/sign-in", "POST /{lang}/zone/sign-in"}
POSTS = [route for route in ROUTES if route.startswith("POST")]
ROLES = {"anna": "analyst", "bo": "releaser", "carl": "administrator", "eva": "nobody"}
MAY = {
    "analyst": {"see_zone", "upload", "map", "try", "load", "plan", "build", "discard"},
    "releaser": {"see_zone", "sign_off", "discard"},
    "administrator": {"see_zone", "manage_users", "read_log"},
    "nobody": set(),
}


def address(route: str, stand: Stand, lang: str = "da") -> tuple[str, str]:
    """The method and an address of a route, of things that are there."""
    method, _, path = route.partition(" ")
    name = stand.addresses["tried" if "/jobs/" in path else "file"].rsplit("/", 1)[-1]
    if "/users/" in path:
        name = "eva"
    return method, path.format(lang=lang, name=name, plan=PLAN, **{"path:path": ""}).replace("{path:path}", "")


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A workbench that takes files of a megabyte."""
    with running(tmp_path_factory.mktemp("strict") / PLAN, LIGHED_UPLOAD_MEGABYTES=str(MEGABYTES)) as bench:
        bench.open_accounts()
        yield bench


def said(answer: httpx.Response) -> str:
    """The words in the main part of a page."""
    main = re.search(r"<main.*?</main>", answer.text, re.DOTALL)
    assert main, answer.text[:200]
    return " ".join(re.sub(r"<[^>]+>", " ", main[0]).split())


def same(before: dict[str, str], after: dict[str, str]) -> bool:
    return before == after


def things(project: Project) -> dict[str, bytes]:
    """Every file of the project but its accounts."""
    return {
        str(path.relative_to(project.folder)): path.read_bytes()
        for path in project.folder.rglob("*")
        if path.is_file() and not path.name.startswith("accounts.db")
    }


# --- strangers and roles


def test_the_table_of_routes_is_the_programs(tmp_path: Path) -> None:
    app = create_app(Project.create(tmp_path / "p", first=2020, last=2021))
    there = {f"{method} {route.path}" for route in app.routes for method in getattr(route, "methods", None) or ()}
    assert {route for route in there if not route.startswith("HEAD")} == {*ROUTES, *OPEN}
