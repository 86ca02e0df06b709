"""What the fault tests share."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.faults import scorecard
from tests.faults.crm import Crm, crm
from tests.faults.scorecard import Row

ROWS = pytest.StashKey[dict[str, Row]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say where the table goes; another stack lets parts of it be measured side by side."""
    parser.addoption("--scorecard", type=Path, default=None, metavar="FILE")
    parser.addoption("--stack", default="fault4:8390", metavar="NAME:PORT")


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker of a fault: its words, its mode, and whether each run of tests has it."""
    words = "fault(words, mode, always=False): a line of the scorecard; long, unless `always`"
    config.addinivalue_line("markers", words)
    config.stash[ROWS] = {}


# Before pytest itself looks which marks are wanted.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep a row for each fault; mark as long what only a scorecard measures."""
    for item in items:
        marker = item.get_closest_marker("fault")
        if marker is None:
            continue
        words, mode = marker.args
        config.stash[ROWS][item.nodeid] = Row(words, mode)
        if not marker.kwargs.get("always"):
            item.add_marker("long")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note whether the test of a fault held, and write the table as far as it is known."""
    report = yield
    row = item.config.stash[ROWS].get(item.nodeid)
    if row is not None and (report.when == "call" or report.failed):
        row.held = report.passed and row.held is not False
        _write(item.config)
    return report


def _write(config: pytest.Config) -> None:
    file = config.getoption("--scorecard")
    if file is not None:
        scorecard.write(file, config.stash[ROWS].values())


@pytest.fixture
def row(request: pytest.FixtureRequest) -> Row:
    """The line of the scorecard that a test fills."""
    return request.config.stash[ROWS][request.node.nodeid]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Crm]:
    """A CRM that all faults meet one after the other, each of which has to leave it well."""
    name, port = pytestconfig.getoption("--stack").split(":")
    with crm(tmp_path_factory.mktemp("served"), name, port=int(port)) as it:
        it.thorough = pytestconfig.getoption("--scorecard") is not None
        yield it
