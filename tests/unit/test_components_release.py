"""A release of tickets: the order of its phases, what runs them again, what they never show."""

import itertools
import json
import re
from typing import Any

import pytest

from tests.unit.declared import Registered, Resource, declared
from tests.unit.stack_files import IMAGE, STRONG

OTHER = IMAGE.replace("a1", "b2")
CANARY = "canary" * 8
RESTIC = "restic-canary" * 3
ADMIN = {"email": "admin@example.com", "name": "Admin"}
CONVEX = ["convex-backup", "convex-switch", "convex-verify"]
WEB = [
    *("backup", "migrate", "auth-seed", "queues-ensure", "convex-deploy"),
    *("switch", "verify"),
]
STEPS = [*CONVEX, "convex-admin-key", *WEB]
ORDER = [
    *("Command:sistema-convex-backup", "Command:sistema-convex-switch"),
    *("Service:sistema_convex_backend", "Command:sistema-convex-verify"),
    *("Command:sistema-convex-admin-key", "Environment:sistema-convex-env"),
    *("Command:sistema-backup", "Command:sistema-migrate", "Command:sistema-auth-seed"),
    *("Command:sistema-queues-ensure", "Command:sistema-convex-deploy", "Command:sistema-switch"),
    *("Service:sistema_web", "Command:sistema-verify"),
]
OF_WEB = {"switch", "verify"}


@pytest.fixture(scope="module")
def estate() -> Registered:
    return declared()


def rerun(changes: dict[str, object]) -> set[str]:
    """The steps that a change of the stack file runs again."""
    before, after = runs(declared()), runs(declared(changes))
    assert before.keys() == after.keys()
    return {name.removeprefix("sistema-") for name in before if before[name] != after[name]}


def runs(estate: Registered) -> dict[str, object]:
    """What has each step run again, and the variables of Convex set again."""
    commands = {name: one.inputs["triggers"] for name, one in estate.of("Command").items()}
    variables = estate["Environment:sistema-convex-env"].inputs
    counted = [variables[name] for name in ("variables", "version")]
    return {**commands, "sistema-convex-env": counted}


def last(one: Resource) -> dict[str, Any]:
    """The phase that a step is there for."""
    phase: dict[str, Any] = one.step["phases"][-1]
    return phase


def phase_of(estate: Registered, name: str) -> dict[str, Any]:
    return last(estate[f"Command:sistema-{name}"])


def test_the_steps_are_these(estate: Registered) -> None:
    assert set(estate.of("Command")) == {f"sistema-{step}" for step in STEPS}


def test_each_step_and_each_service_waits_for_all_before_it(estate: Registered) -> None:
    for earlier, later in itertools.pairwise(ORDER):
        assert earlier in estate.before(later)


def test_nothing_serves_on_a_schema_that_is_not_there_and_nothing_migrates_without_a_backup(
    estate: Registered,
) -> None:
    assert "Command:sistema-queues-ensure" in estate.before("Service:sistema_web")
    assert "Command:sistema-backup" in estate.before("Command:sistema-migrate")
    assert "Command:sistema-convex-backup" in estate.before("Service:sistema_convex_backend")
    assert "Service:sistema_convex_backend" in estate.before("Command:sistema-convex-admin-key")
    assert "Volume:sistema_sistema_db" in estate.before("Command:sistema-backup")
    assert "Volume:sistema_convex_data" in estate.before("Command:sistema-convex-backup")


def test_nothing_is_asked_from_outside_before_there_is_an_edge(estate: Registered) -> None:
    assert "Service:traefik" in estate.before("Command:sistema-convex-verify")
    assert "Service:traefik" in estate.before("Command:sistema-verify")


@pytest.mark.parametrize("phases", [CONVEX, WEB])
def test_each_phase_is_given_all_phases_before_it(estate: Registered, phases: list[str]) -> None:
    begin = {"convex-backup": "convex-", "backup": ""}[phases[0]]
    names = [name.removeprefix(begin) for name in phases]
    for count, step in enumerate(phases, 1):
        given = estate[f"Command:sistema-{step}"]
        assert given.inputs["create"].endswith("-m steps release")
        assert [phase["name"] for phase in given.step["phases"]] == names[:count]


def test_a_phase_is_told_the_same_in_its_own_step_and_in_those_after_it(estate: Registered) -> None:
    for phases in (CONVEX, WEB):
        whole = estate[f"Command:sistema-{phases[-1]}"].step
        for count, step in enumerate(phases, 1):
            given = estate[f"Command:sistema-{step}"].step
            assert given["phases"] == whole["phases"][:count]
            assert {**given, "phases": []} == {**whole, "phases": []}


