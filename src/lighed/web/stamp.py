"""What may not be passed on says so in every file: the stamp is in it, and not only on the page that it came from."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import escape

PICTURE = '<text x="50%" y="14" text-anchor="middle" font-family="sans-serif" font-size="13" fill="#a00">{}</text>'


def _json(content: str, stamp: str) -> str:
    return json.dumps({"edition": stamp} | json.loads(content), ensure_ascii=False, allow_nan=False)


def _csv(content: str, stamp: str) -> str:
    return f"{stamp}\r\n{content}"


def _svg(content: str, stamp: str) -> str:
    return content[: content.rindex("</svg>")] + PICTURE.format(escape(stamp)) + "</svg>"


def _graph(content: str, stamp: str) -> str:
    return re.sub(r"\{", lambda _: "{ label=" + json.dumps(stamp, ensure_ascii=False) + ";", content, count=1)


def _page(content: str, stamp: str) -> str:
    assert escape(stamp) in content, "a page has the stamp in its banner"
    return content


STAMPS: dict[str, Callable[[str, str], str]] = {
    "text/html": _page,
    "application/json": _json,
    "text/csv": _csv,
    "image/svg+xml": _svg,
    "text/vnd.graphviz": _graph,
}


def stamped(content: bytes, kind: str, stamp: str) -> bytes | None:
    """Return a file with a stamp in it; None for a kind of file that has no place for one.

    Examples
    --------
    >>> stamped(b"area,value", "text/csv; charset=utf-8", "Not to be passed on").decode().splitlines()
    ['Not to be passed on', 'area,value']
    """
    mark = STAMPS.get(kind.partition(";")[0])
    return None if mark is None else mark(content.decode(), stamp).encode()
