"""How publishers speak HTTP: one way to make a client, and one translation of whatever goes wrong."""

from __future__ import annotations

import contextlib
import functools
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from bridge.errors import ConfigError, PublishDenied, PublishError, PublisherUnavailable, PublishFailed
from bridge.web.environment import require_usable
from bridge.web.http_client import LoggingClient


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """Timeouts of each phase, in seconds, and the way out of the studio's network."""

    connect_s: float = 15.0
    write_s: float = 60.0
    read_s: float = 300.0
    """After the last byte a server may still have to put a gigabyte in its place before it answers."""
    pool_s: float = 15.0
    proxy: str = ""
    ca_file: Path | None = None
    """Certificates to trust beside the usual ones, as PEM."""

    @property
    def timeout(self) -> httpx.Timeout:
        """The four of them, as httpx wants them."""
        return httpx.Timeout(connect=self.connect_s, write=self.write_s, read=self.read_s, pool=self.pool_s)


@functools.cache
def _trust(ca_file: Path | None) -> ssl.SSLContext:
    context = httpx.create_ssl_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


def open_client(options: HttpOptions, auth: httpx.Auth | None = None) -> httpx.Client:
    """Return a client to use in a `with`. Raises `PublisherUnavailable` for a proxy or a CA file that is no such."""
    try:
        require_usable(proxies=not options.proxy)
        context = _trust(options.ca_file)
        return LoggingClient(auth=auth, verify=context, timeout=options.timeout, proxy=options.proxy or None)
    except ConfigError as error:
        raise PublisherUnavailable(error.message, advice=error.advice) from error
    except (OSError, ValueError, httpx.InvalidURL) as error:
        raise PublisherUnavailable(
            f"The CA file or the proxy cannot be used: {error}", advice="Correct them in your configuration."
        ) from error


@contextlib.contextmanager
def translated(doing: str, url: str) -> Iterator[None]:
    """Translate what httpx raises while `doing` (a clause: "uploading the bounce") something with this URL."""
    host = host_of(url)
    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
        raise PublisherUnavailable(
            f"{doing}: the address cannot be used ({error}).", advice="Correct `url` in [publish]."
        ) from error
    except httpx.RequestError as error:
        if isinstance(_root(error), ssl.SSLCertVerificationError):
            raise PublishDenied(
                f"{doing}: the certificate of {host} is not trusted.",
                code="publish.certificate",
                advice="If the server has a certificate of your own, name its CA file in the configuration.",
            ) from error
        raise PublishFailed(f"{doing}: {host} did not answer as it should ({_reason(error)}).") from error


def refusal(response: httpx.Response, doing: str, advice: str = "") -> PublishError:
    """Return the error of an answer that is no success; its body is not shown, being a stranger's.

    Without an `advice` the error says what to look for in [publish].
    """
    status, host = response.status_code, host_of(str(response.url))
    message = f"{doing}: {host} answered {status} {response.reason_phrase}".rstrip() + "."
    if status in _TRANSIENT:
        return PublishFailed(message)
    if status == httpx.codes.UNAUTHORIZED and _only_digest(response):
        advice = _ADVICE_OF_DIGEST
    usual = _ADVICE_OF_REDIRECT if 300 <= status < 400 else _CHECK
    return PublishDenied(message, advice=advice or _ADVICE.get(status, usual))


def host_of(url: str) -> str:
    """Return the host and port of a URL, the only part of it that may be shown."""
    try:
        parts = urlsplit(url)
        return parts.netloc.rpartition("@")[2] or "the server"
    except ValueError:
        return "the server"


_TRANSIENT = frozenset({408, 423, 425, 429, 500, 502, 503, 504})
_CHECK = "Check `url` and the credentials in [publish]."
_ADVICE_OF_REDIRECT = "The address has moved: write the new one as `url` in [publish]."
_ADVICE_OF_DIGEST = (
    "The server only offers Digest authentication, which Stembridge does not speak: enable Basic authentication over "
    "HTTPS there, or a bearer token, or publish another way."
)
_CREDENTIALS = "Check `user` and `secret` in [publish], and that they may write there."
_FOLDER = "Check `url` in [publish]: the folder must be there, and take uploads."
_ADVICE = {
    401: _CREDENTIALS,
    403: _CREDENTIALS,
    404: _FOLDER,
    405: _FOLDER,
    409: _FOLDER,
    413: "The server takes no file of this size: raise its limit, or publish another way.",
    507: "There is no room left on that server; free some, then retry the job.",
}


def _only_digest(response: httpx.Response) -> bool:
    offered = {value.split(" ", 1)[0].lower() for value in response.headers.get_list("WWW-Authenticate")}
    return offered == {"digest"}


def _root(error: BaseException) -> BaseException:
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error


def _reason(error: httpx.RequestError) -> str:
    return str(error) or type(error).__name__
