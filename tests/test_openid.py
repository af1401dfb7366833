"""Signing in by OpenID Connect: a provider's own answers are taken, every other is refused and written down."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import yaml
from fastapi import FastAPI, Form
from fastapi.responses import JSONResponse
from joserfc import jwt
from joserfc.jwk import RSAKey
from playwright.sync_api import Browser

from lighed.core.accounts import User
from lighed.core.errors import DefinitionError
from lighed.core.provider import provider_of
from lighed.core.text import LANGUAGES, say
from lighed.portfolio.house import House
from lighed.web import openid
from tests.browser import SCREENSHOTS, Visit, free_port, served
from tests.portfolio.conftest import PASSWORD, mounted

CLIENT, SECRET = "lighed", "en hemmelighed"
LEVEL = "https://data.gov.dk/concept/core/nsis/loa/Substantial"
KEY, OTHER_KEY = RSAKey.generate_key(2048), RSAKey.generate_key(2048)
Token = dict[str, Any]


@dataclass
class Provider:
    """A provider whose answers are made by hand: what the token of the next code says, and how it is written."""

    address: str = ""
    changed: Callable[[Token], Any] = dict
    written: Callable[[Token], str] = lambda told: jwt.encode({"alg": "RS256"}, told, KEY)
    answer: Callable[[JSONResponse], JSONResponse] = lambda given: given
    challenges: dict[str, tuple[str, str]] = field(default_factory=dict)
    issuer: str = ""

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/.well-known/openid-configuration")
        def told() -> Any:
            ends = {name: f"{self.address}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
            ends["end_session_endpoint"] = f"{self.address}/out"
            return {"issuer": self.issuer or self.address} | ends

        @app.get("/jwks_uri")
        def keys() -> Any:
            return {"keys": [KEY.as_dict(private=False)]}

        @app.post("/token_endpoint")
        def token(code: str = Form(), code_verifier: str = Form(), redirect_uri: str = Form()) -> Any:
            challenge, nonce = self.challenges.pop(code, ("", ""))
            made = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).decode().rstrip("=")
            if made != challenge:
                return JSONResponse({"error": "invalid_grant"}, 400)
            now = int(time.time())
            claims = {"iss": self.address, "sub": "7", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce}
            claims |= {"acr": LEVEL, "preferred_username": "anna", "groups": ["sundhed", "andet"], "cvr": "55133018"}
            self.changed(claims)
            return self.answer(JSONResponse({"access_token": "x", "id_token": self.written(claims)}))

        return app


@dataclass
class Stand:
    """A house that is served, and its provider."""

    house: House
    address: str
    provider: Provider

    def started(self, client: httpx.Client, onward: str = "", lang: str = "da") -> dict[str, str]:
        """Begin, go to the provider as a browser would, and return what it sends back."""
        begun = client.get(f"/{lang}/portfolio/sign-in/start", params={"next": onward})
        asked = {name: value[0] for name, value in parse_qs(urlsplit(begun.headers["location"]).query).items()}
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        assert asked["redirect_uri"] == f"{self.address}/{lang}/portfolio/sign-in/back"
        code = f"code-{len(asked['state'])}-{asked['state'][:6]}"
        self.provider.challenges[code] = asked["code_challenge"], asked["nonce"]
        return {"code": code, "state": asked["state"]}

    def back(self, client: httpx.Client, given: dict[str, str], lang: str = "da") -> httpx.Response:
        return client.get(f"/{lang}/portfolio/sign-in/back", params=given)

    def user(self, name: str) -> User:
        found = self.house.accounts.user(name)
        assert found
        return found


def settings(issuer: str, **more: Any) -> dict[str, Any]:
    roles = [{"claim": "groups", "value": "sundhed", "gives": "initiative_owner"}]
    units = [{"claim": "cvr", "value": "55133018", "gives": "aarhus-kommune"}]
    named = {"da": "Aarhus Kommune", "en": "The City of Aarhus"}
    whole = {"title": named, "issuer": issuer, "client": CLIENT, "secret": "client.secret", "passwords": ["admin"]}
    return whole | {"roles": roles, "organisations": units} | more


def written(folder: Path, sign_in: dict[str, Any], mode: int = 0o400) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lighed.yaml").write_text(yaml.safe_dump({"sign_in": sign_in}, allow_unicode=True), "utf-8")
    secret = folder / "client.secret"
    secret.unlink(missing_ok=True)
    secret.write_text(f"{SECRET}\n")
    secret.chmod(mode)
    return folder


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a house with two people who have passwords, to be copied."""
    house = House.open(tmp_path_factory.mktemp("empty") / "portfolio")
    house.accounts.add_user("admin", PASSWORD, ["administrator"], by="-")
    house.accounts.add_user("ole", PASSWORD, ["initiative_owner"], by="-")
    house.close()
    return house.folder


