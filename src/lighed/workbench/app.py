"""The analyst's pages of the secure zone: a process of its own, with accounts, apart from the server of releases."""

from __future__ import annotations

import tempfile

from fastapi import FastAPI

from lighed.core.accounts import Accounts
from lighed.core.project import Project
from lighed.web.door import Door, opened
from lighed.web.openid import OpenId
from lighed.workbench.desk import Desk
from lighed.workbench.jobs import Jobs
from lighed.workbench.routes import router

MENU = (
    ("", "zone.menu.overview", "see_zone"),
    ("releases", "zone.menu.releases", "see_zone"),
    ("users", "zone.menu.users", "manage_users"),
    ("log", "zone.menu.log", "read_log"),
)
GONE = frozenset({"no_upload", "no_plan", "no_candidate", "no_internal", "account.no_user"})


def create_app(project: Project) -> FastAPI:
    """Open the workbench of a project."""
    accounts = Accounts(project.accounts)
    door = Door(
        "zone", "lighed.workbench", accounts, lambda user: Desk(project, accounts, user), MENU, GONE,
        openid=OpenId.of(project.folder),
    )  # fmt: skip
    app = opened(door, router)
    app.state.jobs = Jobs()
    project.inbox.mkdir(parents=True, exist_ok=True, mode=0o700)
    # What is being uploaded waits inside the zone, not in a folder of everybody's.
    tempfile.tempdir = str(project.inbox)
    return app
