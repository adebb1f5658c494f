"""`stembridge models`."""

from __future__ import annotations

import argparse
import dataclasses

from bridge.cli.common import print_json
from bridge.separation import registry
from bridge.separation.catalogue import Model
from bridge.separation.catalogue import models as catalogue


def models(options: argparse.Namespace) -> int:
    """List the models of the catalogue, and which engines of this version can make their stems."""
    rows = catalogue().values()
    if options.json:
        print_json({"models": [_document(row) for row in rows]})
        return 0
    for row in rows:
        here = [registry.label(name) for name in row.engines if name in registry.ENGINES]
        able = f"by: {', '.join(here)}" if here else f"not in this version ({', '.join(row.engines)})"
        print(f"{row.id}  {row.display_name}\n     {', '.join(row.delivered)}\n     {able}")
    return 0


def _document(row: Model) -> dict[str, object]:
    available = [name for name in row.engines if name in registry.ENGINES]
    return {**dataclasses.asdict(row), "delivered": list(row.delivered), "available_engines": available}
