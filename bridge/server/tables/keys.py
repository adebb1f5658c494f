"""The keys of those who may ask."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bridge.database.database import Database
from bridge.errors import UsageError
from bridge.server.tables.ledger import Ledger

PREFIX = "sb_"
"""Tells a person, and a scanner for leaked secrets, what such a text is."""


class KeyState(StrEnum):
    """What a key may do; each but the first has a documented code."""

    ACTIVE = "active"
    DISABLED = "disabled"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Key:
    """Somebody who may ask."""

    number: int
    name: str
    state: KeyState
    balance: int
    """Minutes it may still spend."""


@dataclass(frozen=True, slots=True)
class KeyUsage:
    """A key and what it has used, in tasks and started minutes."""

    name: str
    state: KeyState
    created: float
    balance: int
    reserved: int
    credited: int
    tasks: int
    under_way: int

    @property
    def spent(self) -> int:
        """The minutes that were charged."""
        return self.credited - self.balance - self.reserved


class Keys:
    """Keys, known by their SHA-256 only.

    A plain hash is enough: a key is 256 random bits, so there is nothing to guess or to look up in a table of hashes,
    which is what salt and slow hashes are for; and a fast one keeps every request fast.
    """

    def __init__(self, database: Database, ledger: Ledger, clock: Callable[[], float]) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock

    def create(self, name: str) -> str:
        """Make a key and return it: the only time that it can be read. Raises `UsageError` for a name in use."""
        name = name.strip()
        if not name or not name.isprintable():
            raise UsageError("A key needs a name that can be read.")
        key = PREFIX + secrets.token_urlsafe(32)
        with self._database.transaction():
            if self._database.rows("key_by_name", {"name": name}):
                raise UsageError(f"There is a key {name!r} already.", advice="Revoke it first, or take another name.")
            self._database.run("insert_key", {"name": name, "hash": _hash(key), "now": self._clock()})
        return key

    def find(self, key: str) -> Key | None:
        """Return whose key this is, None for a stranger's."""
        rows = self._database.rows("key_by_hash", {"hash": _hash(key)})
        return Key(rows[0]["number"], rows[0]["name"], KeyState(rows[0]["state"]), rows[0]["balance"]) if rows else None

    def named(self, name: str) -> Key:
        """Return the key of this name that is not revoked, or raise `UsageError`."""
        rows = self._database.rows("key_by_name", {"name": name.strip()})
        if not rows:
            raise UsageError(f"There is no key {name!r}.", advice="`stembridge keys list` shows them.")
        return Key(rows[0]["number"], rows[0]["name"], KeyState(rows[0]["state"]), rows[0]["balance"])

    def set_state(self, name: str, state: KeyState) -> None:
        """Change what the key of this name may do; a revoked one never comes back. Raises `UsageError`."""
        with self._database.transaction():
            self._database.run("set_key_state", {"number": self.named(name).number, "state": str(state)})

    def credit(self, name: str, minutes: int) -> int:
        """Give a key minutes, or take some back, and return its balance. Raises `UsageError`."""
        with self._database.transaction():
            key = self.named(name)
            self._ledger.credit(key.number, minutes)
        return key.balance + minutes

    def usage(self) -> list[KeyUsage]:
        """Return every key, revoked ones too, with what it has used."""
        return [
            KeyUsage(
                name=row["name"],
                state=KeyState(row["state"]),
                created=row["created"],
                balance=row["balance"],
                reserved=row["reserved"],
                credited=row["credited"],
                tasks=row["tasks"],
                under_way=row["under_way"],
            )
            for row in self._database.rows("key_usage")
        ]


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
