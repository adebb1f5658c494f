from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from bridge.server.log import log_to, note
from bridge.server.tables.keys import PREFIX

KEY = PREFIX + "A" * 43


def broken(said: str) -> None:
    raise ValueError(said)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    root = logging.getLogger()
    level = root.level
    handler = log_to(stream)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def test_each_event_is_one_json_line(lines: io.StringIO) -> None:
    note(logging.getLogger("x"), "task.created", task="abc", model=501)
    try:
        broken("two\nlines")
    except ValueError:
        logging.getLogger("x").exception("broken")
    first, second = (json.loads(line) for line in lines.getvalue().splitlines())
    assert (first["event"], first["level"], first["task"], first["model"]) == ("task.created", "info", "abc", 501)
    assert (second["event"], second["level"]) == ("broken", "error")
    assert "two\nlines" in second["traceback"]


def test_no_key_and_no_signature_is_ever_in_it(lines: io.StringIO) -> None:
    log = logging.getLogger("x")
    note(log, f"a key {KEY}", header=KEY, url="https://x/y?expires=1&signature=abc-DEF_1")
    try:
        broken(f"{KEY} signature=abc-DEF_1")
    except ValueError:
        log.exception("broken %s", KEY)
    assert KEY not in lines.getvalue()
    assert "abc-DEF_1" not in lines.getvalue()


def test_what_others_fetch_is_not_logged(lines: io.StringIO) -> None:
    logging.getLogger("httpx").info("HTTP Request: GET https://x/secret")
    assert lines.getvalue() == ""
