from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bridge.errors import PublisherUnavailable
from bridge.publish.reach import Checked
from bridge.publish.registry import METHODS, PublishOptions, choose, publisher

OPTIONS = PublishOptions(Path("published"))


@pytest.mark.parametrize(
    ("options", "method"),
    [
        (replace(OPTIONS, url="s3://bucket/bounces"), "object_store"),
        (replace(OPTIONS, url="gs://bucket"), "object_store"),
        (replace(OPTIONS, url="az://container", user="account", secret="c2VjcmV0"), "object_store"),
        (replace(OPTIONS, url="https://cloud.example/dav", public_url="https://cloud.example/s"), "webdav"),
        (replace(OPTIONS, public_url="https://studio.example/stems"), "own_url"),
        (replace(OPTIONS, base_url="http://studio.local:9125/", api_key="key"), "own_server"),
        (replace(OPTIONS, base_url="http://studio.local:9125", url="https://cloud.example/dav"), "webdav"),
        (replace(OPTIONS, url="https://a.example", public_url="https://b.example", method="own_url"), "own_url"),
    ],
)
def test_what_is_configured_tells_the_method(options: PublishOptions, method: str) -> None:
    assert choose(options) == method
    assert publisher(options).name == method


def test_with_nothing_configured_the_ways_on_are_told() -> None:
    with pytest.raises(PublisherUnavailable) as caught:
        publisher(OPTIONS)
    assert "s3://" in caught.value.advice


@pytest.mark.parametrize("method", ["carrier_pigeon", *(method for method in METHODS if method != "auto")])
def test_a_method_that_lacks_what_it_needs_says_what(method: str) -> None:
    with pytest.raises(PublisherUnavailable) as caught:
        publisher(replace(OPTIONS, method=method))
    assert "[publish]" in caught.value.advice


def test_the_check_may_be_left_out() -> None:
    options = replace(OPTIONS, url="https://cloud.example/dav")
    assert isinstance(publisher(options), Checked)
    assert not isinstance(publisher(replace(options, check=False)), Checked)


def test_the_configuration_knows_the_same_methods() -> None:
    from bridge.config.settings import Publish

    for method in METHODS:
        assert Publish.model_validate({"method": method}).method == method


def test_no_secret_shows_in_what_is_printed() -> None:
    options = replace(OPTIONS, url="https://cloud.example", secret="hunter2", api_key="hunter3", method="webdav")
    server = replace(options, method="own_server", base_url="http://studio.local")
    bucket = replace(options, method="object_store", url="s3://bucket")
    shown = f"{options!r} {publisher(options)!r} {publisher(server)!r} {publisher(bucket)!r}"
    assert "hunter" not in shown
