"""The steps of a release: their order, what runs them again, and what they never show."""

import itertools
import json
import re

import pytest

from tests.unit.declared import Registered, declared
from tests.unit.stack_files import IMAGE, STRONG

OTHER = IMAGE.replace("a1", "b2")
CANARY = "canary" * 8
STEPS = [
    "backup",
    "migrate",
    "auth-seed",
    "queues-ensure",
    "convex-admin-key",
    "convex-env",
    "convex-deploy",
    "smoke",
]


@pytest.fixture(scope="module")
def estate() -> Registered:
    return declared()


def rerun(changes: dict[str, object]) -> set[str]:
    """The steps that a change of the stack file runs again."""
    before, after = declared().of("Command"), declared(changes).of("Command")
    assert before.keys() == after.keys()
    return {
        name.removeprefix("sistema-")
        for name in before
        if before[name].inputs["triggers"] != after[name].inputs["triggers"]
    }


def test_the_steps_are_these(estate: Registered) -> None:
    assert set(estate.of("Command")) == {f"sistema-{step}" for step in STEPS}


def test_each_step_waits_for_all_before_it(estate: Registered) -> None:
    for earlier, later in itertools.pairwise(STEPS):
        assert f"Command:sistema-{earlier}" in estate.before(f"Command:sistema-{later}")


def test_nothing_serves_on_a_schema_that_is_not_there_and_nothing_migrates_without_a_backup(
    estate: Registered,
) -> None:
    assert "Command:sistema-queues-ensure" in estate.before("Service:sistema_web")
    assert "Command:sistema-backup" in estate.before("Service:sistema_convex_backend")
    assert "Service:sistema_web" in estate.before("Command:sistema-convex-admin-key")
    assert "Service:sistema_convex_backend" in estate.before("Command:sistema-convex-admin-key")
    assert "Volume:sistema_sistema_db" in estate.before("Command:sistema-backup")


def test_a_change_of_inputs_alone_runs_nothing(estate: Registered) -> None:
    for one in estate.of("Command").values():
        assert one.inputs["update"] == ":"
        assert "delete" not in one.inputs


def test_a_new_image_runs_the_release_but_not_the_setting_up_of_convex() -> None:
    release = {"backup", "migrate", "auth-seed", "queues-ensure", "convex-deploy", "smoke"}
    assert rerun({"tickets.image": OTHER}) == release
    assert rerun({"tickets.release_sha": "0123456789ab"}) == release


def test_a_new_convex_is_backed_up_before_and_set_up_after() -> None:
    assert rerun({"tickets.convex.image": OTHER}) == {
        *("backup", "convex-admin-key", "convex-env", "convex-deploy")
    }


@pytest.mark.parametrize(
    ("secret", "steps"),
    [
        ("BETTER_AUTH_SECRET", set()),
        ("SMTP_PASSWORD", set()),
        ("CONVEX_SYNC_SECRET", set()),
        ("REPORTS_CRON_SECRET", {"convex-env"}),
        ("FLEET_SYNC_SECRET", {"convex-env"}),
        ("INTERNAL_HEALTH_TOKEN", {"convex-env"}),
        ("MACHINE_PROVISIONING_SECRET", {"convex-env", "smoke"}),
        ("CONVEX_INSTANCE_SECRET", {"convex-admin-key", "convex-env", "convex-deploy"}),
    ],
)
def test_a_rotated_secret_runs_what_reads_it_and_never_a_migration(
    secret: str, steps: set[str]
) -> None:
    value = "c3" * 32
    assert rerun({f"ticketsSecrets.{secret}": value}) == steps


def test_another_way_to_the_host_runs_nothing() -> None:
    ssh = {
        "url": "ssh://deploy@203.0.113.7:22",
        "address": "203.0.113.7",
        "host_key": f"ssh-ed25519 {'A' * 68}",
    }
    assert rerun({"hosts.vps": ssh}) == set()


def test_another_domain_is_asked_again_and_migrates_nothing() -> None:
    assert rerun({"tickets.web.domain": "help.example.com"}) == {"smoke"}


