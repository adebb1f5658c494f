"""The one module that speaks HTTP: what the library raises becomes one of four errors here.

`NotSent`: the peer never saw the request. `AnswerLost`: it may have. `CloudError` with code service.certificate:
nothing was sent, and waiting does not help. `ProtocolError`: the URL or the answer is unusable.

An order goes out on a connection of its own. A kept one may be closed by the peer in the very moment in which it is
used again, and then nobody could say whether the order arrived.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Self

import httpx

from bridge import __version__
from bridge.errors import AnswerLost, CloudError, ConfigError, NotSent, ProtocolError
from bridge.protocol.paths import KEY_HEADER
from bridge.separation.api.endpoint import Endpoint
from bridge.web.environment import require_usable
from bridge.web.http_client import LoggingClient

_LARGEST_ANSWER: Final = 4 << 20
_REDIRECTS: Final = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. The names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Incoming:
    """An answer whose body is still on its way."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.status = response.status_code
        self.headers: Mapping[str, str] = dict(response.headers)
        self.encoded = self.headers.get("content-encoding", "identity").lower() != "identity"

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it comes, decoded. Raises `AnswerLost` where the connection breaks before its end."""
        with _translated():
            yield from self._response.iter_bytes() if self.encoded else self._response.iter_raw()

    @property
    def received(self) -> int:
        """How many bytes came over the wire so far."""
        return self._response.num_bytes_downloaded


class Wire:
    """Connections to one service, used by several threads at once. A context manager."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Raises `ConfigError` for a proxy, certificate file or variable that cannot be used. Does not connect yet."""
        self.endpoint = endpoint
        require_usable(proxies=endpoint.proxy is None)
        with _configured(endpoint):
            trust = httpx.create_ssl_context()
            if endpoint.ca is not None:
                trust.load_verify_locations(endpoint.ca)
            self._orders = _client(endpoint, trust, kept=0)
            self._questions = _client(endpoint, trust, kept=8)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._orders.close()
        self._questions.close()

    def order(self, path: str, body: Mapping[str, object], headers: Mapping[str, str]) -> Answer:
        """Send what must not be sent twice; with the key. Raises `NotSent`, `AnswerLost` or `CloudError`."""
        return self._exchange(self._orders, "POST", path, body, {**headers, KEY_HEADER: self.endpoint.key})

    def ask(self, path: str, body: Mapping[str, object]) -> Answer:
        """Send what costs nothing, with the key. Raises the same."""
        return self._exchange(self._questions, "POST", path, body, {KEY_HEADER: self.endpoint.key})

    def look(self, path: str, *, key: bool = False) -> Answer:
        """Fetch what has no body, without the key unless it is needed. Raises the same."""
        return self._exchange(self._questions, "GET", path, None, {KEY_HEADER: self.endpoint.key} if key else {})

    @contextmanager
    def fetch(self, url: str, headers: Mapping[str, str]) -> Iterator[Incoming]:
        """Open a download anywhere, without the key; redirects are followed, http and https only.

        Raises `NotSent`, `AnswerLost`, `CloudError`, or `ProtocolError` for a URL that is none.
        """
        with self._redirected(url, {**headers, "Accept-Encoding": "identity"}) as response:
            yield Incoming(response)

    @contextmanager
    def _redirected(self, url: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        target = _web(httpx.URL(), url)
        for _ in range(_REDIRECTS + 1):
            with _translated():
                request = self._questions.build_request("GET", target, headers=dict(headers))
                response = self._questions.send(request, stream=True)
            try:
                if not response.has_redirect_location:
                    yield response
                    return
                target = _web(target, response.headers["location"])
            finally:
                response.close()
        raise ProtocolError("The service's link leads from one address to the next without an end.")

    def _exchange(
        self, client: httpx.Client, method: str, path: str, body: object, headers: Mapping[str, str]
    ) -> Answer:
        url = self.endpoint.base_url + path
        with _translated(), client.stream(method, url, json=body, headers=dict(headers)) as response:
            content = bytearray()
            # A timeout of the library's starts anew with each byte: a peer that drips must end, too.
            deadline = time.monotonic() + self.endpoint.timeouts.whole_s
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > _LARGEST_ANSWER or time.monotonic() > deadline:
                    raise AnswerLost("The service's answer does not end.")
            return Answer(response.status_code, dict(response.headers), bytes(content))


def _client(endpoint: Endpoint, trust: ssl.SSLContext, kept: int) -> httpx.Client:
    times = endpoint.timeouts
    return LoggingClient(
        verify=trust,
        proxy=endpoint.proxy or None,
        trust_env=endpoint.proxy is None,
        headers={"User-Agent": f"stembridge/{__version__}"},
        timeout=httpx.Timeout(connect=times.connect_s, read=times.read_s, write=times.write_s, pool=times.pool_s),
        limits=httpx.Limits(max_connections=32, max_keepalive_connections=kept),
    )


def _web(base: httpx.URL, url: str) -> httpx.URL:
    try:
        parsed = base.join(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise ProtocolError("The service gave a link that is no URL.") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ProtocolError("The service gave a link that is neither http nor https.")
    return parsed


@contextmanager
def _configured(endpoint: Endpoint) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(
            f"The certificate file {endpoint.ca} cannot be used: {error.strerror or error}.",
            advice="Name a PEM file with the certificate of your server's authority.",
        ) from error
    except (httpx.InvalidURL, ValueError, ImportError) as error:
        raise ConfigError("The proxy's URL cannot be used.", advice="Write it as http://host:port.") from error


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
        if _untrusted(error):
            raise CloudError(
                "The service's certificate is not trusted; nothing was sent.",
                code="service.certificate",
                advice="Is a hotel's or company's network in between? For a server of your own, set [api] ca.",
            ) from error
        raise NotSent(f"The separation service cannot be reached ({_reason(error)}).") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:  # the latter for an answer that redirects to what is no URL
        raise AnswerLost(f"The connection to the separation service broke ({_reason(error)}).") from error


def _untrusted(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _reason(error: Exception) -> str:
    # Its text may hold a URL, or what a proxy said; the kind of it says enough.
    return _REASONS.get(type(error), "cut off")


_REASONS: Final[Mapping[type[Exception], str]] = {
    httpx.ConnectTimeout: "no connection in time",
    httpx.ReadTimeout: "no answer in time",
    httpx.ConnectError: "no connection",
    httpx.ProxyError: "the proxy refuses",
    httpx.PoolTimeout: "too many connections at once",
}
