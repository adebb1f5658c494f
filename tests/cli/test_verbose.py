from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.cli.arguments import parser

KEY = "a-very-secret-key-1234"
PASSWORD = "webdav-password-5678"


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "config.toml"
    path.write_text(
        '[inbox]\nfolder = "in"\n[output]\nfolder = "out"\n[state]\nfolder = "state"\n[osc]\nport = 0\n'
        f'[separation]\nengine = "auto"\n[api]\nkey = "{KEY}"\n'
        f'[publish]\nurl = "https://dav.example.org/bounces"\nsecret = "{PASSWORD}"\n'
        '[presets.local]\nengine = "preview"\n'
    )
    return str(path)


def _run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bridge.cli.main", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **variables},
    )


def _separate(tmp_path: Path, config: str, *flags: str, **variables: str) -> subprocess.CompletedProcess[str]:
    bounce = tmp_path / f"{KEY}.wav"
    soundfile.write(bounce, np.random.default_rng(1).standard_normal((8820, 2)) * 0.1, 44_100)
    return _run("separate", str(bounce), "--preset", "local", "--json", "--config", config, *flags, **variables)


def test_every_command_takes_verbose(capsys: pytest.CaptureFixture[str]) -> None:
    commands = ["up", "separate", "jobs", "show", "retry", "cancel", "models", "doctor", "serve"]
    inner = [["config", "init"], ["config", "check"], ["config", "show"], ["keys", "create"], ["keys", "list"]]
    for command in [[name] for name in commands] + inner:
        with pytest.raises(SystemExit):
            parser().parse_args([*command, "--help"])
        assert "--verbose" in capsys.readouterr().out


@pytest.mark.parametrize(("flags", "variables"), [(["--verbose"], {}), ([], {"STEMBRIDGE_LOG": "debug"})])
def test_verbose_logs_decisions_to_stderr_and_to_the_log_file_and_leaves_json_alone(
    flags: list[str], variables: dict[str, str], tmp_path: Path, config: str
) -> None:
    ended = _separate(tmp_path, config, *flags, **variables)
    assert json.loads(ended.stdout)["jobs"][0]["state"] == "delivered"
    log_file = (tmp_path / "state" / "logs" / "stembridge.log").read_text("utf-8")
    for said in (ended.stderr, log_file):
        assert "separating with engine preview" in said
        assert "separating -> normalising after" in said
    assert "engine preview, as configured or asked for" in ended.stderr


def test_without_verbose_neither_stderr_nor_the_log_file_has_debug_lines(tmp_path: Path, config: str) -> None:
    ended = _separate(tmp_path, config)
    assert ended.stderr == ""
    assert " DEBUG " not in (tmp_path / "state" / "logs" / "stembridge.log").read_text("utf-8")


def test_no_secret_of_the_configuration_reaches_a_verbose_log(tmp_path: Path, config: str) -> None:
    ended = _separate(tmp_path, config, "--verbose")
    log_file = (tmp_path / "state" / "logs" / "stembridge.log").read_text("utf-8")
    assert "/out/***" in ended.stderr, "the bounce is named like the key, to see it masked"
    assert KEY not in ended.stderr + log_file
    assert PASSWORD not in ended.stderr + log_file


def test_the_log_level_is_set_once_and_never_raised_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bridge.daemon.log import log_to_file

    root = logging.getLogger()
    monkeypatch.setattr(root, "level", logging.DEBUG)
    handler = log_to_file(tmp_path, [])
    try:
        assert root.level == logging.DEBUG
    finally:
        root.removeHandler(handler)
        handler.close()