def test_no_secret_is_in_a_command_a_trigger_or_the_environment() -> None:
    names = (
        *("BETTER_AUTH_SECRET", "MACHINE_PROVISIONING_SECRET", "SMTP_PASSWORD"),
        *("FLEET_SYNC_SECRET", "INTERNAL_HEALTH_TOKEN", "REPORTS_CRON_SECRET"),
        *("SEED_USER_PASSWORD", "CONVEX_SYNC_SECRET"),
    )
    admin = {"email": "admin@example.com", "name": "Admin"}
    planted: dict[str, object] = {
        f"ticketsSecrets.{name}": f"{index}{CANARY}" for index, name in enumerate(names)
    }
    estate = declared({**planted, "tickets.seed.admin": admin})
    assert CANARY in estate["Command:sistema-convex-env"].inputs["stdin"]
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
            assert re.fullmatch(
                r"[0-9a-f]{12}|https?://\S+|[\w.-]+|\S+@sha256:[0-9a-f]{64}", trigger
            )


def test_a_step_names_no_folder_of_the_machine_that_deploys(estate: Registered) -> None:
    for name, one in estate.of("Command").items():
        assert one.inputs["create"].startswith(".venv/bin/python -m steps "), name
        assert "dir" not in one.inputs


def test_the_engine_gives_a_step_longer_than_the_step_gives_itself(estate: Registered) -> None:
    for one in estate.of("Command").values():
        limit = int(one.options["customTimeouts"]["create"].removesuffix("s"))
        assert limit > one.step.get("timeout_s", 0)


def test_jobs_run_the_new_image_beside_the_data_with_the_applications_own_files(
    estate: Registered,
) -> None:
    for step in ("migrate", "auth-seed", "queues-ensure", "convex-deploy"):
        job = estate[f"Command:sistema-{step}"].step["job"]
        assert job["image"] == IMAGE
        assert job["constraints"] == ["node.role==manager"]
        assert job["networks"] == [{"name": "sistema_internal"}]
        assert [mount["target"] for mount in job["mounts"]] == ["/app/data", "/app/archives"]
        assert [secret["target"] for secret in job["secrets"]] == ["/app/.env"]
        assert job["memory_limit"] >= 512 * 2**20


def test_each_database_is_backed_up(estate: Registered) -> None:
    backup = estate["Command:sistema-backup"].step
    assert backup["databases"] == [
        {"name": "web", "volume": "sistema_sistema_db", "path": "db.sqlite"},
        {"name": "convex", "volume": "sistema_convex_data", "path": "db.sqlite3"},
    ]
    assert (backup["keep"], backup["backups_volume"]) == (5, "sistema_backups")


def test_convex_is_never_deployed_to_a_cloud_deployment(estate: Registered) -> None:
    job = estate["Command:sistema-convex-deploy"].step["job"]
    assert "unset CONVEX_DEPLOYMENT CONVEX_DEPLOY_KEY" in job["command"][-1]
    assert "--frozen-lockfile" in job["command"][-1]


def test_variables_without_a_value_are_removed_from_convex(estate: Registered) -> None:
    given = json.loads(estate["Command:sistema-convex-env"].inputs["stdin"])["set"]
    assert given["FLEET_SYNC_SECRET"] is None
    assert given["MACHINE_PROVISIONING_SECRET"] == STRONG


def test_a_source_tree_is_mounted_first_and_its_packages_are_installed() -> None:
    source: dict[str, object] = {
        "tickets.source": {"path": "/srv/apps/sistema"},
        "tickets.release_sha": "0123456789ab",
    }
    estate = declared(source)
    job = estate["Command:sistema-migrate"].step["job"]
    assert job["mounts"][0] == {"type": "bind", "source": "/srv/apps/sistema", "target": "/app"}
    assert "bun install --frozen-lockfile && bun x prisma migrate deploy" in job["command"][-1]
    assert estate["Service:sistema_web"].container["dir"] == "/app"
