from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.cli.job_table import job_table
from bridge.cli.main import main
from bridge.cli.output import complain, print_json, say
from bridge.daemon.compose import open_store
from bridge.jobs.folder import StateFolder


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "config.toml"
    path.write_text(
        '[inbox]\nfolder = "in"\n[output]\nfolder = "out"\n[state]\nfolder = "state"\n[osc]\nport = 0\n'
        '[separation]\nengine = "preview"\n'
    )
    noise = np.random.default_rng(3).standard_normal((8820, 2)) * 0.1
    for name in ("Night Drive", "Dawn", "a\x1b[2Jb"):
        soundfile.write(tmp_path / f"{name}.wav", noise * (1 + len(name)), 44_100)
    files = [str(file) for file in tmp_path.glob("*.wav")]
    main(["separate", *files, "--config", str(path)])
    return str(path)


def _songs(capsys: pytest.CaptureFixture[str], config: str, *filters: str) -> list[str]:
    capsys.readouterr()
    assert main(["jobs", "--json", "--config", config, *filters]) == 0
    return sorted(job["song"] for job in json.loads(capsys.readouterr().out)["jobs"])


def test_jobs_are_filtered_by_state_song_and_date(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(_songs(capsys, config)) == 3
    assert _songs(capsys, config, "--song", "night") == ["Night Drive"]
    assert _songs(capsys, config, "--state", "failed,queued") == []
    assert len(_songs(capsys, config, "--state", "delivered", "--since", "2000-01-01")) == 3
    assert _songs(capsys, config, "--until", "2000-01-01") == []


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_of_the_table_is_wider_than_the_terminal(width: int, config: str, tmp_path: Path) -> None:
    store = open_store(StateFolder(tmp_path / "state"))
    try:
        lines = list(job_table(store.jobs(), width))
    finally:
        store.close()
    assert max(map(len, lines)) <= width
    assert width == 40 or any("Night Drive" in line and "preview" in line for line in lines)


def test_control_characters_in_text_from_outside_are_printed_as_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    name = "a\x1b[2Jb\nc\x9b\u202e\udce9"
    say(name)
    complain(name)
    print_json({"name": name})
    said = capsys.readouterr()
    assert said.out.splitlines()[0] == said.err.strip() == r"a\x1b[2Jb\nc\x9b\u202e\udce9"
    assert not set("\x1b\x9b\u202e\udce9") & set(said.out)
    assert json.loads(said.out.split("\n", 1)[1])["name"] == name


def test_a_queued_job_without_a_bridge_is_told(config: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    store = open_store(StateFolder(tmp_path / "state"))
    try:
        store.retry(_failed(tmp_path, config))
    finally:
        store.close()
    capsys.readouterr()
    assert main(["jobs", "--config", config]) == 0
    assert "No bridge is running" in capsys.readouterr().out


def _failed(tmp_path: Path, config: str) -> str:
    text = tmp_path / "text.wav"
    text.write_text("This is not audio.")
    main(["separate", str(text), "--config", config])
    store = open_store(StateFolder(tmp_path / "state"))
    try:
        return next(job.id for job in store.jobs() if job.state == "failed")
    finally:
        store.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a Linux device")
def test_a_full_disk_behind_standard_output_is_one_clear_line(config: str) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "bridge.cli.main", "jobs", "--config", config],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.returncode == 1
    assert "writing to standard output: No space left on device" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("typed", "meant"), [(["seperate"], "separate"), (["status"], "jobs"), (["jobs", "--limt", "3"], "--limit")]
)
def test_a_mistyped_word_is_answered_with_the_right_one(
    typed: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(typed)
    assert caught.value.code == 2
    assert f"did you mean {meant}" in capsys.readouterr().err


def test_files_may_stand_on_both_sides_of_options_and_behind_two_dashes() -> None:
    from bridge.cli.arguments import parser

    options = parser().parse(["separate", "a.wav", "--output=~/Stems", "b.wav", "--", "-c.wav"])
    assert [file.name for file in options.files] == ["a.wav", "b.wav", "-c.wav"]
    assert options.output == Path("~/Stems").expanduser()
