"""The pages of forms refuse strangers, wrong roles, other units and forged forms, and show no number anywhere."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from lighed.core.text import LANGUAGES
from lighed.web import door, forms
from lighed.web.forms import create_app
from tests.browser import paths, served
from tests.forms.conftest import EVA, FINN, FULL, PASSWORD, PEOPLE, TODAY, Ward
from tests.workbench.bench import running

NUMBERS = re.compile("|".join(f"{n[:6].lstrip('0')}[-\\s+]?{n[-4:]}" for n in (EVA, FINN)))
# Every route but those of signing in, and what it takes; held against the program's own list.
ROUTES = {
    "GET /{lang}/forms/": "see_forms",
    "GET /{lang}/forms/account": None,
    "POST /{lang}/forms/account": None,
    "POST /{lang}/forms/sign-out": None,
    "GET /{lang}/forms/mine": "see_forms",
    "POST /{lang}/forms/find": "read_form",
    "GET /{lang}/forms/form/{name}": "see_forms",
    "POST /{lang}/forms/form/{name}": "fill_form",
    "POST /{lang}/forms/form/{name}/refused": "fill_form",
    "GET /{lang}/forms/filled/{name}": "read_form",
    "POST /{lang}/forms/filled/{name}/support": "fill_form",
    "POST /{lang}/forms/filled/{name}/step": "fill_form",
    "POST /{lang}/forms/filled/{name}/withdraw": "fill_form",
    "GET /{lang}/forms/users": "manage_users",
    "POST /{lang}/forms/users": "manage_users",
    "POST /{lang}/forms/users/{name}": "manage_users",
    "GET /{lang}/forms/log": "read_log",
}
OPEN = {"GET /", "GET /{lang}/forms/sign-in", "POST /{lang}/forms/sign-in"}
OPEN |= {f"GET /{{lang}}/forms/sign-in/{way}" for way in ("start", "back", "away")}
POSTS = [route for route in ROUTES if route.startswith("POST")]
MAY = {
    "bo": {"see_forms"},  # of things of another unit
    "carl": {"see_forms", "manage_users", "read_log"},
    "kim": {"see_forms"},
    "lis": set(),
    "nils": {"see_forms"},
}
SENT = {"person": EVA, "unit": "5A", "why": "planning", "offer": "contact_person", "step": "offered"}
SENT |= {"answer.education": "none", "name": "frank", "password": PASSWORD}


@dataclass
class Clinician:
    """Somebody who is signed in; nothing that is answered shows a number."""

    client: httpx.Client
    token: str = ""

    def ask(self, method: str, path: str, *, token: str | None = None, **given: Any) -> httpx.Response:
        sent = given.pop("data", {}) | {"token": self.token if token is None else token}
        answer = self.client.request(method, path, data=sent if method == "POST" else None, **given)
        assert not NUMBERS.search(f"{answer.text} {answer.headers} {answer.url}")
        return answer


@dataclass
class House:
    """A clinic that is served, and a form that was filled in there."""

    ward: Ward
    address: str
    filled: str
    people: dict[str, Clinician]

    def at(self, route: str, lang: str = "da") -> tuple[str, str]:
        method, _, path = route.partition(" ")
        name = "bo" if "/users/" in path else "discharge_needs" if "/form/" in path else self.filled
        why = "?why=planning" if method == "GET" and "/filled/" in path else ""
        return method, path.format(lang=lang, name=name) + why

    def state(self) -> Any:
        return self.ward.clinic.cabinet.everyone(), self.ward.clinic.accounts.users()


@pytest.fixture(scope="module")
def house(staffed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    ward = Ward(shutil.copytree(staffed, tmp_path_factory.mktemp("house") / "skemaer"))
    ward.calendar.day = TODAY
    anna = ward.desk("anna")
    filled = anna.fill(anna.form("discharge_needs"), EVA, "5A", FULL).id
    with served(create_app(ward.clinic)) as address:
        people = {}
        for name in PEOPLE:
            person = people[name] = Clinician(httpx.Client(base_url=address, timeout=180))
            answer = person.ask("POST", "/da/forms/sign-in", data={"name": name, "password": PASSWORD})
            assert answer.status_code == 303
            person.token = re.findall('name="token" value="([^"]+)"', person.ask("GET", "/da/forms/account").text)[0]
        yield House(ward, address, filled, people)
        for person in people.values():
            person.client.close()
    ward.clinic.close()


@pytest.fixture(autouse=True)
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    ours = [record.getMessage() for record in caplog.get_records("call") if not record.name.startswith("http")]
    assert not NUMBERS.search(" ".join(ours))


def said(answer: httpx.Response) -> str:
    main = re.search(r"<main.*?</main>", answer.text, re.DOTALL)
    assert main, answer.text[:200]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main[0])).split())


def test_the_table_of_routes_is_the_programs() -> None:
    assert paths(forms.router) | paths(door.router, "/{lang}/forms") == {*ROUTES, *OPEN}


@pytest.mark.parametrize("route", ROUTES)
def test_who_is_not_signed_in_is_led_to_sign_in(route: str, house: House) -> None:
    method, path = house.at(route)
    for cookies in ({}, {"lighed": "x" * 43}):
        with httpx.Client(base_url=house.address, cookies=cookies) as stranger:
            answer = stranger.request(method, path, data=SENT if method == "POST" else None)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/da/forms/sign-in")
        assert answer.text == ""


@pytest.mark.parametrize("name", MAY)
@pytest.mark.parametrize("route", [route for route, action in ROUTES.items() if action])
def test_a_role_or_unit_that_may_not_is_refused_and_nothing_happens(route: str, name: str, house: House) -> None:
    method, path = house.at(route, "en")
    before, person = house.state(), house.people[name]
    if ROUTES[route] in MAY[name]:
        if method == "GET":
            assert person.ask(method, path).status_code == 200
        return
    answer = person.ask(method, path, data=SENT)
    if route.endswith("/find") and name == "bo":
        assert "no valid form" in said(answer)
        return
    assert answer.status_code == 403
    assert said(answer).startswith("That did not work You may not ")
    assert house.ward.logged()[0][:2] == (name, "refused")
    assert house.state() == before


@pytest.mark.parametrize("route", POSTS)
def test_a_form_without_the_token_of_its_own_session_does_nothing(route: str, house: House) -> None:
    method, path = house.at(route)
    before, dora = house.state(), house.people["dora"]
    for token in ("", "x" * 43, house.people["anna"].token):
        answer = dora.ask(method, path, data=SENT, token=token)
        assert answer.status_code == 403
    for origin in ("https://example.org", "null"):
        assert dora.ask(method, path, data=SENT, headers={"Origin": origin}).status_code == 403
    assert house.state() == before


@pytest.mark.parametrize(
    "place", ["..", "../accounts", "/etc/passwd", "x\0", "*", "x" * 3000, EVA, "forms.key"], ids=range(8)
)
@pytest.mark.parametrize("route", [route for route in ROUTES if "/filled/{name}" in route or "/form/{name}" in route])
def test_an_address_that_names_nothing_leads_nowhere(route: str, place: str, house: House) -> None:
    method, _, path = route.partition(" ")
    there = path.replace("{lang}", "da").replace("{name}", quote(place, safe="").replace(".", "%2E"))
    dora, before = house.people["dora"], house.state()
    request = dora.client.build_request(method, "/", data=SENT | {"token": dora.token} if method == "POST" else None)
    request.url = request.url.copy_with(raw_path=(there + ("?why=planning" if method == "GET" else "")).encode())
    answer = dora.client.send(request)
    assert answer.status_code in {404, 405}
    assert not NUMBERS.search(answer.text)
    assert house.state() == before


WRONG = {
    "no number": ({"person": ""}, "CPR-nummer"),
    "another number": ({"person": "12345"}, "CPR-nummer"),
    "an answer that cannot be chosen": ({"answer.education": EVA}, "education"),
    "a question that is not there": ({"answer.income": "low"}, "income"),
    "an offer that is not there": ({"added": ["less"]}, "contact_person"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_kept_is_asked_for_again_with_the_answers_without_the_number(name: str, house: House) -> None:
    more, why = WRONG[name]
    sent = {"person": EVA, "unit": "5A", "answer.education": "short", "answer.home": "alone"} | more
    before = house.state()
    answer = house.people["anna"].ask("POST", "/da/forms/form/discharge_needs", data=sent)
    assert answer.status_code == 400
    assert why in said(answer)
    assert re.search(r'id="home-alone"[^>]* checked', answer.text)
    assert house.state() == before


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_form_is_filled_in_found_followed_up_and_withdrawn(lang: str, house: House) -> None:
    anna, root = house.people["anna"], f"/{lang}/forms"
    sent = {"person": FINN, "unit": "5A", **{f"answer.{key}": value for key, value in FULL.items()}}
    made = anna.ask("POST", f"{root}/form/discharge_needs", data=sent).headers["location"]
    shown = said(anna.ask("GET", made))
    assert ("5 af 8 mulige point" if lang == "da" else "5 of 8 possible points") in shown
    assert anna.ask("GET", made.partition("?")[0]).text.count("why") > 1
    found = anna.ask("POST", f"{root}/find", data={"person": FINN, "why": "follow_up"})
    filled = made.partition("?")[0]
    assert f'href="{filled}?why=follow_up"' in found.text
    stepped = anna.ask("POST", f"{filled}/step", data={"offer": "transport_help", "step": "accepted"})
    assert house.ward.clinic.cabinet.get(filled.rpartition("/")[2]).steps[0].step == "accepted"
    assert anna.ask("GET", stepped.headers["location"]).status_code == 200
    assert made.rpartition("/")[2].partition("?")[0] in anna.ask("GET", f"{root}/mine").text
    gone = anna.ask("GET", anna.ask("POST", f"{filled}/withdraw").headers["location"])
    assert ("svarene er slettet" if lang == "da" else "the answers are deleted") in said(gone)
    assert "network" not in gone.text
    again = anna.ask("POST", f"{filled}/step", data={"offer": "transport_help", "step": "started"})
    assert again.status_code == 400


@pytest.mark.parametrize("kind", ["", "/refused"])
def test_a_form_that_is_sent_twice_from_one_page_is_one(kind: str, house: House) -> None:
    anna, address = house.people["anna"], f"/da/forms/form/functional_decline{kind}"
    page = anna.ask("GET", address.removesuffix(kind)).text
    name, same = re.findall(r'name="filled" value="([a-z]+)"', page)
    assert name == same  # of filling in and of refusing
    sent = {"person": EVA, "unit": "5A", "filled": name}
    before = {one.id for one in house.ward.clinic.cabinet.everyone()}
    with ThreadPoolExecutor(4) as hands:
        answers = [*hands.map(lambda _: anna.ask("POST", address, data=sent), range(4))]
    assert {answer.headers["location"] for answer in answers} == {f"/da/forms/filled/{name}?why=filled_in"}
    assert {one.id for one in house.ward.clinic.cabinet.everyone()} - before == {name}
    changed = anna.ask("POST", address, data=sent | {"person": FINN})
    assert (changed.status_code, "gemt allerede" in said(changed)) == (400, True)
    assert name not in changed.text  # what is sent next is another form


def test_a_refusal_is_noted_without_answers(house: House) -> None:
    anna = house.people["anna"]
    answer = anna.ask("POST", "/en/forms/form/alcohol_screening/refused", data={"person": FINN, "unit": "5A"})
    assert "did not wish the form" in said(anna.ask("GET", answer.headers["location"]))


def test_without_a_reason_the_page_asks_for_one_and_a_wrong_one_is_refused(house: House) -> None:
    anna, path = house.people["anna"], f"/en/forms/filled/{house.filled}"
    before = house.ward.logged()
    asked = anna.ask("GET", path)
    assert "possible points" not in asked.text
    assert "Why do you read the form?" in said(asked)
    assert house.ward.logged() == before
    assert anna.ask("GET", f"{path}?why=curiosity").status_code == 400
    no_form = anna.client.get(f"/en/forms/filled/{EVA}")
    assert no_form.status_code == 404
    assert not NUMBERS.search(no_form.text)


def test_an_administrator_places_a_user_in_a_unit(house: House) -> None:
    carl = house.people["carl"]
    sent = {"name": "eva", "password": PASSWORD, "role": ["clinician"], "units": "5A 5C"}
    assert carl.ask("POST", "/da/forms/users", data=sent).status_code == 303
    user = house.ward.clinic.accounts.user("eva")
    assert user is not None
    assert user.units == {"5A", "5C"}
    assert 'value="5A 5C"' in carl.ask("GET", "/da/forms/users").text
    changed = {"role": ["clinician"], "units": "5B"}
    assert carl.ask("POST", "/da/forms/users/eva", data=changed).status_code == 303
    assert {one.name: one.units for one in house.ward.clinic.accounts.users()}["eva"] == {"5B"}


def test_every_answer_is_sent_with_its_guards_and_kept_nowhere(house: House) -> None:
    answer = house.people["anna"].ask("GET", f"/da/forms/filled/{house.filled}?why=planning")
    assert answer.headers["cache-control"] == "no-store"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "same-origin"


def test_no_number_is_left_in_any_file_name_or_byte(house: House) -> None:
    for path in house.ward.folder.rglob("*"):
        assert not NUMBERS.search(path.name)
        assert not NUMBERS.search(path.read_bytes().decode("latin-1"))
    assert NUMBERS.search(f"se {EVA}")
    assert NUMBERS.search(FINN)


def test_what_nobody_foresaw_is_told_by_its_kind_alone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ValueError(f"cannot keep {EVA}")

    monkeypatch.setattr(forms, "_whose", fails)
    answer = house.people["anna"].ask("POST", "/en/forms/form/discharge_needs", data=SENT)
    assert answer.status_code == 500
    assert "ValueError" in said(answer)


def test_the_command_opens_the_pages_for_a_first_user_who_has_no_unit_yet(tmp_path: Path) -> None:
    with running(tmp_path / "skemaer", command="forms") as bench:
        admin = Clinician(bench.client())
        sent = {"name": "admin", "password": bench.first_password}
        assert admin.ask("POST", "/da/forms/sign-in", data=sent).status_code == 303
        page = admin.ask("GET", "/da/forms/form/discharge_needs").text
        admin.token = re.findall('name="token" value="([^"]+)"', page)[0]
        assert admin.ask("POST", "/da/forms/form/discharge_needs", data=SENT).status_code == 403
        assert sorted(path.name for path in bench.project.folder.glob("*.key")) == ["forms.key"]
