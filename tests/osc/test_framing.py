from __future__ import annotations

import contextlib
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import PacketError
from bridge.osc.framing import Detecting, Framing, LengthPrefixed, Slip
from bridge.osc.packet import LARGEST
from scripts.bench.osc_killers import PING

PACKETS = st.lists(
    st.binary(min_size=1, max_size=40) | st.lists(st.sampled_from(b"\xc0\xdb\xdc\xdd/"), min_size=1).map(bytes),
    min_size=1,
    max_size=6,
)
FRAMINGS: list[Callable[[], Framing]] = [Slip, LengthPrefixed]


def split(stream: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    return [stream[begin:end] for begin, end in pairwise(edges)]


def fed(framing: Framing, chunks: list[bytes]) -> list[bytes]:
    return [packet for chunk in chunks for packet in framing.feed(chunk)]


@pytest.mark.parametrize("framing", FRAMINGS)
@given(packets=PACKETS, cuts=st.lists(st.integers(0, 10_000)))
def test_however_a_stream_is_split_the_packets_are_the_same(
    framing: Callable[[], Framing], packets: list[bytes], cuts: list[int]
) -> None:
    stream = b"".join(framing().frame(packet) for packet in packets)
    assert fed(Detecting(), split(stream, cuts)) == packets


@given(packets=PACKETS, cuts=st.lists(st.integers(0, 10_000)))
def test_slip_needs_but_one_end_between_packets(packets: list[bytes], cuts: list[int]) -> None:
    stream = b"\xc0" + b"".join(Slip().frame(packet)[1:] for packet in packets)
    assert fed(Detecting(), split(stream, cuts)) == packets


@pytest.mark.parametrize("packet", [PING, b"#bundle\0" + bytes(8)])
def test_slip_whose_first_end_is_left_out_is_recognised_by_the_packet(packet: bytes) -> None:
    assert fed(Detecting(), [Slip().frame(packet)[1:] * 2]) == [packet, packet]


@given(chunks=st.lists(st.binary(max_size=50)))
def test_any_bytes_bring_packets_or_a_broken_stream(chunks: list[bytes]) -> None:
    stream, length = Detecting(), len(b"".join(chunks))
    with contextlib.suppress(PacketError):
        assert sum(map(len, fed(stream, chunks))) <= length


@pytest.mark.parametrize(
    ("begin", "framing"), [(PING[:1], Slip), (b"\xc0", Slip), (b"\0\0", LengthPrefixed), (b"", LengthPrefixed)]
)
def test_an_answer_is_framed_as_the_other_end_does(begin: bytes, framing: Callable[[], Framing]) -> None:
    stream = Detecting()
    assert fed(stream, [begin]) == []
    assert stream.frame(PING) == framing().frame(PING)


@pytest.mark.parametrize(
    "stream", [b"\0\0\0\0", b"\0\x01\0\x01", b"\xff\xff\xff\xff", b"\xc0\xdba\xc0", b"\xc0a\xdb\xc0"]
)
def test_a_length_or_an_escape_that_cannot_be_breaks_the_stream(stream: bytes) -> None:
    with pytest.raises(PacketError, match="broken"):
        fed(Detecting(), [stream])


def test_the_packets_before_the_break_are_given() -> None:
    packets = Detecting().feed(LengthPrefixed().frame(PING) + b"\0\0\0\0")
    assert next(packets) == PING
    with pytest.raises(PacketError) as caught:
        next(packets)
    assert caught.value.code == "osc.stream"


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_packet_of_64_kib_is_carried(framing: Callable[[], Framing]) -> None:
    packet = b"\xc0" * LARGEST
    assert fed(Detecting(), [framing().frame(packet)]) == [packet]


@pytest.mark.parametrize("stream", [b"\xc0" + b"a" * (LARGEST + 1) + b"\xc0", b"\xc0" + b"a" * (2 * LARGEST + 1)])
def test_slip_that_never_ends_or_is_too_large_breaks_the_stream(stream: bytes) -> None:
    with pytest.raises(PacketError, match=str(LARGEST)):
        fed(Detecting(), [stream])
