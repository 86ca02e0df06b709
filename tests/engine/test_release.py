"""What a release, a rotated secret and a changed name do to a running estate, and what not."""

import json
import secrets
from typing import Any

import pytest

from local.cloudflare.api import Cloudflare
from tests.engine.conftest import ZONE
from tests.engine.releases import release
from tests.engine.stack import Stack, images

pytestmark = pytest.mark.engine

OLD, NEW = "tickets.probe.localhost", "help.probe.localhost"
OTHERS = ("convex.probe.localhost", "admin.probe.localhost")


def resources(estate: Stack) -> dict[str, dict[str, Any]]:
    """Kind and name → the resource in the state; old secrets in it have names of their own."""
    state = estate.state()["deployment"]["resources"]
    return {
        f"{one['type'].rpartition(':')[2]} {one['urn'].rpartition('::')[2]}": one for one in state
    }


def ids(found: dict[str, dict[str, Any]], kind: str) -> dict[str, str]:
    """Name → id of the resources of one kind; a step has a new id when it has run again."""
    return {
        name.removeprefix(f"{kind} "): str(one["id"])
        for name, one in found.items()
        if name.startswith(f"{kind} ")
    }


def moved(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """The names whose value is not the same in both."""
    return {name for name in before | after if before.get(name) != after.get(name)}


def generations(estate: Stack, family: str) -> list[str]:
    """Names of a secret's generations in the Swarm, oldest first."""
    found = estate.docker.secrets.list(filters={"label": f"estate.secret={estate.name}_{family}"})
    return [one.name for one in sorted(found, key=lambda one: str(one.attrs["CreatedAt"]))]


def mounted(estate: Stack) -> str:
    """Name of the generation of the environment file that serves."""
    (web,) = estate.docker.services.list(filters={"name": f"{estate.name}_web"})
    (secret,) = web.attrs["Spec"]["TaskTemplate"]["ContainerSpec"]["Secrets"]
    return str(secret["SecretName"])


def copies(estate: Stack) -> list[str]:
    """What lies in the volume of the backups."""
    command = ["find", "/backups", "-type", "f", "-size", "+0"]
    volume = {f"{estate.name}_backups": {"bind": "/backups", "mode": "ro"}}
    listed = estate.docker.containers.run(images()["tools"], command, volumes=volume, remove=True)
    return sorted(listed.decode().split())


def empty_up(estate: Stack) -> None:
    done = estate.run("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert done.code == 0, done.output


def test_a_rotated_secret_reaches_what_reads_it_and_migrates_nothing(estate: Stack) -> None:
    before, tasks, kept = resources(estate), estate.tasks(), copies(estate)
    first = mounted(estate)
    estate.set("ticketsSecrets.FLEET_SYNC_SECRET", secrets.token_hex(32))
    estate.must_up()
    after = resources(estate)
    ran = moved(ids(before, "Command"), ids(after, "Command"))
    assert ran == {f"{estate.name}-{step}" for step in ("switch", "verify")}
    variables = f"Environment {estate.name}-convex-env"
    assert after[variables]["modified"] != before[variables]["modified"]
    assert moved(ids(before, "Service"), ids(after, "Service")) == set()
    assert moved(tasks, estate.tasks()) == {f"{estate.name}_web"}
    assert copies(estate) == kept
    assert mounted(estate) != first
    assert generations(estate, "web_env") == [first, mounted(estate)]
    assert estate.get(OLD, "/api/health").status_code == 200


def test_a_new_image_is_a_release_from_backup_to_verification(estate: Stack) -> None:
    before, tasks, kept = resources(estate), estate.tasks(), copies(estate)
    estate.set("ticketsSecrets.SMTP_PASSWORD", secrets.token_hex(32))
    estate.set("tickets.image", release("r2"))
    estate.must_up()
    after = resources(estate)
    health = estate.get(OLD, "/api/health").json()
    digest = estate.config["tickets"]["image"].rpartition(":")[2]
    assert (health["build"], health["release"]) == ("r2", digest[:12])
    # The recurring calls are stopped with web, so that nothing writes while it is migrated.
    assert moved(tasks, estate.tasks()) == {f"{estate.name}_web", f"{estate.name}_cron"}
    ran = ["backup", "migrate", "auth-seed", "queues-ensure", "convex-deploy", "switch", "verify"]
    assert moved(ids(before, "Command"), ids(after, "Command")) == {
        f"{estate.name}-{step}" for step in ran
    }
    ended = {step: after[f"Command {estate.name}-{step}"]["created"] for step in ran}
    ended["web"] = after[f"Service {estate.name}_web"]["modified"]
    assert sorted(ended, key=lambda step: str(ended[step])) == [
        *("backup", "migrate", "auth-seed", "queues-ensure", "convex-deploy"),
        *("switch", "web", "verify"),
    ]
    new = set(copies(estate)) - set(kept)
    assert {path.split("/")[2] for path in new} == {"web"}
    assert len(generations(estate, "web_env")) == 3


def test_a_backup_says_what_it_proved(estate: Stack) -> None:
    backup = resources(estate)[f"Command {estate.name}-backup"]
    (copy,) = json.loads(backup["outputs"]["stdout"])["copies"]
    assert (copy["source"], copy["state"]) == ("web", "proven")
    assert copy["tables"]["user"] >= 0
    assert any(path.endswith(copy["file"]) for path in copies(estate)), copy["file"]


def test_a_new_name_is_one_setting_and_the_old_one_keeps_answering(
    estate: Stack, cloudflare: Cloudflare
) -> None:
    before, tasks = resources(estate), estate.tasks()
    asked = len(cloudflare.requests)
    rename(estate, NEW, [OLD])
    for domain in (OLD, NEW):
        assert estate.get(domain, "/api/health").status_code == 200
    assert names(cloudflare) == {OLD, NEW, *OTHERS}
    wrote = [one for one in cloudflare.requests[asked:] if one[0] != "GET"]
    assert wrote == [("POST", f"/client/v4/zones/{ZONE}/dns_records")]
    ran = moved(ids(before, "Command"), ids(resources(estate), "Command"))
    assert ran == {f"{estate.name}-{step}" for step in ("switch", "verify")}
    assert f"{estate.name}_convex_backend" not in moved(tasks, estate.tasks())
    assert len(generations(estate, "web_env")) == 3


@pytest.mark.long
def test_a_name_taken_away_stops_answering_and_a_secret_that_comes_back_serves(
    estate: Stack, cloudflare: Cloudflare
) -> None:
    assert NEW in names(cloudflare)
    *_, earlier, now = generations(estate, "web_env")
    assert mounted(estate) == now
    rename(estate, OLD, [])
    assert names(cloudflare) == {OLD, *OTHERS}
    assert estate.get(OLD, "/api/health").status_code == 200
    assert estate.get(NEW, "/api/health").status_code == 404
    assert mounted(estate) == earlier
    assert len(generations(estate, "web_env")) == 3
    empty_up(estate)


def rename(estate: Stack, domain: str, extra_domains: list[str]) -> None:
    estate.config["tickets"]["web"] |= {"domain": domain, "extra_domains": extra_domains}
    estate.write()
    estate.must_up()


def names(cloudflare: Cloudflare) -> set[str]:
    """The names that have a record."""
    return {str(one["name"]) for one in cloudflare.zones.records[ZONE].values()}
