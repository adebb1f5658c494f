"""What is done about each message from the bridge and each wish of the musician."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import live
from .imports import Due, Imports
from .osc import Message, Value
from .picking import Bounce, Nothing, last_bounce, last_delivery, selected_clip, wish
from .requests import Request, Requests
from .settings import Settings
from .status import Status
from .wires import Ear, Refused, Sender

RENEW_S = 20.0
"""How often the bridge is looked for and told again that we listen: so long a restart of it may go unnoticed."""
_LISTEN_S = 90
_EAR_AGAIN_S = 5.0
_NO_BRIDGE = "The bridge is not running. Start it (stembridge up) and ask again."


class Desk:
    """Everything between the sockets and the set; `tick` is called ten times a second."""

    def __init__(
        self, song: Callable[[], Any], status: Status, settings: Callable[[], Settings], clock: Callable[[], float]
    ) -> None:
        self._song = song
        self._status = status
        self._settings_now = settings
        self._settings = settings()
        self._clock = clock
        self._requests = Requests()
        self._imports = Imports(song, status, self._settings.silent_stems, clock)
        self._songs: dict[str, str] = {}
        self._ear: Ear | None = None
        self._renew_at = 0.0
        self._ear_at = 0.0

    def tick(self) -> None:
        """Do all that has come up since the last one."""
        # Our own lines first: what everybody is told may be about a job that was accepted just now.
        for request, message in self._requests.hear():
            self._answered(request, message)
        self._listen()
        for request in self._requests.late(self._clock()):
            self._status.say(f"The bridge has not answered for {request.bounce.path.name} yet. Is it running?")
        self._obey_names()
        self._imports.tick()

    def close(self) -> None:
        """Close every socket."""
        self._requests.close()
        if self._ear is not None:
            self._ear.close()
            self._ear = None

    @property
    def _bridge(self) -> Sender:
        return Sender(self._settings.bridge_host, self._settings.bridge_port)

    # Being spoken to.

    def _listen(self) -> None:
        now = self._clock()
        if self._ear is None and now >= self._ear_at:
            self._open_ear(now)
        if self._ear is None:
            return
        if now >= self._renew_at:
            self._renew_at = now + RENEW_S
            self._settings = self._settings_now()
            self._ear.send(self._bridge, "/stembridge/subscribe", self._ear.port, _LISTEN_S)
            self._requests.ask_again(self._bridge)
        for message, sender in self._ear.read():
            if message.address.startswith("/stembridge/live/"):
                self._command(message, sender)
            else:
                self._overheard(message)

    def _open_ear(self, now: float) -> None:
        try:
            self._ear = Ear(self._settings.port)
        except OSError:
            if not self._ear_at:
                self._status.say(f"Port {self._settings.port} is taken: is Stembridge chosen twice in the settings?")
            self._ear_at = now + _EAR_AGAIN_S

    def _command(self, message: Message, sender: Sender) -> None:
        name = message.address[len("/stembridge/live/") :]
        values = [value for value in message.values if isinstance(value, str)]
        try:
            text = self._obey(name, values[0] if values else "")
        except Nothing as error:
            self._status.say(str(error))
            self._reply(sender, "error", message.address, str(error))
        else:
            self._reply(sender, "ok", message.address, text)

    def _reply(self, sender: Sender, kind: str, *values: Value) -> None:
        if self._ear is not None:
            self._ear.send(sender, f"/stembridge/live/{kind}", *values)

    # What the musician wants.

    def _obey(self, name: str, value: str) -> str:
        self._settings = self._settings_now()
        if name == "ping":
            return "Stembridge listens in Live."
        if name == "separate":
            return self._separate(selected_clip(self._song()), value)
        if name == "bounce":
            return self._separate(last_bounce(Path(self._settings.inbox)), value)
        if name == "import":
            return self._import(Path(value) if value else last_delivery(Path(self._settings.stems)))
        raise Nothing(f'"{name}" is no command: there are separate, bounce, import and ping.')

    def _separate(self, bounce: Bounce, choice: str) -> str:
        try:
            self._requests.ask(self._bridge, bounce, choice, live.which_set(self._song()), self._clock())
        except Refused:
            raise Nothing(_NO_BRIDGE) from None
        text = f"Asking for the stems of {bounce.path.name}."
        self._status.say(text)
        return text

    def _import(self, folder: Path) -> str:
        self._imports.add(Due(folder, None, live.which_set(self._song()), asked=True))
        return f"Importing {folder.name}."

    def _obey_names(self) -> None:
        wanted = wish(self._song())
        if wanted is None:
            return
        wanted.named.name = wanted.rest
        command = "import" if wanted.word == "import" else "separate" if wanted.is_clip else "bounce"
        try:
            self._obey(command, wanted.choice if wanted.word == "stems" else "")
        except Nothing as error:
            self._status.say(str(error))

    # What the bridge says.

    def _answered(self, request: Request, message: Message | None) -> None:
        if message is None:
            if not request.job:
                self._status.say(_NO_BRIDGE)
                self._requests.end(request)
            return
        values = message.values
        if message.address == "/stembridge/job/accepted" and _are(values, str, str):
            request.job = str(values[0])
        elif message.address == "/stembridge/error" and _are(values, str, str, str):
            self._status.say(str(values[2]))
            self._requests.end(request)
            return
        self._told(message, request)

    def _overheard(self, message: Message) -> None:
        """Take in what everybody is told who has subscribed."""
        if not message.address.startswith("/stembridge/job/") or not _are(message.values[:1], str):
            return
        request = self._requests.of(str(message.values[0]))
        if request is None and not self._settings.import_all:
            return
        if request is None or message.address != "/stembridge/job/accepted":
            self._told(message, request)

    def _told(self, message: Message, request: Request | None) -> None:
        values, what = message.values, message.address[len("/stembridge/job/") :]
        if what in ("accepted", "state") and _are(values[:2], str, str):
            self._name(str(values[0]), str(values[1]))
            if what == "accepted":
                self._status.say(f"{values[1]} is on its way.")
            elif values[2:] == ("cancelled",):
                self._over(request, f"{values[1]} was cancelled.")
        elif what == "progress" and _are(values, str, float, str):
            song = self._songs.get(str(values[0]), "")
            self._status.progress(song, float(str(values[1])), str(values[2]))
        elif what == "error" and _are(values, str, str, str):
            self._over(request, f"{self._songs.get(str(values[0]), 'A job')}: {values[2]}")
        elif what == "done" and _are(values, str, str, int):
            self._finished(request, Path(str(values[1])))

    def _finished(self, request: Request | None, folder: Path) -> None:
        if request is None:
            self._imports.add(Due(folder, None, live.which_set(self._song()), asked=False))
        else:
            self._imports.add(Due(folder, request.bounce.begins, request.which_set, asked=False))
            self._requests.end(request)

    def _over(self, request: Request | None, text: str) -> None:
        self._status.say(text)
        if request is not None:
            self._requests.end(request)

    def _name(self, job: str, song: str) -> None:
        if len(self._songs) > 256:
            self._songs.clear()
        self._songs[job] = song


def _are(values: Any, *types: type) -> bool:
    return len(values) == len(types) and all(map(isinstance, values, types))
