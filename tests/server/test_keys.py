from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.errors import UsageError
from bridge.server.tables.keys import KeyState
from bridge.server.tables.opening import DATABASE_NAME, Books, open_books


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    books = open_books(tmp_path)
    yield books
    books.database.close()


def test_a_key_is_found_by_itself_and_by_nothing_else(books: Books) -> None:
    key = books.keys.create("anna")
    found = books.keys.find(key)
    assert found is not None
    assert (found.name, found.state, found.balance) == ("anna", KeyState.ACTIVE, 0)
    assert books.keys.find(key[:-1]) is None
    assert books.keys.find("") is None
    assert books.keys.find("anna") is None


def test_the_key_itself_is_nowhere_on_the_disk(books: Books, tmp_path: Path) -> None:
    key = books.keys.create("anna")
    books.database.close()
    assert key.encode() not in (tmp_path / DATABASE_NAME).read_bytes()


def test_two_keys_never_have_one_name_until_one_is_revoked(books: Books) -> None:
    first = books.keys.create("anna")
    with pytest.raises(UsageError, match="already"):
        books.keys.create("anna")
    books.keys.set_state("anna", KeyState.REVOKED)
    second = books.keys.create("anna")
    states = [books.keys.find(key).state for key in (first, second)]  # type: ignore[union-attr]
    assert states == [KeyState.REVOKED, KeyState.ACTIVE]


def test_a_revoked_key_never_comes_back_and_its_minutes_do_not_pass_on(books: Books) -> None:
    books.keys.create("anna")
    books.keys.credit("anna", 10)
    books.keys.set_state("anna", KeyState.REVOKED)
    with pytest.raises(UsageError, match="no key"):
        books.keys.set_state("anna", KeyState.ACTIVE)
    books.keys.create("anna")
    assert books.keys.named("anna").balance == 0


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\x1b[2J"])
def test_a_key_needs_a_name_that_can_be_read(books: Books, name: str) -> None:
    with pytest.raises(UsageError):
        books.keys.create(name)


def test_the_secret_of_links_stays_the_same(books: Books, tmp_path: Path) -> None:
    secret = books.secret()
    other = open_books(tmp_path)
    assert other.secret() == secret
    assert len(secret) == 32
    other.database.close()
