"""A release of the CRM, and what every release says of itself before it happens."""

import itertools
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from components import release
from components.release import absence
from components.swarm.order import Mount
from components.swarm.service import Healthcheck, ServiceSpec
from tests.unit.declared import Registered, declared
from tests.unit.stack_files import CRM, IMAGE, STRONG

OTHER = IMAGE.replace("a1", "b2")
CANARY = "canary" * 8
PASSWORD = "ca" * 32
SEED = {"crm.seed": "npm run seed"}
STAGING = {
    "crm.name": "crm-dev",
    "crm.backend.name": "crm-backend-dev",
    "crm.postgres.name": "crm-postgres-dev",
    "crm.backup.enabled": False,
}
CHAIN = [
    *("Command:crm-backup", "Service:crm-postgres", "Command:crm-migrate", "Command:crm-switch"),
    *("Service:crm-backend", "Command:crm-verify"),
]


def crm(changes: Mapping[str, object] | None = None) -> Registered:
    return declared({**CRM, **(changes or {})})


def steps(estate: Registered, prefix: str = "crm") -> list[str]:
    """The steps of the CRM, in the order of their names in a preview."""
    return [
        name.removeprefix(f"{prefix}-")
        for name in estate.of("Command")
        if name.startswith(f"{prefix}-")
    ]


def rerun(changes: Mapping[str, object], base: Mapping[str, object] | None = None) -> set[str]:
    """The steps that a change of the stack file runs again."""
    before, after = crm(base).of("Command"), crm({**(base or {}), **changes}).of("Command")
    assert before.keys() == after.keys()
    return {
        name.removeprefix("crm-")
        for name in before
        if before[name].inputs["triggers"] != after[name].inputs["triggers"]
    }


def words(estate: Registered, step: str) -> str:
    return str(estate[f"Command:{step}"].inputs["environment"]["IN_WORDS"])


def test_the_phases_are_these_and_each_waits_for_all_before_it() -> None:
    estate = crm()
    assert steps(estate) == ["backup", "migrate", "switch", "verify"]
    for earlier, later in itertools.pairwise(CHAIN):
        assert earlier in estate.before(later)
    assert "Service:traefik" in estate.before("Command:crm-switch")
    assert "Volume:crm_postgres" in estate.before("Command:crm-backup")


def test_a_seed_runs_between_the_migration_and_the_switch() -> None:
    estate = crm(SEED)
    assert steps(estate) == ["backup", "migrate", "seed", "switch", "verify"]
    assert "Command:crm-migrate" in estate.before("Command:crm-seed")
    assert "Command:crm-seed" in estate.before("Command:crm-switch")


def test_staging_may_do_without_a_backup_and_still_migrates_first() -> None:
    estate = crm(STAGING)
    assert steps(estate, "crm-dev") == ["migrate", "switch", "verify"]
    assert "Service:crm-postgres-dev" in estate.before("Command:crm-dev-migrate")
    assert "Command:crm-dev-switch" in estate.before("Service:crm-backend-dev")
    phases = estate["Command:crm-dev-verify"].step["phases"]
    assert [phase["kind"] for phase in phases] == ["job", "switch", "commit"]


def test_online_a_migration_is_tried_on_the_copy_first() -> None:
    migrate = crm()["Command:crm-migrate"].step["phases"][-1]
    assert migrate["tried_on"] == "database"
    script = migrate["job"]["command"][-1]
    assert script.startswith('cd /app && { [ -n "${TRIED:-}" ] || npx prisma migrate status')
    assert script.endswith("|| exit 5; } && exec npx prisma migrate deploy")


@pytest.mark.parametrize("changes", [{"crm.migrations": "offline"}, {"crm.backup.enabled": False}])
def test_without_a_copy_or_with_a_way_back_for_data_it_runs_at_once(
    changes: dict[str, object],
) -> None:
    migrate = crm(changes)["Command:crm-migrate"].step["phases"][-1]
    assert "tried_on" not in migrate
    assert migrate["job"]["command"][-1] == "cd /app && exec npx prisma migrate deploy"


def test_each_phase_is_given_all_phases_before_it() -> None:
    estate = crm(SEED)
    names = ["backup", "migrate", "seed", "switch", "verify"]
    for count, name in enumerate(names, 1):
        given = estate[f"Command:crm-{name}"].step
        assert [phase["name"] for phase in given["phases"]] == names[:count]
        assert given["service"] == "crm-backend"


@pytest.mark.parametrize(
    ("changes", "again"),
    [
        ({"crm.image": OTHER}, {"backup", "migrate", "seed", "switch", "verify"}),
        ({"crm.release_sha": "2f1c9d0a"}, {"backup", "migrate", "seed", "switch", "verify"}),
        ({"crm.seed": "npm run seed:more"}, {"seed", "verify"}),
        ({"crmSecrets.env": {"JWT_SECRET": CANARY}}, {"switch", "verify"}),
        ({"crmSecrets.POSTGRES_PASSWORD": PASSWORD}, {"switch", "verify"}),
        ({"crm.backend.memory_limit": "2G"}, {"switch", "verify"}),
        ({"crm.backend.domain": "crm.example.com"}, {"switch", "verify"}),
        ({"crm.verify.path": "/healthz"}, {"switch", "verify"}),
        ({"crm.postgres.memory_limit": "2G"}, set()),
        ({"crm.postgres.image": OTHER}, {"backup", "verify"}),
        ({"crm.backup.keep": 9}, set()),
        ({"crm.migrations": "offline"}, set()),
        ({"crm.verify.attempts": 3}, set()),
        ({"crm.verify.interval": "9s"}, set()),
        ({"backupSecrets.RESTIC_PASSWORD": CANARY}, set()),
    ],
)
def test_a_change_runs_again_what_it_concerns_and_nothing_else(
    changes: dict[str, object], again: set[str]
) -> None:
    assert rerun(changes, SEED) == again


