"""What a single value may be. Each check returns the value in its final form or raises `ValueError` with a clause."""

from __future__ import annotations

import ipaddress
import os
import re
import string
import unicodedata
from pathlib import Path
from urllib.parse import urlsplit

from bridge.config.nearest import did_you_mean

TEMPLATE_TOKENS = ("song", "stem", "take", "model", "engine", "preset", "date")

BACKSLASH_ADVICE = (
    "in double quotes a backslash begins an escape: write the path in 'single quotes', or with / instead of \\"
)

_HIGHEST_PORT = 65535
_LONGEST_HOST = 253
_HOST_LABEL = re.compile(r"(?!-)[\w-]{1,63}(?<!-)")
_OSC_ADDRESS = re.compile(r"(/[^#*,/?\[\]{}\x00- \x7f-\U0010ffff]+)+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FORBIDDEN_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_WINDOWS_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)


def folder(value: object, base: Path) -> Path:
    """Return an absolute path: `~` expanded, a relative path taken from `base`."""
    if isinstance(value, Path):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError("must be the path of a folder, in quotes")  # noqa: TRY004 -- pydantic collects ValueErrors only
    if not value.strip():
        raise ValueError("must be the path of a folder")
    if control := _CONTROL.search(value):
        raise ValueError(f"has a control character, {control[0]!r}; {BACKSLASH_ADVICE}")
    expanded = os.path.expanduser(value)  # noqa: PTH111 -- Path's own raises RuntimeError and drops a trailing "/."
    if expanded.startswith("~"):
        raise ValueError(f"there is no home folder for {value!r} on this machine")
    return Path(os.path.normpath(base / expanded))


def template(value: str) -> str:
    """Check a file name template, such as "{song} - {stem}"."""
    try:
        fields = [(name, spec, conversion) for _, name, spec, conversion in string.Formatter().parse(value)]
    except ValueError as error:
        raise ValueError("has a brace without its partner; write {{ or }} for a brace itself") from error
    tokens = [name for name, _, _ in fields if name is not None]
    known = ", ".join(f"{{{token}}}" for token in TEMPLATE_TOKENS)
    for token in tokens:
        if token not in TEMPLATE_TOKENS:
            hint = did_you_mean(token, TEMPLATE_TOKENS, "{{{}}}") or f"; the tokens are {known}"
            raise ValueError(f"{{{token}}} is no token{hint}")
    if any(spec or conversion for _, spec, conversion in fields):
        raise ValueError("a token takes no format after its name")
    if "stem" not in tokens:
        raise ValueError("must contain {stem}, or all stems of a song would have one name")
    if _FORBIDDEN_IN_NAMES.search(value):
        raise ValueError('makes a file name, which may not contain < > : " / \\ | ? * or control characters')
    return value


def preset_name(value: str) -> str:
    """Check a preset's name: it is also the name of a subfolder of the inbox, on every system."""
    if not value or value != value.strip() or value.startswith(".") or value.endswith("."):
        raise ValueError("a preset's name is a folder's: not empty, no dot or space at its ends")
    if _FORBIDDEN_IN_NAMES.search(value):
        raise ValueError("a preset's name is a folder's: none of < > : \" / \\ | ? * and no control characters")
    if _WINDOWS_DEVICES.fullmatch(value):
        raise ValueError("Windows keeps this name for a device; choose another")
    if folded(value) == "source":
        raise ValueError("this is the inbox's folder for finished bounces; choose another name")
    return value


def folded(name: str) -> str:
    """Return what two names share that are one on a file system blind to case or to Unicode's normal forms."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def host(value: str) -> str:
    """Check an IP address or the name of a host (RFC 1123, section 2.1; letters of any language)."""
    name = value.removesuffix(".")
    labels = name.split(".")
    # A name that ends in a number is read as an address everywhere, and this one is none.
    named = all(_HOST_LABEL.fullmatch(label) for label in labels) and not labels[-1].isdecimal()
    if not _is_address(value) and (not named or len(name) > _LONGEST_HOST):
        raise ValueError(f'"{value}" is no address or host name')
    return value


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def endpoint(value: str) -> str:
    """Check "host:port"; an IPv6 address stands in brackets, as in a URL."""
    host, colon, port = value.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not colon or not bare or (":" in bare and bare == host) or bare != bare.strip():
        raise ValueError(f'must be "host:port", not "{value}"')
    if not port.isascii() or not port.isdigit() or not 1 <= int(port[:6]) <= _HIGHEST_PORT:
        raise ValueError(f"the port must be a number from 1 to {_HIGHEST_PORT}, not {port!r}")
    return value


def poke(value: str) -> str:
    """Check "host:port /address [argument]", a message in OSC's words."""
    to, _, message = value.strip().partition(" ")
    endpoint(to)
    address = message.strip().partition(" ")[0]
    if not _OSC_ADDRESS.fullmatch(address):
        raise ValueError(f'must be "host:port /address argument", not "{value}"')
    return value


def network(value: str) -> str:
    """Check an address such as "192.168.1.20" or a network such as "192.168.1.0/24"."""
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError as error:
        raise ValueError(f'must be an address or network such as "192.168.1.0/24", not "{value}"') from error
    return value


def web_address(value: str) -> str:
    """Check the http or https address of a service and drop its closing slash."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f'must be an address that begins with https:// or http://, not "{value}"')
    return _without_tail(value).rstrip("/")


def optional_web_address(value: str) -> str:
    """Check an http or https address as `web_address` does, or let "" be."""
    return web_address(value) if value else value


def upload_address(value: str) -> str:
    """Check where bounces are uploaded to: a bucket, a WebDAV folder, or "" for neither."""
    parts = urlsplit(value)
    if value and (parts.scheme not in ("s3", "gs", "az", "http", "https") or not parts.hostname):
        raise ValueError(f'must be an address that begins with s3://, gs://, az://, https:// or http://, not "{value}"')
    if parts.password is not None:
        raise ValueError("must not hold a password; write it as secret")
    return _without_tail(value).rstrip("/")


def _without_tail(value: str) -> str:
    """Refuse a query and a fragment: what is added to the address would be lost, and a DELETE would mean its folder."""
    if "?" in value or "#" in value:
        raise ValueError(f'must not hold "?" or "#" ("%3F" and "%23" may stand in a name), unlike "{value}"')
    return value


def web_address_or_none(value: str) -> str:
    """Check the address of a service, or let "" stand for none."""
    return web_address(value) if value else value


def rate(value: int) -> int:
    """Check a sample rate in Hz; 0 means the bounce's own."""
    if value != 0 and not 8_000 <= value <= 192_000:
        raise ValueError(f"must be 0 (the bounce's own) or from 8000 to 192000 Hz, not {value}")
    return value


def depth(value: object) -> object:
    """Take 16 and 24 without quotes too. Not 32: it could mean integers, and only "32f" is written here."""
    return str(value) if type(value) is int and value in (16, 24) else value


def polling(value: object) -> object:
    """Refuse 0 and 1, which a comparison with true and false would let through."""
    if type(value) is int:
        raise ValueError(f'must be true, false or "auto", not {value}')
    return value
