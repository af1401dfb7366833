"""What a signed-in person may do with accounts, in every process that has some."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from lighed.core.accounts import Accounts, Entry, User
from lighed.core.errors import SignInError


class Office:
    """The work of one user. Every method asks ``may`` first and writes down what was done."""

    def __init__(self, accounts: Accounts, user: User | None) -> None:
        self.accounts, self.user = accounts, user

    def _demand(self, action: str, thing: Any = None) -> User:
        return self.accounts.demand(self.user, action, thing)

    def _done(self, action: str, thing: str, detail: str = "") -> None:
        assert self.user is not None
        self.accounts.record(self.user.name, action, thing, detail)

    def users(self) -> list[User]:
        """Return every account."""
        self._demand("manage_users")
        return self.accounts.users()

    def add_user(self, name: str, password: str, roles: Iterable[str], units: Iterable[str] = ()) -> None:
        """Open an account."""
        self.accounts.add_user(name, password, roles, by=self._demand("manage_users").name, units=units)

    def change_user(
        self, name: str, *, roles: Collection[str], closed: bool, password: str = "", units: Collection[str] = ()
    ) -> None:
        """Give an account other roles, units or password, close it or open it again; nobody does this to their own."""
        user, before = self._demand("manage_users"), self.accounts.user(name)
        if before is None:
            raise SignInError("no_user")
        if name == user.name:
            raise SignInError("own")
        if password:
            self.accounts.set_password(name, password, by=user.name)
        if set(roles) != before.roles:
            self.accounts.set_roles(name, roles, by=user.name)
        if set(units) != before.units:
            self.accounts.set_units(name, units, by=user.name)
        if closed != before.closed:
            self.accounts.set_closed(name, closed=closed, by=user.name)

    def log(self) -> tuple[list[Entry], int | None]:
        """Return the newest entries of the log, and where its chain is broken, if it is."""
        self._demand("read_log")
        return self.accounts.log(), self.accounts.broken_at()
