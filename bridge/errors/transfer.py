"""Errors of downloads."""

from __future__ import annotations

from bridge.errors.root import StembridgeError


class TransferError(StembridgeError):
    """A file cannot be downloaded."""

    default_code = "transfer"


class TransferCut(TransferError):
    """The connection ended or became too slow before the file was complete. The next call resumes it."""

    default_code = "transfer.cut"
    default_advice = "Check the network; the next try goes on where this one stopped."
    retryable = True


class TransferThrottled(TransferCut):
    """The server asked to wait: HTTP 429. `retry_after_s` is for how long, None where it did not say."""

    default_code = "transfer.rate"

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class LinkRefused(TransferError):
    """The server refused the link (HTTP 4xx): it expired, or the file is gone."""

    default_code = "transfer.link"
    default_advice = "Check the link, or ask for a new one."


class WrongFile(TransferError):
    """The server's file is not the expected one: too large, another size or another SHA-256."""

    default_code = "transfer.wrong_file"
    default_advice = "Something else than the expected file is at this address; check it, or the proxy."
