"""One ERP with two customers behind its proxy, brought up once for all tests here."""

from collections.abc import Iterator

import pytest

from tests.erp.customers import Erp, erp


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Erp]:
    """The stack, up; a test that changes it puts it back."""
    with erp(tmp_path_factory.mktemp("erp")) as made:
        yield made
