"""Each test damages what is there and starts again, as a musician would: no test needs another's result."""

from __future__ import annotations

import ast
import json
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.setup.conftest import Clone

SCRIPTS = Path(__file__).parents[2] / "scripts"


def program(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return what the started program said, which is the last thing the script does."""
    assert done.returncode == 7, done.stderr
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


@pytest.mark.slow
def test_one_command_sets_up_and_starts_and_the_next_needs_no_package_index(clone: Clone) -> None:
    shutil.rmtree(clone.root / ".venv", ignore_errors=True)
    first = clone.run("up.py", "--demo", "two words")
    assert program(first)["arguments"] == ["up", "--demo", "two words"]
    assert Path(program(first)["prefix"]) == clone.root / ".venv"
    assert first.stdout.splitlines()[0] == "Making a virtual environment in .venv."
    assert first.stdout.splitlines()[-2] == "The set-up is complete."
    second = clone.run("up.py", PIP_FIND_LINKS=str(clone.root / "nowhere"))
    assert program(second)["arguments"] == ["up"]
    assert len(second.stdout.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot replace a process")
def test_the_program_takes_the_place_of_the_script(clone: Clone) -> None:
    process = clone.start("up.py")
    output, _ = process.communicate(timeout=100)
    assert json.loads(output.splitlines()[-1])["pid"] == process.pid


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_the_command_works_through_a_link_from_elsewhere(clone: Clone, tmp_path: Path) -> None:
    program(clone.run("up.py"))
    (tmp_path / "stembridge").symlink_to(clone.root / ".venv" / "bin" / "stembridge")
    done = subprocess.run([tmp_path / "stembridge", "jobs"], capture_output=True, text=True, check=False)
    assert program(done)["arguments"] == ["jobs"]


def remove_python(clone: Clone) -> None:
    clone.python.unlink()


def truncate_a_file(clone: Clone) -> None:
    clone.installed.write_text("")


def lose_the_stamp(clone: Clone) -> None:
    truncate_a_file(clone)
    (clone.root / ".venv" / "stembridge-stamp.json").unlink()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "line"),
    [
        (remove_python, "The Python in .venv does not start any more. Making .venv anew."),
        (truncate_a_file, "Files in .venv are missing or changed. Making it anew."),
        (lose_the_stamp, "There is a .venv that this script did not finish. Installing into it."),
    ],
)
def test_a_broken_environment_is_mended_and_says_so(clone: Clone, damage: Callable[[Clone], None], line: str) -> None:
    program(clone.run("up.py"))
    damage(clone)
    mended = clone.run("up.py")
    assert program(mended)["tinydep"]
    assert mended.stdout.splitlines()[0] == line


@pytest.mark.slow
def test_a_new_lock_is_installed_on_top(clone: Clone) -> None:
    clone.tiny("1.0")
    assert program(clone.run("up.py"))["tinydep"] == "1.0"
    clone.tiny("1.1")
    updated = clone.run("up.py")
    assert program(updated)["tinydep"] == "1.1"
    assert updated.stdout.startswith("The list of packages has changed.")


@pytest.mark.slow
@pytest.mark.parametrize("option", ["target", "prefix", "root"])
def test_a_pip_conf_that_installs_elsewhere_is_named_and_nothing_counts_as_set_up(
    clone: Clone, option: str, tmp_path: Path
) -> None:
    conf = tmp_path / "pip.conf"
    conf.write_text(f"[install]\n{option} = {tmp_path / 'elsewhere'}\n", "utf-8")
    shutil.rmtree(clone.root / ".venv", ignore_errors=True)
    failed = clone.run("up.py", PIP_CONFIG_FILE=str(conf))
    assert failed.returncode == 1
    assert "a pip.conf sets target, prefix or root" in failed.stderr
    mended = clone.run("up.py")
    assert mended.returncode == 7, mended.stderr


def test_what_cannot_be_installed_leaves_the_environment_as_it_was(clone: Clone) -> None:
    clone.tiny("1.0")
    program(clone.run("up.py"))
    clone.tiny("2.0")
    offline = clone.run("up.py", PIP_FIND_LINKS=str(clone.root / "nowhere"))
    clone.wheels.add("tinydep", "2.0", {"tinydep/__init__.py": "VERSION = 'evil'\n"})
    forged = clone.run("up.py")
    clone.tiny("1.0")
    again = clone.run("up.py")
    assert (offline.returncode, forged.returncode) == (1, 1)
    assert "No matching distribution found for tinydep" in offline.stderr
    assert "Is there a network" in offline.stderr
    assert "HASHES" in forged.stderr
    assert program(again)["tinydep"] == "1.0"
    assert len(again.stdout.splitlines()) == 1


@pytest.mark.slow
def test_after_a_kill_in_the_middle_two_runs_at_once_make_it_good_together(clone: Clone) -> None:
    shutil.rmtree(clone.root / ".venv", ignore_errors=True)
    process = clone.start("up.py")
    assert process.stdout is not None
    assert process.stdout.readline() == "Making a virtual environment in .venv.\n"
    process.kill()
    process.communicate()
    pair = [clone.start("up.py") for _ in range(2)]
    outputs = [one.communicate(timeout=100)[0] for one in pair]
    assert [one.returncode for one in pair] == [7, 7]
    assert sum("The last set-up was cut off. Making .venv anew." in output for output in outputs) == 1
    assert sum("The set-up is complete." in output for output in outputs) == 1


def test_a_file_in_the_way_is_left_alone(clone: Clone) -> None:
    shutil.rmtree(clone.root / ".venv", ignore_errors=True)
    (clone.root / ".venv").write_text("mine")
    refused = clone.run("up.py")
    kept = (clone.root / ".venv").read_text()
    (clone.root / ".venv").unlink()
    assert (refused.returncode, kept) == (1, "mine")
    assert "is in the way" in refused.stderr


def pretending(clone: Clone, script: str, change: str) -> subprocess.CompletedProcess[str]:
    """Run a script after a line of Python has changed the Python it runs in."""
    shutil.rmtree(clone.root / ".venv", ignore_errors=True)
    path = str(clone.root / "scripts" / script)
    code = f"import sys, runpy; {change}; sys.argv = [{path!r}]; runpy.run_path({path!r}, run_name='__main__')"
    return subprocess.run([sys.executable, "-c", code], env=clone.environ, capture_output=True, text=True, check=False)


def test_a_python_without_venv_is_told_which_package_to_install(clone: Clone) -> None:
    refused = pretending(clone, "up.py", "sys.modules['ensurepip'] = None")
    assert refused.returncode == 1
    assert "sudo apt install python3-venv" in refused.stderr
    assert not (clone.root / ".venv").exists()


@pytest.mark.parametrize("script", ["up.py", "check.py"])
def test_an_old_python_is_told_the_version_it_needs(clone: Clone, script: str) -> None:
    refused = pretending(clone, script, "sys.version_info = (3, 10, 4); sys.version = '3.10.4 (old)'")
    assert refused.returncode == 1
    assert refused.stderr.startswith("Stembridge needs Python 3.11 or newer, and this is Python 3.10.4. ")
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize("script", ["up.py", "check.py"])
def test_an_old_python_can_read_the_script_as_far_as_its_message(script: str) -> None:
    tree = ast.parse((SCRIPTS / script).read_text("ascii"), feature_version=(3, 5))
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Match, ast.AsyncFunctionDef)
    assert [node for node in ast.walk(tree) if isinstance(node, newer)] == []
    assert not any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in ast.walk(tree))


def test_importing_the_scripts_starts_nothing() -> None:
    for script in ("up.py", "check.py"):
        assert "process" in runpy.run_path(str(SCRIPTS / script), run_name="imported")
