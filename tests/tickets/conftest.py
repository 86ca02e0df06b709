"""What the tests of the tickets system's life share."""

from collections.abc import Iterator

import pytest

from tests.tickets.life import Life
from tests.tickets.life import life as lived


@pytest.fixture(scope="session")
def life(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Life]:
    """A stack whose releases have failed in every way that is looked at; slow, and made once."""
    given = [getattr(item, "callspec", None) for item in request.session.items]
    tried = {str(one.params["what"]) for one in given if one is not None and "what" in one.params}
    with lived(tmp_path_factory.mktemp("life"), tried) as it:
        yield it
