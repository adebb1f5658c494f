"""What stands between a bounce and a URL."""

from __future__ import annotations

from bridge.errors.root import StembridgeError


class PublishError(StembridgeError):
    """Something about making a bounce reachable. Messages never hold a credential or a whole public URL."""

    default_code = "publish"


class PublisherUnavailable(PublishError):
    """The publisher is not configured, or the library it needs is not installed; the advice says how."""

    default_code = "publish.unavailable"


class PublishDenied(PublishError):
    """The peer refuses us: wrong credentials, missing rights, no room. Trying again unchanged does not help."""

    default_code = "publish.denied"


class PublishUnreachable(PublishError):
    """The file was uploaded, but its public URL does not give it: nothing has been paid yet."""

    default_code = "publish.unreachable"
    default_advice = "Check `public_url` in [publish] of your configuration, then retry the job."


class PublishFailed(PublishError):
    """The network or the peer broke, also after several tries: worth another try later."""

    default_code = "publish.failed"
    default_advice = "Check the connection."
    retryable = True
