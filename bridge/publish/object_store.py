"""Publishing through an object store: S3 and what speaks it (MinIO, Ceph, R2, Swift), Google Cloud Storage, Azure.

Everything that is a store's own, signatures, multipart uploads, repeated requests, is left to obstore.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bridge.errors import PublishDenied, PublisherUnavailable, PublishFailed
from bridge.publish.http import HttpOptions
from bridge.publish.names import content_type, expiry, unguessable
from bridge.publish.publisher import Published
from bridge.publish.reading import blocks, size_of
from bridge.units import Progress, no_progress

if TYPE_CHECKING:
    from obstore.store import AzureStore, GCSStore, S3Store

    Store = AzureStore | GCSStore | S3Store

NAME = "object_store"

LONGEST_LIFETIME_S = 7 * 24 * 3600
"""What S3 and Google Cloud Storage sign at most (Signature Version 4, `X-Amz-Expires`)."""

_PART_BYTES = 8 * 1024 * 1024
"""S3 takes 10,000 parts, so 80 GB."""
_PARTS_AT_ONCE = 3
_LONGEST_REASON = 200
SCHEMES = ("s3", "gs", "az")
_ADDRESS = (
    "Check `url` in [publish]: s3://bucket/folder, gs://bucket/folder or az://container/folder, of a bucket that is "
    "there. For an S3 that is not Amazon's, `endpoint` names it; for az, `user` names the account."
)
_INSTALL = "Install it with `pip install obstore` into Stembridge's environment, or publish another way."
_CREDENTIALS = (
    "Check the credentials: `user` and `secret` in [publish], or the store's usual environment variables "
    "(AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, GOOGLE_APPLICATION_CREDENTIALS, AZURE_STORAGE_ACCOUNT_KEY)."
)


@dataclass(frozen=True)
class ObjectStore:
    """A bucket, with or without a folder in it: "s3://bucket/stems", "gs://bucket", "az://container".

    Without `user` and `secret` the credentials are those obstore finds in the environment or on the machine.
    """

    url: str
    endpoint: str = ""
    """Of an S3 that is not Amazon's, such as "https://minio.studio.example:9000"."""
    region: str = ""
    user: str = ""
    """S3's access key id; for Azure the account."""
    secret: str = field(default="", repr=False)
    tries: int = 4
    request_s: float = 600.0
    """In seconds, for one part: 8 MiB at 128 kbit/s."""
    http: HttpOptions = field(default_factory=HttpOptions)
    now: Callable[[], float] = time.time
    name: str = NAME

    def publish(self, path: Path, name: str, lifetime_s: int, progress: Progress = no_progress) -> Published:
        """Upload in parts and sign a GET. A cancelled or broken upload leaves no parts behind."""
        store = self._store
        import obstore

        key, size = unguessable(name, int(self.now()) + lifetime_s), size_of(path)
        attributes: Any = {"Content-Type": content_type(key)}
        with _translated("Uploading the bounce"):
            obstore.put(
                store,
                key,
                blocks(path, size, progress),
                attributes=attributes,
                chunk_size=_PART_BYTES,
                max_concurrency=_PARTS_AT_ONCE,
            )
            expires = timedelta(seconds=min(lifetime_s, LONGEST_LIFETIME_S))
            return Published(obstore.sign(store, "GET", key, expires), key)

    def withdraw(self, handle: str) -> None:
        """Delete the object. Raises `PublishDenied` where the handle is not the name of one that we published."""
        if expiry(handle) is None:
            raise PublishDenied(f"Not deleting {handle!r}: it is not the name of a file that Stembridge published.")
        store = self._store
        import obstore

        with _translated("Taking the published bounce back"), contextlib.suppress(FileNotFoundError):
            obstore.delete(store, handle)

    @cached_property
    def _store(self) -> Store:
        try:
            from obstore.exceptions import BaseError
            from obstore.store import from_url
        except ImportError as error:
            raise PublisherUnavailable("Publishing to an object store needs obstore.", advice=_INSTALL) from error
        scheme = self.url.partition("://")[0]
        if scheme not in SCHEMES:
            raise PublisherUnavailable(f'"{self.url}" is not the address of a bucket.', advice=_ADDRESS)
        retries: Any = {"max_retries": self.tries - 1, "retry_timeout": timedelta(seconds=self.request_s)}
        try:
            store = from_url(
                self.url, config=self._config(scheme), client_options=self._client_options(), retry_config=retries
            )
        except (BaseError, ValueError) as error:
            raise PublisherUnavailable(
                f"The object store cannot be used: {_first_line(error)}", advice=_ADDRESS
            ) from error
        return cast("Store", store)

    def _config(self, scheme: str) -> Any:
        if scheme == "gs":
            values = {}
        elif scheme == "s3":
            values = {"access_key_id": self.user, "secret_access_key": self.secret, "endpoint": self.endpoint}
            values["region"] = self.region
        else:
            values = {"account_name": self.user, "account_key": self.secret, "endpoint": self.endpoint}
        return {key: value for key, value in values.items() if value}

    def _client_options(self) -> Any:
        options: dict[str, object] = {
            "allow_http": self.endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=self.http.connect_s),
            "read_timeout": timedelta(seconds=self.http.read_s),
            "timeout": timedelta(seconds=self.request_s),
        }
        if self.http.proxy:
            options["proxy_url"] = self.http.proxy
        if self.http.ca_file is not None:
            try:
                options["root_certificate"] = self.http.ca_file.read_bytes()
            except OSError as error:
                raise PublisherUnavailable(
                    f"The CA file cannot be read: {error}", advice="Correct its path in your configuration."
                ) from error
        return options


@contextlib.contextmanager
def _translated(doing: str) -> Iterator[None]:
    from obstore import exceptions

    try:
        yield
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
        raise PublishDenied(
            f"{doing}: the object store does not accept the credentials.", advice=_CREDENTIALS
        ) from error
    except FileNotFoundError as error:
        raise PublishDenied(f"{doing}: there is no such bucket.", advice=_ADDRESS) from error
    except exceptions.BaseError as error:
        raise PublishFailed(
            f"{doing}: {_first_line(error)}",
            advice=f"Check the connection. {_CREDENTIALS}",
        ) from error


def _first_line(error: Exception) -> str:
    """What comes after it is the library's inner state, and the peer's answer with the access key's id."""
    return str(error).partition("\n")[0][:_LONGEST_REASON]
