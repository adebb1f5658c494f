from __future__ import annotations

import math
from typing import Any

import pytest

from bridge.errors import ArgumentError
from bridge.osc.addresses import INCOMING, LONGEST, OUTGOING, Value
from bridge.osc.outgoing import packet
from bridge.osc.packet import messages
from tests.osc.oscdesk import written


def given(packet: bytes) -> list[Value]:
    [message] = messages(packet)
    return INCOMING[message.address].values(message)


def refusal(packet: bytes) -> ArgumentError:
    with pytest.raises(ArgumentError) as caught:
        given(packet)
    return caught.value


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (written("/stembridge/separate", "/a.wav"), ["/a.wav"]),
        (written("/stembridge/separate", "/a.wav", "vocals"), ["/a.wav", "vocals"]),
        (written("/stembridge/separate", "/a.wav", 350), ["/a.wav", 350]),
        (written("/stembridge/separate", "/a.wav", 350.0), ["/a.wav", 350]),
        (written("/stembridge/subscribe", 9000), [9000]),
        (written("/stembridge/subscribe", 9000.0, 60), [9000, 60]),
        (packet("/stembridge/subscribe", "hd", 9000, 60.0), [9000, 60]),
        (written("/stembridge/status"), []),
        (written("/stembridge/preset", ""), [""]),
        (written("/stembridge/pause"), []),
    ],
)
def test_arguments_come_as_the_table_has_them(message: bytes, expected: list[Value]) -> None:
    assert given(message) == expected


@pytest.mark.parametrize(
    ("address", "arguments"),
    [
        ("separate", []),
        ("separate", [1]),
        ("separate", ["/a.wav", "b", "c"]),
        ("separate", ["/a.wav", b"b"]),
        ("separate", ["/a.wav", True]),
        ("separate", ["/a.wav", None]),
        ("separate", [["/a.wav"]]),
        ("subscribe", ["9000"]),
        ("pause", ["now"]),
        ("ping", [1]),
        ("status", [0.5]),
    ],
)
def test_arguments_that_do_not_fit_are_refused_with_those_that_do(address: str, arguments: list[Any]) -> None:
    error = refusal(written(f"/stembridge/{address}", *arguments))
    assert error.code == "osc.arguments"
    row = INCOMING[f"/stembridge/{address}"]
    assert (" ".join(map(str, row.arguments)) or "no arguments") in error.advice


@pytest.mark.parametrize("number", [0.5, math.nan, math.inf, -math.inf])
def test_a_number_has_to_be_whole(number: float) -> None:
    assert "port" in refusal(written("/stembridge/subscribe", number)).message


def test_arguments_are_as_long_as_the_longest_path_and_no_longer() -> None:
    assert given(written("/stembridge/ping", "a" * (LONGEST - 28))) == ["a" * (LONGEST - 28)]
    assert str(LONGEST) in refusal(written("/stembridge/ping", "a" * LONGEST)).message


def test_the_table_says_of_each_address_what_answers_it() -> None:
    for path, row in INCOMING.items():
        assert path == row.path
        assert row.answer in OUTGOING
    assert not INCOMING.keys() & OUTGOING.keys()


def test_what_may_be_left_out_comes_last_in_the_table() -> None:
    for row in (*INCOMING.values(), *OUTGOING.values()):
        optional = [argument.optional for argument in row.arguments]
        assert optional == sorted(optional)
        assert all(argument.help and set(argument.types) <= set("sif") for argument in row.arguments)


def test_a_row_reads_as_one_would_type_it() -> None:
    assert str(INCOMING["/stembridge/separate"]) == "/stembridge/separate s:path [s|i:choice]"
