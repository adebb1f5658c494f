"""The server's log: one JSON object a line, and never a key or a signature in it."""

from __future__ import annotations

import datetime
import json
import logging
import re
from typing import TextIO

from bridge.web.quiet import quiet_http_logs

_SECRETS = re.compile(r"\bsb_[\w-]{8,}|(?<=signature=)[\w-]+", re.ASCII)
_FIELDS = "fields"


def note(log: logging.Logger, event: str, **fields: object) -> None:
    """Log something that happened, with what belongs to it."""
    log.info(event, extra={_FIELDS: fields})


class JsonLines(logging.Formatter):
    """Writes {"time", "level", "event", ...}; whatever looks like a key of ours or a signature is masked."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        moment = datetime.datetime.fromtimestamp(record.created, datetime.UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {"time": moment, "level": record.levelname.lower(), "event": record.getMessage()}
        fields = getattr(record, _FIELDS, None)
        if isinstance(fields, dict):
            line.update(fields)
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return _SECRETS.sub("***", json.dumps(line, default=str))


def log_to(stream: TextIO) -> logging.Handler:
    """Add a handler that writes to `stream` to the root logger, and return it for the caller to remove."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.addHandler(handler)
    if not root.isEnabledFor(logging.INFO):  # --verbose has set a lower level
        root.setLevel(logging.INFO)
    quiet_http_logs()
    return handler
