from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from bridge.jobs.spec import Order, ProjectKind

orders = st.builds(
    Order,
    output=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30).map(Path),
    lufs=st.none() | st.floats(-70, 0),
    projects=st.lists(st.sampled_from(get_args(ProjectKind))).map(tuple),
)


@given(orders)
def test_an_order_comes_back_from_the_store_as_it_went_in(order: Order) -> None:
    assert Order.from_json(order.to_json()) == order


def test_an_order_of_a_newer_version_is_read_without_what_is_unknown() -> None:
    order = Order(output=Path("out"))
    row = {**json.loads(order.to_json()), "colour": "blue"}
    assert Order.from_json(json.dumps(row)) == order


def test_an_order_of_an_older_version_asks_for_no_project_files() -> None:
    row = json.loads(Order(output=Path("out")).to_json())
    del row["projects"]
    assert Order.from_json(json.dumps(row)) == Order(output=Path("out"))