def test_a_phase_is_told_the_secrets_of_those_before_it() -> None:
    estate = declared({
        "ticketsSecrets.SEED_USER_PASSWORD": CANARY,
        "tickets.seed.admin": ADMIN,
        "backupSecrets": {"RESTIC_PASSWORD": RESTIC},
    })
    for step in WEB:
        secrets = json.loads(estate[f"Command:sistema-{step}"].inputs["stdin"])
        assert secrets["backup_password"] == RESTIC
        assert ("SEED_USER_PASSWORD" in secrets) == (WEB.index(step) >= WEB.index("auth-seed"))
        assert {STRONG, CANARY} <= set(secrets["hidden"])


def test_a_change_of_inputs_alone_runs_nothing(estate: Registered) -> None:
    for one in estate.of("Command").values():
        assert one.inputs["update"] == ":"
        assert "delete" not in one.inputs


@pytest.mark.parametrize(
    "changes",
    [
        {"tickets.backup.keep": 9},
        {"tickets.smoke.attempts": 3},
        {"tickets.smoke.interval": "9s"},
        {"tickets.migrations": "online"},
        {"tickets.migrations": "offline"},
        {"backupSecrets": {"RESTIC_PASSWORD": RESTIC}},
        {"registrySecrets": {"ghcr.io": {"username": "robot", "password": CANARY}}},
        {"tools.image": OTHER},
    ],
)
def test_what_only_says_how_a_release_is_done_runs_nothing(changes: dict[str, object]) -> None:
    assert rerun(changes) == set()


def test_a_new_image_runs_the_release_but_not_the_setting_up_of_convex() -> None:
    assert rerun({"tickets.image": OTHER}) == set(WEB)
    assert rerun({"tickets.release_sha": "0123456789ab"}) == set(WEB)


def test_a_new_convex_is_backed_up_before_and_set_up_after() -> None:
    around = {"convex-admin-key", "convex-env", "convex-deploy", "verify"}
    assert rerun({"tickets.convex.image": OTHER}) == {*CONVEX, *around}


@pytest.mark.parametrize(
    ("secret", "steps"),
    [
        ("BETTER_AUTH_SECRET", OF_WEB),
        ("SMTP_PASSWORD", OF_WEB),
        ("CONVEX_SYNC_SECRET", OF_WEB),
        ("REPORTS_CRON_SECRET", {"convex-env", *OF_WEB}),
        ("FLEET_SYNC_SECRET", {"convex-env", *OF_WEB}),
        ("INTERNAL_HEALTH_TOKEN", {"convex-env", *OF_WEB}),
        ("MACHINE_PROVISIONING_SECRET", {"convex-env", *OF_WEB}),
        (
            "CONVEX_INSTANCE_SECRET",
            {*CONVEX, "convex-admin-key", "convex-env", "convex-deploy", "verify"},
        ),
    ],
)
def test_a_rotated_secret_runs_what_reads_it_and_never_a_migration(
    secret: str, steps: set[str]
) -> None:
    value = "c3" * 32
    assert rerun({f"ticketsSecrets.{secret}": value}) == steps


def test_a_change_of_the_service_alone_is_switched_and_verified() -> None:
    assert rerun({"tickets.web.memory_limit": "3G"}) == OF_WEB
    assert rerun({"tickets.convex.memory_limit": "21G"}) == {"convex-switch", "convex-verify"}


def test_another_way_to_the_host_runs_nothing() -> None:
    ssh = {
        "url": "ssh://deploy@203.0.113.7:22",
        "address": "203.0.113.7",
        "host_key": f"ssh-ed25519 {'A' * 68}",
    }
    assert rerun({"hosts.vps": ssh}) == set()


def test_another_domain_is_asked_again_and_migrates_nothing() -> None:
    assert rerun({"tickets.web.domain": "help.example.com"}) == OF_WEB
    again = rerun({"tickets.convex.domain": "live.example.com"})
    assert {"convex-verify", "verify"} <= again
    assert not again & {"backup", "migrate", "auth-seed", "queues-ensure", "convex-backup"}


def test_no_secret_is_in_a_command_a_trigger_or_the_environment() -> None:
    names = (
        *("BETTER_AUTH_SECRET", "MACHINE_PROVISIONING_SECRET", "SMTP_PASSWORD"),
        *("FLEET_SYNC_SECRET", "INTERNAL_HEALTH_TOKEN", "REPORTS_CRON_SECRET"),
        *("SEED_USER_PASSWORD", "CONVEX_SYNC_SECRET"),
    )
    planted: dict[str, object] = {
        f"ticketsSecrets.{name}": f"{index}{CANARY}" for index, name in enumerate(names)
    }
    login = {"username": "robot", "password": CANARY}
    estate = declared({
        **planted,
        "tickets.seed.admin": ADMIN,
        "backupSecrets": {"RESTIC_PASSWORD": CANARY},
        "registrySecrets": {"ghcr.io": login},
    })
    variables = estate["Environment:sistema-convex-env"]
    assert CANARY in json.dumps(variables.inputs["variables"])
    assert {f"variables.{name}" for name in variables.inputs["variables"]} == variables.secret
    assert CANARY in estate["Command:sistema-auth-seed"].inputs["stdin"]
    for one in estate.of("Command").values():
        assert one.secret == {"stdin"}
        assert one.options["additionalSecretOutputs"] == ["stdin"]
        assert one.inputs["addPreviousOutputInEnv"] is False
        assert one.inputs["logging"] == "stderr"
        shown = {name: value for name, value in one.inputs.items() if name != "stdin"}
        assert CANARY not in json.dumps(shown)


