"""What the workbench refuses: strangers, wrong roles, forged forms, files that are traps, and numbers of persons."""

from __future__ import annotations

import io
import re
import socket
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from lighed.core.project import Project
from lighed.web import door
from lighed.web.app import create_app as public
from lighed.workbench.routes import router
from tests.browser import paths, served
from tests.workbench.bench import MAPPING, NUMBERS, PASSWORD, PATIENCE, Bench, people_file, running
from tests.workbench.conftest import PLAN, Stand

NUMBER = "0101701234"
MEGABYTES = 1
CANDIDATE = f"/da/zone/candidates/{PLAN}"

# Every route but those of signing in, and what it takes; written here and held against the program's own list.
ROUTES = {
    "GET /{lang}/zone/": "see_zone",
    "GET /{lang}/zone/account": None,
    "POST /{lang}/zone/account": None,
    "POST /{lang}/zone/sign-out": None,
    "POST /{lang}/zone/files": "upload",
    "GET /{lang}/zone/files/{name}": "see_zone",
    "GET /{lang}/zone/files/{name}/text": "see_zone",
    "POST /{lang}/zone/files/{name}/mapping": "map",
    "POST /{lang}/zone/files/{name}/draft": "map",
    "POST /{lang}/zone/files/{name}/load": "load",
    "POST /{lang}/zone/files/{name}/table": "load",
    "POST /{lang}/zone/files/{name}/discard": "upload",
    "GET /{lang}/zone/jobs/{name}": "see_zone",
    "GET /{lang}/zone/jobs/{name}.json": "see_zone",
    "GET /{lang}/zone/plans/{plan}": "see_zone",
    "POST /{lang}/zone/plans/{plan}": "plan",
    "POST /{lang}/zone/plans/{plan}/build": "build",
    "POST /{lang}/zone/plans/{plan}/internal": "internal",
    "GET /{lang}/zone/releases": "see_zone",
    "GET /{lang}/zone/releases.json": "see_zone",
    "GET /{lang}/zone/candidates/{plan}": "see_zone",
    "POST /{lang}/zone/candidates/{plan}/sign-off": "sign_off",
    "POST /{lang}/zone/candidates/{plan}/discard": "discard",
    "GET /{lang}/zone/users": "manage_users",
    "POST /{lang}/zone/users": "manage_users",
    "POST /{lang}/zone/users/{name}": "manage_users",
    "GET /{lang}/zone/log": "read_log",
    "GET /{lang}/{plan}/{path:path}": "see_zone",
}
OPEN = {"GET /", "GET /{lang}/zone/sign-in", "POST /{lang}/zone/sign-in"}
OPEN |= {f"GET /{{lang}}/zone/sign-in/{way}" for way in ("start", "back", "away")}
POSTS = [route for route in ROUTES if route.startswith("POST")]
ROLES = {"anna": "analyst", "bo": "releaser", "carl": "administrator", "eva": "nobody", "fie": "internal_reader"}
MAY = {
    "analyst": {"see_zone", "upload", "map", "try", "load", "plan", "build", "discard"},
    "releaser": {"see_zone", "sign_off", "discard"},
    "internal_reader": {"see_zone", "internal"},
    "administrator": {"see_zone", "see_forms", "manage_users", "read_log"},
    "nobody": set(),
}


