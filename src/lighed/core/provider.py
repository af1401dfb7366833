"""Who says who somebody is, where that is not a password of the house: a provider of OpenID Connect, as settings.

They stand under ``sign_in`` in ``lighed.yaml``. What a role or an organisation is called by the provider is a row each.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import yaml
from pydantic import ValidationError, model_validator

from lighed.core.accounts import UNIT_NAME, Vouched, roles
from lighed.core.errors import DefinitionError
from lighed.core.text import Text
from lighed.core.types import Definition
from lighed.core.yaml import parse

HERE = {"127.0.0.1", "::1", "localhost"}
NOT_OWNERS = 0o377  # of a file that its owner reads and nobody writes
SUBSTANTIAL = tuple(
    f"{before}{level}"
    for before in ("", "https://data.gov.dk/concept/core/nsis/loa/", "https://data.gov.dk/concept/core/nsis/")
    for level in ("Substantial", "High")
)


class Mapped(Definition):
    """A claim, a value that it may have, and the role or organisation that it then gives."""

    claim: str
    value: str
    gives: str

    def holds(self, claims: Mapping[str, Any]) -> bool:
        """Return whether the claim has the value, alone or among others."""
        given = claims.get(self.claim)
        return self.value in (given if isinstance(given, list) else [given])


class Provider(Definition):
    """A provider, this program's name and secret there, and what its claims mean here.

    ``levels`` are the values of the claim ``level`` that are enough: NSIS Betydelig or higher. ``passwords`` are those
    who may still sign in by password, everybody where it is left out.

    Examples
    --------
    >>> role = {"claim": "groups", "value": "Sundhed", "gives": "analyst"}
    >>> named = {"da": "Kommunen", "en": "The municipality"}
    >>> made = Provider(title=named, issuer="https://id.example.dk", client="lighed", roles=[role])
    >>> sorted(made.identity({"sub": "7", "preferred_username": "anna", "groups": ["Sundhed"]}).roles)
    ['analyst']
    """

    title: Text
    issuer: str
    client: str
    secret: str = ""
    name: str = "preferred_username"
    level: str = "acr"
    levels: tuple[str, ...] = SUBSTANTIAL
    roles: tuple[Mapped, ...] = ()
    organisations: tuple[Mapped, ...] = ()
    passwords: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not safe(self.issuer):
            raise ValueError(f"issuer: '{self.issuer}' must begin with https://")
        for one in self.roles:
            if one.gives not in roles():
                raise ValueError(f"roles: there is no role '{one.gives}'; use one of {', '.join(roles())}")
        for one in self.organisations:
            if not UNIT_NAME.fullmatch(one.gives):
                raise ValueError(f"organisations: '{one.gives}' is no id of an organisation")
        return self

    def identity(self, claims: Mapping[str, Any]) -> Vouched:
        """Return who claims speak of, and the roles and organisations that they give."""
        given = {one.gives for one in self.roles if one.holds(claims)}
        units = {one.gives for one in self.organisations if one.holds(claims)}
        governed = {one.gives for one in (*self.roles, *self.organisations)}
        named = str(claims.get(self.name) or "")
        return Vouched(self.issuer, str(claims["sub"]), named, frozenset(given), frozenset(units), frozenset(governed))

    def takes_password(self, name: str) -> bool:
        """Return whether somebody may sign in by password."""
        return self.passwords is None or name in self.passwords


def provider_of(folder: Path) -> tuple[Provider, str] | None:
    """Return the provider of a folder and the secret, or None where ``lighed.yaml`` names none."""
    path = folder / "lighed.yaml"
    try:
        settings = parse(path.read_text("utf-8")) if path.is_file() else None
    except yaml.YAMLError as error:
        raise DefinitionError(path, str(error)) from None
    if not isinstance(settings, dict) or "sign_in" not in settings:
        return None
    try:
        provider = Provider.model_validate(settings["sign_in"])
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise DefinitionError(path, told) from None
    return provider, _secret(path, folder / provider.secret) if provider.secret else ""


def safe(address: str) -> bool:
    """Return whether what is sent to an address is encrypted, or stays on this machine.

    Examples
    --------
    >>> safe("https://id.example.dk"), safe("http://localhost:9400"), safe("http://id.example.dk"), safe("file:///x")
    (True, True, False, False)
    """
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in HERE)


def _secret(settings: Path, path: Path) -> str:
    if not path.is_file():
        raise DefinitionError(settings, f"secret: there is no file {path}")
    if path.stat().st_mode & NOT_OWNERS:
        raise DefinitionError(settings, f"secret: others may read or write {path}; give it the mode 0400")
    return path.read_text("utf-8").strip()
