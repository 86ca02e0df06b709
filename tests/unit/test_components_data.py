"""Volumes, secrets and networks: what an estate may never lose, show or share."""

import base64

import pytest

from components.swarm.secret import generation
from settings import dotenv
from tests.unit.declared import Registered, declared
from tests.unit.stack_files import STRONG

VOLUMES = ["sistema_archives", "sistema_backups", "sistema_convex_data", "sistema_sistema_db"]


@pytest.fixture(scope="module")
def estate() -> Registered:
    return declared()


def test_volumes_have_the_names_that_docker_stack_deploy_gave(estate: Registered) -> None:
    assert sorted(estate.of("Volume")) == VOLUMES
    assert [one.inputs["name"] for _, one in sorted(estate.of("Volume").items())] == VOLUMES


@pytest.mark.parametrize("name", VOLUMES)
def test_a_volume_survives_a_destroy_and_a_removed_line(estate: Registered, name: str) -> None:
    options = estate[f"Volume:{name}"].options
    assert options["protect"] is True
    assert options["retainOnDelete"] is True
    assert options["ignoreChanges"] == ["labels"]


def test_the_volume_of_certificates_is_protected_too() -> None:
    volume = declared({"edge.acme": {"email": "a@example.com"}})["Volume:traefik_letsencrypt"]
    assert volume.options["protect"] is True
    assert volume.options["retainOnDelete"] is True


def test_volumes_lie_on_the_disk_of_the_host_and_services_in_the_swarm_of_its_manager() -> None:
    two = declared({
        "hosts.worker": {
            "url": "unix:///var/run/other.sock",
            "address": "203.0.113.8",
            "manager": "vps",
            "node": "vps-2",
        },
        "hosts.vps.node": "vps-1",
        "tickets.host": "worker",
    })
    tickets = [one for one in two.values() if one.parent == "Tickets:sistema"]
    providers = {(one.kind, one.provider) for one in tickets}
    assert ("Volume", "worker") in providers
    assert {provider for kind, provider in providers if kind in {"Service", "Secret"}} == {"vps"}


def test_a_secret_carries_its_generation_in_both_names(estate: Registered) -> None:
    secrets = estate.of("Secret")
    assert len(secrets) == 5
    for name, one in secrets.items():
        family, _, digits = name.rpartition("_")
        assert one.inputs["name"] == name
        assert one.labels["estate.secret"] == family
        assert len(digits) == 12
        value = base64.b64decode(one.inputs["data"]).decode()
        assert generation(family, value) == name


def test_a_secret_is_secret_to_the_engine_and_its_old_generation_stays(estate: Registered) -> None:
    for one in estate.of("Secret").values():
        assert one.secret == {"data"}
        assert one.options["retainOnDelete"] is True
        assert one.options["additionalSecretOutputs"] == ["data"]


def test_another_value_is_another_generation_of_that_family_alone() -> None:
    before = set(declared().of("Secret"))
    after = set(declared({"ticketsSecrets.SMTP_PASSWORD": "another"}).of("Secret"))
    (gone,), (come,) = before - after, after - before
    assert gone.rpartition("_")[0] == come.rpartition("_")[0] == "sistema_web_env"


def test_two_families_never_show_that_they_share_a_value() -> None:
    assert generation("a", "same").split("_")[1] != generation("b", "same").split("_")[1]


def test_the_environment_file_holds_every_secret_of_the_web_application(
    estate: Registered,
) -> None:
    (env,) = [one for name, one in estate.of("Secret").items() if "web_env" in name]
    text = base64.b64decode(env.inputs["data"]).decode()
    assert dotenv({"BETTER_AUTH_SECRET": STRONG}).strip() in text
    assert dotenv({"CRON_SECRET": STRONG}).strip() in text
    assert "CONVEX_DEPLOYMENT" not in text
    assert "CONVEX_INSTANCE_SECRET" not in text


def test_services_mount_the_generation_that_is_declared(estate: Registered) -> None:
    mounted = {
        (name, secret["fileName"]): secret["secretName"].rpartition("_")[0]
        for name, one in estate.of("Service").items()
        for secret in one.container["secrets"]
    }
    assert mounted == {
        ("traefik_docker", "/run/secrets/docker_filter.cfg"): "traefik_docker_filter",
        (
            "sistema_convex_backend",
            "/run/secrets/convex_instance_secret",
        ): "sistema_convex_instance",
        ("sistema_copies", "/run/secrets/copies_program"): "sistema_copies_program",
        ("sistema_cron", "/run/secrets/cron_secret"): "sistema_cron",
        ("sistema_web", "/app/.env"): "sistema_web_env",
    }


def test_networks_are_overlays_that_one_shot_jobs_can_join(estate: Registered) -> None:
    networks = {
        name: (one.inputs["driver"], one.inputs["attachable"], one.inputs["internal"])
        for name, one in estate.of("Network").items()
    }
    assert networks == {
        "sistema_internal": ("overlay", True, False),
        "traefik_docker": ("overlay", True, True),
        "traefik_public": ("overlay", True, False),
    }


def test_the_token_of_the_registry_is_secret_in_the_provider() -> None:
    login = {"username": "robot", "password": "canary"}
    provider = declared({"registrySecrets": {"ghcr.io": login}})["docker:vps"]
    assert "canary" in str(provider.inputs)
    assert {path.partition("[")[0] for path in provider.secret} == {"registryAuth"}
