"""Two towns that differ in nothing but what is hidden of them, and all that the system makes of each.

Whatever is the same for both says nothing of what is hidden: not as a value, an interval, a rank, the order of rows,
the length of a bar, a colour, a tooltip, a size or a sentence.
"""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from lighed import catalogue as definitions
from lighed.catalogue import Catalogue
from lighed.core.estimates import Estimates
from lighed.core.release import Release
from lighed.core.text import LANGUAGES
from lighed.disclosure import publish
from lighed.web.app import create_app
from lighed.workbench import zone
from tests.browser import served
from tests.zones import Zone, new_zone

NAME, SHARE, MADE = "borgere.csv", "F6.1", "2026-11-22"
# A region: of each level of education in each town the persons, and how many of them are unemployed in 2024.
EDUCATION = {"short": "10", "medium": "30", "long": "60", "unknown": "9999"}
FEW, NEXT, REGION = "0813", "0849", "1081"
TOWNS = {
    code: {"short": (120 + k, 41 + k), "medium": (140 + k, 33 + k), "long": (130 + k, 25 + k), "unknown": (70 + k, 22)}
    for k, code in enumerate(("0773", "0787", "0810", "0820", "0825", "0840", "0846", "0851"))
} | {
    "0860": {"short": (132, 3), "medium": (151, 43), "long": (156, 53), "unknown": (80, 23)},
    FEW: {"short": (48, 45), "medium": (45, 19), "long": (90, 20), "unknown": (60, 18)},
    NEXT: {"short": (42, 18), "medium": (47, 21), "long": (95, 21), "unknown": (65, 19)},
}
SECRET = {(town, level) for town in (FEW, NEXT) for level in ("short", "medium")}
LABEL = '"><img src=x onerror=alert(1)></script>{{7*7}}'  # a title is only words, whatever it says
MAPPING = """
id: borgere
period: {column: AAR}
columns:
  CPR: {to: person_id}
  KOMNR: {to: residence.area}
  KOEN: {to: person.sex, codes: {"1": male, "2": female}}
  FOED: {to: person.birth_date, date: dd-mm-yyyy}
  UDD: {to: position.education, missing: ["9999"]}
  SOCIO: {to: position.employment}
"""
PLAN = f"""
id: town
title: {{da: '{LABEL}', en: '{LABEL}'}}
summary: {{da: "Elleve kommuner.", en: "Eleven municipalities."}}
policy: research_export
years: [2023, 2024]
front_area: "{REGION}"
indicators: [{SHARE}]
"""
PICTURE = re.compile(r'src="(/da/town/[^"]+\.svg[^"]*)"')
AGES = (20, 22, 27, 32, 37, 42, 47, 52, 57, 62)  # one of each five years
WOMAN, ANOTHER = 1, 21  # of the same age, in every group; one has no work in 2024, the other has
UNEMPLOYED, EMPLOYED = "210", "131"


