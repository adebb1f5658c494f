from __future__ import annotations

import errno

import pytest

from bridge.files.held import retry_while_held


class HeldOnWindows(PermissionError):
    """What Windows raises for a file that another program has open."""

    winerror = 32


def test_a_file_held_for_a_moment_on_windows_is_waited_for() -> None:
    pauses: list[float] = []

    def rename() -> str:
        if len(pauses) < 3:
            raise HeldOnWindows(errno.EACCES, "The process cannot access the file")
        return "renamed"

    assert retry_while_held(rename, pauses.append) == "renamed"
    assert pauses == sorted(pauses)


def test_a_right_that_is_missing_is_not_waited_for() -> None:
    def rename() -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with pytest.raises(PermissionError):
        retry_while_held(rename, lambda _pause: pytest.fail("waited"))