def address(route: str, stand: Stand, lang: str = "da") -> tuple[str, str]:
    """The method and an address of a route, of things that are there."""
    method, _, path = route.partition(" ")
    name = stand.addresses["tried" if "/jobs/" in path else "file"].rsplit("/", 1)[-1]
    if "/users/" in path:
        name = "eva"
    return method, path.replace("{path:path}", "").format(lang=lang, name=name, plan=PLAN)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A workbench that takes files of a megabyte."""
    with running(tmp_path_factory.mktemp("strict") / PLAN, LIGHED_UPLOAD_MEGABYTES=str(MEGABYTES)) as bench:
        bench.open_accounts()
        yield bench


def said(answer: httpx.Response) -> str:
    """The words in the main part of a page."""
    main = re.search(r"<main.*?</main>", answer.text, re.DOTALL)
    assert main, answer.text[:200]
    return " ".join(re.sub(r"<[^>]+>", " ", main[0]).split())


def things(project: Project) -> dict[str, bytes]:
    """Every file of the project but its accounts."""
    return {
        str(path.relative_to(project.folder)): path.read_bytes()
        for path in project.folder.rglob("*")
        if path.is_file() and not path.name.startswith("accounts.db")
    }


# --- strangers and roles


def test_the_table_of_routes_is_the_programs() -> None:
    assert paths(router) | paths(door.router, "/{lang}/zone") == {*ROUTES, *OPEN}


@pytest.mark.parametrize("route", ROUTES)
def test_who_is_not_signed_in_is_led_to_sign_in_and_from_there_to_the_page(route: str, stand: Stand) -> None:
    method, path = address(route, stand)
    onward = f"?next={path}" if method == "GET" else ""
    for cookies in ({}, {"lighed": "x" * 43}):
        with stand.bench.client(cookies=cookies) as stranger:
            answer = stranger.request(method, path, data={} if method == "POST" else None)
            if path.endswith(".json"):  # which a program reads that cannot sign in on a page
                assert (answer.status_code, answer.headers.get("location")) == (401, None)
                assert set(answer.json()) == {"error"}
                continue
            assert answer.status_code == 303
            assert answer.headers["location"] == f"/da/zone/sign-in{onward}"
            assert answer.text == ""


REFUSED = [
    (name, route)
    for route, action in ROUTES.items()
    for name, role in ROLES.items()
    if action and action not in MAY[role] and "/jobs/" not in route
]


@pytest.mark.parametrize(("name", "route"), REFUSED)
def test_a_role_that_may_not_is_refused_in_a_sentence_and_nothing_happens(name: str, route: str, stand: Stand) -> None:
    method, path = address(route, stand, "en")
    person, before = stand.bench.person(name), things(stand.bench.project)
    form = {"text": MAPPING, "name": "frank", "password": PASSWORD}
    if path.endswith("/files"):
        answer = person.post(path, files={"file": ("x.csv", b"a;b")})
    else:
        answer = person.post(path, form) if method == "POST" else person.get(path)
    assert answer.status_code == 403
    told = "That did not work " + answer.json()["error"] if path.endswith(".json") else said(answer)
    assert told.startswith("That did not work You may not ")
    assert things(stand.bench.project) == before
    accounts = stand.bench.accounts
    assert (accounts.log(1)[0].user, accounts.log(1)[0].action) == (name, "refused")
    assert accounts.user("frank") is None
    accounts.engine.dispose()


@pytest.mark.parametrize("name", ROLES)
@pytest.mark.parametrize("route", [route for route in ROUTES if route.startswith("GET") and "/jobs/" not in route])
def test_a_role_that_may_sees_the_page(name: str, route: str, stand: Stand) -> None:
    action = ROUTES[route]
    allowed = action is None or action in MAY[ROLES[name]]
    answer = stand.bench.person(name).get(address(route, stand)[1])
    assert answer.status_code == (200 if allowed else 403)


def test_the_work_of_another_is_not_there(stand: Stand) -> None:
    for suffix in ("", ".json"):
        assert stand.bench.person("dora").get(stand.addresses["tried"] + suffix).status_code == 200
        assert stand.bench.person("anna").get(stand.addresses["tried"] + suffix).status_code == 404


def test_who_built_a_release_cannot_sign_it_though_the_role_allows_it(stand: Stand) -> None:
    dora = stand.bench.person("dora")
    shown = re.search(r'name="candidate" value="([^"]+)"', stand.bench.person("bo").get(CANDIDATE).text)
    assert shown
    answer = dora.post(f"{CANDIDATE}/sign-off", {"candidate": shown[1]})
    assert answer.status_code == 403
    assert "selv har lavet" in said(answer)
    assert not stand.bench.project.releases.exists()


@pytest.mark.parametrize("seen", [{}, {"candidate": ""}, {"candidate": "of an earlier build"}])
def test_what_was_built_again_after_it_was_seen_is_not_signed(seen: dict[str, str], stand: Stand) -> None:
    answer = stand.bench.person("bo").post(f"{CANDIDATE}/sign-off", seen)
    assert answer.status_code == 400
    assert "bygget igen" in said(answer)
    assert not stand.bench.project.releases.exists()


# --- forged forms


@pytest.mark.parametrize("route", POSTS)
def test_a_form_without_the_token_of_its_own_session_does_nothing(route: str, stand: Stand) -> None:
    dora, before = stand.bench.person("dora"), things(stand.bench.project)
    for token in (None, "", "x" * 43, stand.bench.person("anna").token):
        form = {"text": MAPPING, "closed": "1"} | ({} if token is None else {"token": token})
        answer = dora.client.post(address(route, stand)[1], data=form)
        assert answer.status_code == 403
        assert "formularen er for gammel" in said(answer)
    assert things(stand.bench.project) == before
    assert dora.get("/da/zone/").status_code == 200


@pytest.mark.parametrize("route", [*POSTS, "POST /{lang}/zone/sign-in"])
@pytest.mark.parametrize("origin", ["https://example.org", "null", "{here}.example.org", "http://127.0.0.1:1"])
def test_a_form_of_another_site_does_nothing(route: str, origin: str, stand: Stand) -> None:
    before, sent = things(stand.bench.project), {"Origin": origin.format(here=stand.bench.address)}
    form = {"text": MAPPING, "closed": "1", "name": "anna", "password": PASSWORD}
    answer = stand.bench.person("dora").post(address(route, stand)[1], form, headers=sent)
    assert answer.status_code == 403
    assert "en anden side" in said(answer)
    assert "set-cookie" not in answer.headers
    assert things(stand.bench.project) == before


def test_a_form_of_ones_own_site_is_taken(stand: Stand) -> None:
    text = (stand.bench.project.plans / f"{PLAN}.yaml").read_text("utf-8")
    answer = stand.bench.person("dora").post(
        f"/da/zone/plans/{PLAN}", {"text": text}, headers={"Origin": stand.bench.address}
    )
    assert answer.status_code == 303


@pytest.mark.parametrize(
    "onward",
    ["https://example.org/", "//example.org/", "/\\example.org/", "/\t/example.org", "javascript:alert(1)", ""],
)
def test_signing_in_leads_nowhere_else(onward: str, stand: Stand) -> None:
    with stand.bench.client() as client:
        answer = client.post("/da/zone/sign-in", data={"name": "bo", "password": PASSWORD, "next": onward})
        assert answer.status_code == 303
        assert answer.next_request is not None
        assert str(answer.next_request.url).startswith(stand.bench.address + "/")


# --- sessions


def test_the_cookie_is_for_this_host_and_no_script(stand: Stand) -> None:
    with stand.bench.client() as client:
        form = {"name": "bo", "password": PASSWORD}
        plain = client.post("/da/zone/sign-in", data=form).headers["set-cookie"].lower()
        assert re.fullmatch(r"lighed=[\w-]{43}; httponly; path=/; samesite=strict", plain)
        behind = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.1.2.3"}
        secure = client.post("/da/zone/sign-in", data=form, headers=behind).headers["set-cookie"]
        name, _, token = secure.split(";")[0].partition("=")
        assert re.fullmatch(r"__host-lighed=[\w-]{43}; httponly; path=/; samesite=strict; secure", secure.lower())
    with stand.bench.client() as client:
        assert client.get("/da/zone/", headers=behind | {"Cookie": f"{name}={token}"}).status_code == 200
        assert client.get("/da/zone/", headers=behind | {"Cookie": f"lighed={token}"}).status_code == 303


def test_from_another_machine_nothing_is_answered_unencrypted(stand: Stand) -> None:
    with stand.bench.client(headers={"X-Forwarded-For": "10.1.2.3"}) as client:
        for answer in (client.get("/da/zone/sign-in"), client.post("/da/zone/sign-in", data={"name": "bo"})):
            assert answer.status_code == 403
            assert "https" in said(answer)


def test_signing_out_ends_the_session_and_a_new_session_has_other_tokens(strict: Bench) -> None:
    one, other = strict.sign_in("bo"), strict.sign_in("bo")
    assert one.token != other.token
    kept = dict(one.client.cookies)
    assert one.post("/da/zone/sign-out").status_code == 303
    assert one.client.cookies.get("lighed") is None
    with strict.client(cookies=kept) as again:
        assert again.get("/da/zone/").status_code == 303
    assert other.get("/da/zone/").status_code == 200


def test_signing_in_again_ends_the_earlier_session_of_the_browser(strict: Bench) -> None:
    person = strict.sign_in("bo")
    kept = dict(person.client.cookies)
    person.client.post("/da/zone/sign-in", data={"name": "anna", "password": PASSWORD})
    with strict.client(cookies=kept) as before:
        assert before.get("/da/zone/").status_code == 303
    assert "Konto: anna" in person.get("/da/zone/").text


def test_an_account_changes_at_once_for_who_is_signed_in_with_it(strict: Bench) -> None:
    carl, anna = strict.person("carl"), strict.sign_in("anna")
    assert carl.post("/da/zone/users/anna", {"role": ["releaser"]}).status_code == 303
    assert anna.post(f"/da/zone/plans/{PLAN}", {"text": ""}).status_code == 403
    carl.post("/da/zone/users/anna", {"role": ["analyst"], "password": "en helt anden kode"})
    assert anna.get("/da/zone/").status_code == 303
    anna = strict.sign_in("anna", "en helt anden kode")
    carl.post("/da/zone/users/anna", {"role": ["analyst"], "closed": "1"})
    assert anna.get("/da/zone/").status_code == 303
    carl.post("/da/zone/users/anna", {"role": ["analyst"], "password": PASSWORD})
    accounts = strict.accounts
    assert [(entry.action, entry.detail) for entry in accounts.log(20) if entry.user == "carl"] == [
        ("manage_users", "opened again"),
        ("set_password", ""),
        ("manage_users", "closed"),
        ("manage_users", "roles: analyst"),
        ("set_password", ""),
        ("manage_users", "roles: releaser"),
        ("sign_in", ""),
    ]
    accounts.engine.dispose()


def test_nobody_changes_their_own_account_at_the_page_of_users(strict: Bench) -> None:
    answer = strict.person("carl").post(
        "/da/zone/users/carl", {"role": ["analyst", "administrator"], "password": "en helt anden kode"}
    )
    assert answer.status_code == 400
    assert "en anden" in said(answer)
    assert strict.person("carl").get("/da/zone/users").status_code == 200
    assert strict.sign_in("carl").token


def test_ones_own_password_takes_the_present_one(strict: Bench) -> None:
    eva = strict.sign_in("eva")
    wrong = eva.post("/da/zone/account", {"old": "wrong password", "new": "en helt anden kode"})
    short = eva.post("/da/zone/account", {"old": PASSWORD, "new": "kort"})
    assert (wrong.status_code, short.status_code) == (400, 400)
    assert ("forkert" in said(wrong), "mindst 12" in said(short)) == (True, True)
    assert eva.post("/da/zone/account", {"old": PASSWORD, "new": "en helt anden kode"}).status_code == 303
    assert eva.get("/da/zone/account").status_code == 303
    assert strict.sign_in("eva", "en helt anden kode").token


def test_after_five_wrong_passwords_the_page_says_wait(strict: Bench) -> None:
    with strict.client() as client:
        form = {"name": "dora", "password": "wrong password"}
        answers = [client.post("/en/zone/sign-in", data=form) for _ in range(6)]
        right = client.post("/en/zone/sign-in", data=form | {"password": PASSWORD})
    assert {answer.status_code for answer in [*answers, right]} == {401}
    assert ["Wait" in said(answer) for answer in [*answers, right]] == [False] * 5 + [True] * 2


# --- files that are traps


def test_a_file_that_is_too_large_is_refused_before_it_is_stored(strict: Bench) -> None:
    before = things(strict.project)
    answer = strict.sign_in("bo").post(
        "/en/zone/files", files={"file": ("large.csv", b"a" * (MEGABYTES << 20))}, headers={"Connection": "close"}
    )
    assert answer.status_code == 413
    assert f"larger than {MEGABYTES} MB" in said(answer)
    assert things(strict.project) == before


@pytest.mark.parametrize("claimed", ["", "Content-Length: 5\r\n"])
def test_what_does_not_say_how_large_it_is_is_refused(claimed: str, strict: Bench) -> None:
    host, port = strict.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        head = f"POST /en/zone/sign-in HTTP/1.1\r\nHost: {host}:{port}\r\n{claimed}Transfer-Encoding: chunked\r\n\r\n"
        line.sendall(head.encode() + b"6\r\nname=x\r\n0\r\n\r\n")
        assert line.recv(12) == b"HTTP/1.1 411"


def packed(size: int) -> bytes:
    """A workbook that says that a part of it unpacks to this size."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", b"0" * 1000)
        book.filelist[0].file_size = size
    return made.getvalue()


