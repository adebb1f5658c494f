from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.errors import UsageError
from bridge.server.tables.keys import KeyState
from bridge.server.tables.opening import DATABASE_NAME, Tables, open_tables


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    tables = open_tables(tmp_path)
    yield tables
    tables.database.close()


def test_a_key_is_found_by_itself_and_by_nothing_else(tables: Tables) -> None:
    key = tables.keys.create("anna")
    found = tables.keys.find(key)
    assert found is not None
    assert (found.name, found.state, found.balance) == ("anna", KeyState.ACTIVE, 0)
    assert tables.keys.find(key[:-1]) is None
    assert tables.keys.find("") is None
    assert tables.keys.find("anna") is None


def test_the_key_itself_is_nowhere_on_the_disk(tables: Tables, tmp_path: Path) -> None:
    key = tables.keys.create("anna")
    tables.database.close()
    assert key.encode() not in (tmp_path / DATABASE_NAME).read_bytes()


def test_two_keys_never_have_one_name_until_one_is_revoked(tables: Tables) -> None:
    first = tables.keys.create("anna")
    with pytest.raises(UsageError, match="already"):
        tables.keys.create("anna")
    tables.keys.set_state("anna", KeyState.REVOKED)
    second = tables.keys.create("anna")
    states = [tables.keys.find(key).state for key in (first, second)]  # type: ignore[union-attr]
    assert states == [KeyState.REVOKED, KeyState.ACTIVE]


def test_a_revoked_key_never_comes_back_and_its_minutes_do_not_pass_on(tables: Tables) -> None:
    tables.keys.create("anna")
    tables.keys.credit("anna", 10)
    tables.keys.set_state("anna", KeyState.REVOKED)
    with pytest.raises(UsageError, match="no key"):
        tables.keys.set_state("anna", KeyState.ACTIVE)
    tables.keys.create("anna")
    assert tables.keys.named("anna").balance == 0


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\x1b[2J"])
def test_a_key_needs_a_name_that_can_be_read(tables: Tables, name: str) -> None:
    with pytest.raises(UsageError):
        tables.keys.create(name)


def test_the_secret_of_links_stays_the_same(tables: Tables, tmp_path: Path) -> None:
    secret = tables.secret()
    other = open_tables(tmp_path)
    assert other.secret() == secret
    assert len(secret) == 32
    other.database.close()
