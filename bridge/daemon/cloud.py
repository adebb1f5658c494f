"""The connections to the separation service, and the server that serves published bounces to it."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from bridge.config.settings import Settings
from bridge.errors import PublisherUnavailable
from bridge.jobs.folder import StateFolder
from bridge.pipeline.remote import Cloud, CloudOptions
from bridge.publish.registry import PublishOptions

if TYPE_CHECKING:
    from bridge.publish.publisher import Publisher, ServesFiles
    from bridge.separation.api.endpoint import Endpoint
    from bridge.separation.api.wire import Wire


log = logging.getLogger(__name__)


class CloudConnection:
    """The connections to the service and, if the bridge itself serves the bounces, that file server.

    Without a key there is no service, and nothing is loaded or started.
    """

    def __init__(self, settings: Settings, key: str, state: StateFolder) -> None:
        """`key` is "" where there is none. Raises `ConfigError` for a key, address, proxy or certificate of no use."""
        self._settings = settings
        self._state = state
        self._key = key
        self._publisher: Publisher | None = None
        self._serving: ServesFiles | None = None
        self._publisher_lock = threading.Lock()
        self._wire: Wire | None = None
        self.service: Cloud | None = self._build() if self._key else None

    def start(self) -> None:
        """Start the file server if there is one; it also serves what was published before a restart."""
        from bridge.publish.publisher import ServesFiles

        if self.service is None:
            return
        try:
            publisher = self._publisher_once()
        except PublisherUnavailable as error:
            log.info("%s", error)  # the first job for the service fails with it
            return
        if isinstance(publisher, ServesFiles):
            publisher.start()
            self._serving = publisher

    def stop(self) -> None:
        """Stop serving and close the connections."""
        if self._serving is not None:
            self._serving.stop()
        if self._wire is not None:
            self._wire.close()

    def _build(self) -> Cloud:
        from bridge.separation.api.client import ApiClient
        from bridge.separation.api.engine import ApiEngine
        from bridge.separation.api.wire import Wire

        api = self._settings.api
        self._wire = Wire(service_endpoint(self._settings, self._key))
        options = CloudOptions(
            monthly_minutes=api.monthly_minutes,
            lifetime_s=self._settings.publish.lifetime_s,
            upload_flac=api.upload == "flac",
        )
        return Cloud(ApiEngine(ApiClient(self._wire)), self._publisher_once, options)

    def _publisher_once(self) -> Publisher:
        from bridge.publish.registry import publisher

        with self._publisher_lock:
            if self._publisher is None:
                self._publisher = publisher(publish_options(self._settings, self._state, self._key))
            return self._publisher


def service_endpoint(settings: Settings, key: str) -> Endpoint:
    """Return where the service is. Raises `ConfigError` for an address or key that cannot be sent."""
    from bridge.separation.api.endpoint import Endpoint

    return Endpoint(settings.api.base_url, key, proxy=settings.api.proxy or None, ca=settings.api.ca_file)


def publish_options(settings: Settings, state: StateFolder, key: str) -> PublishOptions:
    """Return what the settings say about publishing."""
    api, publish = settings.api, settings.publish
    return PublishOptions(
        folder=state.root / "published",
        method=publish.method,
        url=publish.url,
        public_url=publish.public_url,
        user=publish.user,
        secret=publish.secret.get_secret_value(),
        endpoint=publish.endpoint,
        region=publish.region,
        listen=publish.listen,
        check=publish.check,
        base_url=api.base_url,
        api_key=key,
        proxy=api.proxy,
        ca_file=api.ca_file,
    )
