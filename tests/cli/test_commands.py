"""The commands, called as the program calls them, on real files and the real engine."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.cli.arguments import parser
from bridge.cli.main import main
from bridge.cli.up import up
from bridge.config import folders
from bridge.config.load import load
from bridge.daemon.daemon import Daemon
from tests.osc.oscdesk import link_local
from tests.ports import free_port


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "config.toml"
    path.write_text(
        '[inbox]\nfolder = "in"\n[output]\nfolder = "out"\n[state]\nfolder = "state"\n'
        "[osc]\nport = 0\n"
        '[api]\nkey = "a-very-secret-key-1234"\n'
        '[presets.karaoke]\nmodel = 350\ndepth = "32f"\n'
    )
    return str(path)


def _bounce(folder: Path, name: str = "Night Drive.wav", seconds: float = 0.3) -> Path:
    path = folder / name
    noise = np.random.default_rng(3).standard_normal((int(seconds * 44_100), 2)) * 0.1
    soundfile.write(path, noise, 44_100, subtype="PCM_24")
    return path


def _json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_separate_delivers_and_says_where(tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["separate", str(_bounce(tmp_path)), "--config", config]) == 0
    said = capsys.readouterr().out
    assert "bass, drums, vocals, other delivered" in said
    assert str(tmp_path / "out" / "Night Drive") in said


def test_separate_with_json_prints_one_document(
    tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "elsewhere"
    arguments = ["separate", str(_bounce(tmp_path)), "--json", "--preset", "karaoke", "--output", str(output)]
    assert main([*arguments, "--config", config]) == 0
    job = _json(capsys)["jobs"][0]
    assert (job["state"], job["model"], job["preset"], job["progress"]) == ("delivered", 350, "karaoke", 1.0)
    assert [stem["name"] for stem in job["stems"]] == ["vocals", "no_vocals"]
    assert job["folder"] == str(output / "Night Drive")
    assert all(soundfile.info(stem["path"]).subtype == "FLOAT" for stem in job["stems"])


def test_several_files_are_all_tried_and_one_failure_makes_the_exit_code_1(
    tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text.wav"
    text.write_text("This is not audio.")
    files = [str(tmp_path / "missing.wav"), str(text), str(_bounce(tmp_path))]
    assert main(["separate", *files, "--json", "--config", config]) == 1
    document = _json(capsys)
    assert [job["state"] for job in document["jobs"]] == ["failed", "delivered"]
    assert [refused["code"] for refused in document["refused"]] == ["bounce.missing"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "123"], "There is no model 123"),
        (["--model", "320", "--engine", "preview"], "AudioSeparation service"),
        (["--engine", "demucs"], "models fetch htdemucs"),
        (["--engine", "nonsense"], "has no engine"),
        (["--preset", "nonsense"], "karaoke"),
    ],
)
def test_what_cannot_be_ordered_is_refused_before_anything_is_made(
    arguments: list[str], words: str, tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["separate", str(_bounce(tmp_path)), *arguments, "--config", config]) == 2
    assert words in capsys.readouterr().err
    assert main(["jobs", "--json", "--config", config]) == 0
    assert _json(capsys) == {"jobs": []}


def test_jobs_and_show_tell_what_happened(tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jobs", "--config", config]) == 0
    assert "No jobs yet" in capsys.readouterr().out
    main(["separate", str(_bounce(tmp_path)), "--config", config])
    capsys.readouterr()
    main(["jobs", "--json", "--config", config])
    job_id = _json(capsys)["jobs"][0]["job"]
    main(["jobs", "--config", config])
    assert re.search(r"Night Drive +delivered +\d+ preview", capsys.readouterr().out)
    assert main(["show", job_id[:4], "--config", config]) == 0
    shown = capsys.readouterr().out
    assert "rough preview" in shown
    assert "sum against the mix: -1" in shown
    assert "Night Drive - vocals.wav" in shown
    main(["show", job_id, "--json", "--config", config])
    kinds = [event["kind"] for event in _json(capsys)["events"]]
    assert kinds == ["accepted", "separating", "normalising", "delivering", "delivered"]


def test_a_failed_job_says_how_to_go_on_and_can_be_retried(
    tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "Night Drive").write_text("a file where the folder should be")
    assert main(["separate", str(_bounce(tmp_path)), "--json", "--config", config]) == 1
    job = _json(capsys)["jobs"][0]
    assert job["state"] == "failed"
    assert job["error"]["retryable"]
    assert job["error"]["advice"]
    main(["show", job["job"], "--config", config])
    assert f"stembridge retry {job['job']}" in capsys.readouterr().out
    assert main(["retry", job["job"], "--json", "--config", config]) == 0
    assert _json(capsys)["state"] == "queued"
    assert main(["cancel", job["job"], "--config", config]) == 0
    assert "is cancelled" in capsys.readouterr().out


def test_models_are_listed_with_the_engines_that_can(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json", "--config", config]) == 0
    rows = {row["id"]: row for row in _json(capsys)["models"]}
    assert len(rows) == 11
    assert rows[350]["available_engines"] == ["api", "roformer", "preview"]
    assert rows[350]["delivered"] == ["vocals", "no_vocals"]
    assert rows[320]["available_engines"] == ["api", "demucs"]
    service, roformer, preview = rows[350]["engines"]
    assert (roformer["name"], roformer["ready"]) == ("roformer", False)
    assert (service["name"], service["ready"], preview) == ("api", False, {"name": "preview", "ready": True, "why": ""})
    assert service["why"]
    main(["models"])
    assert "rough preview" in capsys.readouterr().out


def test_doctor_finds_all_well_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = _without_key(tmp_path, monkeypatch, failover=True)
    assert main(["doctor", "--json", "--config", config]) == 0
    document = _json(capsys)
    assert document["ok"]
    assert {"inbox", "stems", "state", "ffmpeg", "job store"} <= {check["name"] for check in document["checks"]}


def test_doctor_says_what_is_wrong_and_how_to_mend_it(
    tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("a file where the folder should be")
    assert main(["doctor", "--config", config]) == 1
    said = capsys.readouterr().out
    assert "FAIL  stems" in said
    assert "[output] folder" in said


def _osc_finding(config: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    main(["doctor", "--json", "--config", config])
    return next(check for check in _json(capsys)["checks"] if check["name"] == "OSC")


def test_doctor_asks_the_bridge_over_osc_or_tries_the_port(
    tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", port))
        Path(config).write_text(Path(config).read_text().replace("port = 0", f"port = {port}"))
        taken = _osc_finding(config, capsys)
        assert not taken["ok"]
        assert "another program has it" in taken["detail"]
        assert "[osc] port" in taken["advice"]
    assert _osc_finding(config, capsys)["detail"] == f"port {port} is free for it"
    with Daemon(load(Path(config), {})) as daemon:
        assert daemon.osc.endpoint == ("127.0.0.1", port)
        assert _osc_finding(config, capsys)["detail"] == f"a bridge answers at 127.0.0.1 port {port}"


def test_doctor_finds_a_bridge_at_an_address_that_holds_on_one_network_alone(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    host, port = link_local(), free_port()
    told = f'host = "{host}"\nallow = ["fe80::/10"]\nport = {port}'
    Path(config).write_text(Path(config).read_text().replace("port = 0", told))
    assert _osc_finding(config, capsys)["detail"] == f"port {port} is free for it"
    with Daemon(load(Path(config), {})):
        assert _osc_finding(config, capsys)["detail"] == f"a bridge answers at {host} port {port}"


def test_the_key_is_never_shown(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["config", "show"], ["config", "check"], ["doctor"], ["doctor", "--json"]):
        main([*command, "--config", config])
        said = capsys.readouterr()
        assert said.out
        assert "a-very-secret-key-1234" not in said.out + said.err


def test_init_writes_a_configuration_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "new" / "config.toml"
    assert main(["config", "init", "--config", str(path)]) == 0
    path.write_text(path.read_text() + "\n# mine\n")
    assert main(["config", "init", "--config", str(path)]) == 2
    assert path.read_text().endswith("# mine\n")
    assert main(["config", "check", "--config", str(path)]) == 0
    capsys.readouterr()


def test_init_writes_what_the_other_commands_would_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    named, given, usual = (tmp_path / name for name in ("named.toml", "given.toml", "usual.toml"))
    monkeypatch.setattr(folders, "config_file", lambda: usual)
    monkeypatch.setenv("STEMBRIDGE_CONFIG", str(named))
    assert main(["config", "init", "--config", str(given)]) == 0
    assert [path.exists() for path in (named, given, usual)] == [False, True, False]
    assert main(["config", "init"]) == 0
    assert [path.exists() for path in (named, usual)] == [True, False]
    monkeypatch.delenv("STEMBRIDGE_CONFIG")
    assert main(["config", "init"]) == 0
    assert usual.exists()
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == [
        f"{path}." for path in (given, named, usual)
    ]


def test_the_newest_job_alone_is_listed_where_one_is_asked_for(
    tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["separate", str(_bounce(tmp_path)), str(_bounce(tmp_path, "Dawn.wav")), "--config", config])
    capsys.readouterr()
    assert main(["jobs", "--limit", "1", "--json", "--config", config]) == 0
    assert [job["song"] for job in _json(capsys)["jobs"]] == ["Dawn"]


def _without_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, failover: bool) -> str:
    monkeypatch.delenv("STEMBRIDGE_API_KEY", raising=False)
    monkeypatch.setattr(folders, "config_file", lambda: tmp_path / "none" / "config.toml")
    path = tmp_path / "cloud.toml"
    path.write_text(
        f'[separation]\nengine = "api"\nfailover = {str(failover).lower()}\n[osc]\nport = 0\n'
        '[inbox]\nfolder = "in"\n[output]\nfolder = "out"\n[state]\nfolder = "state"\n'
    )
    return str(path)


def test_without_a_key_the_preview_makes_the_stems_where_failover_allows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = _without_key(tmp_path, monkeypatch, failover=True)
    assert main(["config", "check", "--config", config]) == 0
    assert capsys.readouterr().err.count("There is no key to the separation service") == 1
    assert main(["separate", str(_bounce(tmp_path)), "--config", config]) == 0
    assert capsys.readouterr().err.count("There is no key to the separation service") == 1
    receipt = json.loads((tmp_path / "out" / "Night Drive" / "stems.json").read_text())
    assert receipt["engine"] == "preview"


def test_up_says_once_that_the_preview_stands_in_for_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = _without_key(tmp_path, monkeypatch, failover=True)
    Path(config).write_text(Path(config).read_text() + "[presets.vox]\nmodel = 350\n")
    options = parser().parse_args(["up", "--config", config])
    options.stop = SimpleNamespace(asked=iter([False, True]).__next__)
    assert up(options) == 0
    told = "There is no key to the separation service"
    assert capsys.readouterr().out.count(told) == 1
    assert (tmp_path / "state" / "logs" / "stembridge.log").read_text().count(told) == 1


def test_without_a_key_and_without_failover_nothing_starts_and_the_way_out_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = _without_key(tmp_path, monkeypatch, failover=False)
    assert main(["config", "check", "--config", config]) == 2
    assert "STEMBRIDGE_API_KEY" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT is POSIX")
def test_ctrl_c_during_separate_cancels_the_job(
    tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bounce = _bounce(tmp_path, seconds=200)
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge.cli.main", "separate", str(bounce), "--config", config],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    assert "separating" in process.stdout.readline()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Night Drive: cancelled" in said
    main(["jobs", "--json", "--config", config])
    assert [job["state"] for job in _json(capsys)["jobs"]] == ["cancelled"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM is POSIX")
def test_separate_uses_the_running_bridge_if_there_is_one(
    tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bridge = subprocess.Popen(
        [sys.executable, "-m", "bridge.cli.main", "up", "--config", config],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert bridge.stdout is not None
        assert "Stembridge is up" in bridge.stdout.readline()
        assert main(["separate", str(_bounce(tmp_path)), "--json", "--config", config]) == 0
        assert _json(capsys)["jobs"][0]["state"] == "delivered"
    finally:
        bridge.terminate()
        said, _ = bridge.communicate(timeout=30)
    assert bridge.returncode == 0
    assert "Night Drive: accepted" in said or "Night Drive: separating" in said
