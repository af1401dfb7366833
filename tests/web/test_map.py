"""The map of a pathway says what the rows say, in the picture, in the table and as a graph."""

from __future__ import annotations

import re

from lighed.catalogue import Catalogue
from lighed.core.pathway import START
from lighed.core.release import Release
from lighed.core.text import number
from lighed.core.types import COUNTRY
from lighed.report.page import Figure
from lighed.report.pages import graph, pathway
from lighed.report.view import View

EDGE = re.compile(r'^  (\w+) -> (\w+) \[label="([^"]*)"\];$', re.MULTILINE)


def test_a_pathway_is_drawn_as_it_is_defined_with_the_shares_that_are_shown(
    synthetic_release: Release, catalogue: Catalogue
) -> None:
    view, one = View(synthetic_release, catalogue, "da", COUNTRY), synthetic_release.pathways["rehabilitation"]
    page = pathway(view, one, by=None, look="map")
    assert page is not None
    (figure,) = [block for block in page.blocks if isinstance(block, Figure)]
    edges = {(before, step): share for before, step, share in EDGE.findall(graph(view, one))}
    assert [*edges] == [(step.after, step.id) for step in one.steps]
    boxes = figure.chart.spec["layer"][2]["data"]["values"]
    assert len(boxes) == 1 + len(one.steps)
    shown = {row["indicator"]: row for row in page.rows}
    assert figure.table is not None
    for step, line in zip(one.steps, figure.table.rows, strict=True):
        row = shown[one.stage(step)]
        assert (row["stratifier"], row["area"]) == (None, COUNTRY)
        if row["value"] is None:
            assert edges[step.after, step.id] == ""
            continue
        assert edges[step.after, step.id] == f"{number(row['value'], 'da', digits=1)} %"
        assert [cell.text for cell in line[2:]] == [
            number(count, "da", digits=0) for count in (row["n"], row["events"], row["n"] - row["events"])
        ]
    assert edges[START, one.steps[0].id]
