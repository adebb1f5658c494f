from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.server.fetching.addresses import Allowed, public

INTERNAL = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.127.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "2001:0:7f00:1::1",
    "2001:db8::1",
    "2606:2800:220:1:0:5efe:127.0.0.1",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "100::1",
    "5f00::1",
]
PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", INTERNAL)
def test_an_address_that_is_not_of_the_public_internet_is_refused(address: str) -> None:
    assert not public(address)
    assert not Allowed().permits("example.com", address)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_public_internet_may_be_reached(address: str) -> None:
    assert public(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_in_every_ipv6_clothing(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    clothings = [
        ipaddress.IPv6Address(0xFFFF << 32 | number),
        ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) | number),
        ipaddress.IPv6Address(0x2002 << 112 | number << 80),
    ]
    assert {public(str(clothing)) for clothing in clothings} == {public(str(address))}


@given(st.ip_addresses())
def test_whatever_python_calls_private_is_never_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if not address.is_global or address.is_multicast:
        assert not public(str(address))


def test_a_studio_may_allow_its_own_networks_and_hosts() -> None:
    allowed = Allowed.of(["10.0.0.0/24", "192.168.1.7", "NAS.local.", "fd00::/8"])
    assert allowed.permits("x", "10.0.0.9")
    assert not allowed.permits("x", "10.0.1.9")
    assert allowed.permits("x", "192.168.1.7")
    assert not allowed.permits("x", "192.168.1.8")
    assert allowed.permits("x", "fd00::1")
    assert allowed.permits("nas.LOCAL", "127.0.0.1")
    assert not allowed.permits("evil-nas.local", "127.0.0.1")
