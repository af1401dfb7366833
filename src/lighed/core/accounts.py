"""Who may do what: local users, roles as data, server-side sessions, and a log that only grows.

The database is SQLite beside the project (``accounts.db``). Passwords are kept as argon2 hashes, sessions as hashes of
their tokens. Each entry of the log holds the digest of the one before, and the database refuses to change or delete
one, so that whoever edits the file by other means breaks the chain.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sql
import yaml
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from lighed.core.errors import AccessError, SignInError
from lighed.core.identifiers import shows_number
from lighed.core.sqlite import sqlite
from lighed.core.text import Text

IDLE, LONGEST = 30 * 60, 8 * 60 * 60  # seconds that a session lasts unused, and at all
TRIES, WITHIN = 5, 15 * 60  # wrong passwords for one name before it must wait
SHORTEST_PASSWORD = 12
NOBODY = "-"
FIRST = "admin"
UNIT_NAME = re.compile(r"\w[\w.-]{0,39}")

_DATA = sql.MetaData()
USER = sql.Table(
    "user",
    _DATA,
    sql.Column("name", sql.String, primary_key=True),
    sql.Column("password", sql.String, nullable=False),
    sql.Column("closed", sql.Boolean, nullable=False, default=False),
)
ROLE = sql.Table(
    "user_role",
    _DATA,
    sql.Column("user", sql.String, sql.ForeignKey("user.name"), primary_key=True),
    sql.Column("role", sql.String, primary_key=True),
)
UNIT = sql.Table(
    "user_unit",
    _DATA,
    sql.Column("user", sql.String, sql.ForeignKey("user.name"), primary_key=True),
    sql.Column("unit", sql.String, primary_key=True),
)
IDENTITY = sql.Table(
    "identity",
    _DATA,
    sql.Column("issuer", sql.String, primary_key=True),
    sql.Column("subject", sql.String, primary_key=True),
    sql.Column("user", sql.String, sql.ForeignKey("user.name"), nullable=False),
)
SESSION = sql.Table(
    "session",
    _DATA,
    sql.Column("token_hash", sql.String, primary_key=True),
    sql.Column("user", sql.String, sql.ForeignKey("user.name"), nullable=False),
    sql.Column("form_token", sql.String, nullable=False),
    sql.Column("began", sql.Float, nullable=False),
    sql.Column("seen", sql.Float, nullable=False),
)
LOG = sql.Table(
    "log",
    _DATA,
    sql.Column("number", sql.Integer, primary_key=True),
    sql.Column("at", sql.Float, nullable=False),
    sql.Column("user", sql.String, nullable=False),
    sql.Column("action", sql.String, nullable=False),
    sql.Column("thing", sql.String, nullable=False),
    sql.Column("detail", sql.String, nullable=False),
    sql.Column("before", sql.String, nullable=False),
    sql.Column("digest", sql.String, nullable=False),
)
FORBID = (
    "CREATE TRIGGER IF NOT EXISTS log_{verb} BEFORE {verb} ON log {when} "
    "BEGIN SELECT RAISE(ABORT, 'the log grows only'); END"
)
FORBIDDEN = (
    ("UPDATE", ""),
    ("DELETE", ""),
    # INSERT OR REPLACE takes the old row away without asking the trigger of DELETE.
    ("INSERT", "WHEN NEW.number IN (SELECT number FROM log)"),
)


@dataclass(frozen=True, slots=True)
class Role:
    """What a role is called and what it allows."""

    title: Text
    about: Text
    actions: frozenset[str]


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who has an account, and the units (wards, practices) that they belong to."""

    name: str
    roles: frozenset[str]
    closed: bool = False
    units: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Session:
    """A user who is signed in; ``form_token`` stands in every form that changes something."""

    user: User
    form_token: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log."""

    number: int
    at: float
    user: str
    action: str
    thing: str
    detail: str
    before: str
    digest: str


@dataclass(frozen=True, slots=True)
class Vouched:
    """Somebody whom a provider vouches for, the rights that it gives them, and those that are its to give or take."""

    issuer: str
    subject: str
    name: str
    roles: frozenset[str]
    units: frozenset[str]
    governed: frozenset[str]


class Made(Protocol):
    """A thing that remembers who made it."""

    @property
    def made_by(self) -> str:
        """The name of the user."""


class Placed(Protocol):
    """A thing that belongs to a unit."""

    @property
    def unit(self) -> str:
        """The unit."""


@cache
def _rights() -> dict[str, Any]:
    return dict(yaml.safe_load(files("lighed.core").joinpath("roles.yaml").read_text("utf-8")))


@cache
def roles() -> dict[str, Role]:
    """Every role by its id.

    Examples
    --------
    >>> roles()["releaser"].title["en"], "sign_off" in roles()["releaser"].actions
    ('Releaser', True)
    """
    return {
        name: Role(Text(**given["title"]), Text(**given["about"]), frozenset(given["actions"]))
        for name, given in _rights()["roles"].items()
    }


@cache
def actions() -> dict[str, Text]:
    """What every action is called.

    Examples
    --------
    >>> actions()["build"]["en"]
    'build a release'
    """
    return {name: Text(**given) for name, given in _rights()["actions"].items()}


def may(user: User | None, action: str, thing: Made | Placed | None = None) -> bool:
    """Return whether `user` may do `action` (to `thing`): no, unless a role of theirs allows it.

    Examples
    --------
    >>> may(User("anna", frozenset({"analyst"})), "build"), may(User("anna", frozenset()), "build"), may(None, "build")
    (True, False, False)
    """
    assert action in actions(), action
    if user is None or user.closed:
        return False
    if action in _rights()["two_persons"] and getattr(thing, "made_by", user.name) == user.name:
        return False
    if action in _rights()["own_unit"] and getattr(thing, "unit", None) not in user.units:
        return False
    return any(action in roles()[role].actions for role in user.roles if role in roles())


class Accounts:
    """The database of users, sessions and the log.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     accounts = Accounts(Path(folder) / "accounts.db")
    ...     accounts.add_user("anna", "a long pass phrase", ["analyst"], by="admin")
    ...     session = accounts.session(accounts.sign_in("anna", "a long pass phrase"))
    ...     accounts.engine.dispose()
    >>> session.user.name, sorted(session.user.roles)
    ('anna', ['analyst'])
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.engine = sqlite(path)
        self.hasher = PasswordHasher()
        self.tried: dict[str, list[float]] = {}
        self.counting = threading.Lock()
        _DATA.create_all(self.engine)
        with self.engine.begin() as db:
            for verb, when in FORBIDDEN:
                db.exec_driver_sql(FORBID.format(verb=verb, when=when))
        path.chmod(0o600)

    # --- users

    def users(self) -> list[User]:
        """Return every user by name."""
        with self.engine.begin() as db:
            return [_user(db, name) for name in db.scalars(sql.select(USER.c.name).order_by(USER.c.name))]

    def user(self, name: str) -> User | None:
        """Return the user of that name."""
        with self.engine.begin() as db:
            return _user(db, name) if _exists(db, name) else None

    def add_user(self, name: str, password: str, given: Iterable[str], *, by: str, units: Iterable[str] = ()) -> None:
        """Open an account; a name is taken once and for all, for the log speaks of it."""
        name = name.strip()
        if not name.replace("-", "").replace(".", "").replace("_", "").isalnum() or shows_number(name):
            raise SignInError("user_name")
        hashed = self._hashed(password)
        with self.engine.begin() as db:
            if _exists(db, name):
                raise SignInError("name_taken", name=name)
            db.execute(USER.insert().values(name=name, password=hashed, closed=False))
            _give(db, name, given)
            _place(db, name, units)
            self._record(db, by, "manage_users", name, f"opened with {_listed(given)}")

    def set_roles(self, name: str, given: Iterable[str], *, by: str) -> None:
        """Replace a user's roles."""
        with self.engine.begin() as db:
            _demand_known(db, name)
            _give(db, name, given)
            self._record(db, by, "manage_users", name, f"roles: {_listed(given)}")

    def set_units(self, name: str, units: Iterable[str], *, by: str) -> None:
        """Say which units a user belongs to from now on."""
        with self.engine.begin() as db:
            _demand_known(db, name)
            _place(db, name, units)
            self._record(db, by, "manage_users", name, f"units: {', '.join(sorted(units)) or 'none'}")

    def set_closed(self, name: str, *, closed: bool, by: str) -> None:
        """Close an account, or open it again; who is signed in with it is signed out."""
        with self.engine.begin() as db:
            _demand_known(db, name)
            db.execute(USER.update().where(USER.c.name == name).values(closed=closed))
            db.execute(SESSION.delete().where(SESSION.c.user == name))
            self._record(db, by, "manage_users", name, "closed" if closed else "opened again")

    def set_password(self, name: str, password: str, *, by: str) -> None:
        """Give a user a new password; all their sessions end."""
        hashed = self._hashed(password)
        with self.engine.begin() as db:
            _demand_known(db, name)
            db.execute(USER.update().where(USER.c.name == name).values(password=hashed))
            db.execute(SESSION.delete().where(SESSION.c.user == name))
            self._record(db, by, "set_password", name)

    def _hashed(self, password: str) -> str:
        if len(password) < SHORTEST_PASSWORD:
            raise SignInError("short_password", length=SHORTEST_PASSWORD)
        return self.hasher.hash(password)

    # --- sessions

    def sign_in(self, name: str, password: str) -> str:
        """Return the token of a new session; the wrong name and the wrong password give the same error."""
        now = self.clock()
        with self.counting:
            tries = [at for at in self.tried.get(name, []) if at > now - WITHIN]
            if len(tries) >= TRIES:
                raise SignInError("wait", minutes=WITHIN // 60)
            # Counted before it is known to be wrong, or tries at the same time would all be let through.
            self.tried[name] = [*tries, now]
        with self.engine.begin() as db:
            known = _exists(db, name)
            kept = db.scalar(sql.select(USER.c.password).where(USER.c.name == name, USER.c.closed.is_(False)))
            right = self._matches(kept, password)
            # What is typed as a name may be anything, so only names of ours are written down.
            self._record(db, name if right else NOBODY, "sign_in" if right else "sign_in_failed", name if known else "")
            token = _opened(db, name, now) if right else ""
        if not right:
            raise SignInError("wrong")
        self.tried.pop(name, None)
        return token

    def sign_in_as(self, one: Vouched) -> str:
        """Return the token of a new session of somebody whom a provider vouches for; the first time opens an account.

        The roles and units that the provider governs become those that it gives; others stay as they were given here.
        """
        mine = (IDENTITY.c.issuer == one.issuer) & (IDENTITY.c.subject == one.subject)
        with self.engine.begin() as db:
            name = db.scalar(sql.select(IDENTITY.c.user).where(mine)) or self._open_for(db, one)
            user = _user(db, name)
            if user.closed:
                raise SignInError("closed")
            self._govern(db, user, one)
            self._record(db, name, "sign_in", name, one.issuer)
            return _opened(db, name, self.clock())

    def _open_for(self, db: sql.Connection, one: Vouched) -> str:
        named = re.sub(r"[^\w.-]+", ".", one.name).strip(".")
        plain = named if named.strip("-._") and not shows_number(named) else f"bruger-{_hash(one.subject)[:8]}"
        names = (plain, *(f"{plain}-{number}" for number in range(2, 10_000)))
        name = next(name for name in names if not _exists(db, name))
        db.execute(USER.insert().values(name=name, password="", closed=False))
        db.execute(IDENTITY.insert().values(issuer=one.issuer, subject=one.subject, user=name))
        self._record(db, NOBODY, "manage_users", name, f"opened for {one.issuer}")
        return name

    def _govern(self, db: sql.Connection, user: User, one: Vouched) -> None:
        given = (user.roles - one.governed) | one.roles
        units = (user.units - one.governed) | one.units
        if given != user.roles:
            _give(db, user.name, given)
            self._record(db, NOBODY, "manage_users", user.name, f"roles: {_listed(given)}")
        if units != user.units:
            _place(db, user.name, units)
            self._record(db, NOBODY, "manage_users", user.name, f"units: {', '.join(sorted(units)) or 'none'}")

    def _matches(self, kept: str | None, password: str) -> bool:
        # A name that does not exist takes as long as one that does.
        try:
            return self.hasher.verify(kept or _decoy(), password) and bool(kept)
        except VerificationError:
            return False

    def session(self, token: str | None) -> Session | None:
        """Return who is signed in with a token, or None; using a session keeps it alive."""
        if not token:
            return None
        now, mine = self.clock(), SESSION.c.token_hash == _hash(token)
        with self.engine.begin() as db:
            found = db.execute(sql.select(SESSION).where(mine)).one_or_none()
            if found is None:
                return None
            if now - found.seen > IDLE or now - found.began > LONGEST:
                db.execute(SESSION.delete().where(mine))
                return None
            db.execute(SESSION.update().where(mine).values(seen=now))
            return Session(_user(db, found.user), found.form_token)

    def sign_out(self, token: str | None) -> None:
        """End a session."""
        with self.engine.begin() as db:
            mine = SESSION.c.token_hash == _hash(token or "")
            name = db.scalar(sql.select(SESSION.c.user).where(mine))
            db.execute(SESSION.delete().where(mine))
            if name:
                self._record(db, name, "sign_out", name)

    # --- the log

    def demand(self, user: User | None, action: str, thing: Made | Placed | None = None) -> User:
        """Return the user if they may; otherwise write down that they tried, and raise AccessError."""
        if user is None or not may(user, action, thing):
            self.record(user.name if user else NOBODY, "refused", action)
            own = action in _rights()["two_persons"] and getattr(thing, "made_by", NOBODY) == getattr(user, "name", "")
            raise AccessError(action, actions()[action], own=own)
        return user

    def record(self, by: str, action: str, thing: str, detail: str = "") -> None:
        """Write an entry; nothing in it may be of a person in the store."""
        with self.engine.begin() as db:
            self._record(db, by, action, thing, detail)

    def _record(self, db: sql.Connection, by: str, action: str, thing: str, detail: str = "") -> None:
        last = db.execute(sql.select(LOG.c.number, LOG.c.digest).order_by(LOG.c.number.desc()).limit(1)).one_or_none()
        number, before = (last.number + 1, last.digest) if last else (1, "")
        fields: dict[str, Any] = {
            "number": number,
            "at": self.clock(),
            "user": by,
            "action": action,
            "thing": thing,
            "detail": detail,
            "before": before,
        }
        db.execute(LOG.insert().values(**fields, digest=_digest(fields)))

    def log(self, most: int = 500, *, of: str | None = None) -> list[Entry]:
        """Return the newest entries, newest first; those of one user where that is said."""
        newest = sql.select(LOG).order_by(LOG.c.number.desc()).limit(most)
        with self.engine.begin() as db:
            return [Entry(*row) for row in db.execute(newest if of is None else newest.where(LOG.c.user == of))]

    def broken_at(self) -> int | None:
        """Return the number of the first entry that does not follow from the one before; None when the chain holds."""
        before, number = "", 0
        with self.engine.begin() as db:
            for row in db.execute(sql.select(LOG).order_by(LOG.c.number)).mappings():
                fields = {name: value for name, value in row.items() if name != "digest"}
                if row["number"] != number + 1 or row["before"] != before or row["digest"] != _digest(fields):
                    return int(row["number"])
                before, number = row["digest"], row["number"]
        return None


def first_user(accounts: Accounts) -> str | None:
    """Make the first user, with every role, and return the password; None when there are users."""
    if accounts.users():
        return None
    password = secrets.token_urlsafe(12)
    accounts.add_user(FIRST, password, roles(), by=NOBODY)
    return password


def _opened(db: sql.Connection, name: str, now: float) -> str:
    """Begin a session, and return its token."""
    token = secrets.token_urlsafe(32)
    fresh = {"token_hash": _hash(token), "user": name, "form_token": secrets.token_urlsafe(32)}
    db.execute(SESSION.insert().values(**fresh, began=now, seen=now))
    return token


def _exists(db: sql.Connection, name: str) -> bool:
    return db.scalar(sql.select(USER.c.name).where(USER.c.name == name)) is not None


def _demand_known(db: sql.Connection, name: str) -> None:
    if not _exists(db, name):
        raise SignInError("no_user")


def _user(db: sql.Connection, name: str) -> User:
    closed = db.scalar(sql.select(USER.c.closed).where(USER.c.name == name))
    given = frozenset(db.scalars(sql.select(ROLE.c.role).where(ROLE.c.user == name)))
    return User(name, given, bool(closed), frozenset(db.scalars(sql.select(UNIT.c.unit).where(UNIT.c.user == name))))


def _give(db: sql.Connection, name: str, given: Iterable[str]) -> None:
    db.execute(ROLE.delete().where(ROLE.c.user == name))
    for role in sorted(set(given)):
        if role not in roles():
            raise SignInError("no_role", role=role, known=", ".join(roles()))
        db.execute(ROLE.insert().values(user=name, role=role))


def _place(db: sql.Connection, name: str, units: Iterable[str]) -> None:
    db.execute(UNIT.delete().where(UNIT.c.user == name))
    for unit in sorted(set(units)):
        if not UNIT_NAME.fullmatch(unit) or shows_number(unit):
            raise SignInError("unit_name")
        db.execute(UNIT.insert().values(user=name, unit=unit))


def _listed(given: Iterable[str]) -> str:
    return ", ".join(sorted(given)) or "no role"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _digest(fields: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True, ensure_ascii=False, default=repr).encode()).hexdigest()


@cache
def _decoy() -> str:
    return PasswordHasher().hash(secrets.token_urlsafe())
