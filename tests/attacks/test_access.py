"""Two projects, each with people of every role: who may not does not, whatever they send, and nobody crosses over."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import httpx
import pytest

from lighed.catalogue import Catalogue
from lighed.core.accounts import Accounts
from lighed.core.office import Office
from lighed.core.release import Release
from lighed.web.app import Site
from lighed.web.app import create_app as public
from lighed.workbench.app import create_app
from lighed.workbench.desk import Desk
from tests.attacks.attacks import Pair
from tests.browser import served
from tests.workbench.bench import PASSWORD, PEOPLE, Person
from tests.workbench.test_refusals import MAY, POSTS, REFUSED, ROUTES
from tests.zones import Zone, new_zone


@dataclass
class House:
    """A workbench that is served, with its accounts, and those who are signed in."""

    address: str
    made: Zone
    people: dict[str, Person] = field(default_factory=dict)

    def sign_in(self, name: str, **cookies: str) -> Person:
        client = httpx.Client(base_url=self.address, timeout=60, cookies=cookies)
        answer = client.post("/da/zone/sign-in", data={"name": name, "password": PASSWORD})
        assert answer.status_code == 303
        found = re.search('name="token" value="([^"]+)"', client.get("/da/zone/account").text)
        return Person(client, found[1] if found else "")

    def state(self) -> dict[str, object]:
        """The accounts, and every file but them."""
        accounts = Accounts(self.made.project.accounts)
        users = {user.name: (user.roles, user.closed, user.units) for user in accounts.users()}
        accounts.engine.dispose()
        folder = self.made.project.folder
        files = {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file() and "accounts.db" not in p.name}
        return users | files


def at(route: str, name: str = "0" * 16) -> tuple[str, str]:
    """The method and an address of a route."""
    method, _, path = route.partition(" ")
    named = {"name": "eva" if "/users/" in path else name, "plan": "project"}
    return method, path.replace("{path:path}", "").format(lang="en", **named)


@pytest.fixture(scope="module")
def houses(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, House]]:
    before, found = tempfile.tempdir, []
    with ExitStack() as stack:
        for name in ("one", "other"):
            made = new_zone(tmp_path_factory.mktemp(name) / "project", catalogue)
            accounts = Accounts(made.project.accounts)
            for person, given in PEOPLE.items():
                accounts.add_user(person, PASSWORD, given, by="-")
            accounts.engine.dispose()
            house = House(stack.enter_context(served(create_app(made.project))), made)
            house.people |= {person: house.sign_in(person) for person in PEOPLE}
            house.people["dora"].upload("borgere.csv", b"CPR;KOMNR\n0101701234;0101\n")
            found.append(house)
        yield found[0], found[1]
        for person in (person for house in found for person in house.people.values()):
            person.client.close()
    tempfile.tempdir = before  # the workbench says where uploads wait


def let_in(house: House) -> list[str]:
    """The pairs of a role and a route that are answered otherwise than that they may not."""
    found, upload = [], next(house.made.project.inbox.iterdir()).name
    for name, route in REFUSED:
        method, path = at(route, upload)
        person = house.people[name]
        sent = {"text": "", "name": "frank", "password": PASSWORD}
        answer = person.post(path, sent) if method == "POST" else person.get(path)
        absent = "/candidates/" in path and answer.status_code == 404  # nothing was built
        chosen = path.endswith("/files") and answer.status_code == 400  # no file was chosen
        found += [] if answer.status_code == 403 or absent or chosen else [f"{name}: {route}: {answer.status_code}"]
    return found


def test_a1_no_role_is_let_in_where_it_may_not_be(houses: tuple[House, House]) -> None:
    before = houses[0].state()
    assert let_in(houses[0]) == []
    assert houses[0].state() == before
    assert {action for action in ROUTES.values() if action} == set().union(*MAY.values()) - {"try", "see_forms"}


UNGUARDED = ["plan_text", "save_mapping", "users"]


@pytest.mark.parametrize("name", UNGUARDED)
def test_a1_a_route_that_asks_for_no_right_is_seen(
    name: str, houses: tuple[House, House], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = getattr(Desk, name)

    def unguarded(desk: Desk, *given: object, **named: object) -> object:
        with monkeypatch.context() as within:
            within.setattr(Office, "_demand", lambda one, *_: one.user)
            return asked(desk, *given, **named)

    monkeypatch.setattr(Desk, name, unguarded)
    assert let_in(houses[0]) != []


def test_a2_a_session_of_one_project_opens_nothing_of_another(houses: tuple[House, House]) -> None:
    mine, theirs = houses
    before = theirs.state()
    dora = mine.people["dora"]
    with httpx.Client(base_url=theirs.address, cookies=dict(dora.client.cookies)) as crossing:
        for route in ROUTES:
            method, path = at(route)
            answer = crossing.request(method, path, data={"token": dora.token} if method == "POST" else None)
            assert answer.status_code == (401 if path.endswith(".json") else 303), route
    assert theirs.state() == before


def test_a2_what_one_project_calls_its_own_is_not_there_in_another(houses: tuple[House, House]) -> None:
    mine, theirs = houses
    upload = next(mine.made.project.inbox.iterdir()).name
    before = theirs.state()
    for route in (route for route in ROUTES if "/files/{name}" in route):
        method, path = at(route, upload)
        dora = theirs.people["dora"]
        answer = dora.post(path, {"text": ""}) if method == "POST" else dora.get(path)
        assert answer.status_code == 404, route
    assert theirs.state() == before


MORE = {
    "role": ["administrator"],
    "roles": "administrator",
    "is_admin": "1",
    "made_by": "bo",
    "by": "bo",
    "user": "carl",
    "published": "true",
    "audited": "true",
    "smallest_count": "1",
    "k": "1",
    "closed": "",
}


FORMS = [route for route in POSTS if not route.endswith(("/users", "/users/{name}", "/sign-out", "/build"))]


@pytest.mark.parametrize("route", FORMS)
def test_a3_fields_that_a_form_does_not_have_change_nothing(route: str, houses: tuple[House, House]) -> None:
    house, before = houses[0], houses[0].state()
    answer = house.people["anna"].post(at(route)[1], MORE | {"old": "wrong password", "new": "en helt anden kode"})
    assert answer.status_code in {303, 400, 403, 404}
    after = house.state()
    assert {name: after[name] for name in PEOPLE} == {name: before[name] for name in PEOPLE}
    plan = next(name for name in before if name.endswith("plans/project.yaml"))
    assert after[plan] == before[plan]


def test_a4_a_session_that_was_planted_is_nobodys_before_and_after_signing_in(houses: tuple[House, House]) -> None:
    planted = "p" * 43
    person = houses[0].sign_in("bo", lighed=planted)
    given = {cookie.value for cookie in person.client.cookies.jar}
    assert given - {planted}
    person.client.close()
    with httpx.Client(base_url=houses[0].address, cookies={"lighed": planted}) as other:
        assert other.get("/da/zone/").status_code == 303


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "application/xml", ""])
@pytest.mark.parametrize("route", POSTS)
def test_a5_a_body_without_the_token_of_its_session_does_nothing_whatever_kind_it_is_of(
    route: str, kind: str, houses: tuple[House, House]
) -> None:
    house = houses[0]
    dora, before = house.people["dora"], house.state()
    for token in ("", house.people["anna"].token):
        body = json.dumps({"token": token, "text": "x"})
        answer = dora.client.post(at(route)[1], content=body, headers={"Content-Type": kind})
        assert answer.status_code == 403
    assert house.state() == before


METHODS = ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"]


@pytest.fixture(scope="module")
def site(pair: Pair) -> Iterator[str]:
    with served(public([pair[0].release.folder])) as address:
        yield address


@pytest.mark.parametrize("method", METHODS)
def test_a1_the_server_of_releases_is_only_read(method: str, site: str) -> None:
    for path in ("/", "/healthz", "/openapi.json", "/da/town/", "/da/town/indicator/F6.1.json", "/static/lighed.css"):
        assert httpx.request(method, site + path).status_code == 405, path


def test_a1_the_server_of_releases_has_the_routes_that_it_says(site: str) -> None:
    described = httpx.get(f"{site}/openapi.json").json()["paths"]
    assert {path: list(methods) for path, methods in described.items()} == {"/{lang}/{release}/{path}": ["get"]}


def test_a6_what_anybody_writes_into_an_address_makes_no_page_more_to_keep(denmark_release: Release) -> None:
    asked = Site({"denmark": denmark_release})
    page = asked.answer("da", "denmark", "indicator/F3.1", {}).body
    for k in range(20):
        answer = asked.answer("da", "denmark", "indicator/F3.1", {"by": f"x{k}", "view": f"y{k}", f"z{k}": "1"})
        assert answer.body == page
        assert asked.answer("da", "denmark", "catalogue", {"q": f"{k}" * 500}).status_code == 200
    assert asked._answer.cache_info().currsize == 1


GUARDS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
}


@pytest.mark.parametrize("path", ["/", "/healthz", "/openapi.json", "/da/town/", "/da/none/", "/static/none", "/x"])
def test_a7_every_answer_of_the_server_of_releases_is_guarded(path: str, site: str) -> None:
    plain = httpx.get(site + path).headers
    assert {name for name, due in GUARDS.items() if not plain[name].startswith(due)} == set()
    assert "strict-transport-security" not in plain
    assert "set-cookie" not in plain
    behind = httpx.get(site + path, headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.1.2.3"}).headers
    assert behind["strict-transport-security"] == "max-age=31536000"


def test_a7_so_is_every_answer_of_the_workbench(houses: tuple[House, House]) -> None:
    behind = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.1.2.3"}
    for route in ROUTES:
        method, path = at(route)
        answer = httpx.request(method, houses[0].address + path, headers=behind)
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert answer.headers["cache-control"] == "no-store"
