from __future__ import annotations

import pytest

from bridge.errors import ProtocolError
from bridge.protocol.extensions import Balance, Health, UploadGrant, UploadRequest


def test_our_own_messages_survive_the_wire() -> None:
    for message in (
        Health("stembridge", "1.0", idempotency=True),
        UploadRequest("mix.flac", 5 << 30),
        UploadGrant("https://x/put", "https://x/get", 3600),
        Balance(20, 3),
    ):
        assert type(message).from_wire(message.to_wire()) == message


@pytest.mark.parametrize("idempotency", ["true", 1, None, "no"])
def test_only_a_plain_true_promises_that_an_order_may_be_repeated(idempotency: object) -> None:
    assert not Health.from_wire({"service": "stembridge", "idempotency": idempotency}).idempotency


def test_a_stranger_cannot_promise_it() -> None:
    assert not Health.from_wire({"service": "another", "idempotency": True}).idempotency


def test_a_size_that_is_no_number_is_a_protocol_error() -> None:
    with pytest.raises(ProtocolError, match="size"):
        UploadRequest.from_wire({"filename": "mix.flac", "size": "large"})
