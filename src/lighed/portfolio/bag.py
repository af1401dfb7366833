"""A folder or zip file that says what each of its files must be (BagIt, RFC 8493): the same files, the same bytes."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from lighed.core.errors import RegisterError

DECLARED = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # of zip files: when a file was packed says nothing about it
MANIFEST, TAGS = "manifest-sha256.txt", "tagmanifest-sha256.txt"
_LINE = re.compile(r"([0-9a-f]{64})  ?\*?(.+)")
Packed = Mapping[str, bytes]


def bagged(payload: Packed, info: Mapping[str, str]) -> dict[str, bytes]:
    """Return the files of a bag, by their paths, which holds a payload and some words about it.

    Examples
    --------
    >>> made = bagged({"a.txt": b"A"}, {"Source-Organization": "Lighed"})
    >>> list(made)
    ['bag-info.txt', 'bagit.txt', 'data/a.txt', 'manifest-sha256.txt', 'tagmanifest-sha256.txt']
    >>> list(faults(made))
    []
    """
    size = sum(map(len, payload.values()))
    said = dict(info) | {"Payload-Oxum": f"{size}.{len(payload)}"}
    data = {f"data/{path}": payload[path] for path in payload}
    tags = {
        "bagit.txt": DECLARED,
        "bag-info.txt": "".join(f"{name}: {value}\n" for name, value in said.items()).encode(),
        MANIFEST: _manifest(data),
    }
    whole = data | tags | {TAGS: _manifest(tags)}
    return dict(sorted(whole.items()))


def write(target: Path, files: Packed) -> None:
    """Write a bag as a zip file, where the target ends so, or as a folder; raises RegisterError where something is."""
    if target.exists():
        raise RegisterError("archive_exists", path=target)
    beside = target.with_name(f".{target.name}.part")
    shutil.rmtree(beside, ignore_errors=True)  # of a writing that was stopped
    if target.suffix == ".zip":
        with ZipFile(beside, "w") as whole:
            for path, data in files.items():
                whole.writestr(_entry(path), data, ZIP_DEFLATED)
    else:
        for path, data in files.items():
            (beside / path).parent.mkdir(parents=True, exist_ok=True)
            (beside / path).write_bytes(data)
    beside.replace(target)


def read(source: Path) -> dict[str, bytes]:
    """Return the files of a bag; raises RegisterError where there is none."""
    if source.is_dir():
        return {path.relative_to(source).as_posix(): path.read_bytes() for path in source.rglob("*") if path.is_file()}
    try:
        with ZipFile(source) as whole:
            return {name: whole.read(name) for name in whole.namelist() if not name.endswith("/")}
    except (OSError, BadZipFile):
        raise RegisterError("no_archive", path=source) from None


def faults(files: Packed) -> Iterator[tuple[str, str]]:
    """Return the key of what is wrong with a bag, and the path where it is: missing, changed or not listed."""
    for name in ("bagit.txt", MANIFEST, TAGS):
        if name not in files:
            yield "missing", name
    said = {path: checksum for name in (MANIFEST, TAGS) for path, checksum in _lines(files.get(name, b""))}
    for path, checksum in sorted(said.items()):
        if path not in files:
            yield "missing", path
        elif hashlib.sha256(files[path]).hexdigest() != checksum:
            yield "changed", path
    yield from (("not_listed", path) for path in sorted(files.keys() - said.keys() - {TAGS}))


def _manifest(files: Packed) -> bytes:
    return "".join(f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files)).encode()


def _lines(manifest: bytes) -> Iterator[tuple[str, str]]:
    for line in manifest.decode("utf-8", "replace").splitlines():
        found = _LINE.fullmatch(line)
        yield (found[2], found[1]) if found else (line, "")


def _entry(path: str) -> ZipInfo:
    entry = ZipInfo(path, FIRST_DAY)
    entry.create_system, entry.external_attr = 3, 0o644 << 16
    return entry
