"""Downloads one file of the service, with `bridge.transfer`, and raises the errors of the service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bridge.errors import AnswerLost, LinkRefused, ProtocolError, TransferCut, TransferThrottled, WrongFile
from bridge.protocol.refusals import RateLimited
from bridge.separation.api.wire import Wire
from bridge.transfer.download import Expected, Received, download


class LinkGone(ProtocolError):
    """The link does not lead to a file (any more): they expire. The service may give a fresh one."""

    default_code = "service.link"
    default_advice = "`stembridge retry` asks the service for the results again; that costs nothing."


def fetch(wire: Wire, url: str, target: Path, limit: int, received: Received) -> None:
    """Download into `target`, resuming what an earlier call left beside it; at most `limit` bytes.

    Raises `NotSent` or `AnswerLost` where another call may go on, `RateLimited`, `LinkGone`, `ProtocolError` (too large
    or no URL), `CloudError`, `StorageError`, and what `received` raises. Until it is complete there is no `target`.
    """
    with _as_cloud_errors():
        download(lambda headers: wire.fetch(url, headers), target, Expected(largest=limit), received)


@contextmanager
def _as_cloud_errors() -> Iterator[None]:
    try:
        yield
    except TransferThrottled as error:
        raise RateLimited(f"Fetching a stem: {error}", retry_after_s=error.retry_after_s) from error
    except TransferCut as error:
        raise AnswerLost(f"Fetching a stem: {error}") from error
    except LinkRefused as error:
        raise LinkGone(f"Fetching a stem: {error}") from error
    except WrongFile as error:
        raise ProtocolError(f"Fetching a stem: {error}") from error