@pytest.fixture
def stand(empty: Path, tmp_path: Path) -> Iterator[Stand]:
    provider = Provider()
    with served(provider.app()) as provider.address:
        folder = shutil.copytree(empty, tmp_path / "portfolio")
        house = House.open(written(folder, settings(provider.address)))
        with served(mounted(house)) as address:
            yield Stand(house, address, provider)
        house.close()


@pytest.fixture
def client(stand: Stand) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stand.address, timeout=60) as made:
        yield made


def said(answer: httpx.Response) -> str:
    found = re.search(r'role="alert"><p>(.*?)</p>', answer.text)
    return found[1].replace("&#39;", "'") if found else ""


def test_who_is_vouched_for_is_signed_in_with_the_mapped_rights_under_a_new_session(
    stand: Stand, client: httpx.Client
) -> None:
    answer = stand.back(client, stand.started(client, "/da/portfolio/due"))
    assert (answer.status_code, 'content="0; url=/da/portfolio/due"' in answer.text) == (200, True)
    assert client.get("/da/portfolio/due").status_code == 200
    anna = stand.user("anna")
    assert (anna.roles, anna.units) == (frozenset({"initiative_owner"}), frozenset({"aarhus-kommune"}))
    cookies = answer.headers.get_list("set-cookie")
    (mine,) = (cookie for cookie in cookies if cookie.startswith("lighed="))
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(mine.split("; "))
    before = client.cookies["lighed"]
    stand.back(client, stand.started(client))
    assert client.cookies["lighed"] != before
    assert stand.house.accounts.session(before) is None
    logged = [(entry.user, entry.action) for entry in stand.house.accounts.log(20)]
    assert ("anna", "sign_in") in logged
    assert stand.house.accounts.broken_at() is None


def test_rights_follow_the_provider_and_what_was_given_here_stays(stand: Stand, client: httpx.Client) -> None:
    stand.back(client, stand.started(client))
    stand.house.accounts.set_roles("anna", ["initiative_owner", "reader"], by="admin")
    stand.provider.changed = lambda told: told.update(groups="andet", cvr=None)
    stand.back(client, stand.started(client))
    assert (stand.user("anna").roles, stand.user("anna").units) == (frozenset({"reader"}), frozenset())


def test_who_has_no_mapped_role_gets_an_account_without_rights(stand: Stand, client: httpx.Client) -> None:
    stand.provider.changed = lambda told: told.update(groups=[], cvr="", preferred_username="admin", sub="8")
    stand.back(client, stand.started(client))
    assert (stand.user("admin-2").roles, stand.user("admin").roles) == (frozenset(), frozenset({"administrator"}))
    assert client.get("/da/portfolio/").status_code == 403
    stand.provider.changed = lambda told: told.update(preferred_username="010101-1234", sub="9")
    stand.back(client, stand.started(client))
    assert not any("010101" in user.name for user in stand.house.accounts.users())


def test_a_closed_account_stays_closed(stand: Stand, client: httpx.Client) -> None:
    stand.back(client, stand.started(client))
    stand.house.accounts.set_closed("anna", closed=True, by="admin")
    answer = stand.back(client, stand.started(client))
    assert (answer.status_code, said(answer)) == (401, say("error.account.closed", "da"))


