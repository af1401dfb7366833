"""Signing in by OpenID Connect: the authorization code flow with PKCE, state and nonce, one flow for one browser.

What comes back is believed when it was asked for from here, in this browser, not long ago, and once; and when the
provider's own key has signed it, for this program, just now, on a level of assurance that is high enough.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError
from joserfc.jwk import KeySet

from lighed.core.accounts import Vouched
from lighed.core.errors import SignInError
from lighed.core.provider import Provider, provider_of, safe

ALGORITHMS = ["RS256", "PS256", "ES256"]  # none at all and those with a shared secret are not among them
WAITS = 10 * 60  # seconds that somebody may take at the provider
MOST_WAITING = 10_000
LEEWAY, PATIENCE, KEPT = 60, 10, 3600  # seconds: between clocks, for an answer, and that the provider's keys are kept
CLAIMS = {"aud": "for_another", "azp": "for_another", "iss": "of_another", "nonce": "not_asked_for"}


@dataclass(frozen=True, slots=True)
class Flow:
    """A sign-in that has begun: what is expected back, and where it leads on to."""

    state: str
    nonce: str
    verifier: str
    back: str
    onward: str
    began: float


class OpenId:
    """The way to a provider and back."""

    def __init__(self, provider: Provider, secret: str, clock: Callable[[], float] = time.time) -> None:
        self.provider, self._secret, self.clock = provider, secret, clock
        self._flows: dict[str, Flow] = {}
        self._lock = threading.Lock()
        self._read: dict[str, tuple[float, dict[str, Any]]] = {}

    @classmethod
    def of(cls, folder: Path) -> OpenId | None:
        """Return the way to the provider of a folder, or None where its settings name none."""
        found = provider_of(folder)
        return cls(*found) if found else None

    def begin(self, back: str, onward: str) -> tuple[Flow, str]:
        """Return a new flow and the address at the provider that it goes by."""
        state, nonce, verifier = (secrets.token_urlsafe(48) for _ in range(3))
        flow = Flow(state, nonce, verifier, back, onward, self.clock())
        with self._lock:
            alive = {state: one for state, one in self._flows.items() if flow.began - one.began <= WAITS}
            self._flows = dict(list(alive.items())[-MOST_WAITING:]) | {flow.state: flow}
        address = prepare_grant_uri(
            self._endpoint("authorization_endpoint"), self.provider.client, "code", redirect_uri=back,
            scope="openid profile", state=flow.state, nonce=flow.nonce,
            code_challenge=create_s256_code_challenge(flow.verifier), code_challenge_method="S256",
        )  # fmt: skip
        return flow, str(address)

    def finish(self, given: Mapping[str, str], cookie: str) -> tuple[Vouched, str]:
        """Return who came back, and where they go on to; raises SignInError for anything that was not asked for."""
        with self._lock:
            flow = self._flows.pop(given.get("state", ""), None)
        if flow is None or not hmac.compare_digest(cookie.encode(), flow.state.encode()):
            raise SignInError("not_asked_for")
        if self.clock() - flow.began > WAITS:
            raise SignInError("too_late")
        if "code" not in given or given.get("iss", self.provider.issuer) != self.provider.issuer:
            raise SignInError("not_vouched_for")
        claims = self._claims(self._token(given["code"], flow), flow.nonce)
        if claims.get(self.provider.level) not in self.provider.levels:
            raise SignInError("level_too_low")
        return self.provider.identity(claims), flow.onward

    def away(self) -> str | None:
        """Return the address at which one signs out at the provider, if it has one."""
        address = self._metadata().get("end_session_endpoint")
        if not isinstance(address, str) or not safe(address):
            return None
        return str(httpx.URL(address, params={"client_id": self.provider.client}))

    def _token(self, code: str, flow: Flow) -> str:
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": flow.back,
            "code_verifier": flow.verifier,
            "client_id": self.provider.client,
        }
        auth = httpx.BasicAuth(self.provider.client, self._secret) if self._secret else None
        token = _answer(lambda: httpx.post(self._endpoint("token_endpoint"), data=sent, auth=auth, timeout=PATIENCE))
        if not isinstance(token.get("id_token"), str):
            raise SignInError("not_vouched_for")
        return str(token["id_token"])

    def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        try:
            read = self._decoded(token)
            expected = {"iss": {"value": self.provider.issuer}, "aud": {"value": self.provider.client}}
            asked = {"nonce": nonce, "client_id": self.provider.client}
            claims = CodeIDToken(read.claims, read.header, expected, asked)
            claims.validate(self.clock(), LEEWAY)
        except ExpiredTokenError:
            raise SignInError("too_late") from None
        except (InvalidClaimError, MissingClaimError) as error:
            raise SignInError(CLAIMS.get(error.claim, "not_vouched_for")) from None
        except (JoseError, ValueError, TypeError, AttributeError):
            raise SignInError("not_signed") from None
        return dict(claims)

    def _decoded(self, token: str) -> jwt.Token:
        address = self._endpoint("jwks_uri")
        try:
            return jwt.decode(token, KeySet.import_key_set(self._fetched(address)), ALGORITHMS)  # type: ignore[arg-type]
        except (JoseError, ValueError):
            # Providers change their keys: what a kept one does not fit may fit the one in force.
            self._read.pop(address, None)
            return jwt.decode(token, KeySet.import_key_set(self._fetched(address)), ALGORITHMS)  # type: ignore[arg-type]

    def _endpoint(self, name: str) -> str:
        address = self._metadata().get(name)
        if not isinstance(address, str) or not safe(address):
            raise SignInError("no_provider")
        return address

    def _metadata(self) -> dict[str, Any]:
        told = self._fetched(f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration")
        if told.get("issuer") != self.provider.issuer:
            raise SignInError("of_another")
        return told

    def _fetched(self, address: str) -> dict[str, Any]:
        at, told = self._read.get(address, (0.0, {}))
        if not told or self.clock() - at > KEPT:
            told = _answer(lambda: httpx.get(address, timeout=PATIENCE))
            self._read[address] = self.clock(), told
        return told


def _answer(ask: Callable[[], httpx.Response]) -> dict[str, Any]:
    """Return what the provider answers; raises SignInError where it does not, or refuses."""
    try:
        answer = ask()
        told = answer.json()
    except (httpx.HTTPError, ValueError):
        raise SignInError("no_provider") from None
    if answer.status_code != httpx.codes.OK or not isinstance(told, dict):
        raise SignInError("not_vouched_for")
    return told