def persons(*, moved: bool) -> str:
    """The file of all persons; with `moved`, one unemployed person has gone from each hidden group to the next.

    Two go one way and two the other, women of one age who had work in 2023, so that no sum of shown groups changes.
    """
    lines, number = ["CPR;AAR;KOMNR;KOEN;FOED;UDD;SOCIO"], 0
    for town, groups in TOWNS.items():
        for level, (n, events) in groups.items():
            cases = set(range(events))
            if moved and (town, level) in SECRET:
                cases ^= {WOMAN if (town == FEW) == (level == "short") else ANOTHER}
            for k in range(n):
                number += 1
                day, born = f"{1 + k % 28:02}", 2024 - AGES[k // 2 % len(AGES)]
                for year, has in ((2023, k >= n // 2 + 2), (2024, k in cases)):
                    cpr, date = f"{day}03{born % 100:02}{number:04}", f"{day}-03-{born}"
                    fields = (cpr, year, town, 1 + k % 2, date, EDUCATION[level], UNEMPLOYED if has else EMPLOYED)
                    lines.append(";".join(map(str, fields)))
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Town:
    """What is true of a town, and what it was loaded from."""

    made: Zone
    truth: Estimates
    catalogue: Catalogue
    inputs: dict[str, str]

    @classmethod
    def of(cls, folder: Path, catalogue: Catalogue, *, moved: bool) -> Town:
        """Load a town as people do, and compute everything."""
        made = new_zone(folder, catalogue)
        (made.project.plans / "town.yaml").write_text(PLAN, "utf-8")
        made.load(made.put(NAME, persons(moved=moved)), MAPPING)
        known = definitions.load(folder)
        truth, inputs, _ = zone.estimated(
            known, known.plans["town"], store=made.project.store, tables=made.project.tables
        )
        return cls(made, truth, known, inputs)

    def published(self, folder: Path) -> Shown:
        """Publish the town; a digest of the file of persons is not of the town, and left out."""
        said = io.StringIO()
        handler = logging.StreamHandler(said)
        logging.getLogger().addHandler(handler)
        plan, inputs = self.catalogue.plans["town"], dict.fromkeys(self.inputs, "0" * 64)
        try:
            release = publish(self.truth, plan, self.catalogue, folder, inputs=inputs, made=MADE)
        finally:
            logging.getLogger().removeHandler(handler)
        return Shown(self.truth.rows(), release, self.catalogue, said.getvalue())


PLAIN = (
    "",
    "rug",
    "areas",
    "factors",
    "factor/6",
    "catalogue",
    "about",
    "protection",
    "accessibility",
    "area/none",
    "none",
)
ASKED = ("by=education&area={area}", "by=education&view=bars&area={area}", "by=sex&area={area}")
PATHS = (
    *PLAIN,
    *(f"area/{area}" for area in (FEW, REGION)),
    *(f"indicator/{SHARE}?{asked.format(area=area)}" for area in (FEW, NEXT, REGION) for asked in ASKED),
)


def suffixed(path: str, suffix: str) -> str:
    """The address of a twin."""
    stem, _, query = path.partition("?")
    return f"{stem or 'index'}{suffix}" + (f"?{query}" if query else "")


@dataclass(frozen=True)
class Shown:
    """What was true before a release was made, and all that is made of it."""

    truth: list[dict[str, Any]]
    release: Release
    catalogue: Catalogue
    log: str

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of the release."""
        return [row for area in self.release.areas for row in self.release.estimates(area).rows()]

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The files of the release, and what was logged while they were made."""
        found = {f"release/{path.name}": path.read_bytes() for path in sorted(self.release.folder.iterdir())}
        return found | {"log/build": self.log.encode()}

    @cached_property
    def answers(self) -> dict[str, bytes]:
        """What the server of releases answers: pages, twins, pictures, and the headers of each."""
        found = {}
        with served(create_app([self.release.folder])) as address, httpx.Client(base_url=address, timeout=60) as reader:
            for kind, path in _addresses(reader):
                answer = reader.get(path)
                found[f"{kind}{path}"] = answer.content
                kept = sorted((name, value) for name, value in answer.headers.items() if name != "date")
                found[f"headers/{kind}{path}"] = f"{answer.status_code} {kept}".encode()
        return found

    def of_kind(self, *kinds: str) -> dict[str, bytes]:
        """The artefacts of some kinds: release, log, html, json, csv, svg, headers."""
        found = self.files if {*kinds} <= {"release", "log"} else self.files | self.answers
        return {name: content for name, content in found.items() if name.split("/")[0] in kinds}

    @cached_property
    def told(self) -> list[dict[str, Any]]:
        """Every row that any twin of a page tells, once."""
        rows = [row for body in self.of_kind("json").values() for row in _rows(body)]
        return list({json.dumps(row, sort_keys=True): row for row in rows}.values())


def _rows(body: bytes) -> list[dict[str, Any]]:
    return json.loads(body)["rows"] if body.startswith(b"{") else []


def _addresses(reader: httpx.Client) -> Iterator[tuple[str, str]]:
    for lang in LANGUAGES:
        for path in PATHS:
            yield "html", f"/{lang}/town/{path}"
            yield "json", f"/{lang}/town/{suffixed(path, '.json')}"
            yield "csv", f"/{lang}/town/{suffixed(path, '.csv')}"
    for area in TOWNS:
        yield from (("json", f"/da/town/indicator/{SHARE}.json?by={by}&area={area}") for by in ("education", "sex"))
    for path in PATHS[len(PLAIN) :]:
        for picture in sorted(
            set(re.findall(r'src="(/da/town/[^"]+\.svg[^"]*)"', reader.get(f"/da/town/{path}").text))
        ):
            yield "svg", picture.replace("&amp;", "&")
