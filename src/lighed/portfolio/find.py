"""Finding words in records as people write them: by their stems, in Danish and English, and shown in their sentence."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache, lru_cache
from unicodedata import normalize

import snowballstemmer

LANGUAGES = ("danish", "english")
PART = 4  # letters from which a stem is also found inside a longer word: Danish writes words together
SHOWN = 240  # letters of a sentence that are shown
_WORD = re.compile(r"\w+")
_END = re.compile(r"(?<=[.!?])\s+|\n+")
Pieces = list[tuple[str, bool]]


@cache
def _stemmers() -> tuple[snowballstemmer.stemmer, ...]:
    return tuple(snowballstemmer.stemmer(name) for name in LANGUAGES)


@lru_cache(maxsize=100_000)
def stems(word: str) -> frozenset[str]:
    """Return the stems of a word, in each language.

    Examples
    --------
    >>> sorted(stems("Ældres")), sorted(stems("initiatives"))
    (['ældr', 'ældres'], ['initi', 'initiativ'])
    """
    return frozenset(each.stemWord(word.casefold()) for each in _stemmers())


def indexed(text: str) -> str:
    """Return the stems of a text, each with a space on both sides.

    Examples
    --------
    >>> indexed("Børnene går")
    ' børn børnene går '
    """
    found = dict.fromkeys(stem for word in _words(text) for stem in sorted(stems(word)))
    return f" {' '.join(found)} "


def wanted(text: str) -> list[frozenset[str]]:
    """Return what is asked for with some words: the stems of each, of which one must be found."""
    return [stems(word) for word in _words(text)]


def whole(stem: str) -> str:
    """Return how a stem stands among those of a text when it is one of them."""
    return f" {stem} "


def inside(stem: str) -> str:
    """Return how a stem stands among those of a text when it may be a part of one; short ones may not."""
    return stem if len(stem) >= PART else whole(stem)


def sentence(texts: Iterable[str], words: str) -> Pieces:
    """Return the first sentence that has one of the words, in pieces that say whether they are such a word.

    Examples
    --------
    >>> sentence(["Vi ses. Børn og unge først!"], "barn børnene")
    [('', False), ('Børn', True), (' og unge først!', False)]
    """
    asked = {inside(stem) for each in wanted(words) for stem in each}
    if not asked:
        return []
    told = (_pieces(part, asked) for text in texts for part in _END.split(normalize("NFC", text)))
    return next((pieces for pieces in told if len(pieces) > 1), [])


def _pieces(text: str, asked: Collection[str]) -> Pieces:
    hits = [match.span() for match in _WORD.finditer(text) if _hit(match[0], asked)]
    if not hits:
        return [(text, False)]
    first = max(0, min(hits[0][0] - SHOWN // 3, len(text) - SHOWN))
    last = min(len(text), first + SHOWN)
    return list(_cut(text, [hit for hit in hits if hit[1] <= last] or hits[:1], first, last))


def _cut(text: str, hits: list[tuple[int, int]], first: int, last: int) -> Iterator[tuple[str, bool]]:
    at, before = first, "…" if first else ""
    for begins, ends in hits:
        yield before + text[at:begins], False
        yield text[begins:ends], True
        at, before = ends, ""
    yield text[at:last] + ("…" if last < len(text) else ""), False


def _hit(word: str, asked: Collection[str]) -> bool:
    here = indexed(word)
    return any(stem in here for stem in asked)


def _words(text: str) -> list[str]:
    return _WORD.findall(normalize("NFC", text))