TRAPS = {
    "bomb.xlsx": (packed(3 << 30), "fylder"),
    "cut.xlsx": (packed(1000)[:60], ""),
    "no workbook.xlsx": (b"CPR;AAR", ""),
    "cut.parquet": (b"PAR1 and no more", ""),
    "empty.csv": (b"", ""),
    "bytes.csv": (b"a;b\n\x00\x01;\xff\n", ""),
    "no columns.csv": (f"{NUMBERS[0]};1\n{NUMBERS[1]};2\n".encode(), ""),
}


@pytest.mark.parametrize("name", TRAPS)
def test_a_file_that_cannot_be_read_says_so_on_its_page_and_can_be_deleted(name: str, stand: Stand) -> None:
    dora = stand.bench.person("dora")
    address = f"/da/zone/files/{dora.upload(name, TRAPS[name][0])}"
    answer = dora.get(address)
    assert answer.status_code == 200
    assert "1 fejl; intet er gemt" in said(answer)
    assert TRAPS[name][1].lower() in said(answer).lower()
    assert dora.post(f"{address}/mapping", {"text": MAPPING, "then": "try"}).status_code == 303
    assert dora.post(f"{address}/discard").status_code == 303
    assert dora.get(address).status_code == 404


NAMES = {
    "../../../plans/x.csv": "x.csv",
    "..\\..\\x.csv": "x.csv",
    "/etc/x.csv": "x.csv",
    f"{NUMBER}.csv": "••••.csv",
    f"løn {NUMBER[:6]}-{NUMBER[6:]} maj.csv": "løn •••• maj.csv",
    f"{NUMBER}/x.csv": "x.csv",
    "<img src=x onerror=alert(1)>.csv": "&lt;img src=x onerror=alert(1)&gt;.csv",
    "'\"{{ 7 * 7 }}.csv": "{{ 7 * 7 }}.csv",
    "#.csv": "#.csv",
    "2024.csv": "2024.csv",
    "a" * 300 + ".CSV": "a" * 116 + ".CSV",
}


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_the_name_of_a_file_is_only_shown(name: str, stand: Stand) -> None:
    dora, before = stand.bench.person("dora"), things(stand.bench.project)
    made = dora.upload(name, people_file())
    assert re.fullmatch("[0-9a-f]{16}", made)
    new = {path for path in things(stand.bench.project) if path not in before}
    assert {Path(path).parent.as_posix() for path in new} == {f"inbox/{made}"}
    for page in (dora.get("/da/zone/").text, dora.get(f"/da/zone/files/{made}").text):
        assert NAMES[name] in page
        assert NUMBER not in page
        assert "<img src=x" not in page
    dora.post(f"/da/zone/files/{made}/mapping", {"text": MAPPING, "then": ""})
    mapped = {path for path in things(stand.bench.project) if path not in before and path not in new}
    assert {Path(path).parent.as_posix() for path in mapped} <= {"mappings"}
    assert NUMBER not in " ".join(mapped)
    dora.post(f"/da/zone/files/{made}/discard")


