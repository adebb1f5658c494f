"""Every setting with its type, its default and its limits. Frozen: a running bridge never changes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationInfo,
)

from bridge import units
from bridge.config import folders, values
from bridge.units import ListeningCopy, NormaliseMode, StemFormat


@dataclass(frozen=True, slots=True)
class Origin:
    """Where settings were read from; also the context that validation needs.

    Origins never differ in a comparison: settings are equal when their values are, wherever they stood.
    """

    base: Path = field(compare=False)
    """Relative folders start here."""
    file: Path | None = field(default=None, compare=False)
    """None: there is no file, all is built in."""
    from_environment: frozenset[tuple[str, ...]] = field(default=frozenset(), compare=False)
    """Keys the environment set, such as ("api", "key")."""


def _folder(value: object, info: ValidationInfo) -> Path:
    base = info.context.base if isinstance(info.context, Origin) else Path.cwd()
    return values.folder(value, base)


Folder = Annotated[Path, BeforeValidator(_folder)]
Port = Annotated[int, Field(ge=0, le=65535)]
"""0 lets the system pick a free one."""
Host = Annotated[str, Field(min_length=1), AfterValidator(values.host)]
TextList = Annotated[tuple[str, ...], Field(strict=False)]
EngineName = Annotated[str, Field(min_length=1)]
"""The name of an engine, or "auto". The engines of this version are given to `load`."""
PublishMethod = Literal["auto", "object_store", "webdav", "own_url", "own_server"]
ModelId = Annotated[int, Field(gt=0)]
Depth = Annotated[units.Depth, BeforeValidator(values.depth)]
Rate = Annotated[int, AfterValidator(values.rate)]
Peak = Annotated[float, Field(ge=-60, le=0, allow_inf_nan=False)]
Loudness = Annotated[float, Field(ge=-70, le=0, allow_inf_nan=False)]
ProjectKinds = Annotated[tuple[units.ProjectKind, ...], Field(strict=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Period = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]


class Section(BaseModel):
    """What all sections have in common: no unknown keys, no silent conversion of a wrong type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Inbox(Section):
    """The watched folder."""

    folder: Folder = Field(default_factory=folders.default_inbox)
    settle_s: Period = 2.0
    """How long a file must stand still after its writer has closed it; the other waits are multiples of it."""
    scan_s: Period = 30.0
    polling: Annotated[Literal[True, False, "auto"], BeforeValidator(values.polling)] = "auto"
    ignore: TextList = ()
    """Globs of names to pass over, beside those that are always passed over."""
    existing: Literal["auto", "leave", "take"] = "auto"
    """Bounces that were in the inbox before the first start: "auto" takes those of the last day, where that is free."""
    keep_source: bool = True
    """False: a delivered bounce is moved to `Source/<date>/` of the inbox."""


class Output(Section):
    """Where stems go and what they are called."""

    folder: Folder = Field(default_factory=folders.default_output)
    template: Annotated[str, AfterValidator(values.template)] = "{song} - {stem}"
    rebounce: units.Rebounce = "take"
    projects: ProjectKinds = ()
    """Project files to write beside the stems."""


class State(Section):
    """The folder of the job store, the spool, the kept stems and the log."""

    folder: Folder = Field(default_factory=folders.default_state)
    keep_gb: NotNegative = 20.0
    """How much room kept stems may take, in units of 10^9 bytes; the oldest go first."""


class Separation(Section):
    """Which model, and what runs it."""

    engine: EngineName = "auto"
    model: ModelId = 501
    """An id of the catalogue; checked against it when a spec is built."""
    failover: bool = False
    """Let another engine take over when the chosen one cannot do it."""


class Normalise(Section):
    """Levels and file format of the stems."""

    mode: NormaliseMode = "song"
    peak_dbtp: Peak = -1.0
    lufs: Loudness | None = None
    format: StemFormat = "wav"
    depth: Depth = "24"
    rate: Rate = 0
    listening_copy: ListeningCopy = ""


class Api(Section):
    """The AudioSeparation API."""

    base_url: Annotated[str, AfterValidator(values.web_address)] = "https://audiocleaner.ai"
    key: SecretStr = SecretStr("")
    monthly_minutes: Annotated[int, Field(ge=0)] | None = None
    """Started minutes that a month may cost; None: no cap of ours."""
    trim_silence: bool = False
    """Do not send the silence at the end, which costs minutes; it is put back into the stems."""
    upload: Literal["flac", "wav"] = "flac"
    """FLAC where it loses nothing and is smaller; "wav" always sends float WAV."""
    proxy: Annotated[str, AfterValidator(values.optional_web_address)] = ""
    ca_file: Folder | None = None
    """Certificates to trust besides the usual ones (PEM)."""


