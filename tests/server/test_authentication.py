from __future__ import annotations

from pathlib import Path

import pytest

from bridge.protocol.codes import Code
from bridge.server.authentication import Authenticator
from bridge.server.refused import Refused
from bridge.server.tables.opening import open_tables


def test_without_a_limit_a_key_calls_as_often_as_it_likes(tmp_path: Path) -> None:
    tables = open_tables(tmp_path)
    headers = {"api-key": tables.keys.create("anna")}
    authenticator = Authenticator(tables.keys, 0, lambda: 0.0)
    assert {authenticator.authenticate(headers).name for _ in range(1000)} == {"anna"}
    tables.database.close()


def test_a_key_that_called_too_often_is_told_how_long_to_wait(tmp_path: Path) -> None:
    tables = open_tables(tmp_path)
    headers = {"api-key": tables.keys.create("anna")}
    authenticator = Authenticator(tables.keys, 1, lambda: 0.0)
    authenticator.authenticate(headers)
    with pytest.raises(Refused) as refused:
        authenticator.authenticate(headers)
    assert (refused.value.answer, refused.value.retry_after_s) == (Code.RATE_LIMITED, 60)
    tables.database.close()
