from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bridge.jobs.order import Order

orders = st.builds(
    Order,
    output=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30).map(Path),
    lufs=st.none() | st.floats(-70, 0),
)


@given(orders)
def test_an_order_comes_back_from_the_store_as_it_went_in(order: Order) -> None:
    assert Order.from_json(order.to_json()) == order


def test_an_order_of_a_newer_version_is_read_without_what_is_unknown() -> None:
    order = Order(output=Path("out"))
    row = {**json.loads(order.to_json()), "colour": "blue"}
    assert Order.from_json(json.dumps(row)) == order
