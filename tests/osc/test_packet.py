from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.errors import PacketError
from bridge.osc.packet import DEEPEST, LARGEST, LARGEST_BUNDLE, MOST_ARGUMENTS, MOST_ELEMENTS, Found, messages
from scripts.bench.osc_killers import KILLERS, LARGE, PING, bundle, nested
from tests.osc.oscdesk import read, written

NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#*,/?[]{}"), min_size=1)
ADDRESSES = st.lists(NAMES, min_size=1, max_size=4).map(lambda names: "/" + "/".join(names))
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
ARGUMENTS = st.lists(
    st.one_of(
        st.tuples(st.just("i"), st.integers(-(2**31), 2**31 - 1)),
        st.tuples(st.just("h"), st.integers(-(2**63), 2**63 - 1)),
        st.tuples(st.just("f"), st.floats(width=32, allow_nan=False)),
        st.tuples(st.just("d"), st.floats(allow_nan=False)),
        st.tuples(st.just("s"), TEXTS),
        st.tuples(st.just("b"), st.binary(min_size=1)),
        st.tuples(st.just("T"), st.just(True)),
        st.tuples(st.just("F"), st.just(False)),
        st.tuples(st.just("N"), st.none()),
    ),
    max_size=8,
)


def refusal(packet: bytes) -> PacketError:
    with pytest.raises(PacketError) as caught:
        messages(packet)
    return caught.value


def taken(packet: bytes) -> list[Found]:
    try:
        return messages(packet)
    except PacketError:
        return []


@given(ADDRESSES, ARGUMENTS)
def test_what_python_osc_writes_is_taken_and_reads_the_same(address: str, arguments: list[tuple[str, Any]]) -> None:
    builder = OscMessageBuilder(address)
    for tag, value in arguments:
        builder.add_arg(value, tag)
    packet = builder.build().dgram
    [found] = messages(packet)
    assert found == Found(address, "".join(tag for tag, _ in arguments), packet)
    assert read(found.packet) == (address, *(value for _, value in arguments))


@given(st.lists(st.lists(ADDRESSES, min_size=1, max_size=3), min_size=1, max_size=4))
def test_the_messages_of_bundles_within_bundles_come_in_their_order(groups: list[list[str]]) -> None:
    outer = OscBundleBuilder(IMMEDIATELY)
    for group in groups:
        inner = OscBundleBuilder(2_000_000_000)
        for address in group:
            inner.add_content(OscMessageBuilder(address).build())
        outer.add_content(inner.build())
    found = messages(outer.build().dgram)
    assert [message.address for message in found] == [address for group in groups for address in group]


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: b"/a\0\0," + tail) | st.binary().map(bundle))
def test_any_bytes_are_refused_or_hold_messages_that_python_osc_reads(packet: bytes) -> None:
    for message in taken(packet):
        assert read(message.packet)[0] == message.address


@given(st.integers(0, len(PING) - 1))
def test_no_beginning_of_a_message_is_taken_for_one(length: int) -> None:
    refusal(PING[:length])


@pytest.mark.parametrize(
    "name", [name for name in KILLERS if name not in ("future time tag: python-osc sleeps", "not a number")]
)
def test_what_stops_other_servers_is_refused(name: str) -> None:
    refusal(KILLERS[name])


def test_the_twenty_bytes_that_hang_python_osc_are_refused() -> None:
    packet = KILLERS["element size -4: python-osc loops for ever"]
    assert len(packet) == 20
    assert "-4 bytes" in refusal(packet).message


def test_a_time_tag_in_the_future_is_passed_over() -> None:
    assert [found.address for found in messages(KILLERS["future time tag: python-osc sleeps"])] == ["/stembridge/ping"]


def test_invalid_utf8_is_refused_and_the_address_is_told() -> None:
    error = refusal(KILLERS["invalid UTF-8"])
    assert (error.code, error.address) == ("osc.packet", "/stembridge/ping")


def test_bundles_are_followed_eight_deep_and_no_deeper() -> None:
    assert len(messages(nested(DEEPEST, PING))) == 1
    assert "deep" in refusal(nested(DEEPEST + 1, PING)).message


def test_five_hundred_nested_bundles_are_refused() -> None:
    assert "deep" in refusal(nested(500, PING)).message


