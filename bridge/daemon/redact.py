"""Makes log lines safe: masks secrets, and control characters are escaped."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from bridge.daemon.plain import one_line, visible

MASK = "***"
_SHORTEST = 4
"""A shorter secret would mask ordinary words."""

_hidden: set[str] = set()


def hide(*secrets: str) -> None:
    """Mask these from now on in every log line of this process. Call it where a secret is first read."""
    _hidden.update(secret for secret in secrets if len(secret) >= _SHORTEST)


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
