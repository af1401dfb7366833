"""Events in the wrong order, twice, too late or after death: what becomes of an episode is decided by rule."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from lighed.analysis.examples import along_of
from lighed.analysis.pathways import episodes
from lighed.core.pathway import Pathway, PathwayExample
from lighed.store.engine import connect

TEXT = {"da": "x", "en": "x"}
NAMED = {"title": TEXT, "short": TEXT}
BEGAN, KNOWN = date(2020, 3, 1), 100
STAY = ("stay", -9, 0)  # from nine days before to the day that all days here are counted from
STEPS = [
    {"id": "planned", "item": "plan", "days": [-3, 5]},
    {"id": "started", "item": "start", "after": "planned", "anchor": "planned", "days": [0, 8]},
]
PATHWAY = Pathway.model_validate(
    {
        "id": "p", **NAMED, "clock": "calendar_day", "index": {"item": "stay", "day": "last", "rule": "each"},
        "steps": [NAMED | step for step in STEPS], "source": {"title": TEXT, "owner": "x"},
    }
)  # fmt: skip

Event = tuple[Any, ...]  # item, day, and the last day or the status


def followed(*events: Event, known: int = KNOWN, died: int | None = None, left: int | None = None) -> list[list[Any]]:
    """The fates of the two steps in each episode of one person."""
    person = {"person": 1, "died": _date(died), "left": _date(left)}
    example = PathwayExample(
        known_until=BEGAN + timedelta(known), persons=(person,), events=tuple(map(_event, events)), expect=()
    )
    rows = episodes(PATHWAY, along_of(connect(), example)).order_by("person_id").to_pyarrow().to_pylist()
    return [[row["planned_fate"], row["started_fate"]] for row in rows]


def _date(day: int | None) -> date | None:
    return None if day is None else BEGAN + timedelta(day)


def _event(event: Event) -> dict[str, Any]:
    item, day, *more = event
    said = {
        "date_to" if isinstance(one, int) else "status": _date(one) if isinstance(one, int) else one for one in more
    }
    return {"person": 1, "item": item, "date": _date(day)} | said


CASES: dict[str, tuple[tuple[Event, ...], dict[str, int], list[list[str]]]] = {
    "a plan written before the discharge": ((STAY, ("plan", -3)), {}, [["reached", "lost"]]),
    "a plan written too long before": ((STAY, ("plan", -4)), {}, [["lost", "before"]]),
    "a start before its plan": ((STAY, ("plan", 2), ("start", 1)), {}, [["reached", "lost"]]),
    "everything on one day": ((STAY, ("plan", 0), ("start", 0)), {}, [["reached", "reached"]]),
    "a start without a plan": ((STAY, ("start", 3)), {}, [["lost", "before"]]),
    "a plan that was superseded": ((STAY, ("plan", 1, "superseded"), ("start", 3)), {}, [["lost", "before"]]),
    "a start entered in error": ((STAY, ("plan", 1), ("start", 3, "entered_in_error")), {}, [["reached", "lost"]]),
    "a plan that another supersedes": (
        (STAY, ("plan", -2, "superseded"), ("plan", 4, "active"), ("start", 9)),
        {},
        [["reached", "reached"]],
    ),
    "a start on the day of death": ((STAY, ("plan", 1), ("start", 4)), {"died": 4}, [["reached", "reached"]]),
    "a start the day after death": ((STAY, ("plan", 1), ("start", 5)), {"died": 4}, [["reached", "died"]]),
    "a discharge after death": ((STAY, ("plan", 1)), {"died": -1}, []),
    "death and departure on one day": ((STAY,), {"died": 2, "left": 2}, [["died", "before"]]),
    "death on the day after the window": ((STAY,), {"died": 6}, [["lost", "before"]]),
    "a discharge recorded twice": ((STAY, STAY, ("plan", 1)), {}, [["reached", "lost"]]),
    "a stay that has not ended": ((("stay", -9), ("plan", 1)), {}, []),
    "a window that still runs, for a step taken already": ((STAY, ("plan", 1)), {"known": 4}, [["open", "open"]]),
    "a second window that still runs": ((STAY, ("plan", 1), ("start", 1)), {"known": 5}, [["reached", "open"]]),
    "all known on the last day of both windows": ((STAY, ("plan", 1)), {"known": 13}, [["reached", "lost"]]),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_recorded_badly_has_a_fate(name: str) -> None:
    events, life, fates = CASES[name]
    assert followed(*events, **life) == fates
