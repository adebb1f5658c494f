from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.daemon.log import log_to_file
from bridge.daemon.redact import hide

SECRET = "sk-very-secret-1234"


@pytest.fixture
def handler(tmp_path: Path) -> Iterator[logging.Handler]:
    handler = log_to_file(tmp_path, [SECRET, ""])
    yield handler
    logging.getLogger().removeHandler(handler)
    handler.close()


def test_a_secret_is_masked_wherever_it_stands(tmp_path: Path, handler: logging.Handler) -> None:
    log = logging.getLogger("test")
    log.info("sent %s to %s", "api-key", SECRET)
    try:
        int(SECRET)
    except ValueError:
        log.exception("it failed")
    handler.flush()
    text = (tmp_path / "stembridge.log").read_text("utf-8")
    assert SECRET not in text
    assert "sent api-key to ***" in text
    assert "invalid literal for int() with base 10: '***'" in text


def test_a_name_that_is_no_valid_text_is_written_down_all_the_same(tmp_path: Path, handler: logging.Handler) -> None:
    # To this handler alone: pytest hands what it has caught itself from process to process, as text.
    handler.handle(logging.makeLogRecord({"msg": os.fsdecode(b"caf\xe9.wav"), "levelno": logging.INFO}))
    handler.flush()
    assert r"caf\udce9.wav" in (tmp_path / "stembridge.log").read_text("utf-8")


def test_the_log_does_not_grow_without_end(tmp_path: Path, handler: logging.Handler) -> None:
    line = "x" * 100_000
    for _ in range(130):
        logging.getLogger("test").info(line)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 12_500_000
    assert len(list(tmp_path.iterdir())) == 6


def test_control_characters_in_a_name_are_written_as_escapes(tmp_path: Path, handler: logging.Handler) -> None:
    logging.getLogger("test").info("took %s", "a\x1b[2Jb\nERROR c\x9b\u202e.wav")
    handler.flush()
    text = (tmp_path / "stembridge.log").read_text("utf-8")
    assert r"took a\x1b[2Jb\nERROR c\x9b\u202e.wav" in text
    assert len(text.splitlines()) == 1


def test_a_secret_found_later_is_masked_too(tmp_path: Path, handler: logging.Handler) -> None:
    hide("found-in-the-keyring")
    logging.getLogger("test").info("it is found-in-the-keyring")
    handler.flush()
    assert "it is ***" in (tmp_path / "stembridge.log").read_text("utf-8")


def test_debug_lines_of_libraries_stay_out_of_the_log(
    tmp_path: Path, handler: logging.Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "level", logging.DEBUG)
    logging.getLogger("somelibrary.http").debug("api-key: abc")
    logging.getLogger("bridge.somewhere").debug("a decision")
    handler.flush()
    assert [line.split(": ")[1] for line in (tmp_path / "stembridge.log").read_text().splitlines()] == ["a decision"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has access lists instead of modes")
def test_log_files_are_private_also_after_a_rotation_and_when_they_were_open(tmp_path: Path) -> None:
    (tmp_path / "stembridge.log").touch(0o666)
    (tmp_path / "stembridge.log").chmod(0o666)
    before = os.umask(0)
    handler = log_to_file(tmp_path, [])
    try:
        handler.handle(logging.makeLogRecord({"msg": "x" * 2_100_000, "levelno": logging.INFO}))
        handler.handle(logging.makeLogRecord({"msg": "next", "levelno": logging.INFO}))
    finally:
        os.umask(before)
        logging.getLogger().removeHandler(handler)
        handler.close()
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert len(modes) > 1
    assert set(modes.values()) == {0o600}