class Publish(Section):
    """How a bounce becomes reachable for a service."""

    method: PublishMethod = "auto"
    url: Annotated[str, AfterValidator(values.upload_address)] = ""
    public_url: Annotated[str, AfterValidator(values.optional_web_address)] = ""
    user: str = ""
    secret: SecretStr = SecretStr("")
    endpoint: Annotated[str, AfterValidator(values.optional_web_address)] = ""
    region: str = ""
    listen: Annotated[str, AfterValidator(values.endpoint)] = "127.0.0.1:9126"
    """Where the bridge itself serves bounces to a tunnel or proxy."""
    check: bool = True
    lifetime_s: Annotated[int, Field(gt=0, le=604_800)] = 86_400
    """At most a week, which is what object stores sign."""


class Osc(Section):
    """Open Sound Control."""

    host: Host = "127.0.0.1"
    port: Port = 9123
    tcp: bool = True
    allow: Annotated[tuple[Annotated[str, AfterValidator(values.network)], ...], Field(strict=False)] = ()
    """Addresses and networks besides this machine that may send."""
    feedback: Annotated[tuple[Annotated[str, AfterValidator(values.endpoint)], ...], Field(strict=False)] = ()
    """Addresses that receive the messages of every job."""
    poke: Annotated[tuple[Annotated[str, AfterValidator(values.poke)], ...], Field(strict=False)] = ()
    """Messages to DAWs when a delivery is finished: "host:port /address [argument]"."""
    folders: Annotated[tuple[Folder, ...], Field(strict=False)] = ()
    """Where bounces may lie besides the inbox, to be separated by OSC or a job file."""


class Models(Section):
    """Weights of models that run on this machine."""

    folder: Folder = Field(default_factory=folders.default_models)
    mirror: Annotated[str, AfterValidator(values.optional_web_address)] = ""
    """A web address of the studio's own under which the files lie by their names; "" asks their makers' sites."""
    threads: Annotated[int, Field(ge=0, le=1024)] = 0
    """Processors that a network may use; 0 leaves one to the DAW."""


class Dashboard(Section):
    """The local web page."""

    host: Host = "127.0.0.1"
    port: Port = 9124
    enabled: bool = True


class Server(Section):
    """The self-hosted AudioSeparation API."""

    host: Host = "127.0.0.1"
    port: Port = 9125
    storage: Folder | None = None
    """Its database, and its files where `objects` names no object store; None: a folder of the state folder."""
    objects: str = ""
    public_url: Annotated[str, AfterValidator(values.web_address_or_none)] = ""
    tls_cert: Folder | None = None
    tls_key: Folder | None = None
    behind_proxy: bool = False
    allow: TextList = ()
    """Networks and hosts that an `inputurl` may lead to besides the public internet."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    calls_per_minute: Annotated[int, Field(ge=0)] = 600
    tasks_at_once: Annotated[int, Field(ge=0)] = 8
    max_mb: Annotated[int, Field(gt=0)] = 2000
    """Of one file, in units of 10^6 bytes."""
    max_minutes: Annotated[int, Field(gt=0)] = 180
    fetch_s: Period = 900.0
    link_s: Annotated[int, Field(ge=60, le=604_800)] = 3600
    retention_h: Annotated[float, Field(gt=0, le=8784, allow_inf_nan=False)] = 24.0


class Preset(Section):
    """A named choice; what it does not set is taken from [separation] and [normalise]."""

    model: ModelId | None = None
    engine: EngineName | None = None
    mode: NormaliseMode | None = None
    peak_dbtp: Peak | None = None
    lufs: Loudness | None = None
    format: StemFormat | None = None
    depth: Depth | None = None
    rate: Rate | None = None
    listening_copy: ListeningCopy | None = None


PresetName = Annotated[str, AfterValidator(values.preset_name)]


class Settings(Section):
    """The whole configuration."""

    inbox: Inbox = Field(default_factory=Inbox)
    output: Output = Field(default_factory=Output)
    state: State = Field(default_factory=State)
    separation: Separation = Field(default_factory=Separation)
    normalise: Normalise = Field(default_factory=Normalise)
    api: Api = Field(default_factory=Api)
    publish: Publish = Field(default_factory=Publish)
    osc: Osc = Field(default_factory=Osc)
    models: Models = Field(default_factory=Models)
    dashboard: Dashboard = Field(default_factory=Dashboard)
    server: Server = Field(default_factory=Server)
    presets: Mapping[PresetName, Preset] = Field(default_factory=dict)
    _origin: Origin = PrivateAttr(default_factory=lambda: Origin(base=Path.cwd()))

    def model_post_init(self, context: Any, /) -> None:
        """Keep where the settings came from, which is no setting itself."""
        if isinstance(context, Origin):
            self._origin = context

    @property
    def origin(self) -> Origin:
        """Where these settings were read from."""
        return self._origin
