"""How tests share a machine when several run at once."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what shares names, ports or a stack: a file, and all that use one estate."""
    for item in items:
        shared = "estate" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("estate" if shared else str(item.path)))
