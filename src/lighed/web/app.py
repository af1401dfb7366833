"""Routes over releases. A route finds the release, builds the page, and writes it; nothing else."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware

from lighed import __version__, catalogue
from lighed.charts import svg
from lighed.core.release import Release
from lighed.core.text import DEFAULT_LANG, LANGUAGES, Lang, say
from lighed.portfolio.efforts import Efforts
from lighed.report import pages
from lighed.report.heat import heat_table
from lighed.report.html import Frame, html
from lighed.report.page import Link, Notice, Page
from lighed.report.plain import plain_table
from lighed.report.rows import home
from lighed.report.view import View
from lighed.web.stamp import stamped

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "interest-cohort=()",
}
ENCRYPTED_ONLY = {"Strict-Transport-Security": "max-age=31536000"}  # seconds: a year
LOOKS = ("equiplot", "bars")
NAMING, NONE = ("indicator/", "pathway/", "unmet"), Efforts(())  # the pages that name initiatives
TWINS = (".json", ".csv", ".svg", ".dot")


def create_app(releases: list[Path], portfolio: FastAPI | None = None) -> FastAPI:
    """Serve release folders; the first one is where the front door opens. Registers have a place beside them."""
    opened = {release.manifest.id: release for release in map(Release.open, releases)}
    app = FastAPI(title="Lighed", version=__version__, docs_url=None, redoc_url=None, openapi_url="/openapi.json")
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.mount("/static", StaticFiles(directory=str(files("lighed.report").joinpath("static"))), name="static")
    site = Site(opened, efforts=portfolio.state.efforts if portfolio else None)
    if portfolio is not None:
        portfolio.state.releases = opened
        app.mount("/{lang}/portfolio", portfolio)

    @app.middleware("http")
    async def with_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        response.headers.update(guards(request))
        return response

    @app.get("/", include_in_schema=False)
    def door() -> Response:
        return RedirectResponse(f"/{DEFAULT_LANG}/{next(iter(opened))}/")

    @app.get("/healthz", include_in_schema=False)
    def health() -> dict[str, Any]:
        return {"releases": list(opened), "version": __version__}

    @app.get("/{lang}/{release}/{path:path}", response_class=HTMLResponse)
    def page(request: Request, lang: str, release: str, path: str) -> Response:
        return site.answer(lang, release, path, dict(request.query_params))

    @app.exception_handler(404)
    async def missing(request: Request, _: Exception) -> Response:
        return site.missing(request.url.path)

    return app


def guards(request: Request) -> dict[str, str]:
    """Return the headers that guard an answer; who came encrypted is told to go on so."""
    return HEADERS | (ENCRYPTED_ONLY if request.url.scheme == "https" else {})


class Site:
    """Which address is which page.

    `unsigned` is what to say on every page of a release that is not in force, and `back` leads to where it is signed.
    The menu leads to the registers, and pages name initiatives, where there are `efforts`. A `stamp` stands in every
    file that is given.
    """

    def __init__(
        self,
        releases: dict[str, Release],
        unsigned: str | None = None,
        back: Link | None = None,
        *,
        efforts: Callable[[], Efforts] | None = None,
        stamp: str = "",
    ) -> None:
        self.stamp = stamp
        self.releases, self.unsigned, self.back, self.efforts = releases, unsigned, back, efforts
        # A release never changes, so neither does a page of it, as long as the initiatives are the same.
        self._answer = lru_cache(maxsize=2048)(self._make)

    def answer(self, lang: str, release: str, path: str, query: dict[str, str]) -> Response:
        """Return the page, its twin or its picture."""
        if lang not in LANGUAGES or release not in self.releases:
            raise HTTPException(404)
        known = {"by": self.releases[release].stratifiers, "view": LOOKS}
        kept = {key: query[key] for key in ("area", "by", "q", "view") if query.get(key)}
        asked = tuple((key, value) for key, value in kept.items() if value in known.get(key, (value,)))
        efforts = self._efforts(path)
        # What anybody may write is not kept: pages of it would fill the memory.
        content, kind = (self._make if "q" in kept else self._answer)(lang, release, path, asked, efforts)
        shown = stamped(content, kind, self.stamp) if self.stamp else content
        if shown is None:
            raise HTTPException(404)
        lasts = 300 if efforts in {None, NONE} else 0  # seconds; an initiative may change at any time
        return Response(shown, media_type=kind, headers={"Cache-Control": f"public, max-age={lasts}"})

    def _efforts(self, path: str) -> Efforts | None:
        """What is done now, for the pages that name it; for the others it is enough that there are registers."""
        if self.efforts is None:
            return None
        return self.efforts() if path.startswith(NAMING) else NONE

    def _make(
        self, lang: Lang, release: str, path: str, query: tuple[tuple[str, str], ...], efforts: Efforts | None
    ) -> tuple[bytes, str]:
        opened, asked = self.releases[release], dict(query)
        view = View(opened, catalogue.load(), lang, _area(opened, path, asked), efforts)
        stem, figure, twin = _parsed(path)
        built = _page(view, stem, asked)
        if built is None:
            raise HTTPException(404)
        if figure:
            found = built.figure(figure)
            if found is None:
                raise HTTPException(404)
            return svg(found.chart).encode(), "image/svg+xml"
        if twin == ".json":
            return json.dumps(built.plain(), ensure_ascii=False, allow_nan=False).encode(), "application/json"
        if twin == ".csv":
            if any("measure" not in row for row in built.rows):  # the catalogue's rows are no figures
                raise HTTPException(404)
            whole = any(row["measure"] in {"crude", "standardised"} for row in built.rows)
            table = heat_table(built.rows, view) if whole else plain_table(built.rows)
            return table.encode(), "text/csv; charset=utf-8"
        if twin == ".dot":
            return _graph(view, stem).encode(), "text/vnd.graphviz; charset=utf-8"
        words = "&".join(f"{k}={v}" for k, v in query)
        frame = Frame(opened, list(self.releases.values()), stem, words, self.unsigned, self.back, efforts is not None)
        return html(built, frame).encode(), "text/html; charset=utf-8"

    def missing(self, path: str) -> Response:
        """Return the page that says that there is no such page."""
        parts = path.strip("/").split("/")
        lang: Lang = "en" if parts[0] == "en" else "da"
        release = self.releases.get(parts[1] if len(parts) > 1 else "", next(iter(self.releases.values())))
        page = Page(say("missing.title", lang), lang, (Notice(say("missing.text", lang, path=path)),))
        return HTMLResponse(html(page, Frame(release, list(self.releases.values()), "", "")), 404)


def _graph(view: View, stem: str) -> str:
    kind, name, look = [*stem.split("/"), "", ""][:3]
    if (kind, look) != ("pathway", "map"):
        raise HTTPException(404)
    return pages.graph(view, view.release.pathways[name])


def _parsed(path: str) -> tuple[str, str | None, str | None]:
    """Split an address into the page, the figure asked for, and the kind of twin."""
    stem, _, figure = path.partition("/figure/")
    if figure:
        return stem.removesuffix("index"), figure.removesuffix(".svg"), ".svg"
    twin = next((t for t in TWINS if path.endswith(t)), None)
    stem = path.removesuffix(twin) if twin else path
    return ("" if stem == "index" else stem), None, twin


def _area(release: Release, path: str, asked: dict[str, str]) -> str:
    parts = path.split("/")
    about = parts[1].split("/")[0].removesuffix(".json").removesuffix(".csv") if len(parts) > 1 else ""
    area = asked.get("area") or (about if parts[0] == "area" else home(release, about))
    if area not in release.areas:
        raise HTTPException(404)
    return area


PLAIN = {
    "": pages.front,
    "rug": pages.rug,
    "areas": pages.areas,
    "factors": pages.factors,
    "pathways": pages.pathways,
    "uses": pages.uses,
    "about": pages.about,
    "protection": pages.protection,
    "accessibility": pages.accessibility,
}


def _page(view: View, path: str, asked: dict[str, str]) -> Page | None:
    name, _, rest = path.partition("/")
    if not rest and name in PLAIN:
        return PLAIN[name](view)
    match name, rest:
        case "unmet", "" if view.efforts is not None:
            return pages.unmet(view)
        case "area", _:
            return pages.area(view)
        case "factor", number if number.isdecimal() and int(number) in view.catalogue.factors:
            return pages.factor(view, view.catalogue.factors[int(number)])
        case "catalogue", "":
            return pages.catalogue(view, query=asked.get("q", "")[:100])
        case "indicator", one:
            found = view.release.indicators.get(one) or view.catalogue.indicators.get(one)
            look = asked.get("view", "equiplot")
            return pages.indicator(view, found, by=asked.get("by"), look=look) if found else None
        case "pathway", _ if (way := rest.partition("/"))[0] in view.release.pathways:
            return pages.pathway(view, view.release.pathways[way[0]], by=asked.get("by"), look=way[2])
        case "use", one if one in view.release.uses:
            return pages.use(view, view.release.uses[one], by=asked.get("by"))
        case _:
            return None
