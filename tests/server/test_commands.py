from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bridge.cli.main import main


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "config.toml"
    path.write_text('[state]\nfolder = "state"\n[server]\nport = 0\n')
    return str(path)


def read(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_a_key_is_shown_once_and_never_again(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "create", "anna", "--json", "--config", config]) == 0
    made = read(capsys)
    assert made["name"] == "anna"
    assert len(made["key"]) > 40
    for command in (["keys", "list"], ["keys", "list", "--json"], ["serve", "--status"], ["config", "show"]):
        assert main([*command, "--config", config]) == 0
        assert made["key"][3:] not in capsys.readouterr().out


def test_a_key_is_credited_listed_and_changed(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["keys", "create", "anna", "--config", config])
    assert main(["keys", "credit", "anna", "60", "--config", config]) == 0
    assert main(["keys", "credit", "anna", "-20", "--config", config]) == 0
    for action, state in (("disable", "disabled"), ("suspend", "suspended"), ("enable", "active")):
        assert main(["keys", action, "anna", "--config", config]) == 0
        capsys.readouterr()
        main(["keys", "list", "--json", "--config", config])
        (row,) = read(capsys)["keys"]
        assert (row["state"], row["balance"], row["spent"]) == (state, 40, 0)
    assert main(["serve", "--status", "--json", "--config", config]) == 0
    assert read(capsys)["tasks"] == {}


def test_what_cannot_be_done_is_told(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "credit", "nobody", "5", "--config", config]) == 2
    assert "There is no key 'nobody'" in capsys.readouterr().err
    main(["keys", "create", "anna", "--config", config])
    assert main(["keys", "create", "anna", "--config", config]) == 2
    assert main(["keys", "credit", "anna", "-1", "--config", config]) == 2
    assert main(["keys", "revoke", "anna", "--config", config]) == 0
    assert main(["keys", "enable", "anna", "--config", config]) == 2
    capsys.readouterr()


def test_serve_does_not_listen_to_the_world_unencrypted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[state]\nfolder = "state"\n[server]\nhost = "0.0.0.0"\nport = 0\n')
    assert main(["serve", "--config", str(path)]) == 2
    said = capsys.readouterr().err
    assert "without TLS" in said
    assert "behind_proxy" in said


@pytest.mark.parametrize("arguments", [["--version"], ["keys", "list"]])
def test_the_web_framework_is_loaded_by_serve_only(config: str, arguments: list[str]) -> None:
    program = (
        "import sys; from bridge.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(*sorted({'fastapi', 'starlette', 'uvicorn', 'httpx', 'numpy'} & set(sys.modules)), file=sys.stderr)"
    )
    more = [] if arguments == ["--version"] else ["--config", config]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments, *more], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == ""
