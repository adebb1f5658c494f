"""Asks the separation service what costs nothing: whether it answers, takes the key, and has credit left."""

from __future__ import annotations

from typing import Final

from bridge.config.settings import Settings
from bridge.daemon.cloud import service_endpoint
from bridge.errors import PublisherUnavailable
from bridge.separation.capabilities import Capabilities

_NO_TASK: Final = "0" * 32


def ask_service(settings: Settings, possible: Capabilities) -> str:
    """Return in words how the service answers, with the same connections as a job. Nothing is ordered or uploaded.

    Raises `CloudError` if it cannot be reached or refuses the key, if there is no credit, `PublisherUnavailable` if no
    bounce could be published for it, `ConfigError` for an address, proxy or certificate that cannot be used.
    """
    if not possible.key:
        return "not used: there is no key"
    if not possible.publishing.ready:
        raise PublisherUnavailable(possible.publishing.why, advice=possible.publishing.advice)
    from bridge.protocol.refusals import TaskGone, UnknownCode  # httpx: only where there is a key
    from bridge.separation.api.client import ApiClient
    from bridge.separation.api.guard import afford
    from bridge.separation.api.wire import Wire

    with Wire(service_endpoint(settings, possible.key)) as wire:
        client = ApiClient(wire)
        found = f"{client.peer} answers and takes the key"
        try:
            client.get(_NO_TASK)
        except TaskGone:
            pass  # the right answer: it judged the key before it looked for the task
        except UnknownCode as error:
            found = f"{client.peer} answers, but not whether it takes the key ({error})"
        balance = client.balance()
        afford(1, balance)
    return found if balance is None else f"{found}; {balance.available} minutes left"
