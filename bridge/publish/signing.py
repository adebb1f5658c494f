"""URLs that prove by themselves that we gave them out, and that end. Pure: a key and a clock are passed in.

The signature is HMAC-SHA-256 (RFC 2104, FIPS 180-4) over method, name and expiry, in unpadded base64url (RFC 4648, 5).
"""

from __future__ import annotations

import base64
import hashlib
import hmac

KEY_BYTES = 32
SIGNATURE_LENGTH = 43
"""Characters of the base64url of 32 bytes."""


def sign(key: bytes, method: str, name: str, expires: int) -> str:
    """Return the signature that lets anyone who has it do `method` with `name` until `expires` (POSIX seconds)."""
    return base64.urlsafe_b64encode(_digest(key, method, name, expires)).rstrip(b"=").decode("ascii")


def verify(key: bytes, method: str, name: str, expires: int, signature: str, now: float) -> bool:
    """Return whether the signature is ours and its time not over. Takes as long for a wrong one as for a right one."""
    ours = sign(key, method, name, expires)
    return hmac.compare_digest(ours.encode("ascii"), signature.encode("utf-8", "replace")) and now < expires


def _digest(key: bytes, method: str, name: str, expires: int) -> bytes:
    # A line break separates the parts, so that no two different triples make the same message.
    if "\n" in method or "\n" in name:
        raise ValueError("a method and a name are one line each")
    return hmac.digest(key, f"{method}\n{name}\n{expires}".encode(), hashlib.sha256)
