"""The messages of the two documented calls, one dataclass each; for both sides of the wire.

`to_wire` gives the object to encode as JSON, its fields in the documented order; `from_wire` reads a parsed one. What
an answer has besides the documented fields is kept in `extra` to be shown. Every `from_wire` raises `ProtocolError`
where the shape is wrong, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType
from typing import Final, Self

from bridge.protocol.codes import MESSAGES, Code
from bridge.protocol.fields import Wire, integer, mapping, optional_number, optional_text, others, text

_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """Asks for a new task: the model's id, and a URL from which the service may fetch the mix."""

    model_type: int
    inputurl: str

    def to_wire(self) -> Wire:
        """Return the object to encode as JSON."""
        return {"model_type": self.model_type, "inputurl": self.inputurl}

    @classmethod
    def from_wire(cls, obj: object) -> Self:
        """Read a parsed one, or raise `ProtocolError`."""
        fields = mapping(obj, "The request")
        return cls(integer(fields.get("model_type"), "model_type"), text(fields.get("inputurl"), "inputurl"))


@dataclass(frozen=True, slots=True)
class GetRequest:
    """Asks how a task stands."""

    job_id: str

    def to_wire(self) -> Wire:
        """Return the object to encode as JSON."""
        return {"job_id": self.job_id}

    @classmethod
    def from_wire(cls, obj: object) -> Self:
        """Read a parsed one, or raise `ProtocolError`."""
        return cls(text(mapping(obj, "The request").get("job_id"), "job_id"))


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every answer comes in."""

    code: int
    data: Mapping[str, object]
    message: str
    extra: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, code: Code, data: Mapping[str, object] = _NOTHING) -> Self:
        """Return the answer of this documented code, with its documented message."""
        return cls(int(code), data, MESSAGES[code])

    @property
    def success(self) -> bool:
        """Whether what was asked was done."""
        return self.code == Code.SUCCESS

    def to_wire(self) -> Wire:
        """Return the object to encode as JSON."""
        return {"code": self.code, "data": dict(self.data), "message": self.message}

    @classmethod
    def from_wire(cls, obj: object) -> Self:
        """Read a parsed one, or raise `ProtocolError`."""
        fields = mapping(obj, "The answer")
        code = integer(fields.get("code"), "code")
        data = fields.get("data")
        # A refusal means what its code says; only a success is worth nothing without its data.
        if not isinstance(data, Mapping) and (data is None or code != Code.SUCCESS):
            data = {}
        extra = others(fields, frozenset({"code", "data", "message"}))
        return cls(code, mapping(data, "data"), optional_text(fields.get("message")), extra)


@dataclass(frozen=True, slots=True)
class CreateData:
    """The `data` of a successful create. Documented as 32 hexadecimal digits; any text is kept as it is."""

    job_id: str

    def to_wire(self) -> Wire:
        """Return the object to encode as JSON."""
        return {"job_id": self.job_id}

    @classmethod
    def from_wire(cls, data: Mapping[str, object]) -> Self:
        """Read a parsed one, or raise `ProtocolError`."""
        job_id = data.get("job_id")
        return cls(str(job_id) if type(job_id) is int else text(job_id, "job_id"))


class Phase(Enum):
    """How a status is read: the documentation lists three and says "etc."."""

    WORKING = auto()
    SUCCESS = auto()
    FAILED = auto()


WAITING: Final = "waiting"
SUCCESS: Final = "success"
FAILED: Final = "failed"
STATUSES: Final = frozenset({WAITING, SUCCESS, FAILED})
"""The documented ones."""


@dataclass(frozen=True, slots=True)
class TaskData:
    """The `data` of a successful get. `duration` (seconds) and `progress` (0.0 to 1.0) need not be there."""

    status: str
    file_type: str = "audio"
    video_url: str = ""
    output: Mapping[str, str] = field(default_factory=dict)
    zip_url: str = ""
    progress: float | None = None
    duration: float | None = None
    extra: Mapping[str, object] = field(default_factory=dict)

    @property
    def phase(self) -> Phase:
        """An unknown status means that the task is still in progress."""
        return {SUCCESS: Phase.SUCCESS, FAILED: Phase.FAILED}.get(self.status.strip().lower(), Phase.WORKING)

    def to_wire(self) -> Wire:
        """The documented fields first and always; ours after them, where they are known."""
        ours = {"progress": self.progress, "duration": self.duration}
        return {
            "status": self.status,
            "file_type": self.file_type,
            "video_url": self.video_url,
            "output": dict(self.output),
            "zip_url": self.zip_url,
            **{key: value for key, value in ours.items() if value is not None},
        }

    @classmethod
    def from_wire(cls, data: Mapping[str, object]) -> Self:
        """Read a parsed one, or raise `ProtocolError`."""
        outputs = data.get("output")
        output = mapping({} if outputs is None else outputs, "output")
        progress = optional_number(data.get("progress"))
        known = frozenset({"status", "file_type", "video_url", "output", "zip_url", "progress", "duration"})
        return cls(
            status=text(data.get("status"), "status"),
            file_type=optional_text(data.get("file_type")),
            video_url=optional_text(data.get("video_url")),
            output={stem: url for stem, url in output.items() if isinstance(url, str) and url.strip()},
            zip_url=optional_text(data.get("zip_url")),
            progress=None if progress is None else min(progress, 1.0),
            duration=optional_number(data.get("duration")),
            extra=others(data, known),
        )
