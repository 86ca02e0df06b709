"""Stack files with mistakes or placeholders, and the shipped ones, through the real engine."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.engine import Engine
from ops.stacks import to_look_at
from ops.workplace import ROOT
from tests.engine.stack import Stack, stack, tickets_config

pytestmark = pytest.mark.engine

NAME, PORT = "probe-wrong", 8184
ERP_SERVICES = (
    *("db", "redis-cache", "redis-queue", "redis-socketio", "backend", "frontend", "websocket"),
    *("scheduler", "queue-default", "queue-long", "queue-short", "copies", "copies_sites"),
)
ERP_VOLUMES = ("db-data", "frappe-sites", "frappe-logs", "redis-queue-data", "backups")
LINES_LIMIT = 20


@pytest.fixture
def wrong(tmp_path: Path) -> Iterator[Stack]:
    """A stack of which nothing was ever brought up; its file is valid until a test spoils it."""
    with stack(tmp_path / "wrong", NAME, tickets_config(NAME, port=PORT)) as it:
        yield it


def in_state(it: Stack) -> list[str]:
    """Types of what the state holds, the stack itself left out."""
    resources = it.state()["deployment"].get("resources") or []
    return [one["type"] for one in resources if one["type"] != "pulumi:pulumi:Stack"]


def in_swarm(it: Stack) -> list[str]:
    """Names of everything in Docker that this stack made."""
    chosen: dict[str, str | list[str] | bool] = {"label": f"estate.stack={it.name}"}
    kinds = (it.docker.services, it.docker.networks, it.docker.secrets, it.docker.volumes)
    return [str(one.name) for kind in kinds for one in kind.list(filters=chosen)]


@pytest.mark.parametrize("command", [("preview",), ("up", "--yes", "--skip-preview")])
def test_every_mistake_is_told_at_once_and_nothing_is_made(
    wrong: Stack, command: tuple[str, ...]
) -> None:
    wrong.config["hosts"]["here"]["adress"] = wrong.config["hosts"]["here"].pop("address")
    wrong.config["edge"]["host"] = "nowhere"
    wrong.config["tickets"]["image"] = "planted/app:latest"
    wrong.config["tickets"]["web"]["memory_limit"] = "planted"
    wrong.config["tickets"]["dashboard"].pop("allow")
    wrong.config["tickets"]["env"]["CONVEX_DEPLOYMENT"] = "planted"
    wrong.config["ticketsSecrets"]["CONVEX_INSTANCE_SECRET"] = "planted"
    del wrong.config["ticketsSecrets"]["SMTP_PASSWORD"]
    wrong.write()
    done = wrong.run(*command)
    assert done.code not in {0, 7}
    for key in (
        "hosts.here.address",
        "hosts.here.adress",
        "edge.host",
        "tickets.image",
        "tickets.web.memory_limit",
        "tickets.dashboard.allow",
        "tickets.env.CONVEX_DEPLOYMENT",
        "ticketsSecrets.CONVEX_INSTANCE_SECRET",
        "ticketsSecrets.SMTP_PASSWORD",
    ):
        assert f"estate:{key}: " in done.output, key
    assert f"the stack file of {NAME} needs corrections" in done.output
    assert "Traceback" not in done.output
    assert "planted" not in done.output
    assert in_state(wrong) == []
    assert in_swarm(wrong) == []


def test_an_update_with_placeholders_is_refused_before_anything_is_registered(
    wrong: Stack,
) -> None:
    nobody = f"registry.invalid/app@sha256:{'0' * 64}"
    wrong.config["tickets"]["image"] = nobody
    wrong.config["ticketsSecrets"]["SMTP_PASSWORD"] = "placeholder"
    wrong.write()
    seen = wrong.run("preview")
    assert seen.code == 0, seen.output
    assert "placeholders that an update will refuse" in seen.output
    assert "to create" in seen.output
    done = wrong.up()
    assert done.code != 0
    for key in ("estate:tickets.image", "estate:ticketsSecrets.SMTP_PASSWORD"):
        assert key in seen.output
        assert key in done.output
    assert "nothing was changed" in done.output
    assert "Traceback" not in done.output
    told = done.output.partition("Diagnostics:")[2].partition("Resources:")[0]
    assert 0 < len(told.splitlines()) < LINES_LIMIT, done.output
    assert in_state(wrong) == []
    assert in_swarm(wrong) == []


@pytest.fixture(scope="module")
def no_way_out(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Every `ssh` fails and leaves a trace, and HTTP leads nowhere, as long as the tests run."""
    folder = tmp_path_factory.mktemp("bin")
    trace = folder / "asked"
    (folder / "ssh").write_text(f'#!/bin/sh\necho "$@" >>{trace}\nexit 255\n', encoding="ascii")
    (folder / "ssh").chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            patch.setenv(variable, "http://127.0.0.1:1")
        for variable in ("no_proxy", "NO_PROXY"):  # the engine's own talk with its plugins
            patch.setenv(variable, "127.0.0.1,localhost")
        yield trace


@pytest.fixture(scope="module", params=["prod", "staging"])
def shipped(request: pytest.FixtureRequest, no_way_out: Path) -> dict[str, Any]:
    """The preview of a committed stack file, taken where no host can be reached."""
    name = str(request.param)
    before = (committed(name), in_git())
    plan = preview(to_look_at(name))
    plan["file"] = yaml.safe_load(committed(name))["config"]
    assert (committed(name), in_git()) == before
    assert not no_way_out.exists(), no_way_out.read_text(encoding="utf-8")
    return plan


