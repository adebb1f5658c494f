from __future__ import annotations

import pytest

from scripts.verdict import SIDE_BY_SIDE
from tests.setup.conftest import Clone

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("a clone to check")]


def test_everything_is_checked_and_the_verdict_comes_last(clone: Clone) -> None:
    done = clone.run("check.py", "-k", "some thing")
    said = [line for line in done.stdout.splitlines() if "was given" in line]
    assert said == [
        "ruff was given ['check', '.']",
        "ruff was given ['format', '--check', '.']",
        "mypy was given []",
        f"pytest was given {[*SIDE_BY_SIDE, '-k', 'some thing']}",
    ]
    assert done.stdout.splitlines()[-1] == "== All is well: lint, format, types, tests"
    assert done.returncode == 0


def test_one_failure_hides_no_other_and_fails_the_whole(clone: Clone) -> None:
    done = clone.run("check.py", MYPY_EXIT="1", PYTEST_EXIT="2")
    assert done.stdout.count("was given") == 4
    assert done.stdout.splitlines()[-1] == "== FAILED: types, tests"
    assert done.returncode == 1


def test_starting_after_checking_installs_nothing_more(clone: Clone) -> None:
    clone.run("check.py")
    assert len(clone.run("up.py").stdout.splitlines()) == 1
