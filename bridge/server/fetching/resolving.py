"""From a host's name to its addresses, without ever holding up a stop."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future

Resolve = Callable[[str, int], list[str]]
"""Returns every address of a host, as text; raises `OSError`. Blocking."""


def system_resolve(host: str, port: int) -> list[str]:
    """Ask the system, which also understands 127.1, 0x7f000001 and 2130706433."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def resolved(resolve: Resolve, host: str, port: int) -> list[str]:
    """Run `resolve` beside the event loop. Raises `OSError`; what is not a host's name at all, is one too."""
    answer: Future[list[str]] = Future()
    answer.set_running_or_notify_cancel()  # so that whoever stops waiting does not cancel it under the thread

    def ask() -> None:
        try:
            addresses = resolve(host, port)
        except (OSError, UnicodeError) as error:
            reason = error if isinstance(error, OSError) else OSError(str(error))
            answer.set_exception(reason)
        else:
            answer.set_result(addresses)

    # A thread of our own, not the loop's: a name server that is silent for minutes must not delay the process's end.
    threading.Thread(target=ask, name="resolve", daemon=True).start()
    return await asyncio.wrap_future(answer)
