"""What an adopted service keeps of the docker stack that made it."""

from copy import deepcopy
from typing import Any

import pytest

from tests.unit.declared import declared
from tests.unit.stack_files import CRM

LEFT = {"stack": "sistema", "alias": "web"}
SERVICES = ("sistema_web", "sistema_convex_backend", "sistema_cron", "traefik", "crm-postgres")


def services(changes: dict[str, object]) -> dict[str, Any]:
    """A copy of what the program declares of each service."""
    made = declared({**CRM, **changes}).of("Service")
    return {name: deepcopy(one.inputs) for name, one in made.items()}


def aliases(service: dict[str, Any]) -> list[list[str]]:
    """Take the aliases out of a service, and return those of each network."""
    return [one.pop("aliases", []) for one in service["taskSpec"]["networksAdvanceds"]]


@pytest.mark.parametrize("name", SERVICES)
def test_an_adopted_service_keeps_its_label_and_its_short_name_on_every_network(name: str) -> None:
    plain, adopted = services({}), services({f"adopted.{name}": LEFT})
    label = {"label": "com.docker.stack.namespace", "value": "sistema"}
    assert adopted[name]["taskSpec"]["containerSpec"].pop("labels") == [label]
    before, after = aliases(plain[name]), aliases(adopted[name])
    assert after == [sorted({*names, "web"}) for names in before]
    # Nothing else of it changes, and nothing of the others.
    assert adopted == plain


def test_a_service_that_was_made_here_keeps_nothing() -> None:
    for one in declared(CRM).of("Service").values():
        assert not one.container.get("labels")


def test_a_network_is_never_made_anew_for_its_labels() -> None:
    for one in declared(CRM).of("Network").values():
        assert "labels" in one.options["ignoreChanges"]
