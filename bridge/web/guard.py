"""What stands between a connection and every application: refuses ambiguous requests, adds security headers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

SECURITY_HEADERS: Final = {
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
}
"""On every answer that does not set them itself. No URL of ours goes out as a referrer: many hold a signature."""

_AMBIGUOUS: Final = {b"content-length", b"transfer-encoding"}


class Guard:
    """An ASGI application around another one."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 400 where its length is ambiguous.

        With both Content-Length and Transfer-Encoding a proxy before us may see another end of the request than we do
        (request smuggling; RFC 9112, 6.1).
        """
        if {name for name, _ in scope.get("headers", ())} >= _AMBIGUOUS:
            headers = [(b"connection", b"close"), (b"content-length", b"0"), *SECURITY_HEADERS.items()]
            await send({"type": "http.response.start", "status": 400, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent = {name.lower() for name, _ in message.get("headers", ())}
                more = [(name, value) for name, value in SECURITY_HEADERS.items() if name not in sent]
                message = {**message, "headers": [*message.get("headers", ()), *more]}
            await send(message)

        await self._app(scope, receive, send_guarded)