def encoded(*parts: bytes) -> str:
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def unsigned(told: Token) -> str:
    return encoded(b'{"alg":"none"}', json.dumps(told).encode(), b"")


def shared(told: Token) -> str:
    # The public key, taken for a shared secret.
    signed = encoded(b'{"alg":"HS256"}', json.dumps(told).encode())
    return f"{signed}.{encoded(hmac.digest(KEY.as_pem(private=False), signed.encode(), 'sha256'))}"


CLAIMS: dict[str, tuple[Callable[[Token], Any], str]] = {
    "another audience": (lambda told: told.update(aud="other"), "for_another"),
    "audiences without a party": (lambda told: told.update(aud=[CLIENT, "other"]), "for_another"),
    "another party": (lambda told: told.update(azp="other"), "for_another"),
    "no audience": (lambda told: told.pop("aud"), "for_another"),
    "another issuer": (lambda told: told.update(iss="https://id.example.org"), "of_another"),
    "no issuer": (lambda told: told.pop("iss"), "of_another"),
    "expired": (lambda told: told.update(exp=told["iat"] - 3600), "too_late"),
    "never expires": (lambda told: told.pop("exp"), "not_vouched_for"),
    "another nonce": (lambda told: told.update(nonce="x"), "not_asked_for"),
    "no nonce": (lambda told: told.pop("nonce"), "not_asked_for"),
    "nobody": (lambda told: told.pop("sub"), "not_vouched_for"),
    "level too low": (lambda told: told.update(acr="https://data.gov.dk/concept/core/nsis/loa/Low"), "level_too_low"),
    "no level": (lambda told: told.pop("acr"), "level_too_low"),
}
WRITTEN: dict[str, Callable[[Token], str]] = {
    "signed by nobody": unsigned,
    "signed with a shared secret": shared,
    "signed with another key": lambda told: jwt.encode({"alg": "RS256"}, told, OTHER_KEY),
    "changed after signing": lambda told: _changed(jwt.encode({"alg": "RS256"}, told, KEY)),
    "no token": lambda _: "x",
    "an empty token": lambda _: "..",
}


def _changed(token: str) -> str:
    head, body, signature = token.split(".")
    told = json.loads(base64.urlsafe_b64decode(body + "=="))
    return f"{head}.{encoded(json.dumps(told | {'groups': ['sundhed', 'x']}).encode())}.{signature}"


def refused(stand: Stand, client: httpx.Client, answer: httpx.Response, key: str, lang: Any = "da") -> None:
    assert (answer.status_code, said(answer)) == (401, say(f"error.account.{key}", lang))
    assert "lighed" not in client.cookies
    assert client.get("/da/portfolio/").status_code == 303
    (entry,) = stand.house.accounts.log(1)
    assert (entry.user, entry.action, entry.detail) == ("-", "sign_in_failed", f"account.{key}")
    assert {user.name for user in stand.house.accounts.users()} == {"admin", "ole"}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("what", CLAIMS)
def test_a8_a_token_that_says_something_else_is_refused(
    what: str, lang: str, stand: Stand, client: httpx.Client
) -> None:
    stand.provider.changed, key = CLAIMS[what]
    refused(stand, client, stand.back(client, stand.started(client, lang=lang), lang), key, lang)


@pytest.mark.parametrize("what", WRITTEN)
def test_a8_a_token_that_is_not_signed_by_the_provider_is_refused(
    what: str, stand: Stand, client: httpx.Client
) -> None:
    stand.provider.written = WRITTEN[what]
    refused(stand, client, stand.back(client, stand.started(client)), "not_signed")


