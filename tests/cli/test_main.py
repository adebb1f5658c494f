from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bridge import __version__
from bridge.cli.arguments import parser
from bridge.cli.main import main


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "config.toml"
    path.write_text('[inbox]\nfolder = "in"\n[output]\nfolder = "out"\n[state]\nfolder = "state"\n')
    return str(path)


def test_the_version_loads_nothing_heavy() -> None:
    program = (
        "import sys; from bridge.cli.main import main\n"
        "try: main(['--version'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'pydantic', 'rich', 'sqlite3', 'watchdog', 'soundfile'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == [f"stembridge {__version__}", "[]"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["separate"],
        ["show"],
        ["jobs", "--nonsense"],
        ["jobs", "--limit", "0"],
        ["jobs", "--limit", "-5"],
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: stembridge" in capsys.readouterr().err


def test_every_command_takes_a_configuration_and_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    commands = ["up", "separate", "jobs", "show", "retry", "cancel", "models", "doctor"]
    for command in [[name] for name in commands] + [["config", name] for name in ("init", "check", "show")]:
        with pytest.raises(SystemExit) as caught:
            parser().parse_args([*command, "--help"])
        assert caught.value.code == 0
        assert "--config F" in capsys.readouterr().out


def test_a_wrong_configuration_exits_with_2_and_tells_every_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[inbox]\nfoldr = "x"\n[osc]\nprot = 1\n')
    assert main(["jobs", "--config", str(path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert [line.split(": ", 2)[1] for line in said.err.splitlines()[:2]] == [f"{path}:2", f"{path}:4"]
    assert "did you mean folder?" in said.err


@pytest.mark.parametrize("command", [["jobs"], ["config", "check"], ["doctor"], ["up"], ["serve"], ["keys", "list"]])
def test_every_command_tells_of_a_wrong_model_as_of_any_wrong_value(command: list[str], tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[separation]\nmodel = 9\n[osc]\nprot = 1\n")
    said = subprocess.run(
        [sys.executable, "-m", "bridge.cli.main", *command, "--config", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 2
    assert [line.split(": ")[1] for line in said.stderr.splitlines()] == [f"{path}:2", f"{path}:4"]


def test_an_error_with_json_is_one_document(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "zzz", "--json", "--config", config]) == 2
    said = capsys.readouterr()
    assert json.loads(said.out)["error"]["code"] == "job.not_found"
    assert "stembridge jobs" in said.err


@pytest.mark.parametrize("command", ["show", "retry", "cancel"])
def test_a_job_that_does_not_exist_exits_with_2(command: str, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "zzz", "--config", config]) == 2
    assert "There is no job 'zzz'." in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error(config: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge.cli.main", "models", "--config", config],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    process.wait()
