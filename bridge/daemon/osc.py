"""The settings as the OSC room is told them, and a start that costs nobody the inbox."""

from __future__ import annotations

import logging
from contextlib import ExitStack

from bridge import __version__
from bridge.config.settings import Settings
from bridge.errors import StembridgeError
from bridge.osc.actions import Actions
from bridge.osc.options import Endpoint, OscOptions, Poke
from bridge.osc.room import Room

log = logging.getLogger(__name__)


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


def open_room(settings: Settings, actions: Actions, stack: ExitStack) -> Room | None:
    """Start to listen; None where that cannot be, which is told and leaves the other doors open."""
    try:
        return stack.enter_context(Room(osc_options(settings), actions, __version__))
    except StembridgeError as error:
        log.warning("%s %s Bounces saved into the inbox are taken all the same.", error, error.advice)
        return None


def _endpoint(text: str) -> Endpoint:
    host, _, port = text.rpartition(":")
    return Endpoint(host.removeprefix("[").removesuffix("]"), int(port))


def _poke(text: str) -> Poke:
    to, _, message = text.strip().partition(" ")
    address, _, argument = message.strip().partition(" ")
    return Poke(_endpoint(to), address, argument.strip())
