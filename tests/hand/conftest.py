"""One CRM for all that is done by hand here: an update takes most of the time."""

from collections.abc import Iterator

import pytest

from tests.engine.operations import Operations, Visitor
from tests.engine.releases import release
from tests.engine.stack import crm_config, stack
from tests.faults.crm import used
from tests.hand.crm_by_hand import NAME, PORT, Hand


@pytest.fixture(scope="session")
def hand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hand]:
    first = release("demo", image="crm")
    config = crm_config(NAME, port=PORT)
    config["crm"]["image"] = first
    with (
        stack(tmp_path_factory.mktemp("hand"), NAME, config) as made,
        used(made, f"http://127.0.0.1:{PORT}") as crm,
    ):
        made.must_up()
        second = release("second", image="crm")
        yield Hand(crm, Operations(made), Visitor(made), first, second)
