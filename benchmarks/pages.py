"""Every kind of page of the demo's releases through the real server: the first time it is asked for, and again."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from _table import Line, arguments, show, took
from lighed.core.release import Release, found_in
from lighed.core.text import LANGUAGES

LIMIT = 100  # milliseconds, at the median
WORK, AGAIN = "work", ", again"
EACH = 12  # of the indicators, and of the areas


def built(folder: Path, persons: int) -> None:
    """Build the releases of the demo."""
    command = [sys.executable, "-m", "lighed.cli", "demo", "--folder", str(folder), "--persons", str(persons)]
    subprocess.run([*command, "--no-serve"], check=True, stdout=subprocess.DEVNULL)


@contextmanager
def served(releases: Path) -> Iterator[tuple[HTTPConnection, int]]:
    """Start the server, and wait until it answers; give its number among the processes too."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "lighed.cli", "serve", str(releases), "--port", str(port)], stdout=subprocess.DEVNULL
    )
    try:
        while True:
            try:
                ask(HTTPConnection("127.0.0.1", port), "/healthz")
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        yield HTTPConnection("127.0.0.1", port), server.pid
    finally:
        server.terminate()
        server.wait()


def ask(server: HTTPConnection, address: str) -> float:
    """Return how many milliseconds the answer took."""
    start = time.perf_counter()
    server.request("GET", address, headers={"Accept-Encoding": "gzip"})
    answer = server.getresponse()
    answer.read()
    assert answer.status == 200, f"{address}: {answer.status}"
    return 1000 * (time.perf_counter() - start)


def processor(process: int) -> float:
    """Return how many milliseconds of the processors a process has had."""
    used = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()[11:13]
    return 1000 * sum(map(int, used)) / os.sysconf("SC_CLK_TCK")


def addresses(release: Release) -> dict[str, list[str]]:
    """Return the addresses of each kind of page; they differ in language, indicator or area."""
    some = list(release.indicators)[:: max(1, len(release.indicators) // EACH)]
    places = [area.code for area in release.areas.values() if area.kind == "municipality"][:EACH]
    factors = sorted({i.factor for i in release.indicators.values() if i.factor})
    paths = {
        "front page": [""],
        "rug": ["rug"],
        "areas": ["areas"],
        "area": [f"area/{code}" for code in places],
        "factor": [f"factor/{factor}" for factor in factors],
        "catalogue": ["catalogue", "catalogue?q=ryg"],
        "indicator": [f"indicator/{name}" for name in some],
        "indicator, bars": [f"indicator/{name}?view=bars" for name in some],
        "indicator of an area": [f"indicator/{some[0]}?area={code}" for code in places],
        "about the data": ["about"],
        "JSON twin": [f"indicator/{name}.json" for name in some],
        "CSV twin": [f"indicator/{name}.csv" for name in some],
    }
    root = {lang: f"/{lang}/{release.manifest.id}/" for lang in LANGUAGES}
    return {kind: [root[lang] + path for lang in LANGUAGES for path in given] for kind, given in paths.items()}


def asked(folder: Path) -> dict[str, list[float]]:
    """Ask for every page twice; return the milliseconds of each kind."""
    found: dict[str, list[float]] = {}
    with served(folder) as (server, number):
        ask(server, "/da/denmark/")  # it reads the catalogue: once
        for release in map(Release.open, found_in(folder)):
            for kind, listed in addresses(release).items():
                before = processor(number)
                found.setdefault(kind, []).extend(ask(server, address) for address in listed)
                found[WORK] = [*found.get(WORK, []), processor(number) - before]
                found.setdefault(kind + AGAIN, []).extend(ask(server, address) for address in listed)
    return found


def main() -> None:
    """Build, serve, ask, and print the table."""
    given = arguments(__doc__, persons=20_000)
    with tempfile.TemporaryDirectory() as name:
        took(built, Path(name), given.persons)
        found = took(asked, Path(name) / "releases", workers=1)
    work = sum(found.result.pop(WORK))
    kinds = sorted(found.result.items(), key=lambda pair: (AGAIN in pair[0], pair[0]))
    every = [time for kind, times in kinds if AGAIN not in kind for time in times]
    lines = [
        Line(f"all {len(every)} pages, the first time", median(every), "ms", LIMIT),
        Line("the same, processors, mean", work / len(every), "ms", LIMIT),
        *(Line(f"{kind} ({len(times)})", median(times), "ms", LIMIT) for kind, times in kinds),
        Line("the slowest", max(every), "ms"),
        Line("memory of the server", found.peak, "GB"),
    ]
    show("Pages of the demo, at the median", lines, write=given.write)


if __name__ == "__main__":
    main()
