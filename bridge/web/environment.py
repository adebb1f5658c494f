"""Variables of the environment that HTTP clients read: checked first, so that a wrong one is named with its value."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import ssl
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import httpx

from bridge.errors import ConfigError

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_ADVICE = "Correct the variable, or remove it."


def require_usable(environ: Mapping[str, str] = os.environ, *, proxies: bool = True) -> None:
    """Raise `ConfigError` that names the first variable that cannot be used. Without `proxies` those are not read."""
    _check_certificates(environ)
    if proxies:
        for name, value in _set(environ, _PROXIES):
            _check_proxy(name, value)
        for name, value in _set(environ, ("NO_PROXY",)):
            _check_exceptions(name, value)


def _set(environ: Mapping[str, str], names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for name in names:
        for spelled in (name, name.lower()):
            if value := environ.get(spelled, "").strip():
                yield spelled, value


def _check_certificates(environ: Mapping[str, str]) -> None:
    value = environ.get("SSL_CERT_FILE", "")
    try:
        if value:
            ssl.create_default_context(cafile=value)
    except OSError as error:  # ssl.SSLError is one: the file holds no certificates
        raise _unusable("SSL_CERT_FILE", value, f"it cannot be read ({error.strerror or error})") from error


def _check_proxy(name: str, value: str) -> None:
    url = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise _unusable(
            name, _without_password(value), "this is no address of a proxy", "Write it as http://host:port."
        )
    if parts.scheme in ("http", "https"):
        return
    shown = _without_password(value)
    if parts.scheme not in ("socks5", "socks5h"):
        raise _unusable(name, shown, f"{parts.scheme}:// is not supported", "Use an http:// proxy, or remove it.")
    if importlib.util.find_spec("socksio") is None:
        raise _unusable(name, shown, "SOCKS needs the package socksio", "Install it, or use an http:// proxy.")


def _check_exceptions(name: str, value: str) -> None:
    for entry in (part.strip() for part in value.split(",")):
        try:
            httpx.URL(_pattern(entry))
        except httpx.InvalidURL as error:
            advice = "Write an IPv6 address without brackets, and no IPv6 networks: localhost,127.0.0.1,::1"
            raise _unusable(name, value, f'"{entry}" is no host name or address', advice) from error


def _pattern(entry: str) -> str:
    """Return the URL that httpx makes of an entry of NO_PROXY."""
    if "://" in entry:
        return entry
    try:
        ipv6 = ipaddress.ip_address(entry).version == 6
    except ValueError:
        ipv6 = False
    return f"all://[{entry}]" if ipv6 else f"all://*{entry}"


def _without_password(value: str) -> str:
    before, at, host = value.rpartition("@")
    scheme, separator, _ = before.partition("://")
    return f"{scheme}{separator}***@{host}" if at and separator else f"***@{host}" if at else value


def _unusable(name: str, value: str, why: str, advice: str = _ADVICE) -> ConfigError:
    return ConfigError(f'The environment variable {name} is "{value}": {why}.', advice=advice)
