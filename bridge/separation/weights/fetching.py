"""Opens the address of a file of weights over HTTP, for `bridge.transfer`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from bridge import __version__
from bridge.errors import TransferCut, WrongFile
from bridge.transfer.download import Open, Response
from bridge.web.http_client import LoggingClient

_TIMEOUT = httpx.Timeout(30.0)


class _Body:
    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.encoded = "content-encoding" in response.headers
        self._response = response

    def chunks(self) -> Iterator[bytes]:
        with _translated():
            yield from self._response.iter_raw()


def over_http(url: str) -> Open:
    """Return how this URL is opened; redirects are followed, and the environment's proxy is used.

    What it returns raises `TransferCut` where another try may help, `WrongFile` for an address that is none.
    """

    @contextmanager
    def open_(headers: Mapping[str, str]) -> Iterator[Response]:
        about = {"User-Agent": f"stembridge/{__version__}", "Accept-Encoding": "identity", **headers}
        with (
            _translated(),
            LoggingClient(timeout=_TIMEOUT, follow_redirects=True) as client,
            client.stream("GET", url, headers=about) as response,
        ):
            yield _Body(response)

    return open_


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        raise TransferCut(f"The download broke off: {error or type(error).__name__}.") from error
    except (httpx.InvalidURL, httpx.TooManyRedirects) as error:
        raise WrongFile(f"The address leads nowhere: {error}.") from error