def test_a_trigger_of_a_secret_is_too_short_to_be_one(estate: Registered) -> None:
    for one in estate.of("Command").values():
        for trigger in one.inputs["triggers"]:
            assert STRONG not in trigger
            assert re.fullmatch(r"[0-9a-f]{12}|[\w.-]+|\S+@sha256:[0-9a-f]{64}", trigger)


def test_a_step_names_no_folder_of_the_machine_that_deploys(estate: Registered) -> None:
    for one in estate.of("Command").values():
        assert one.inputs["create"].startswith(".venv/bin/python -m steps ")
        assert "dir" not in one.inputs


def test_the_engine_gives_a_step_longer_than_the_step_gives_itself(estate: Registered) -> None:
    for one in estate.of("Command").values():
        limit = int(one.options["customTimeouts"]["create"].removesuffix("s"))
        own = one.step.get("timeout_s", 0)
        for phase in one.step.get("phases", []):
            own += phase.get("timeout_s", 0) + phase.get("plan", {}).get("timeout_s", 0)
            own += phase["service"]["patience_s"] if phase["kind"] == "switch" else 0
        assert limit > own


def test_jobs_run_the_new_image_beside_the_data_with_the_applications_own_files(
    estate: Registered,
) -> None:
    for step in ("migrate", "auth-seed", "queues-ensure", "convex-deploy"):
        job = phase_of(estate, step)["job"]
        assert job["image"] == IMAGE
        assert job["constraints"] == ["node.role==manager"]
        assert job["networks"] == [{"name": "sistema_internal"}]
        assert [mount["target"] for mount in job["mounts"]] == ["/app/data", "/app/archives"]
        assert [secret["target"] for secret in job["secrets"]] == ["/app/.env"]
        assert job["memory_limit"] >= 512 * 2**20


def test_each_database_is_backed_up(estate: Registered) -> None:
    web, convex = phase_of(estate, "backup")["plan"], phase_of(estate, "convex-backup")["plan"]
    assert web["sources"] == [
        {"kind": "sqlite", "name": "web", "volume": "sistema_sistema_db", "path": "db.sqlite"}
    ]
    assert convex["sources"] == [
        {"kind": "sqlite", "name": "convex", "volume": "sistema_convex_data", "path": "db.sqlite3"}
    ]
    for plan in (web, convex):
        assert (plan["keep"], plan["volume"]) == (5, "sistema_backups")
    assert web["job"]["name"] != convex["job"]["name"]


def test_archives_are_backed_up_where_there_is_a_password_for_them() -> None:
    estate = declared({"backupSecrets": {"RESTIC_PASSWORD": RESTIC}})
    sources = phase_of(estate, "backup")["plan"]["sources"]
    assert [one["name"] for one in sources] == ["web", "archives"]
    assert sources[1] == {"kind": "folder", "name": "archives", "volume": "sistema_archives"}


def test_convex_is_never_deployed_to_a_cloud_deployment(estate: Registered) -> None:
    job = phase_of(estate, "convex-deploy")["job"]
    assert "unset CONVEX_DEPLOYMENT CONVEX_DEPLOY_KEY" in job["command"][-1]
    assert "--frozen-lockfile" in job["command"][-1]


def test_variables_without_a_value_are_removed_from_convex(estate: Registered) -> None:
    given = estate["Environment:sistema-convex-env"].inputs
    assert "FLEET_SYNC_SECRET" in given["absent"]
    assert given["variables"]["MACHINE_PROVISIONING_SECRET"] == STRONG
    assert not set(given["absent"]) & given["variables"].keys()


def test_a_source_tree_is_mounted_first_and_its_packages_are_installed() -> None:
    source: dict[str, object] = {
        "tickets.source": {"path": "/srv/apps/sistema"},
        "tickets.release_sha": "0123456789ab",
    }
    estate = declared(source)
    job = phase_of(estate, "migrate")["job"]
    mount = {"type": "bind", "source": "/srv/apps/sistema", "target": "/app", "read_only": False}
    assert job["mounts"][0] == mount
    assert "bun install --frozen-lockfile && bun x prisma migrate deploy" in job["command"][-1]
    assert estate["Service:sistema_web"].container["dir"] == "/app"
