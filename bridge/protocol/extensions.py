"""The messages that only our own server speaks, under `/stembridge/v1/`. Each travels in the same `Envelope`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from bridge.protocol.fields import Wire, integer, mapping, optional_text, text

SERVICE: Final = "stembridge"


@dataclass(frozen=True, slots=True)
class Health:
    """The answer of `GET health`, which needs no key."""

    service: str
    version: str
    idempotency: bool
    """Whether a create that carries an `Idempotency-Key` may be repeated without paying twice."""

    models: tuple[int, ...] | None = None
    """The models that it can make now; None where it does not say."""

    def to_wire(self) -> Wire:
        """Return the object to encode as JSON."""
        wire: Wire = {"service": self.service, "version": self.version, "idempotency": self.idempotency}
        return wire if self.models is None else {**wire, "models": list(self.models)}

    @classmethod
    def from_wire(cls, data: Mapping[str, object]) -> Self:
        """Read a parsed one, or raise `ProtocolError`."""
        service = text(data.get("service"), "service")
        listed = data.get("models")
        models = tuple(one for one in listed if type(one) is int) if isinstance(listed, list) else None
        idempotency = service == SERVICE and data.get("idempotency") is True
        return cls(service, optional_text(data.get("version")), idempotency, models)


@dataclass(frozen=True, slots=True)
class UploadRequest:
    """The body of `POST uploads`: what will be put, and its size in bytes."""

    filename: str
    size: int

    def to_wire(self) -> Wire:
        """Return the object to encode as JSON."""
        return {"filename": self.filename, "size": self.size}

    @classmethod
    def from_wire(cls, obj: object) -> Self:
        """Read a parsed one, or raise `ProtocolError`."""
        fields = mapping(obj, "The request")
        return cls(text(fields.get("filename"), "filename"), integer(fields.get("size"), "size"))


@dataclass(frozen=True, slots=True)
class UploadGrant:
    """Where to PUT the bytes, the `inputurl` to name afterwards, and the seconds for which both hold."""

    put_url: str
    inputurl: str
    expires_s: int

    def to_wire(self) -> Wire:
        """Return the object to encode as JSON."""
        return {"put_url": self.put_url, "inputurl": self.inputurl, "expires_s": self.expires_s}

    @classmethod
    def from_wire(cls, data: Mapping[str, object]) -> Self:
        """Read a parsed one, or raise `ProtocolError`."""
        return cls(
            text(data.get("put_url"), "put_url"),
            text(data.get("inputurl"), "inputurl"),
            integer(data.get("expires_s"), "expires_s"),
        )


@dataclass(frozen=True, slots=True)
class Balance:
    """The answer of `GET balance`, in started minutes: what may still be spent, and what running tasks hold."""

    available: int
    reserved: int

    def to_wire(self) -> Wire:
        """Return the object to encode as JSON."""
        return {"available": self.available, "reserved": self.reserved}

    @classmethod
    def from_wire(cls, data: Mapping[str, object]) -> Self:
        """Read a parsed one, or raise `ProtocolError`."""
        return cls(integer(data.get("available"), "available"), integer(data.get("reserved"), "reserved"))
