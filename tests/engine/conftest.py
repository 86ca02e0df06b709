"""The estate that most engine tests share: brought up once, left as it was found."""

from collections.abc import Iterator

import pytest

from tests.engine.stack import Stack, stack, tickets_config


@pytest.fixture(scope="session")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Edge and tickets on this machine, up and healthy."""
    with stack(tmp_path_factory.mktemp("estate"), "probe", tickets_config("probe", port=8180)) as it:
        it.must_up()
        yield it
