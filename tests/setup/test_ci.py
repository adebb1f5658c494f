from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SUITE = """\
import pytest

@pytest.mark.slow
def test_first_written(): pass

@pytest.mark.system("no-such-program-anywhere")
def test_needs_a_program(): pass

@pytest.mark.system("{python}")
def test_has_its_program(): pass
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script for Debian")
@pytest.mark.parametrize("apt_works", [True, False])
def test_ci_installs_the_listed_packages_then_checks_all(tmp_path: Path, apt_works: bool) -> None:
    shutil.copytree(ROOT / ".ci", tmp_path / "clone" / ".ci")
    tools = tmp_path / "tools"
    tools.mkdir()
    log = tmp_path / "log"
    stubs = {"id": "echo 0", "apt-get": f"exit {0 if apt_works else 100}", "python3": "exit 3"}
    for name, ending in stubs.items():
        stub = tools / name
        stub.write_text(f'#!/bin/sh\necho "{name} $* CI=$CI" >> "{log}"\n{ending}\n')
        stub.chmod(0o755)
    environ = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run([tmp_path / "clone" / ".ci" / "run", "-x"], env=environ, capture_output=True, check=False)
    _, update, install, check = log.read_text().splitlines()
    assert update == "apt-get update -q CI=true"
    packages = re.findall(r"^[a-z].*$", (ROOT / ".ci" / "packages.txt").read_text(), re.MULTILINE)
    assert install == f"apt-get install -q -y --no-install-recommends {' '.join(packages)} CI=true"
    assert (check, done.returncode) == ("python3 scripts/check.py -x CI=true", 3)


def run_suite(folder: Path, ci: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(ROOT / "tests" / "conftest.py", folder)
    (folder / "test_it.py").write_text(SUITE.format(python=Path(sys.executable).as_posix()))
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    slow\n    system(name)\n")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "--strict-markers", "."],
        cwd=folder,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_missing_program_skips_a_test_at_home_and_fails_it_in_ci(tmp_path: Path) -> None:
    at_home, in_ci = (run_suite(tmp_path, ci) for ci in ("", "true"))
    assert "2 passed, 1 skipped" in at_home.stdout
    assert "1 passed" not in in_ci.stdout
    assert "2 passed, 1 error" in in_ci.stdout or "1 failed, 2 passed" in in_ci.stdout
    assert in_ci.returncode == 1
    assert "CI may not skip this: no-such-program-anywhere" in in_ci.stdout


def test_slow_tests_run_last(tmp_path: Path) -> None:
    done = run_suite(tmp_path, "")
    assert re.findall(r"::(\w+) ", done.stdout)[2] == "test_first_written"