@pytest.mark.parametrize("name", ["x.exe", "x.csv.html", "x", ".csv", ".."])
def test_a_file_of_another_kind_is_not_taken(name: str, stand: Stand) -> None:
    before = things(stand.bench.project)
    answer = stand.bench.person("dora").post("/da/zone/files", files={"file": (name, b"a;b")})
    assert answer.status_code == 400
    assert ".csv" in said(answer)
    assert things(stand.bench.project) == before


def test_a_form_without_a_file_asks_for_one(stand: Stand) -> None:
    for given in ({"files": {"file": ("", b"")}}, {}):
        answer = stand.bench.person("dora").post("/da/zone/files", **given)
        assert answer.status_code == 400
        assert "Vælg en fil" in said(answer)


# --- addresses that are traps

PLACES = [
    "..",
    "../..",
    "../accounts",
    f"../plans/{PLAN}",
    "/etc/passwd",
    "x\0",
    "*",
    "%",
    "zone.key",
    "x" * 3000,
    NUMBER,
]


@pytest.mark.parametrize("place", PLACES, ids=range(len(PLACES)))
@pytest.mark.parametrize("route", [route for route in ROUTES if "{name}" in route or "{plan}" in route])
def test_an_address_that_names_nothing_leads_nowhere(route: str, place: str, stand: Stand) -> None:
    method, _, path = route.partition(" ")
    there = re.sub(
        r"\{(name|plan)\}",
        quote(place, safe="").replace(".", "%2E"),
        path.replace("{lang}", "da").replace("{path:path}", ""),
    )
    dora = stand.bench.person("fie" if ROUTES[route] == "internal" else "dora")
    before = things(stand.bench.project)
    request = dora.client.build_request(
        method, "/", data={"token": dora.token, "text": MAPPING} if method == "POST" else None
    )
    request.url = request.url.copy_with(raw_path=there.encode())
    answer = dora.client.send(request)
    if route.endswith(("/build", "/internal")) and answer.status_code == 303:
        answer = dora.get(dora.done(answer))
        assert "findes ikke" in said(answer)
    else:
        assert answer.status_code in {404, 405}  # a slash in the place makes an address that nobody answers
    assert "root:" not in answer.text
    assert things(stand.bench.project) == before


