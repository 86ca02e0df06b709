"""One ERP with two customers behind its proxy, brought up once for the tests that look at it."""

from collections.abc import Iterator

import pytest

from tests.erp.customers import Erp, erp


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Erp]:
    """The stack, up; a test that changes it puts it back. It costs too much to stand for others."""
    with erp(tmp_path_factory.mktemp("erp")) as made:
        yield made
