"""The CRM's secrets, looked for wherever they have no business to be, after all that happened."""

import pytest

from tests.faults.canaries import search
from tests.faults.crm import Crm
from tests.inside import tell

pytestmark = pytest.mark.engine


def test_no_secret_of_the_crm_shows_anywhere(served: Crm) -> None:
    assert served.said
    assert search(served.places, served.secrets) == []


def test_the_secrets_of_the_crm_were_there_to_be_found(served: Crm) -> None:
    """What serves has them, and the search went through journal, jobs and processes."""
    task = served.container("backend")
    assert task is not None
    found = search([(".env", tell(task, "cat", "/app/.env"))], served.secrets)
    assert found == ["crmSecrets.POSTGRES_PASSWORD in .env", "crmSecrets.env.JWT_SECRET in .env"]
    kinds = {place.split(" ")[0] for place, _ in served.witness.places}
    assert {"arguments", "environment", "service", "tasks", "log", "container", "journal"} <= kinds
    seen = {place for place, _ in served.witness.places}
    assert f"service {served.stack.name}_migrate" in seen
    assert f"service {served.stack.name}_backup" in seen
