"""`stembridge doctor`: checks everything that the bridge needs, and says how to mend what is missing."""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bridge import __version__
from bridge.cli.common import settings_of
from bridge.cli.output import print_json, say
from bridge.config.settings import Settings
from bridge.daemon.capabilities import capabilities
from bridge.daemon.compose import open_store, state_folder
from bridge.daemon.osc import osc_options
from bridge.daemon.service_check import ask_service
from bridge.daemon.specs import default_spec, preset_specs
from bridge.errors import OscError, StembridgeError
from bridge.inbox.mounts import on_network
from bridge.jobs.folder import holder
from bridge.osc.options import Endpoint
from bridge.osc.ping import ping
from bridge.osc.sockets import open_port
from bridge.separation import registry
from bridge.separation.capabilities import Capabilities
from bridge.separation.catalogue import models

LEAST_FREE_BYTES = 2 * 10**9
OSC_WAIT_S = 1.0

_NEAR = {"0.0.0.0": "127.0.0.1", "::": "::1", "localhost": "127.0.0.1"}  # noqa: S104 (nothing is bound to it)
"""How a bridge that listens everywhere is reached from here."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    name: str
    ok: bool
    detail: str
    advice: str = ""


def doctor(options: argparse.Namespace) -> int:
    """Run every check; the exit code is 1 where one of them failed."""
    findings = list(examine(settings_of(options)))
    all_well = all(finding.ok for finding in findings)
    if options.json:
        print_json({"ok": all_well, "checks": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            say(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.name:<14} {finding.detail}")
            if finding.advice and not finding.ok:
                say(f"      {'':<14} {finding.advice}")
        say("All is well." if all_well else "Something needs your attention.")
    return 0 if all_well else 1


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield what each check finds, in the order a bounce meets the things checked."""
    yield Finding("version", True, f"Stembridge {__version__}, Python {sys.version.split()[0]}")
    yield Finding("configuration", True, str(settings.origin.file or "built-in defaults"))
    possible = functools.cache(lambda: capabilities(settings))  # inside a check: it may raise
    yield _attempt("models", lambda: _models(settings, possible()))
    yield _folder("inbox", "inbox", settings.inbox.folder)
    yield _folder("stems", "output", settings.output.folder)
    yield _folder("state", "state", settings.state.folder)
    yield _attempt("job store", lambda: _job_store(settings))
    yield _attempt("ffmpeg", _ffmpeg)
    yield _attempt("libsndfile", _libsndfile)
    yield Finding("engines", True, ", ".join(known.label for known in registry.ENGINES.values()))
    yield _attempt("service", lambda: ask_service(settings, possible()))
    yield _attempt("bridge", lambda: _bridge(settings))
    yield _attempt("OSC", lambda: _osc(settings))


def _attempt(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, check())
    except StembridgeError as error:
        return Finding(name, False, error.message, error.advice)
    except (OSError, ImportError, subprocess.SubprocessError) as error:
        return Finding(name, False, str(error), "Run scripts/up.py again; it repairs the installation.")


def _folder(name: str, section: str, folder: Path) -> Finding:
    """Check a folder by writing into it, or into its nearest parent where it is still to be made."""
    place = next(parent for parent in (folder, *folder.parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=place, prefix=".stembridge-doctor-"):
            pass
        free = shutil.disk_usage(place).free
    except OSError as error:
        return Finding(
            name,
            False,
            f"{folder}: {error.strerror or error}",
            f"Give Stembridge the right to write there, or set another folder: [{section}] folder.",
        )
    made = "" if folder.exists() else ", made at the first start"
    share = ", a network share" if on_network(place) else ""
    return Finding(
        name,
        free >= LEAST_FREE_BYTES,
        f"{folder}{made}{share}, {free / 1e9:.1f} GB free",
        "Free some space: a song of five minutes needs about one GB while it is separated.",
    )


def _models(settings: Settings, possible: Capabilities) -> str:
    spec, presets = default_spec(settings, possible), preset_specs(settings, possible)
    names = f"; presets {', '.join(presets)}" if presets else ""
    return f"{spec.model} by {registry.label(spec.engine)}; {len(models())} in the catalogue{names}"


def _job_store(settings: Settings) -> str:
    store = open_store(state_folder(settings))
    try:
        counts = store.counts()
    finally:
        store.close()
    return ", ".join(f"{count} {state}" for state, count in counts.items()) or "empty"


def _ffmpeg() -> str:
    import imageio_ffmpeg

    path = imageio_ffmpeg.get_ffmpeg_exe()
    said = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=20, check=True)
    return said.stdout.splitlines()[0] + ("" if os.access(path, os.X_OK) else " (not executable)")


def _libsndfile() -> str:
    import soundfile

    return str(soundfile.__libsndfile_version__)


def _osc(settings: Settings) -> str:
    """Ping a bridge over OSC; if none answers, check that the port is free by opening it for a moment."""
    options = osc_options(settings)
    running = holder(state_folder(settings)) is not None
    if options.port == 0:
        return "at a port that the system chooses; `stembridge up` tells which"
    where = Endpoint(_NEAR.get(options.host, options.host), options.port)
    if ping(where, OSC_WAIT_S) is not None:
        return f"a bridge answers at {where.host} port {where.port}"
    if running:
        raise OscError(
            f"The bridge does not answer at {where.host} port {where.port}.",
            advice="Its log says why. Is the port another program's? Then choose another number for [osc] port.",
        )
    for opened in open_port(options.host, options.port, tcp=options.tcp):
        if opened is not None:
            opened.close()
    return f"port {options.port} is free for it"


def _bridge(settings: Settings) -> str:
    running = holder(state_folder(settings))
    return f"running: {running}" if running else "not running; start it with `stembridge up`"
