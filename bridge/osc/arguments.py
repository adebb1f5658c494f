"""From a message to the values that its row of the table asks for."""

from __future__ import annotations

from typing import Final

from pythonosc.osc_message import OscMessage

from bridge.errors import ArgumentError
from bridge.osc.addresses import INCOMING, Address, Argument
from bridge.osc.packet import Found

LONGEST: Final = 16 * 1024
"""Bytes in a message with arguments: a path has 4 KiB on most systems."""

Value = str | int
_NUMBERS = "ifhd"


def row_of(message: Found) -> Address:
    """Return the table's row for a message; raise `ArgumentError` where there is none."""
    row = INCOMING.get(message.address)
    if row is None:
        raise ArgumentError("The bridge has no such address.", code="osc.address", advice="docs/osc.md lists them.")
    return row


def values(message: Found, row: Address) -> list[Value]:
    """Return the arguments as `row` has them, as many as were sent; raise `ArgumentError` where they do not fit it."""
    tags = message.tags
    if not tags and not row.arguments:
        return []
    required = sum(not argument.optional for argument in row.arguments)
    fits = required <= len(tags) <= len(row.arguments)
    if not fits or not all(map(_may_be, row.arguments, tags)):
        raise ArgumentError(
            f'It came with the type tags ",{tags}".',
            advice=f"It takes {' '.join(map(str, row.arguments)) or 'no arguments'}.",
        )
    if len(message.packet) > LONGEST:
        raise ArgumentError(f"Its arguments have more than {LONGEST} bytes.")
    return [_value(argument, value) for argument, value in zip(row.arguments, OscMessage(message.packet), strict=False)]


def _may_be(argument: Argument, tag: str) -> bool:
    return tag in argument.types or ("i" in argument.types and tag in _NUMBERS)


def _value(argument: Argument, value: str | float) -> Value:
    if isinstance(value, str):
        return value
    # Many controllers know no numbers but floats.
    if isinstance(value, float) and not value.is_integer():
        raise ArgumentError(f"{argument.name} is {value}.", advice="It has to be a whole number.")
    return int(value)
