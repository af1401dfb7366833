"""The pages of registers and their JSON twins refuse strangers, wrong roles, forged forms and what is too large."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from lighed.core.text import LANGUAGES, say
from lighed.portfolio.house import House
from lighed.web import door, overviews, portfolio
from lighed.web.door import MANY
from tests.browser import paths, served
from tests.portfolio.conftest import HOME, PASSWORD, PEOPLE, Town, mounted, settled, surveyed

RECORD = "/record/initiatives/gaahold"
# Every route but those of signing in, with who of the people gets an answer that is no refusal.
SEE = {"rita", "paul", "ole", "else", "ana", "sara", "carl", "kim"}
OWN = {"ole", "kim"}
ROUTES: dict[str, set[str]] = {
    "GET /": SEE,
    "GET /registers.json": SEE,
    "GET /revision": SEE,
    "GET /revision.json": SEE,
    "GET /register/{name}": SEE,
    "GET /register/{name}.json": SEE,
    "POST /register/{name}.json": OWN,
    "GET /register/{name}/export.{kind}": SEE,
    "GET /register/{name}/import": SEE,
    "POST /register/{name}/import": OWN,
    "GET /register/{name}/new": SEE,
    "POST /register/{name}/new": OWN,
    "GET /record/{name}/{one}": SEE,
    "GET /record/{name}/{one}.json": SEE,
    "GET /record/{name}/{one}/figure/{figure}.svg": SEE,
    "POST /record/{name}/{one}.json": OWN,
    "GET /record/{name}/{one}/edit": SEE,
    "GET /record/{name}/{one}/file/{version}/{field}": SEE,
    "POST /record/{name}/{one}/edit": OWN,
    "POST /record/{name}/{one}/move": OWN,
    "GET /record/{name}/{one}/history": SEE,
    "GET /record/{name}/{one}/history.json": SEE,
    "GET /diagnostics": SEE,
    "GET /diagnostics.json": SEE,
    "GET /survey/{one}": SEE,
    "GET /survey/{one}.json": SEE,
    "GET /survey/{one}/figure/{name}.svg": SEE,
    "GET /survey/{one}/import": SEE,
    "POST /survey/{one}/import": {"ana", "kim"},
    "GET /record/{name}/{one}/report": SEE,
    "GET /record/{name}/{one}/report.json": SEE,
    "GET /record/{name}/{one}/report.{kind}": SEE,
    "GET /report/{name}": SEE,
    "GET /report/{name}.json": SEE,
    "GET /report/{name}.{kind}": SEE,
    "GET /due": SEE,
    "GET /due.json": SEE,
    "GET /users": {"carl"},
    "POST /users": {"carl"},
    "POST /users/{name}": {"carl"},
    "GET /log": {"carl"},
    "GET /account": {*SEE, "nils"},
}
OTHERS = {"GET /sign-in", "POST /sign-in", "POST /sign-out", "POST /account"}
OTHERS |= {f"GET /sign-in/{way}" for way in ("start", "back", "away")}
POSTS = [route for route in ROUTES if route.startswith("POST")]
SENT = {"title": "Gåhold", "organisation": HOME, "version": "2", "move": "start", "name": "frank", "password": PASSWORD}

MAPPING = """{id: survey, version: 1, survey: gaahold, organisation: Partner,
  items: [{item: har-sat-maal, column: Mål, counted: [Ja], against: [Nej]}]}"""
ANSWERED = {
    "file": ("svar.csv", "Partner;Mål\nAarhus Kommune;Ja\n".encode()),
    "mapping": ("mapping.yaml", MAPPING.encode()),
}


@dataclass
class Visitor:
    """Somebody who is signed in."""

    client: httpx.Client
    token: str = ""

    def ask(self, method: str, path: str, token: str | None = None, **given: Any) -> httpx.Response:
        mine = {"token": self.token if token is None else token}
        for kind in ("data", "json"):
            if kind in given:
                given[kind] = given[kind] | mine
        return self.client.request(method, path, **given)


@dataclass
class Site:
    """A house that is served, and the people in it."""

    town: Town
    address: str
    people: dict[str, Visitor]

    def at(self, route: str, lang: str = "da") -> tuple[str, str]:
        method, _, path = route.partition(" ")
        name, one, kind = "initiatives", "gaahold", "csv"
        if "/report" in path:
            name, one, kind = "overview" if path.startswith("/report") else "programmes", "alliancen", "pdf"
        elif "/users/" in path:
            name = "paul"
        elif path.startswith("/survey"):
            name = "shares"
        elif "/file/" in path:
            name, one = "library", "rapport"
        made = path.format(name=name, one=one, kind=kind, version=3, field="file", figure="gap")
        return method, f"/{lang}/portfolio{made}"

    def given(self, route: str) -> dict[str, Any]:
        if not route.startswith("POST"):
            return {}
        if route.endswith(".json"):
            content = {"title": "Gåhold", "organisation": HOME}
            return {"json": {"content": content, "version": 2}}
        if route.endswith("{one}/import"):
            return {"data": SENT, "files": ANSWERED}
        if route.endswith("/import"):
            return {"data": SENT, "files": {"file": ("x.csv", f"title;organisation\nGåhold;{HOME}\n".encode())}}
        return {"data": SENT}

    def state(self) -> Any:
        desk = self.town.desk("sara")
        return [desk.export(register) for register in desk.registers()], self.town.house.accounts.users()


@pytest.fixture(scope="module")
def site(staffed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    town = settled(House.open(shutil.copytree(staffed, tmp_path_factory.mktemp("site") / "portfolio")))
    town.move("ole", town.create("ole", "initiatives", title="Gåhold", organisation=HOME), "plan")
    surveyed(town, "Gåhold")
    desk = town.desk("ana")
    report = {"title": "Rapport", "kind": "report", "licence": "CC BY", "published_on": "2020-01-01"}
    report["file"] = desk.keep_file(desk.register("library"), "file", "rapport.pdf", io.BytesIO(b"%PDF-1.7"))
    town.move("sara", town.move("ana", town.create("ana", "library", **report), "send"), "publish")
    town.create("sara", "programmes", title="Alliancen", kind="alliance")
    with served(mounted(town.house)) as address:
        people = {}
        for name in PEOPLE:
            person = people[name] = Visitor(httpx.Client(base_url=address, timeout=180))
            person.client.post("/da/portfolio/sign-in", data={"name": name, "password": PASSWORD})
            person.token = re.findall('name="token" value="([^"]+)"', person.ask("GET", "/da/portfolio/account").text)[
                0
            ]
        yield Site(town, address, people)
        for person in people.values():
            person.client.close()
    town.house.close()


def said(answer: httpx.Response) -> str:
    main = re.search(r"<main.*?</main>", answer.text, re.DOTALL)
    assert main, answer.text[:200]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main[0])).split())


def test_the_table_of_routes_is_the_programs() -> None:
    assert paths(portfolio.router) | paths(overviews.router) | paths(door.router) == {*ROUTES, *OTHERS}


def test_who_is_not_signed_in_sees_nothing(site: Site) -> None:
    before = site.state()
    for route in ROUTES:
        method, path = site.at(route)
        for cookies in ({}, {"lighed": "x" * 43}):
            with httpx.Client(base_url=site.address, cookies=cookies) as stranger:
                answer = stranger.request(method, path, **site.given(route))
            if path.endswith(".json"):
                assert (answer.status_code, list(answer.json())) == (401, ["error"]), route
            else:
                assert (answer.status_code, answer.text) == (303, ""), route
                assert answer.headers["location"].startswith("/da/portfolio/sign-in")
    assert site.state() == before


def test_a_role_or_organisation_that_may_not_is_refused_and_nothing_happens(site: Site) -> None:
    for route, may in ROUTES.items():
        method, path = site.at(route, "en")
        before = site.state()
        for name in sorted(PEOPLE.keys() - may):
            answer = site.people[name].ask(method, path, **site.given(route))
            refused = 400 if route.endswith("/import") and name != "nils" else 403
            assert answer.status_code == refused, (route, name)
        assert site.state() == before, route
        if method == "GET":
            there = 404 if "{figure}" in route else 200  # no release stands beside these registers
            assert {site.people[name].ask(method, path).status_code for name in may} == {there}, route


def test_what_is_sent_without_the_token_of_its_own_session_does_nothing(site: Site) -> None:
    before = site.state()
    for route in POSTS:
        method, path = site.at(route)
        person = site.people["carl" if "users" in route else "ole"]
        for token in ("", "x" * 43, site.people["kim"].token):
            assert person.ask(method, path, token, **site.given(route)).status_code == 403, route
        forged = person.ask(method, path, **site.given(route), headers={"Origin": "https://example.org"})
        assert forged.status_code == 403, route
    assert site.state() == before


def test_a_record_is_made_changed_moved_and_read_as_json(site: Site) -> None:
    ole, root = site.people["ole"], "/en/portfolio"
    told = ole.ask("GET", f"{root}/registers.json").json()
    assert told["token"] == ole.token
    (register,) = (one for one in told["registers"] if one["id"] == "initiatives")
    assert register["fields"][0]["id"] == "title"
    assert register["count"] == len(ole.ask("GET", f"{root}/register/initiatives.json").json()["records"])
    content = {"title": "Rygestop", "organisation": HOME, "factors": ["3"]}
    made = ole.ask("POST", f"{root}/register/initiatives.json", json={"content": content})
    assert (made.status_code, made.json()["id"], made.json()["version"]) == (201, "rygestop", 1)
    there = f"{root}/record/initiatives/rygestop"
    changed = ole.ask("POST", f"{there}.json", json={"version": 1, "content": content | {"light": "red"}}).json()
    assert (changed["version"], changed["content"]["light"], changed["by"]) == (2, "red", "ole")
    late = site.people["kim"].ask("POST", f"{there}.json", json={"version": 1, "content": content})
    assert (late.status_code, late.json()["now"]) == (409, changed)
    moved = ole.ask("POST", f"{there}.json", json={"version": 2, "move": "plan"}).json()
    assert (moved["state"], moved["version"]) == ("planned", 3)
    assert site.people["rita"].ask("GET", f"{there}.json").json() == moved
    versions = ole.ask("GET", f"{there}/history.json").json()["versions"]
    assert [one["change"] for one in versions] == ["plan", "edited", "created"]
    found = ole.ask("GET", f"{root}/register/initiatives.json?q=ryge&f.factors=3&state=planned").json()
    assert (found["count"], found["records"]) == (1, [moved])


def test_a_survey_gives_what_its_page_says_as_json(site: Site) -> None:
    told = site.people["rita"].ask("GET", "/da/portfolio/survey/gaahold.json").json()
    assert (told["answered"], told["asked"], told["blocks"][0]["text"]) == (68, 107, "68 af 107 svarede (63,6 %).")
    assert [(one["percent"], one["basis"]) for one in told["items"]] == [(75, "percent"), (98, "unattainable")]
    page = said(site.people["rita"].ask("GET", "/da/portfolio/survey/gaahold"))
    assert all(cell in page for cell in ("51 af 68", "68,3–80,7 %", "47,7–84,1 %", "nævner ikke offentliggjort"))


@pytest.mark.parametrize(
    ("sent", "field", "status"),
    [
        ({"content": {"title": "x"}}, "organisation", 400),
        ({"content": {"title": "x", "organisation": HOME, "begins": "soon"}}, "begins", 400),
        ({"content": []}, None, 400),
        ({}, None, 400),
    ],
)
def test_json_that_cannot_be_kept_is_refused_with_a_sentence_at_the_field(
    site: Site, sent: dict[str, Any], field: str | None, status: int
) -> None:
    for lang in LANGUAGES:
        answer = site.people["ole"].ask("POST", f"/{lang}/portfolio/register/initiatives.json", json=sent)
        assert answer.status_code == status
        assert answer.json()["error"]
        assert [one["field"] for one in answer.json().get("problems", [])] == ([field] if field else [])


@pytest.mark.parametrize("body", [b"{", b"[]", b"[" * 50_000, b"\xff"], ids=["cut", "list", "deep", "bytes"])
def test_what_is_no_json_object_is_refused(site: Site, body: bytes) -> None:
    kind = {"content-type": "application/json"}
    answer = site.people["ole"].client.post("/da/portfolio/register/initiatives.json", content=body, headers=kind)
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]


def test_a_form_gives_several_values_and_keeps_what_was_typed_when_it_is_wrong(site: Site) -> None:
    ole = site.people["ole"]
    sent = SENT | {"title": "Madskole", f"{MANY}factors": ["1", "3"], "begins": "31-02-2026"}
    sent |= {"budget.value": "12,5", "budget.unit": "kroner"}
    answer = ole.ask("POST", "/da/portfolio/register/initiatives/new", data=sent)
    assert answer.status_code == 400
    assert 'value="31-02-2026"' in answer.text
    assert 'value="12,5"' in answer.text
    assert answer.text.count(" checked") == 2
    good = ole.ask("POST", "/da/portfolio/register/initiatives/new", data=sent | {"begins": "28-02-2026"})
    assert good.headers["location"] == "/da/portfolio/record/initiatives/madskole"
    kept = site.town.house.archive.get("initiatives", "madskole").content
    told = {"factors": ["1", "3"], "begins": "2026-02-28", "budget": {"value": 12.5, "unit": "kroner"}}
    assert {name: kept[name] for name in told} == told


@pytest.mark.parametrize("version", ["", "x", "-1", "1" * 30])
def test_a_form_that_does_not_say_what_was_seen_changes_nothing(site: Site, version: str) -> None:
    before = site.state()
    for way in ("edit", "move"):
        path = f"/da/portfolio{RECORD}/{way}"
        answer = site.people["ole"].ask("POST", path, data=SENT | {"version": version})
        assert answer.status_code == 400
    assert site.state() == before


MISSING = ["register/nothing", "record/initiatives/nothing", "record/nothing/gaahold", "x/y", "report/nothing"]
MISSING += [
    "record/initiatives/gaahold/report",
    "report/overview.exe",
    "report/plan",
    "record/reports/nothing/report.pdf",
    "survey/nothing",
]


@pytest.mark.parametrize("where", MISSING)
def test_an_address_that_names_nothing_is_not_found(site: Site, where: str) -> None:
    for lang in LANGUAGES:
        assert site.people["sara"].ask("GET", f"/{lang}/portfolio/{where}").status_code == 404


def test_a_file_that_is_too_large_is_refused_before_it_is_read(site: Site) -> None:
    before = site.state()
    large = {"file": ("x.csv", b"title;organisation\n" + b"a" * (50 << 20))}
    try:
        answer = site.people["ole"].ask("POST", "/da/portfolio/register/initiatives/import", data={}, files=large)
    except httpx.WriteError:  # the answer came before all was sent
        answer = None
    assert answer is None or (answer.status_code == 413 and "20" in said(answer))
    assert site.state() == before


def test_a_file_is_taken_in_from_the_page_and_a_wrong_one_is_shown_with_its_rows(site: Site) -> None:
    ole, there = site.people["ole"], "/da/portfolio/register/initiatives/import"
    wrong = {"file": ("x.csv", f"title;organisation\nGod;{HOME}\n;{HOME}\n".encode())}
    answer = ole.ask("POST", there, data={}, files=wrong)
    assert answer.status_code == 400
    assert "3 title" in said(answer)
    assert ole.ask("POST", there, data={}).status_code == 400
    before = ole.ask("GET", "/da/portfolio/register/initiatives/export.csv").content.count(HOME.encode())
    good = {"file": ("x.csv", f"title;organisation\nGod;{HOME}\nBedre;{HOME}\n".encode())}
    assert ole.ask("POST", there, data={}, files=good).status_code == 303
    told = ole.ask("GET", "/da/portfolio/register/initiatives/export.csv")
    assert told.content.count(HOME.encode()) == before + 2
    assert told.headers["content-disposition"] == 'attachment; filename="initiatives.csv"'
    assert ole.ask("GET", "/da/portfolio/register/initiatives/export.exe").status_code == 404


# What is sent in the place of a file of answers or of its mapping, and what is said of it.
MISREAD: dict[str, tuple[dict[str, Any], str]] = {
    "no mapping": ({"mapping": None}, "Choose a file first."),
    "a mapping of another survey": (
        {"mapping": ("x.yaml", MAPPING.replace("gaahold", "sund"))},
        "another survey than gaahold",
    ),
    "a mapping in other letters": ({"mapping": ("x.yaml", MAPPING.encode("cp1252"))}, "UTF-8"),
    "a mapping of nothing": ({"mapping": ("x.yaml", "id: [")}, "x.yaml"),
    "a mapping without items": ({"mapping": ("x.yaml", "{id: x, version: 1, survey: gaahold}")}, "items"),
    "other columns": ({"file": ("svar.csv", "Partner;Svar\nAarhus Kommune;Ja\n")}, "Svar"),
    "a stranger": ({"file": ("svar.csv", "Partner;Mål\nAarhus Kommune;Ja\nIngen;Ja\n")}, "3 Partner Ingen"),
    "an answer of no meaning": ({"file": ("svar.csv", "Partner;Mål\nAarhus Kommune;Måske\n")}, "2 Mål Måske"),
}


@pytest.mark.parametrize("what", MISREAD)
def test_answers_that_cannot_be_read_are_refused_on_the_page_and_nothing_is_kept(site: Site, what: str) -> None:
    change, told = MISREAD[what]
    given = {name: file for name, file in (ANSWERED | change).items() if file}
    before = site.state()
    answer = site.people["ana"].ask("POST", "/en/portfolio/survey/gaahold/import", data={}, files=given)
    assert answer.status_code == 400
    assert told in said(answer)
    assert site.state() == before


def test_answers_are_taken_in_from_the_page_of_a_survey_by_who_may_write_them(site: Site) -> None:
    there = "/da/portfolio/survey/gaahold"
    offered = {name for name in SEE if f"{there}/import" in site.people[name].ask("GET", there).text}
    assert offered == ROUTES["POST /survey/{one}/import"]
    assert site.people["ana"].ask("POST", f"{there}/import", data={}, files=ANSWERED).headers["location"] == there
    assert "1 af 1 svarede" in said(site.people["rita"].ask("GET", there))
    assert site.people["ana"].ask("POST", there.replace("gaahold", "nothing") + "/import", data={}).status_code == 404


def test_a_report_is_fetched_as_a_file_of_its_kind(site: Site) -> None:
    for kind, begins in (("pdf", b"%PDF-1.7"), ("docx", b"PK")):
        answer = site.people["rita"].ask("GET", f"/en/portfolio/record/programmes/alliancen/report.{kind}")
        assert answer.content.startswith(begins)
        assert answer.headers["content-type"] == overviews.PRINTED[kind][1]
        assert answer.headers["content-disposition"] == f'attachment; filename="alliancen.{kind}"'


def test_a_list_is_narrowed_to_days_and_a_day_that_does_not_exist_is_refused(site: Site) -> None:
    ana, there = site.people["ana"], "/da/portfolio/register/library"
    for day in ("2024-01-01", "2025-01-01"):
        content = {"title": f"Rapport {day}", "kind": "report", "licence": "CC BY", "published_on": day}
        ana.ask("POST", f"{there}.json", json={"content": content})
    for query, count in (("from.published_on=2024-01-02", 1), ("to.published_on=01-01-2024", 2), ("from.title=x", 3)):
        assert ana.ask("GET", f"{there}.json?{query}").json()["count"] == count
    wrong = ana.ask("GET", f"{there}.json?from.published_on=2024-02-30")
    assert (wrong.status_code, [one["problem"] for one in wrong.json()["problems"]]) == (
        400,
        [say("problem.not_a_day", "da")],
    )
    assert 'value="2024-01-02"' in ana.ask("GET", f"{there}?from.published_on=2024-01-02").text