# --- plans that are none

PLANS = {
    "nothing": ("", ""),
    "a list": ("- x", ""),
    "no YAML": ("a: [", "no readable YAML"),
    "a tag that calls": ('!!python/object/apply:os.system ["id"]', "no readable YAML"),
    "another id": ("id: other", "name the file"),
    "an id of the program's own": ("id: denmark", "taken already"),
    "an unknown policy": ("policy: none_such", "none_such"),
    "an unknown area": ('front_area: "9999"', "9999"),
    "years that go back": ("years: [2024, 2016]", "first and the last year"),
    "years without end": ("years: [1, 99999]", "first and the last year"),
    "a table elsewhere": ("tables: [{file: ../zone.key, citation: x, dimensions: {}}]", "tables.0.file"),
    "an unknown word": ("<b>: 1", "&lt;b&gt;"),
}


@pytest.mark.parametrize("name", PLANS)
def test_a_text_that_is_no_plan_is_refused_and_the_old_one_stays(name: str, stand: Stand) -> None:
    text, why = PLANS[name]
    path = stand.bench.project.plans / f"{PLAN}.yaml"
    before = path.read_text("utf-8")
    line = re.match(r"\S+: (?!\[$)", text)  # takes the place of that line of the plan
    given = re.sub(f"(?m)^{line[0]}.*\n", "", before) + text if line else text
    answer = stand.bench.person("dora").post(f"/en/zone/plans/{PLAN}", {"text": given})
    assert answer.status_code == 400
    alert = re.search(r'role="alert">(.*?)</div>', answer.text, re.DOTALL)
    assert alert
    assert why in alert[1]
    assert text in unescape(answer.text)
    assert path.read_text("utf-8") == before


