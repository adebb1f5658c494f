"""`stembridge config init`, `check`, `show`."""

from __future__ import annotations

import argparse
import os

from bridge.cli.common import settings_of
from bridge.cli.output import complain, say
from bridge.config import folders
from bridge.config.load import named
from bridge.config.show import default_text, render
from bridge.daemon.capabilities import capabilities
from bridge.daemon.specs import configured_engines, default_spec, missing_key_warning, preset_specs
from bridge.errors import StorageError, UsageError
from bridge.files.atomic import write_atomically


def init(options: argparse.Namespace) -> int:
    """Write the commented default configuration, never over one that is there."""
    path = named(options.config, os.environ) or folders.config_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(path):
            raise UsageError(f"{path} is there already; it stays as it is.", advice="Edit it, or move it away first.")
        write_atomically(path, default_text().encode())
    except OSError as error:
        raise StorageError.from_os(error, f"writing {path}") from error
    say(f"Wrote {path}. Every setting in it is commented out and shows its default.")
    return 0


def check(options: argparse.Namespace) -> int:
    """Say everything that is wrong with the configuration, the choice of models and engines included."""
    settings = settings_of(options)
    possible = capabilities(settings)
    default_spec(settings, possible)
    preset_specs(settings, possible)
    if warning := missing_key_warning(settings, possible, configured_engines(settings)):
        complain(f"stembridge: {warning}")
    say(f"{settings.origin.file or 'The built-in defaults'}: all is well.")
    return 0


def show(options: argparse.Namespace) -> int:
    """Show the settings in effect."""
    say(*render(settings_of(options)).splitlines())
    return 0
