"""The commands of the registers."""

from __future__ import annotations

import shutil
from pathlib import Path

from typer.testing import CliRunner

from lighed.cli import app
from lighed.core.text import say
from lighed.portfolio.house import House
from lighed.portfolio.table import RECORD
from tests.portfolio.conftest import settled


def test_verify_says_whether_anything_was_changed(staffed: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(staffed, tmp_path / "portfolio")
    town = settled(House.open(folder))
    command = ["portfolio", "verify", "--project", str(folder)]
    whole = CliRunner().invoke(app, command)
    assert (whole.exit_code, whole.output.strip()) == (0, say("cli.versions_whole", "da"))
    with town.house.archive.engine.begin() as db:
        db.execute(RECORD.delete())
    broken = CliRunner().invoke(app, command)
    assert broken.exit_code == 1
    assert "organisations/aarhus-kommune" in broken.output
    town.house.close()