# --- guards of every answer


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/da/zone/", 200),
        ("/da/zone/none", 404),
        ("/static/lighed.css", 200),
        ("/static/none", 404),
        (f"/da/{PLAN}/", 200),
    ],
)
def test_every_answer_is_sent_with_its_guards(path: str, status: int, stand: Stand) -> None:
    answer = stand.bench.person("dora").get(path)
    assert answer.status_code == status
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["form-action"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] in {"'self'", "'none'"}
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] in {"same-origin", "no-referrer"}
    assert "server" not in answer.headers
    assert path.startswith("/static/") or answer.headers["cache-control"] == "no-store"


def test_what_nobody_foresaw_is_told_by_its_kind_alone(strict: Bench) -> None:
    carl, folder = strict.sign_in("carl"), strict.project.inbox / ("ab" * 8)
    folder.mkdir()
    (folder / "about.json").write_text(f"{NUMBER} is no JSON", "utf-8")
    answer = carl.get("/da/zone/")
    (folder / "about.json").unlink()
    assert answer.status_code == 500
    assert "JSONDecodeError" in said(answer)
    assert "content-security-policy" in answer.headers
    assert NUMBER not in answer.text + strict.output
    assert "Traceback" not in strict.output
    assert carl.get("/da/zone/").status_code == 200


def test_what_looks_like_a_number_is_written_in_no_log_and_on_no_terminal(strict: Bench) -> None:
    carl, number = strict.sign_in("carl"), "3112991234"
    with strict.client() as stranger:
        stranger.post("/da/zone/sign-in", data={"name": number, "password": number, "next": f"/da/{number}"})
    carl.post("/da/zone/users", {"name": number, "password": PASSWORD})
    for place in ("files", "plans", "candidates", "users", "jobs"):
        carl.get(f"/da/zone/{place}/{number}")
        carl.post(f"/da/zone/{place}/{number}", {"password": PASSWORD})
    everything = b"".join(path.read_bytes() for path in strict.project.folder.glob("accounts.db*"))
    assert b"sign_in_failed" in everything
    assert number.encode() not in everything
    assert number not in strict.output


def test_the_public_server_has_no_such_pages(stand: Stand) -> None:
    with (
        served(public([stand.bench.project.candidates / PLAN / "release"])) as site,
        httpx.Client(base_url=site, timeout=PATIENCE) as reader,
    ):
        for route in {*ROUTES, *OPEN} - {"GET /", "GET /{lang}/{plan}/{path:path}"}:
            method, path = address(route, stand)
            assert reader.request(method, path).status_code == (404 if method == "GET" else 405), route
        assert reader.get(f"/da/{PLAN}/").status_code == 200
        assert "set-cookie" not in reader.get(f"/da/{PLAN}/").headers