def test_a8_what_was_not_asked_for_in_this_browser_is_refused(stand: Stand, client: httpx.Client) -> None:
    given = stand.started(client)
    refused(stand, client, stand.back(client, {"code": given["code"]}), "not_asked_for")
    refused(stand, client, stand.back(client, given | {"state": "x"}), "not_asked_for")
    refused(stand, client, stand.back(client, {}), "not_asked_for")
    with httpx.Client(base_url=stand.address, timeout=60) as victim:
        refused(stand, victim, stand.back(victim, given), "not_asked_for")
        stand.started(victim)
        refused(stand, victim, stand.back(victim, stand.started(client)), "not_asked_for")


def test_a8_an_answer_is_taken_once_and_not_later(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    with httpx.Client(base_url=stand.address, timeout=60) as first:
        given = stand.started(first)
        assert stand.back(first, given).status_code == 200
        assert stand.back(first, given).status_code == 401
    with httpx.Client(base_url=stand.address, timeout=60) as second:
        replayed = stand.started(second) | {"code": given["code"]}
        answer = stand.back(second, replayed)
        assert (answer.status_code, said(answer)) == (401, say("error.account.not_vouched_for", "da"))
        late = stand.started(second)
        monkeypatch.setattr(openid, "WAITS", -1)
        answer = stand.back(second, late)
        assert (answer.status_code, said(answer)) == (401, say("error.account.too_late", "da"))


ANSWERS: dict[str, tuple[Callable[[JSONResponse], JSONResponse], str]] = {
    "an error": (lambda _: JSONResponse({"error": "x"}, 500), "not_vouched_for"),
    "no token": (lambda _: JSONResponse({"access_token": "x"}), "not_vouched_for"),
    "a list": (lambda _: JSONResponse([1]), "not_vouched_for"),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_a8_a_provider_that_does_not_vouch_is_no_sign_in(what: str, stand: Stand, client: httpx.Client) -> None:
    stand.provider.answer, key = ANSWERS[what]
    refused(stand, client, stand.back(client, stand.started(client)), key)
    given = stand.started(client)
    refused(stand, client, stand.back(client, {"state": given["state"], "error": "access_denied"}), "not_vouched_for")
    given = stand.started(client) | {"iss": "https://id.example.org"}
    refused(stand, client, stand.back(client, given), "not_vouched_for")


ELSEWHERE = ["https://example.org", "//example.org", "/\\example.org", "/\t/example.org", "/\n/example.org"]


@pytest.mark.parametrize("onward", [*ELSEWHERE, "javascript:alert(1)"])
def test_a8_nobody_is_led_to_another_site(onward: str, stand: Stand, client: httpx.Client) -> None:
    answer = stand.back(client, stand.started(client, onward))
    assert 'content="0; url=/da/portfolio/"' in answer.text
    assert "example.org" not in answer.text
    assert "javascript" not in answer.text


def test_a_provider_that_calls_itself_something_else_or_is_not_there_is_said(tmp_path: Path) -> None:
    provider = Provider(issuer="https://id.example.org")
    with served(provider.app()) as provider.address:
        address = provider.address
        house = House.open(written(tmp_path / "portfolio", settings(address)))
        with served(mounted(house)) as there, httpx.Client(base_url=there, timeout=60) as client:
            wrong = client.get("/en/portfolio/sign-in/start")
            assert say("error.account.of_another", "en") in wrong.text
    with served(mounted(house)) as there, httpx.Client(base_url=there, timeout=60) as client:
        gone = client.get("/en/portfolio/sign-in/start")
        assert (gone.status_code, say("error.account.no_provider", "en") in gone.text) == (400, True)
    house.close()


def test_passwords_are_for_those_who_may_use_them(stand: Stand, client: httpx.Client) -> None:
    def sign_in(name: str) -> httpx.Response:
        return client.post("/da/portfolio/sign-in", data={"name": name, "password": PASSWORD})

    for name in ("ole", "nobody"):
        answer = sign_in(name)
        assert (answer.status_code, said(answer)) == (401, say("error.account.no_passwords", "da"))
        assert stand.house.accounts.log(1)[0].detail == "no_passwords"
    assert sign_in("admin").status_code == 303
    away = client.get("/da/portfolio/sign-in/away").headers["location"]
    assert away == f"{stand.provider.address}/out?client_id={CLIENT}"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an address that anybody reads": ({"issuer": "http://id.example.org"}, "https://"),
    "a role that is not there": ({"roles": [{"claim": "x", "value": "y", "gives": "king"}]}, "king"),
    "an organisation that is none": ({"organisations": [{"claim": "x", "value": "y", "gives": "a b"}]}, "a b"),
    "a setting that is not there": ({"colour": "red"}, "colour"),
    "a secret that is not there": ({"secret": "nothing"}, "nothing"),
}


@pytest.mark.parametrize("what", WRONG)
def test_settings_that_are_wrong_are_said(what: str, tmp_path: Path) -> None:
    change, word = WRONG[what]
    with pytest.raises(DefinitionError) as caught:
        provider_of(written(tmp_path, settings("https://id.example.dk") | change))
    assert word in caught.value.sentence("en")


@pytest.mark.parametrize(("mode", "taken"), [(0o400, True), (0o600, False), (0o440, False), (0o404, False)])
def test_a_secret_is_its_owners_alone(mode: int, taken: bool, tmp_path: Path) -> None:
    folder = written(tmp_path, settings("https://id.example.dk"), mode)
    if taken:
        found = provider_of(folder)
        assert found
        assert found[1] == SECRET
        return
    with pytest.raises(DefinitionError) as caught:
        provider_of(folder)
    assert SECRET not in caught.value.sentence("en")


def test_without_settings_there_is_no_provider(tmp_path: Path) -> None:
    assert provider_of(tmp_path) is None
    (tmp_path / "lighed.yaml").write_text("name: x\n")
    assert provider_of(tmp_path) is None


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def outside() -> Iterator[str]:
    """A provider of somebody else's making, in a process of its own."""
    port = free_port()
    claims = {"sub": "a-7", "preferred_username": "anna", "acr": LEVEL, "groups": ["sundhed"], "cvr": "55133018"}
    low = {"sub": "b-8", "preferred_username": "bo", "acr": "Low", "groups": ["sundhed"]}
    told = [part for user in (claims, low) for part in ("--user-claims", json.dumps(user))]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "-n", "true", "-p", str(port), *told]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": os.environ}
    with subprocess.Popen(command, **quiet) as process:  # type: ignore[call-overload]
        while not listening(port):
            assert process.poll() is None
            time.sleep(0.05)
        yield f"http://localhost:{port}"
        process.terminate()


