from __future__ import annotations

import socket
import threading

import pytest

from bridge.errors import OscError
from bridge.osc.options import Endpoint, OscOptions
from bridge.osc.ping import ping
from bridge.osc.server import OscServer
from tests.osc.oscdesk import PATIENCE_S, Desk, link_local, written


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_bridge_tells_its_version_at_whatever_address_it_listens(host: str) -> None:
    with OscServer(OscOptions(host=host, port=0), Desk(), "1.2.3") as room:
        assert ping(Endpoint(host, room.port), PATIENCE_S) == "1.2.3"


def test_it_is_found_at_an_address_that_holds_on_one_network_alone() -> None:
    host = link_local()
    with OscServer(OscOptions(host=host, port=0, allow=("fe80::/10",)), Desk(), "1.2.3") as room:
        assert ping(Endpoint(host, room.port), PATIENCE_S) == "1.2.3"


def test_where_nobody_listens_and_where_no_bridge_does_there_is_no_version() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port: int = silent.getsockname()[1]
        assert ping(Endpoint("127.0.0.1", port), 0.05) is None
    assert ping(Endpoint("127.0.0.1", port), PATIENCE_S) is None


def test_a_program_that_answers_without_a_version_is_no_bridge() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))

        def answer() -> None:
            other.sendto(written("/stembridge/pong"), other.recvfrom(4096)[1])

        answering = threading.Thread(target=answer)
        answering.start()
        assert ping(Endpoint("127.0.0.1", other.getsockname()[1]), PATIENCE_S) is None
        answering.join()


def test_a_host_that_is_none_is_told() -> None:
    with pytest.raises(OscError, match="no address") as caught:
        ping(Endpoint("no such host.invalid", 9123), PATIENCE_S)
    assert caught.value.code == "osc.host"
