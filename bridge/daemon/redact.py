"""Makes log lines safe: masks secrets and writes control characters as escapes."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

MASK = "***"
_SHORTEST = 4
"""A shorter secret would mask ordinary words."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Everything that can move a terminal's cursor or reorder its text, and half characters; not tab and line feed."""

_hidden: set[str] = set()


def hide(*secrets: str) -> None:
    """Mask these from now on in every log line of this process. Call it where a secret is first read."""
    _hidden.update(secret for secret in secrets if len(secret) >= _SHORTEST)


def visible(text: str) -> str:
    r"""Return text with each control character but tab and line feed written as an escape, such as \x1b.

    File names and answers of servers come from outside: shown raw they could drive the reader's terminal.
    """
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def one_line(text: str) -> str:
    """Return text as `visible` does, and on one line: a file name cannot pretend to be a second message."""
    return visible(text.replace("\n", "\\n"))


class LogFormatter(logging.Formatter):
    """Formats one record as one line, and its traceback below it; without secrets and control characters."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """`secrets` are masked beside those given to `hide`."""
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
        self._secrets = [secret for secret in secrets if len(secret) >= _SHORTEST]

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the name is logging's)
        """Return the line without the traceback."""
        return one_line(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        """Return the whole text."""
        text = visible(super().format(record))
        for secret in (*self._secrets, *_hidden):
            text = text.replace(secret, MASK)
        return text


def only_ours(record: logging.LogRecord) -> bool:
    """Say whether a record belongs in our log: debug lines of libraries do not, they hold headers and whole URLs."""
    return record.levelno >= logging.INFO or record.name.startswith(("bridge.", "stembridge."))
