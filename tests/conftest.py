from __future__ import annotations

import os
import shutil

import pytest
from hypothesis import settings

# No test here measures time, and other tests run beside it.
settings.register_profile("patient", settings.default, deadline=None)
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the slow tests last, so that a mistake shows early."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose program is not on this machine; with CI set it fails, since there it must be."""
    wanted = [name for marker in item.iter_markers("system") for name in marker.args]
    missing = [name for name in wanted if shutil.which(name) is None]
    if missing and os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"not installed, and CI may not skip this: {', '.join(missing)}", pytrace=False)
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
