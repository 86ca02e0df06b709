"""Which generations of a secret go before a new one is made."""

from typing import Any

from steps.generations import KEPT, mounted, removable


def generation(number: int, name: str | None = None) -> dict[str, Any]:
    return {
        "ID": f"id{number}",
        "CreatedAt": f"2026-01-0{number}T00:00:00Z",
        "Spec": {"Name": name or f"env_{number}"},
    }


def service(spec: str, *ids: str) -> dict[str, Any]:
    secrets = [{"SecretID": id_} for id_ in ids]
    return {spec: {"TaskTemplate": {"ContainerSpec": {"Secrets": secrets}}}}


NOBODY: set[str] = set()


def test_the_newest_stay_with_room_for_the_one_to_come() -> None:
    found = [generation(number) for number in (3, 1, 4, 2)]
    gone = removable(found, name="env_new", in_use=NOBODY, way_back=NOBODY)
    assert gone == ["id2", "id1"]
    assert len(found) - len(gone) + 1 == KEPT


def test_nothing_goes_while_there_are_few() -> None:
    found = [generation(1), generation(2)]
    assert removable(found, name="env_new", in_use=NOBODY, way_back=NOBODY) == []


def test_what_is_mounted_or_a_way_back_stays_however_old() -> None:
    found = [generation(number) for number in (1, 2, 3, 4, 5)]
    gone = removable(found, name="env_new", in_use={"id1"}, way_back={"id2"})
    assert gone == ["id4", "id3"]


def test_the_one_that_serves_is_among_those_that_stay() -> None:
    found = [generation(number) for number in (1, 2, 3)]
    gone = removable(found, name="env_new", in_use={"id3"}, way_back={"id2"})
    assert gone == ["id1"]
    assert len(found) - len(gone) + 1 == KEPT


def test_the_left_over_of_a_value_that_comes_back_makes_way() -> None:
    found = [generation(1, "env_a"), generation(2, "env_b")]
    assert removable(found, name="env_a", in_use=NOBODY, way_back={"id1"}) == ["id1"]


def test_a_value_that_comes_back_and_is_mounted_stays() -> None:
    """The daemon then refuses the new one: better than taking a secret from what serves."""
    found = [generation(1, "env_a")]
    assert removable(found, name="env_a", in_use={"id1"}, way_back=NOBODY) == []


def test_what_services_mount_is_read_from_either_spec() -> None:
    services = [service("Spec", "id1", "id2"), service("PreviousSpec", "id3"), {"Spec": {}}]
    assert mounted(services, "Spec") == {"id1", "id2"}
    assert mounted(services, "PreviousSpec") == {"id3"}


def test_a_service_without_secrets_or_container_mounts_none() -> None:
    bare = {"Spec": {"TaskTemplate": {"ContainerSpec": {"Secrets": None}}}}
    plugin = {"Spec": {"TaskTemplate": {"ContainerSpec": None}}, "PreviousSpec": None}
    assert mounted([bare, plugin], "Spec") == set()
    assert mounted([bare, plugin], "PreviousSpec") == set()
