"""The settings as the OSC room is told them, and a door that opens when it can and costs nobody the inbox."""

from __future__ import annotations

import logging
import threading
from typing import Final

from bridge import __version__
from bridge.config.settings import Settings
from bridge.errors import StembridgeError
from bridge.jobs.job import Job
from bridge.osc.actions import Actions
from bridge.osc.options import Endpoint, OscOptions, Poke
from bridge.osc.server import OscServer

log = logging.getLogger(__name__)

RETRY_S: Final = 5.0


def osc_options(settings: Settings) -> OscOptions:
    """Return what the OSC room is told."""
    osc = settings.osc
    return OscOptions(
        host=osc.host,
        port=osc.port,
        tcp=osc.tcp,
        allow=osc.allow,
        feedback=tuple(_endpoint(text) for text in osc.feedback),
        pokes=tuple(_poke(text) for text in osc.poke),
    )


class OscDoor:
    """The OSC room, open as soon as its port can be had; the other doors never wait for it.

    Another program may have the port for a while, and a service may start before the network of its `host` is there.
    A context manager; every method may be called on any thread.
    """

    def __init__(self, settings: Settings, actions: Actions, retry_s: float = RETRY_S) -> None:
        """`retry_s`: how long it waits between two tries."""
        self._options = osc_options(settings)
        self._actions = actions
        self._retry_s = retry_s
        self._trying: threading.Thread | None = None
        self._stopping = threading.Event()
        self._room: OscServer | None = None
        self._problem: StembridgeError | None = None

    @property
    def endpoint(self) -> Endpoint | None:
        """Where it listens; None where it does not, or not yet."""
        room = self._room
        return Endpoint(self._options.host, room.port) if room else None

    @property
    def problem(self) -> StembridgeError | None:
        """Why it does not listen yet."""
        return None if self._room else self._problem

    def on_job_changed(self, job: Job) -> None:
        """Hear of a job that has changed: a listener for the job store."""
        room = self._room
        if room is not None:
            room.on_job_changed(job)

    def __enter__(self) -> OscDoor:
        """Open it, or begin to try."""
        try:
            self._open()
        except StembridgeError as error:
            self._problem = error
            log.warning(
                "%s %s It is tried again every %g s; bounces saved into the inbox are taken all the same.",
                error,
                error.advice,
                self._retry_s,
            )
            self._trying = threading.Thread(target=self._try_on, name="osc-opening", daemon=True)
            self._trying.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close it, or give up trying."""
        self._stopping.set()
        if self._trying is not None:
            self._trying.join()
        room, self._room = self._room, None
        if room is not None:
            room.__exit__(None, None, None)

    def _open(self) -> None:
        room = OscServer(self._options, self._actions, __version__)
        room.__enter__()
        self._room = room

    def _try_on(self) -> None:
        while not self._stopping.wait(self._retry_s):
            try:
                self._open()
            except StembridgeError as error:
                self._problem = error
            else:
                return


def _endpoint(text: str) -> Endpoint:
    host, _, port = text.rpartition(":")
    return Endpoint(host.removeprefix("[").removesuffix("]"), int(port))


def _poke(text: str) -> Poke:
    to, _, message = text.strip().partition(" ")
    address, _, argument = message.strip().partition(" ")
    return Poke(_endpoint(to), address, argument.strip())
