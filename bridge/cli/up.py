"""`stembridge up`: the daemon, in the foreground, until a stop signal."""

from __future__ import annotations

import argparse
import logging
import threading
import time

from bridge.cli.common import settings_of
from bridge.cli.display import JobDisplay, shown
from bridge.cli.stop_signals import Stop
from bridge.config.settings import Settings
from bridge.daemon.capabilities import capabilities
from bridge.daemon.daemon import Daemon
from bridge.daemon.specs import configured_engines, missing_key_warning

log = logging.getLogger(__name__)

POLL_S = 0.5
"""How often it checks for a stop signal. An endless wait would miss one that comes just before it."""


def up(options: argparse.Namespace) -> int:
    """Start everything, work until told to stop, stop everything."""
    stopping: Stop = options.stop
    settings = settings_of(options)
    possible = capabilities(settings)
    if stopping.asked():
        return 0
    with (
        JobDisplay(retries=True) as display,
        shown(display),
        Daemon(settings, possible, listener=display.show) as daemon,
    ):
        _greet(display, settings, daemon)
        if warning := missing_key_warning(settings, possible, configured_engines(settings)):
            log.warning("%s", warning)
        stop = threading.Event()
        if options.demo:
            _start_demo(display, settings, stop)
        while not stopping.asked():
            time.sleep(POLL_S)
        stop.set()
        display.say("Stopping. What is under way goes on at the next start.")
    return 0


def _greet(display: JobDisplay, settings: Settings, daemon: Daemon) -> None:
    display.say("Stembridge is up. Save a bounce into the inbox;", "its stems arrive in the song's own folder.")
    display.say(f"  inbox   {settings.inbox.folder}")
    display.say(f"  stems   {settings.output.folder}")
    if at := daemon.osc.endpoint:
        display.say(f"  OSC     {at.host}:{at.port} (UDP{' and TCP' if settings.osc.tcp else ''})")
    if problem := daemon.osc.problem:
        display.say(f"  OSC     not yet, and tried on: {problem} {problem.advice}")
    for name in settings.presets:
        display.say(f"  preset  {settings.inbox.folder / name}")
    display.say("Ctrl-C stops it.")


def _start_demo(display: JobDisplay, settings: Settings, stop: threading.Event) -> None:
    from bridge.cli.demo import save_demo_song  # numpy: only the demo needs it in this process

    display.say("Making a short song and saving it into the inbox, as a DAW would ...")
    threading.Thread(target=save_demo_song, args=(settings.inbox.folder, stop), name="demo").start()
