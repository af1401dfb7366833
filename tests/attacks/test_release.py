"""Everything that leaves the zone is attacked: what is hidden is not found in it, worked out of it or told apart."""

from __future__ import annotations

import base64
import gzip

import pytest

from tests.attacks.attacks import ATTACKS, Pair, decoded
from tests.attacks.town import SECRET
from tests.disclosure.reader import counted, hidden


def test_the_towns_differ_in_hidden_groups_alone_and_are_hidden_alike(pair: Pair) -> None:
    one, other = (counted(shown.truth) for shown in pair)
    differ = {key for key in one if one[key]["events"] != other[key]["events"]}
    assert {(key[2], key[4]) for key in differ} == SECRET
    patterns = [{key for key, row in counted(shown.rows).items() if hidden(row)} for shown in pair]
    assert patterns[0] == patterns[1] > differ


MISSING = ("none", "none.json", "none.csv", "catalogue.csv")
PLAIN = b'{"value": 12.3456789012345, "place": "S&#248;nderjylland"}'.ljust(80)
PACKED = {
    "as it is": PLAIN,
    "gzip": gzip.compress(PLAIN),
    "base64 in a page": b'<p data-spec="' + base64.b64encode(PLAIN) + b'">',
    "gzip in base64": base64.b64encode(gzip.compress(PLAIN * 9)),
    "base64 in gzip": gzip.compress(base64.b64encode(PLAIN)),
}


@pytest.mark.parametrize("name", PACKED)
def test_what_is_packed_is_unpacked_before_it_is_searched(name: str) -> None:
    assert any("12.3456789012345" in text and "Sønderjylland" in text for text in decoded(PACKED[name]))


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_finds_nothing(name: str, pair: Pair) -> None:
    assert ATTACKS[name](pair) == []


def test_no_address_fails_and_every_kind_of_answer_is_there(pair: Pair) -> None:
    statuses = {name: content[:3] for name, content in pair[0].of_kind("headers").items()}
    assert {*statuses.values()} == {b"200", b"404"}
    assert all(status == b"200" for name, status in statuses.items() if not name.endswith(MISSING))
    assert {name.split("/")[0] for name in pair[0].answers} == {"html", "json", "csv", "svg", "headers"}