@pytest.mark.parametrize("address", ["/a*" * 12, "/a?", "/a[b]", "/{a,b}", "/a//b", "//a"])
def test_an_address_with_a_pattern_is_refused_by_its_own_code(address: str) -> None:
    error = refusal(written(address))
    assert (error.code, error.address) == ("osc.pattern", address)


@pytest.mark.parametrize("address", ["/a b", "/a#b", "/a,b"])
def test_an_address_with_a_reserved_character_is_refused(address: str) -> None:
    error = refusal(written(address))
    assert (error.code, error.address) == ("osc.packet", address)


@pytest.mark.parametrize("address", ["/ä", "/a\x01", "/a\x7f"])
def test_an_address_that_is_not_printable_ascii_is_refused_and_not_told(address: str) -> None:
    assert refusal(written(address)).address == ""


@pytest.mark.parametrize("tag", "IScx")
def test_a_type_that_python_osc_would_drop_is_refused(tag: str) -> None:
    error = refusal(b"/a\0\0," + tag.encode() + b"s\0x\0\0\0")
    assert (error.code, error.address) == ("osc.type", "/a")
    assert repr(tag) in error.message


def test_a_message_without_type_tags_is_refused_and_told_what_to_send() -> None:
    error = refusal(b"/stembridge/pause\0\0\0")
    assert (error.code, error.address) == ("osc.type", "/stembridge/pause")
    assert '","' in error.advice


@pytest.mark.parametrize("tags", ["[", "]", "][", "[[]", "[]]"])
def test_brackets_have_to_match(tags: str) -> None:
    body = b"," + tags.encode()
    assert refusal(b"/a\0\0" + body + b"\0" * (4 - len(body) % 4)).code == "osc.type"


def test_arguments_are_counted() -> None:
    builder = OscMessageBuilder("/a")
    for _ in range(MOST_ARGUMENTS):
        builder.add_arg(True)
    assert len(messages(builder.build().dgram)) == 1
    builder.add_arg(True)
    assert refusal(builder.build().dgram).address == "/a"


def test_the_messages_of_a_bundle_are_counted() -> None:
    assert len(messages(bundle(*[PING] * (MOST_ELEMENTS - 1)))) == MOST_ELEMENTS - 1
    assert "more than" in refusal(bundle(*[PING] * MOST_ELEMENTS)).message


def test_empty_bundles_are_counted_and_bring_nothing() -> None:
    assert messages(bundle()) == []
    assert "more than" in refusal(LARGE["empty bundles as many as fit"]).message


def test_a_bundle_may_be_as_large_as_16_kib() -> None:
    ping = written("/stembridge/ping", "a" * (LARGEST_BUNDLE - 48))
    assert len(bundle(ping)) == LARGEST_BUNDLE
    assert len(messages(bundle(ping))) == 1
    assert str(LARGEST_BUNDLE) in refusal(bundle(ping, PING)).message


def test_a_packet_may_be_as_large_as_64_kib() -> None:
    text = "a" * (LARGEST - 28)
    assert len(messages(written("/stembridge/ping", text))) == 1
    assert str(LARGEST) in refusal(written("/stembridge/ping", text + "a" * 4)).message


@pytest.mark.parametrize(
    "packet",
    [
        b"/a\0x,\0\0\0",
        b"/a\0\0,\0\0x",
        b"/a\0\0,s\0\0ab\0x",
        b"/a\0\0,s\0\0abcd",
        b"/a\0\0,i\0\0\0\0",
        b"/a\0\0,i\0\0\0\0\0\0\0\0\0\0",
        b"/a\0\0,\0\0\0\0\0\0\0",
        b"/a\0\0,b\0\0\0\0\0\x05abcd",
        b"/a\0\0,b\0\0\xff\xff\xff\xfcabcd",
        b"#bundle\0\0\0\0\0",
        b"#bundle\0" + bytes(8) + b"\0\0",
        b"#bundle\0" + bytes(8) + struct.pack(">i", 24) + PING[:20],
        b"#bundlf\0" + bytes(8),
    ],
)
def test_padding_ends_and_lengths_are_checked_to_the_byte(packet: bytes) -> None:
    assert refusal(packet).code == "osc.packet"


def test_a_bundle_is_taken_as_a_whole_or_not_at_all() -> None:
    refusal(bundle(PING, b"/a\0\0,I\0\0"))
