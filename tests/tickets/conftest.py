"""What the tests of the tickets system's life share."""

from collections.abc import Iterator

import pytest

from tests.tickets.life import Life
from tests.tickets.life import life as lived


@pytest.fixture(scope="session")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """A stack whose releases have failed in every way; slow, and made once."""
    with lived(tmp_path_factory.mktemp("life")) as it:
        yield it
