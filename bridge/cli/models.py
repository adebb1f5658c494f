"""`stembridge models`."""

from __future__ import annotations

import argparse
import dataclasses

from bridge.cli.common import settings_of
from bridge.cli.output import print_json, say
from bridge.daemon.capabilities import capabilities
from bridge.separation.capabilities import Capabilities
from bridge.separation.catalogue import Model
from bridge.separation.catalogue import models as catalogue
from bridge.separation.registry import label


def models(options: argparse.Namespace) -> int:
    """List the models of the catalogue, the engines that can make their stems, and why one cannot at the moment."""
    possible = capabilities(settings_of(options))
    rows = catalogue().values()
    if options.json:
        print_json({"models": [_document(row, possible) for row in rows]})
        return 0
    for row in rows:
        say(f"{row.id}  {row.display_name}", f"     {', '.join(row.delivered)}")
        for name, state in possible.of(row).items():
            say(f"     by {label(name)}{'' if state.ready else f' - not now: {state.why}'}")
    return 0


def _document(row: Model, possible: Capabilities) -> dict[str, object]:
    engines = possible.of(row)
    return {
        **dataclasses.asdict(row),
        "delivered": list(row.delivered),
        "engines": [{"name": name, "ready": state.ready, "why": state.why} for name, state in engines.items()],
        "available_engines": list(engines),
        "weights": [],  # no engine of this version has any
    }