@pytest.mark.browser
@pytest.mark.parametrize("lang", LANGUAGES)
def test_somebody_signs_in_at_a_provider_and_out_again(
    browser: Browser, outside: str, tmp_path: Path, lang: Any
) -> None:
    house = House.open(written(tmp_path / "portfolio", settings(outside)))
    with served(mounted(house)) as address:
        page = browser.new_context().new_page()
        visit = Visit(page, address)
        page.goto(f"{address}/{lang}/portfolio/register/initiatives")
        assert visit.axe() == []
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"openid_sign_in_{lang}.png", full_page=True)
        named = {"da": "Aarhus Kommune", "en": "The City of Aarhus"}[lang]
        page.click(f"text={say('zone.sign_in.with', lang, provider=named)}")
        page.click("button:text-is('b-8')")
        assert say("error.account.level_too_low", lang) in page.inner_text("[role=alert]")
        page.goto(f"{address}/{lang}/portfolio/register/initiatives")
        page.click(f"text={say('zone.sign_in.with', lang, provider=named)}")
        page.click("button:text-is('a-7')")
        page.wait_for_url(f"{address}/{lang}/portfolio/register/initiatives")
        assert say("zone.menu.account", lang, name="anna") in page.inner_text("header")
        with page.expect_navigation():
            page.click("header form button")
        assert page.url == f"{address}/{lang}/portfolio/sign-in"
        page.goto(f"{address}/{lang}/portfolio/")
        assert "/sign-in" in page.url
        page.context.close()
    house.close()
