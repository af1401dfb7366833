"""What is in a PDF: every stream of it unpacked, and the text of its pages, read by its own tables of letters."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

OBJECT = re.compile(rb"(?:^|\n)(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
STREAM = re.compile(rb"stream\r?\n(.*)\r?\nendstream", re.DOTALL)
TOKEN = re.compile(rb"/(f\d+) |(<<.*?>>)|<([0-9A-F]+)>|(\()", re.DOTALL)
ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


@dataclass(frozen=True)
class Pdf:
    """The objects of a PDF, and what each stream holds."""

    objects: dict[int, bytes]
    streams: dict[int, bytes]

    @property
    def text(self) -> str:
        """What the pages show, in the order in which they show it."""
        pages = [body for body in self.objects.values() if b"/Type/Page/" in body]
        return "".join(self._page(page) for page in pages)

    def _page(self, page: bytes) -> str:
        resources = self.objects[_number(rb"/Resources (\d+)", page)]
        fonts = {name: self._letters(int(of)) for name, of in re.findall(rb"/(f\d+) (\d+) 0 R", resources)}
        font: dict[bytes, str] = {}
        found = []
        for name, codes in _shown(self.streams[_number(rb"/Contents (\d+)", page)]):
            font = fonts[name] if name else font
            found += [font[codes[at : at + 2]] for at in range(0, len(codes), 2)]
        return "".join(found)

    def _letters(self, font: int) -> dict[bytes, str]:
        table = self.streams[_number(rb"/ToUnicode (\d+)", self.objects[font])]
        pairs = re.findall(rb"<([0-9A-F]{4})> <([0-9A-F]+)>\n", table)
        return {bytes.fromhex(a.decode()): bytes.fromhex(b.decode()).decode("utf-16-be") for a, b in pairs}


def opened(data: bytes) -> Pdf:
    """Take a PDF apart."""
    objects = {int(number): body for number, body in OBJECT.findall(data)}
    streams = {number: found[1] for number, body in objects.items() if (found := STREAM.search(body))}
    packed = {number for number in streams if b"/FlateDecode" in objects[number].partition(b"stream")[0]}
    unpacked = {number: zlib.decompress(body) if number in packed else body for number, body in streams.items()}
    return Pdf(objects, unpacked)


def _number(pattern: bytes, body: bytes) -> int:
    found = re.search(pattern, body)
    assert found
    return int(found[1])


def _shown(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The fonts that a page turns to and the codes that it shows, one after the other."""
    at = 0
    while found := TOKEN.search(content, at):
        font, _, packed, bracket = found.groups()
        at = found.end()
        if bracket:
            end = _end(content, at - 1)
            yield b"", ESCAPE.sub(_plain, content[at:end])
            at = end + 1
        elif font or packed:
            yield font or b"", bytes.fromhex((packed or b"").decode())


def _end(content: bytes, at: int) -> int:
    """Where the string ends that begins at a bracket: at one that is neither escaped nor of a pair inside it."""
    depth = 1
    while depth:
        at += 2 if content[at : at + 1] == b"\\" else 1
        depth += {b"(": 1, b")": -1}.get(content[at : at + 1], 0)
    return at


def _plain(found: re.Match[bytes]) -> bytes:
    return bytes([int(found[1], 8)]) if found[1].isdigit() else NAMED.get(found[1], found[1])