def test_another_address_is_asked_even_when_no_service_has_changed() -> None:
    again = rerun({"edge.http_port": 8080})
    assert "verify" in again
    assert not again & {"backup", "migrate", "switch"}


def test_no_secret_is_in_a_command_a_trigger_or_the_environment() -> None:
    estate = crm({
        **SEED,
        "crmSecrets.POSTGRES_PASSWORD": PASSWORD,
        "crmSecrets.env": {"JWT_SECRET": CANARY},
        "backupSecrets.RESTIC_PASSWORD": f"restic-{CANARY}",
        "registrySecrets": {"ghcr.io": {"username": "robot", "password": f"pull-{CANARY}"}},
    })
    for name in steps(estate):
        one = estate[f"Command:crm-{name}"]
        assert one.secret == {"stdin"}
        assert one.options["additionalSecretOutputs"] == ["stdin"]
        assert one.inputs["addPreviousOutputInEnv"] is False
        assert one.inputs["logging"] == "stderr"
        shown = json.dumps({key: value for key, value in one.inputs.items() if key != "stdin"})
        for secret in (CANARY, PASSWORD, STRONG):
            assert secret not in shown
        for trigger in one.inputs["triggers"]:
            assert re.fullmatch(r"[0-9a-f]{12}|[\w.-]+|\S+@sha256:[0-9a-f]{64}", trigger)


def test_every_secret_of_the_application_is_hidden_in_what_a_phase_says() -> None:
    secrets = {"crmSecrets.POSTGRES_PASSWORD": PASSWORD, "crmSecrets.env": {"JWT_SECRET": CANARY}}
    estate = crm(secrets)
    for name in steps(estate):
        given = json.loads(estate[f"Command:crm-{name}"].inputs["stdin"])
        assert {PASSWORD, CANARY} <= set(given["hidden"])
        assert any(text.startswith("postgresql://") for text in given["hidden"])


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_every_phase_knows_who_writes_whether_or_not_a_release_stops_them(mode: str) -> None:
    estate = crm({"crm.migrations": mode, "tickets.migrations": mode})
    for name in ("crm-backup", "crm-migrate", "crm-switch", "crm-verify"):
        given = estate[f"Command:{name}"].step
        assert (given["mode"], given["writers"]) == (mode, ["crm-backend"])
    for name in ("sistema-backup", "sistema-migrate", "sistema-switch", "sistema-verify"):
        given = estate[f"Command:{name}"].step
        assert (given["mode"], given["writers"]) == (mode, ["sistema_web", "sistema_cron"])
    for name in ("sistema-convex-backup", "sistema-convex-switch", "sistema-convex-verify"):
        given = estate[f"Command:{name}"].step
        assert (given["mode"], given["writers"]) == ("offline", ["sistema_convex_backend"])


def test_a_preview_says_for_how_long_a_release_takes_a_service_away() -> None:
    online, about_s = crm({"tickets.migrations": "online"}), 10 + release._START_S
    assert words(online, "crm-switch") == (
        "online: crm-backend is never away; the new release is tried beside it, asked from "
        "outside, and gets traffic only then"
    )
    assert words(online, "sistema-switch") == (
        f"online: sistema_web is away for about {about_s} s, at most 125 s"
    )
    assert words(online, "sistema-convex-switch").startswith(
        "offline: sistema_convex_backend is stopped while its data is backed up and migrated"
    )
    offline = crm({"crm.migrations": "offline"})
    assert words(offline, "crm-switch") == (
        "offline: crm-backend is stopped while its data is backed up and migrated, then away "
        f"for about {about_s} s, at most 125 s; undone with its data"
    )


def test_only_the_switch_has_something_to_say_beforehand() -> None:
    for name, one in crm().of("Command").items():
        assert ("IN_WORDS" in one.inputs["environment"]) == name.endswith("-switch")


def spec(**other: Any) -> ServiceSpec:  # noqa: ANN401 - any of its fields
    given: dict[str, Any] = {
        "name": "app",
        "image": IMAGE,
        "healthcheck": Healthcheck(
            test=["CMD", "true"], interval_s=7, timeout_s=2, retries=3, start_period_s=20
        ),
        "memory_limit": 1,
        "memory_reservation": 1,
        "networks": [],
        "stop_grace_s": 11,
        **other,
    }
    return ServiceSpec(**given)


DATA = [Mount(kind="volume", source="data", target="/data")]


def test_absence_counts_one_health_check_and_at_most_all_of_them_and_the_end_of_the_old() -> None:
    away = f"for about {7 + release._START_S} s, at most 58 s"
    assert absence(spec(mounts=DATA), "online") == f"online: app is away {away}"
    assert f"then away {away}; undone with its data" in absence(spec(mounts=DATA), "offline")


def test_whoever_holds_nothing_alone_is_away_only_when_stopped_on_purpose() -> None:
    assert "never away" in absence(spec(), "online")
    assert absence(spec(), "offline") == absence(spec(mounts=DATA), "offline")
