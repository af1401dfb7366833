"""Pages as HTML: one template for every page, for a page is data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from lighed.core.release import Release
from lighed.core.text import Lang, day, say
from lighed.core.types import COUNTRY
from lighed.report.page import Link, Page


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a page: the releases to choose from, the menu, and the page's own addresses."""

    release: Release
    releases: Sequence[Release]
    path: str
    query: str
    unsigned: str | None = None
    back: Link | None = None
    portfolio: bool = False

    def address(self, lang: Lang, *, release: str | None = None, suffix: str = "") -> str:
        """Return the same page in another language or release, or its twin with a suffix."""
        path = f"/{lang}/{release or self.release.manifest.id}/{self.path if release is None else ''}"
        if suffix:
            path = (path + "index" if path.endswith("/") else path) + suffix
        return path + (f"?{self.query}" if self.query and release is None else "")

    def menu(self, lang: Lang) -> list[tuple[Link, bool]]:
        """Return the main menu, and which entry the page stands under."""
        there = {"pathways": self.release.pathways, "uses": self.release.uses}
        more = (name for name, definitions in there.items() if definitions)
        entries = ("", "rug", "areas", "factors", *more, "catalogue", "about")
        first = self.path.split("/")[0]
        within = {"indicator": "catalogue", "protection": "about"}
        here = within.get(first, first if first in entries else f"{first}s")
        root = f"/{lang}/{self.release.manifest.id}/"
        links = [(Link(say(f"menu.{path or 'front'}", lang), root + path), path == here) for path in entries]
        beside = [(Link(say("menu.portfolio", lang), f"/{lang}/portfolio/"), False)] if self.portfolio else []
        return links[:-1] + beside + links[-1:]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("lighed.report"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["say"] = say
    environment.filters["kind"] = lambda block: type(block).__name__.lower()
    environment.filters["other"] = lambda lang: "en" if lang == "da" else "da"
    return environment


def html(page: Page, frame: Frame) -> str:
    """Write a page as HTML."""
    manifest = frame.release.manifest
    made = say(
        "site.made",
        page.lang,
        title=manifest.title[page.lang],
        date=day(date.fromisoformat(manifest.made), page.lang),
        version=manifest.program,
    )
    template = _environment().get_template("page.html")
    return template.render(page=page, frame=frame, lang=page.lang, manifest=manifest, made=made, country=COUNTRY)