def preview(engine: Engine) -> dict[str, Any]:
    done = subprocess.run(
        engine.command("preview", "--json"),
        cwd=ROOT,
        env=engine.environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    plan: dict[str, Any] = json.loads(done.stdout)
    return plan


def committed(name: str) -> str:
    return (ROOT / f"Pulumi.{name}.yaml").read_text(encoding="utf-8")


def in_git() -> str:
    command = ["git", "status", "--porcelain", "--", "Pulumi.prod.yaml", "Pulumi.staging.yaml"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def planned(plan: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Name → planned state of the resources of one kind."""
    return {
        step["urn"].rpartition("::")[2]: step["newState"]
        for step in plan["steps"]
        if step["newState"]["type"].endswith(f":{kind}")
    }


def test_a_shipped_stack_is_previewed_without_reaching_a_host(shipped: dict[str, Any]) -> None:
    assert shipped["changeSummary"] == {"create": len(shipped["steps"])}
    texts = [one["message"] for one in shipped.get("diagnostics", [])]
    assert any("placeholders that an update will refuse" in text for text in texts)


def test_its_preview_shows_the_edge_and_the_whole_system(shipped: dict[str, Any]) -> None:
    system, crm = shipped["file"]["estate:tickets"]["name"], shipped["file"]["estate:crm"]
    erp, npm = (shipped["file"][f"estate:{key}"].get("name", key) for key in ("erp", "npm"))
    copied = crm.get("backup", {}).get("enabled", True)
    assert set(planned(shipped, "Service")) == {
        *("traefik", "traefik_docker", npm),
        *(crm[part].get("name", f"crm-{part}") for part in ("backend", "postgres")),
        *(f"{crm['name']}_{one}" for one in ("copies", "copies_database") if copied),
        *(f"{system}_{one}" for one in ("web", "convex_backend", "convex_dashboard")),
        *(f"{system}_{one}" for one in ("cron", "copies")),
        *(f"{erp}_{one}" for one in ERP_SERVICES),
    }
    assert set(planned(shipped, "Network")) == {
        *("traefik_public", "traefik_docker", "proxy"),
        *(f"{one}_internal" for one in (system, crm["name"], erp, npm)),
    }


def test_its_preview_shows_a_record_for_each_name(shipped: dict[str, Any]) -> None:
    tickets, crm = (shipped["file"][f"estate:{key}"] for key in ("tickets", "crm"))
    erp, hosts = shipped["file"]["estate:erp"], shipped["file"]["estate:hosts"]
    domains = {tickets[part]["domain"]: tickets["host"] for part in ("web", "convex", "dashboard")}
    domains[crm["backend"]["domain"]] = crm["host"]
    # One for all customers; a name in somebody else's zone has none.
    domains[f"*.{erp['domain']}"] = erp["host"]
    found = [one["inputs"] for one in planned(shipped, "DnsRecord").values()]
    assert {one["name"]: one["content"] for one in found} == {
        name: hosts[host]["address"] for name, host in domains.items()
    }


def test_its_preview_shows_volumes_that_a_destroy_leaves(shipped: dict[str, Any]) -> None:
    system = shipped["file"]["estate:tickets"]["name"]
    crm = shipped["file"]["estate:crm"]["name"]
    erp, npm = (shipped["file"][f"estate:{key}"].get("name", key) for key in ("erp", "npm"))
    volumes = planned(shipped, "Volume")
    assert set(volumes) == {
        "traefik_letsencrypt",
        *(f"{npm}_{one}" for one in ("data", "letsencrypt")),
        *(f"{erp}_{one}" for one in ERP_VOLUMES),
        *(f"{system}_{one}" for one in ("sistema_db", "convex_data", "archives", "backups")),
        *(f"{crm}_{one}" for one in ("postgres", "uploads", "logs", "backups")),
    }
    for one in volumes.values():
        assert one["protect"] is True
        assert one["retainOnDelete"] is True


def test_its_preview_shows_the_steps_in_their_order(shipped: dict[str, Any]) -> None:
    system = shipped["file"]["estate:tickets"]["name"]
    steps = [
        *("convex-backup", "convex-switch", "convex-verify", "convex-admin-key", "convex-env"),
        *("backup", "migrate", "auth-seed", "queues-ensure", "convex-deploy", "switch", "verify"),
    ]
    shown = [step["urn"].rpartition("::")[2] for step in shipped["steps"]]
    found = [name for name in shown if name.removeprefix(f"{system}-") in steps]
    assert found == [f"{system}-{step}" for step in steps]
    web = shown.index(f"{system}_web")
    assert shown.index(f"{system}-switch") < web < shown.index(f"{system}-verify")


def test_its_preview_shows_no_secret(shipped: dict[str, Any]) -> None:
    for one in planned(shipped, "Secret").values():
        assert one["inputs"]["data"] == "[secret]"
    for one in planned(shipped, "Environment").values():
        assert set(one["inputs"]["variables"].values()) == {"[secret]"}
    for one in planned(shipped, "Command").values():
        assert one["inputs"]["stdin"] == "[secret]"
