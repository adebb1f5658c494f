"""Read the SQL of a database: a package with numbered migrations and the named statements of `statements.sql`."""

from __future__ import annotations

import functools
import re
from importlib import resources

_NAME = re.compile(r"^-- (\w+): .*$", re.MULTILINE)
_MIGRATION = re.compile(r"^(\d{4})_\w+\.sql$")


@functools.cache
def statements(package: str) -> dict[str, str]:
    """Return each statement of a package's `statements.sql` by the name in the comment above it."""
    text = resources.files(package).joinpath("statements.sql").read_text("utf-8")
    _, *parts = _NAME.split(text)
    return {name: body.strip() for name, body in zip(parts[::2], parts[1::2], strict=True)}


@functools.cache
def migrations(package: str) -> list[tuple[int, str]]:
    """Return a package's migrations in order, each with the schema version it leads to."""
    found = []
    for entry in resources.files(package).iterdir():
        match = _MIGRATION.match(entry.name)
        if match:
            found.append((int(match[1]), entry.read_text("utf-8")))
    return sorted(found)
