"""Which addresses may be connected to on a stranger's behalf. Pure.

The judgement is an allow-list: addresses of the public internet, by IANA's registries of special-purpose addresses
(RFC 6890), and what the owner of this server has named. IPv6 forms that carry an IPv4 address are judged by it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052. Its local sibling 64:ff9b:1::/48 (RFC 8215) lies outside of global unicast."""
_SPECIAL = tuple(
    ipaddress.ip_network(text)
    # Not all of these are private to every version of Python's ipaddress.
    for text in ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "2001:db8::/32")
)
_ISATAP = (0x00005EFE, 0x02005EFE)
"""The upper half of such an interface identifier (RFC 5214, 6.1); the lower half is an IPv4 address."""


def public(text: str) -> bool:
    """Say whether this address is one of the public internet.

    >>> [public(text) for text in ("93.184.216.34", "10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1")]
    [True, False, False, False]
    """
    address = ipaddress.ip_address(text)
    carried = list(_carried(address))
    if carried:
        return all(public(str(inner)) for inner in carried)
    if isinstance(address, ipaddress.IPv6Address) and (address.scope_id or address not in _GLOBAL_UNICAST):
        return False
    if any(address.version == network.version and address in network for network in _SPECIAL):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the owner of this server allows besides the public internet: networks, and hosts by name."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, entries: Iterable[str]) -> Self:
        """Read entries such as "10.0.0.0/24", "192.168.1.7" and "nas.studio.example"."""
        networks, hosts = [], set()
        for entry in entries:
            try:
                networks.append(ipaddress.ip_network(entry.strip(), strict=False))
            except ValueError:
                hosts.add(entry.strip().lower().rstrip("."))
        return cls(tuple(networks), frozenset(hosts))

    def permits(self, host: str, address: str) -> bool:
        """Say whether `address`, found for `host`, may be connected to."""
        if host.lower().rstrip(".") in self.hosts or public(address):
            return True
        found = ipaddress.ip_address(address)
        return any(found.version == network.version and found in network for network in self.networks)


def _carried(address: Address) -> Iterable[ipaddress.IPv4Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    if address in _NAT64 or int(address) >> 32 & 0xFFFFFFFF in _ISATAP:
        yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
