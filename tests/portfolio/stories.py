"""What tests of reports tell: a cluster's assignment, an initiative with figures by social group, an alliance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lighed.portfolio.archive import Record
from tests.portfolio.conftest import AWAY, HOME, WHOLE, Town

ATTACK = '#read("/etc/passwd") *fed* $x$ <script>alert(1)</script> =1+1'
SEEN = (
    ("Rygere", "2017", "Kort uddannelse", 60, 200),
    ("Rygere", "2017", "Lang uddannelse", 20, 200),
    ("Rygere", "2018", "Kort uddannelse", 45, 200),
    ("Rygere", "2018", "Lang uddannelse", 18, 200),
    ("Rygere", "2018", "", 63, 400),
)
FUNNEL = (
    ("target", "Kort uddannelse", 600),
    ("target", "Lang uddannelse", 400),
    ("enrolled", "Kort uddannelse", 30),
    ("enrolled", "Lang uddannelse", 70),
    ("completed", "Kort uddannelse", 12),
    ("completed", "Lang uddannelse", 56),
)


@dataclass(frozen=True)
class Story:
    """Records that hang together."""

    programme: Record
    initiative: Record
    plan: Record
    result: Record
    sheet: Record


def told(town: Town) -> Story:
    """Write the story into the registers; everything in it may be seen by its own organisation."""
    programme = town.create(
        "sara", "programmes", title="Alliancen", kind="alliance", bodies=[HOME], vision="Mere lighed"
    )
    initiative = _initiative(town, programme)
    asked = {"programme": programme.id, "issuer": HOME, "assignees": [HOME, AWAY], "text": "Beskriv …"}
    assignment = town.move("sara", town.create("sara", "assignments", title="Ulighed", **asked), "give")
    plan, result = (_report(town, assignment, initiative, template) for template in ("plan", "result"))
    return Story(programme, initiative, plan, result, _sheet(town, initiative))


def _initiative(town: Town, programme: Record) -> Record:
    tied = {
        "programme": programme.id,
        "factors": ["3"],
        "administration": "health",
        "light": "amber",
        "actions": ["T3.1"],
    }
    made = town.create("ole", "initiatives", title="Røgfri Sammen", organisation=HOME, **tied)
    for what, period, level, events, n in SEEN:
        figure = {"initiative": made.id, "indicator": "F3.1", "aim": "population_health", "period": period}
        figure |= {"share": {"numerator": events, "denominator": n}, "source": "Rapport"}
        figure |= {"group": "education", "level": level} if level else {}
        town.create("paul", "observations", title=what, **figure)
    for stage, level, count in FUNNEL:
        seen = {"initiative": made.id, "period": "2018", "stage": stage, "group": "education", "level": level}
        town.create("paul", "funnels", title=f"{stage} {level}", count=count, source="Rapport", **seen)
    amounts = {name: {"value": value, "unit": "percent"} for name, value in (("baseline", 20), ("target", 15))}
    goal = {"initiative": made.id, "indicator": "F3.1", "aim": "population_health", "stratifier": "education"}
    town.create("paul", "goals", title="Færre rygere", **amounts, **goal)
    town.create("paul", "spread_records", title="Rygestop", initiative=made.id, core="Fast rådgiver", potential="high")
    return made


def _report(town: Town, assignment: Record, initiative: Record, template: str) -> Record:
    due = {"template": template, "recipients": [HOME], "period": "1. kvartal 2017", "assignment": assignment.id}
    obligation = town.move("sara", town.create("sara", "obligations", title=f"Rapport {template}", **due), "give")
    content: dict[str, Any] = {"obligation": obligation.id, "organisation": HOME, "period": "1. kvartal 2017"}
    content |= {"initiatives": [initiative.id]} | WHOLE | {"problem": f"{ATTACK}\nNy linje\n\nNyt afsnit"}
    content |= {"summary": "Færre ryger.", "population_health": "Bedre.", "experience": "God.", "cost": "Ikke opgjort."}
    content |= {"reach": "Få.", "implementation": "Som planlagt.", "spread": "Højt.", "data_quality": "Ingen mangler."}
    return town.create("paul", "reports", title=f"{template} {ATTACK}", conclusion="partly", **content)


def _sheet(town: Town, initiative: Record) -> Record:
    texts = {
        "problem": "Flere udsatte ryger.",
        "action": "Rygestop.",
        "results": "Færre ryger.",
        "perspectives": "Flere.",
    }
    quote = {"quote": "Det virker.", "quoted": "Ida, rådgiver", "quote_consent": "2023-12-01", "as_of": "2023-12-31"}
    figures = {"initiative": initiative.id, "observations": ["rygere", "rygere-5"]}
    return town.create("paul", "fact_sheets", title="Røgfri Sammen", **texts, **quote, **figures)
