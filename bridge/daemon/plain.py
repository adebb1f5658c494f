"""Text from outside, made safe for a terminal. Light: every command needs it."""

from __future__ import annotations

import re

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Everything that can move a terminal's cursor or reorder its text, and half characters; not tab and line feed."""


def visible(text: str) -> str:
    r"""Return text with each control character but tab and line feed written as an escape, such as \x1b.

    File names and answers of servers come from outside: shown raw they could drive the reader's terminal.
    """
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def one_line(text: str) -> str:
    """Return text as `visible` does, and on one line: a file name cannot pretend to be a second message."""
    return visible(text.replace("\n", "\\n"))
