from __future__ import annotations

import subprocess
import sys

import pytest

from bridge.web.listening import Address, is_loopback, may_listen, open_socket


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_on_this_machine_no_encryption_is_needed(host: str) -> None:
    assert is_loopback(host)
    assert may_listen(host, encrypted=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "studio.example", "localhost.example", "127.1", ""])
def test_beyond_it_something_must_encrypt(host: str) -> None:
    assert not may_listen(host, encrypted=False)
    assert may_listen(host, encrypted=True)


def test_a_taken_address_is_an_error_of_the_system() -> None:
    with open_socket(Address("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        open_socket(Address("127.0.0.1", taken.getsockname()[1]))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_the_limit_of_open_files_is_raised_as_far_as_the_system_permits() -> None:
    # In a process of its own: a hard limit cannot be raised again.
    code = (
        "import resource; from bridge.web.listening import raise_file_limit\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 300))\n"
        "print(raise_file_limit(32), raise_file_limit(200), raise_file_limit(9999))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["64", "200", "300"]
