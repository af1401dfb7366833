"""What every example of a docstring may take for granted, as in the documents of numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

collect_ignore = ["src/lighed/portfolio/migrations/env.py"]  # alembic runs it, and nothing else can


@pytest.fixture(autouse=True)
def _numpy(doctest_namespace: dict[str, Any]) -> None:
    doctest_namespace["np"] = np
