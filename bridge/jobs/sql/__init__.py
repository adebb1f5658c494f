"""The SQL of the job store: numbered migrations, and the named statements of `statements.sql`."""

from __future__ import annotations

import functools
import re
from importlib import resources

_NAME = re.compile(r"^-- (\w+): .*$", re.MULTILINE)
_MIGRATION = re.compile(r"^(\d{4})_\w+\.sql$")


@functools.cache
def statements() -> dict[str, str]:
    """Return each statement of `statements.sql` by the name in the comment above it."""
    text = resources.files(__name__).joinpath("statements.sql").read_text("utf-8")
    _, *parts = _NAME.split(text)
    return {name: body.strip() for name, body in zip(parts[::2], parts[1::2], strict=True)}


@functools.cache
def migrations() -> list[tuple[int, str]]:
    """Return the migrations in order, each with the schema version it leads to."""
    found = []
    for entry in resources.files(__name__).iterdir():
        match = _MIGRATION.match(entry.name)
        if match:
            found.append((int(match[1]), entry.read_text("utf-8")))
    return sorted(found)
