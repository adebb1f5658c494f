from __future__ import annotations

import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from scripts.ableton.Stembridge.osc import decode, encode

ADDRESSES = st.from_regex(r"(/[a-zA-Z0-9_.\-]{1,12}){1,4}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
FLOATS = st.floats(width=32, allow_nan=False)
VALUES = st.lists(
    TEXTS | FLOATS | st.booleans() | st.none() | st.integers(-(2**63), 2**63 - 1),
    max_size=8,
)


@given(ADDRESSES, VALUES)
def test_what_is_encoded_here_is_understood_by_python_osc_and_here(address: str, values: list[object]) -> None:
    packet = encode(address, *values)  # type: ignore[arg-type]
    theirs = OscMessage(packet)
    assert (theirs.address, list(theirs.params)) == (address, values)
    assert (decode(packet).address, list(decode(packet).values)) == (address, values)


@given(ADDRESSES, VALUES, st.floats(allow_nan=False))
def test_what_python_osc_encodes_is_understood_here(address: str, values: list[Any], double: float) -> None:
    builder = OscMessageBuilder(address)
    for value in values:
        builder.add_arg(value)
    builder.add_arg(double, "d")
    ours = decode(builder.build().dgram)
    assert (ours.address, list(ours.values)) == (address, [*values, double])


@given(st.binary(max_size=200) | st.binary(max_size=40).map(lambda data: b"/a\0\0" + data))
def test_of_any_bytes_there_is_either_a_message_that_can_be_sent_again_or_a_refusal(packet: bytes) -> None:
    try:
        message = decode(packet)
    except ValueError:
        return
    again = decode(encode(message.address, *message.values))
    assert again.address == message.address
    assert len(again.values) == len(message.values)


@given(ADDRESSES, VALUES, st.data())
def test_a_packet_that_was_cut_is_never_taken_for_whole(
    address: str, values: list[object], data: st.DataObject
) -> None:
    packet = encode(address, *values, "end")  # type: ignore[arg-type]
    cut = packet[: data.draw(st.integers(0, len(packet) - 1))]
    with pytest.raises(ValueError):
        decode(cut)


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"#bundle\0" + bytes(8) + struct.pack(">i", -4),
        b"/a\0\0" + b"i\0\0\0",
        b"/a*\0,\0\0\0",
        b"/a\0\0,I\0\0",
        b"/a\0\0,s\0\0\xff\0\0\0",
        b"/a\0\0,s\0\0abcd",
        b"/a\0x,\0\0\0",
        b"/a\0\0,\0\0\0more",
        b"/a\0\0,[\0\0",
        encode("/a", "x" * 65_536),
    ],
)
def test_what_is_not_a_whole_single_message_is_refused(packet: bytes) -> None:
    with pytest.raises(ValueError):
        decode(packet)


@pytest.mark.parametrize("address", ["", "a", "/a b", "/a*", "/a?", "/{a,b}", "/#", "/é"])
def test_an_address_that_osc_reserves_is_not_sent(address: str) -> None:
    with pytest.raises(ValueError):
        encode(address)


@pytest.mark.parametrize("value", ["a\0b", 2**63, -(2**63) - 1, 1e39])
def test_what_osc_cannot_say_is_not_sent(value: str | float) -> None:
    with pytest.raises(ValueError):
        encode("/a", value)


def test_not_a_number_goes_through() -> None:
    assert math.isnan(float(str(decode(encode("/a", math.nan)).values[0])))
