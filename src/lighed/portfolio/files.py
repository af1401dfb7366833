"""Files that belong to records: each stands under the digest of its bytes, and is checked when it is read."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile

from lighed.core.errors import DataError, Problem, RegisterError
from lighed.core.register import CHECKSUM

MEGABYTES = 20
PIECE = 1 << 20
OFFICE = "application/vnd.openxmlformats-officedocument."


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that is taken: how it is sent out, and whether bytes on the disk are one."""

    media: str
    fits: Callable[[Path], bool]


class Files:
    """The folder of the files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, name: str, stream: BinaryIO) -> dict[str, str]:
        """Keep a file and return its name and digest; raises DataError when it is too large or of no kind taken.

        Examples
        --------
        >>> import io
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     kept = Files(Path(folder)).keep("../brev.txt", io.BytesIO(b"Hej"))
        ...     Files(Path(folder)).read(kept["checksum"]), kept["name"], kept["checksum"][:8]
        (b'Hej', 'brev.txt', '20ac4eea')
        """
        short = name.replace("\\", "/").rpartition("/")[2]
        self.folder.mkdir(mode=0o700, exist_ok=True)
        handle, taken = tempfile.mkstemp(dir=self.folder)
        path = Path(taken)
        try:
            with os.fdopen(handle, "wb") as out:
                checksum = _copied(short, stream, out)
            if not _fits(short, path):
                raise DataError([Problem("file_of_no_kind", short, values={"known": ", ".join(KINDS)})])
            path.replace(self._at(checksum))
        finally:
            path.unlink(missing_ok=True)
        return {"name": short, "checksum": checksum}

    def __contains__(self, checksum: str) -> bool:
        return CHECKSUM.fullmatch(checksum) is not None and self._at(checksum).is_file()

    def read(self, checksum: str) -> bytes:
        """Return a file; raises RegisterError when it is not there, or not as it was kept."""
        data = self._at(checksum).read_bytes() if checksum in self else b""
        if hashlib.sha256(data).hexdigest() != checksum:
            raise RegisterError("file_changed")
        return data

    def whole(self, checksum: str) -> bool:
        """Return whether a file is there as it was kept."""
        try:
            self.read(checksum)
        except RegisterError:
            return False
        return True

    def _at(self, checksum: str) -> Path:
        return self.folder / checksum


def media(name: str) -> str:
    """Return as what a file is sent out.

    Examples
    --------
    >>> media("Rapport.PDF"), media("side.html")
    ('application/pdf', 'application/octet-stream')
    """
    kind = KINDS.get(Path(name).suffix.lower())
    return kind.media if kind else "application/octet-stream"


def _copied(name: str, stream: BinaryIO, out: BinaryIO) -> str:
    digest, size = hashlib.sha256(), 0
    while piece := stream.read(PIECE):
        size += len(piece)
        if size > MEGABYTES * PIECE:
            raise DataError([Problem("file_too_large", name, values={"most": MEGABYTES})])
        digest.update(piece)
        out.write(piece)
    out.flush()
    os.fsync(out.fileno())
    return digest.hexdigest()


def _fits(name: str, path: Path) -> bool:
    kind = KINDS.get(Path(name).suffix.lower())
    return kind is not None and kind.fits(path)


def _begins(*bytes_: bytes) -> Callable[[Path], bool]:
    def fits(path: Path) -> bool:
        with path.open("rb") as file:
            return file.read(PIECE).startswith(bytes_)

    return fits


def _office(folder: str) -> Callable[[Path], bool]:
    def fits(path: Path) -> bool:
        try:
            with ZipFile(path) as whole:
                names = whole.namelist()
        except (BadZipFile, NotImplementedError, ValueError):
            return False
        # A program inside of a document could do anything where it is opened.
        program = any(name.lower().endswith(".bin") for name in names)
        return "[Content_Types].xml" in names and any(name.startswith(f"{folder}/") for name in names) and not program

    return fits


def _text(path: Path) -> bool:
    try:
        return "\0" not in path.read_text("utf-8")
    except UnicodeDecodeError:
        return False


KINDS = {
    ".pdf": Kind("application/pdf", _begins(b"%PDF-")),
    ".png": Kind("image/png", _begins(b"\x89PNG\r\n\x1a\n")),
    ".jpg": Kind("image/jpeg", _begins(b"\xff\xd8\xff")),
    ".jpeg": Kind("image/jpeg", _begins(b"\xff\xd8\xff")),
    ".docx": Kind(f"{OFFICE}wordprocessingml.document", _office("word")),
    ".xlsx": Kind(f"{OFFICE}spreadsheetml.sheet", _office("xl")),
    ".pptx": Kind(f"{OFFICE}presentationml.presentation", _office("ppt")),
    ".txt": Kind("text/plain; charset=utf-8", _text),
    ".csv": Kind("text/csv; charset=utf-8", _text),
}
