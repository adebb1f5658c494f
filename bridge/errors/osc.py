"""What is wrong with an OSC packet or message."""

from __future__ import annotations

from bridge.errors.root import StembridgeError


class OscError(StembridgeError):
    """The OSC port cannot be opened, or a message cannot be carried out."""

    default_code = "osc"


class PacketError(OscError):
    """A packet is not well-formed OSC, or uses what we do not take. Nothing in it was carried out."""

    default_code = "osc.packet"

    def __init__(self, message: str, *, code: str = "", advice: str = "", address: str = "") -> None:
        super().__init__(message, code=code, advice=advice)
        self.address = address
        """The message's address, "" where it is not known or no text."""


class ArgumentError(OscError):
    """A well-formed message has an address that the bridge does not have, or arguments that do not fit it."""

    default_code = "osc.arguments"
