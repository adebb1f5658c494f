"""Who may send, and how much is said: this machine always, others where they are configured, and nobody without end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from bridge.errors import OscError
from bridge.rate_limit import RateLimit

log = logging.getLogger(__name__)

_MOST_REMEMBERED = 4096
_LOGGED_AT_ONCE, _LOGGED_A_SECOND = 10, 0.1
"""Lines about strangers: whoever makes up addresses must not fill the log."""


def is_loopback(host: str) -> bool:
    """Say whether a numeric address is one that only this machine can send from."""
    address = _address(host)
    return address is not None and address.is_loopback


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


class AllowedHosts:
    """The allow-list. Threads may share one."""

    def __init__(self, allow: Iterable[str], clock: Callable[[], float]) -> None:
        """Take addresses and networks; raise `OscError` where one is neither. `clock` gives seconds that never fall."""
        try:
            self._networks = [ip_network(each, strict=False) for each in allow]
        except ValueError as error:
            raise OscError(
                f"[osc] allow is wrong: {error}.", code="osc.allow", advice='Write it as "10.0.0.7" or "10.0.0.0/24".'
            ) from error
        self._logged = RateLimit(_LOGGED_AT_ONCE, _LOGGED_A_SECOND, clock)
        self._known: dict[str, bool] = {"127.0.0.1": True, "::1": True}

    def allows(self, host: str) -> bool:
        """Say whether this numeric address may send."""
        known = self._known.get(host)
        if known is None:
            known = self._look(host)
            if len(self._known) > _MOST_REMEMBERED:
                self._known.clear()
            self._known[host] = known
            if not known and self._logged.take():
                log.warning("OSC from %s is passed over; [osc] allow lists who may send", host)
        return known

    def _look(self, host: str) -> bool:
        address = _address(host)
        return address is not None and (
            address.is_loopback
            or any(network.version == address.version and address in network for network in self._networks)
        )
