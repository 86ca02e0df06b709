"""The CRM as specifications: services, what is backed up, and the phases of a release."""

import json
from typing import Any, cast

import pytest

import settings
from components.apps.crm import postgres
from components.apps.crm.layout import PASSWORD_FILE, Names, addresses, service_names
from components.apps.crm.release import Releases
from components.apps.crm.services import backend
from components.apps.crm.services import postgres as database
from components.apps.surroundings import Surroundings
from components.swarm.secret import SecretFile
from components.swarm.service import Attachment, ServiceSpec
from tests.unit.stack_files import CRM, IMAGE, STRONG, changed, raw

OTHER = IMAGE.replace("a1", "b2")
ACME = {"email": "certificates@example.com", "ca_certificate": None}
PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
GIB = 2**30


def estate_of(changes: dict[str, object]) -> settings.Estate:
    return settings.load(raw(changed({**CRM, **changes})), "test")


def around(changes: dict[str, object]) -> Surroundings[settings.Crm]:
    estate = estate_of(changes)
    assert estate.crm
    assert estate.edge
    return Surroundings(
        settings=estate.crm,
        edge=estate.edge,
        public=Attachment(network="public-id", name="traefik_public"),
        private=Attachment(network="private-id", name="crm_internal"),
        labels={"estate.system": "crm"},
        pinned=["node.hostname==vps-1"],
    )


def file_at(target: str, family: str = "family") -> SecretFile:
    return SecretFile(
        name=f"{family}_0123456789ab",
        id="secret-id",
        target=target,
        resource=cast("Any", None),
    )


def backend_of(changes: dict[str, object]) -> ServiceSpec:
    at = around(changes)
    return backend(at, file_at(at.settings.paths.env_file))


def database_of(changes: dict[str, object]) -> ServiceSpec:
    return database(around(changes), file_at(PASSWORD_FILE))


def releases(changes: dict[str, object]) -> Releases:
    estate = estate_of(changes)
    assert estate.crm
    assert estate.crm_secrets
    assert estate.edge
    assert estate.tools
    return Releases(
        at=around(changes),
        secrets=estate.crm_secrets,
        backup_secrets=estate.backup_secrets,
        tools=estate.tools,
        env=file_at(estate.crm.paths.env_file, "crm_backend_env"),
        password=file_at(PASSWORD_FILE, "crm_postgres_password"),
    )


def plan(changes: dict[str, object]) -> dict[str, Any]:
    phase = releases(changes).backup()
    assert phase
    return cast("dict[str, Any]", phase.given["plan"])


def test_the_backend_updates_start_first_although_it_writes_files() -> None:
    spec = backend_of({})
    assert [(mount.source, mount.target) for mount in spec.mounts] == [
        ("crm_uploads", "/app/uploads"),
        ("crm_logs", "/app/logs"),
    ]
    assert spec.all_labels["estate.update-order"] == (
        "start-first: two may write crm_uploads and crm_logs"
    )


def test_the_database_updates_stop_first_and_has_the_time_to_close() -> None:
    spec = database_of({})
    assert spec.all_labels["estate.update-order"] == "stop-first: one writer of crm_postgres"
    assert [mount.target for mount in spec.mounts] == ["/var/lib/postgresql/data"]
    assert (spec.stop_signal, spec.stop_grace_s) == ("SIGINT", 120)


def test_the_database_is_reached_on_the_private_network_alone() -> None:
    spec = database_of({"crm.postgres.name": "crm-postgres-dev"})
    assert [(network.name, list(network.aliases)) for network in spec.networks] == [
        ("crm_internal", ["crm-postgres-dev"])
    ]
    assert list(spec.ports) == []
    assert not [label for label in spec.labels if label.startswith("traefik")]


def test_the_backend_answers_under_its_domains_and_a_short_private_name() -> None:
    spec = backend_of({
        "crm.backend.port": 3002,
        "crm.backend.extra_domains": ["old.example.com"],
        "edge.acme": ACME,
    })
    assert [(network.name, list(network.aliases)) for network in spec.networks] == [
        ("traefik_public", []),
        ("crm_internal", ["backend"]),
    ]
    assert list(spec.ports) == []
    router = "traefik.http.routers.crm-backend"
    server = "traefik.http.services.crm-backend.loadbalancer.server.port"
    assert spec.labels[f"{router}.rule"] == "Host(`api.example.com`) || Host(`old.example.com`)"
    assert spec.labels[f"{router}.entrypoints"] == "websecure"
    assert spec.labels[server] == "3002"


def test_the_backend_is_told_its_release_in_the_open_and_nothing_else() -> None:
    env = backend_of({"crm.release_sha": "2f1c9d0a7b3e"}).env
    assert env == {"RELEASE_SHA": "2f1c9d0a7b3e"}


def test_both_are_asked_whether_they_serve() -> None:
    check = backend_of({"crm.verify.path": "/healthz", "crm.verify.status": 204}).healthcheck
    probe = "fetch('http://127.0.0.1:3001/healthz').then(r=>process.exit(r.status===204?0:1))"
    assert list(check.test) == ["CMD", "node", "-e", f"{probe}.catch(()=>process.exit(1))"]
    assert (check.interval_s, check.timeout_s, check.retries, check.start_period_s) == (
        10,
        3,
        5,
        30,
    )
    check = database_of({}).healthcheck
    assert list(check.test) == [
        *("CMD", "pg_isready", "-h", "127.0.0.1", "-U", "crm_user", "-d", "crm_whatsapp_saas")
    ]
    assert check.interval_s == 10


def test_secrets_are_files() -> None:
    assert [one.target for one in backend_of({"crm.paths.env_file": "/srv/.env"}).secrets] == [
        "/srv/.env"
    ]
    spec = database_of({})
    assert spec.env == {
        "POSTGRES_USER": "crm_user",
        "POSTGRES_DB": "crm_whatsapp_saas",
        "POSTGRES_PASSWORD_FILE": "/run/secrets/postgres_password",
    }
    assert [one.target for one in spec.secrets] == ["/run/secrets/postgres_password"]


@pytest.mark.parametrize("make", [backend_of, database_of])
def test_a_service_stays_beside_its_volumes_with_the_memory_of_the_settings(make: Any) -> None:  # noqa: ANN401 - either
    spec = make({})
    assert list(spec.constraints) == ["node.hostname==vps-1"]
    assert (spec.memory_limit, spec.memory_reservation) == (GIB, GIB // 4)


def test_the_memory_of_postgres_follows_from_its_limit() -> None:
    assert postgres.arguments(GIB) == [
        "postgres",
        *("-c", "max_connections=100"),
        *("-c", "shared_buffers=262144kB"),
        *("-c", "effective_cache_size=786432kB"),
        *("-c", "work_mem=2621kB"),
        *("-c", "maintenance_work_mem=65536kB"),
        *("-c", "client_connection_check_interval=10s"),
    ]
    assert list(database_of({"crm.postgres.memory_limit": "2G"}).args) == (
        postgres.arguments(2 * GIB)
    )


@pytest.mark.parametrize("mebibytes", [16, 256, 1024, 65536])
def test_postgres_is_never_given_more_than_its_limit_or_less_than_it_takes(mebibytes: int) -> None:
    given = dict(part.split("=") for part in postgres.arguments(mebibytes * 2**20)[2::2])
    sizes = {
        name: text for name, text in given.items() if name != "client_connection_check_interval"
    }
    size = {name: int(text.removesuffix("kB")) for name, text in sizes.items()}
    assert size["shared_buffers"] + size["effective_cache_size"] <= mebibytes * 1024
    assert size["shared_buffers"] + size["maintenance_work_mem"] <= mebibytes * 1024
    assert size["work_mem"] >= 64
    assert size["maintenance_work_mem"] >= 1024


def test_database_and_files_are_backed_up() -> None:
    assert plan({"crm.backup.keep": 7}) == {
        "job": {
            "name": "crm_backup",
            "image": IMAGE,
            "constraints": ["node.hostname==vps-1"],
            "labels": {"estate.system": "crm"},
        },
        "volume": "crm_backups",
        "keep": 7,
        "release": "a1" * 6,
        "sources": [
            {
                "kind": "postgres",
                "name": "database",
                "image": IMAGE,
                "network": "crm_internal",
                "host": "crm-postgres",
                "port": 5432,
                "user": "crm_user",
                "database": "crm_whatsapp_saas",
                "password_secret": "crm_postgres_password_0123456789ab",
            },
            {"kind": "folder", "name": "uploads", "volume": "crm_uploads"},
            {"kind": "folder", "name": "logs", "volume": "crm_logs"},
        ],
        "timeout_s": 1800,
    }


def test_the_dump_is_made_by_the_servers_own_image() -> None:
    sources = plan({"crm.postgres.image": OTHER})["sources"]
    assert sources[0]["image"] == OTHER


def test_a_stack_may_do_without_backups() -> None:
    assert releases({"crm.backup.enabled": False}).backup() is None


def test_the_migration_runs_the_new_image_beside_the_database() -> None:
    phase = releases({"crm.image": OTHER, "crm.backend.memory_limit": "256M"}).migrate()
    job = cast("dict[str, Any]", phase.given["job"])
    assert job["name"] == "crm_migrate"
    assert job["image"] == OTHER
    assert job["command"][:2] == ["sh", "-c"]
    assert job["command"][-1].endswith(" && exec npx prisma migrate deploy")
    assert job["networks"] == [{"name": "crm_internal"}]
    assert job["secrets"] == [{"name": "crm_backend_env_0123456789ab", "target": "/app/.env"}]
    assert job["constraints"] == ["node.hostname==vps-1"]
    assert job["memory_limit"] == GIB // 2


def test_a_seed_runs_only_where_one_is_named() -> None:
    assert releases({}).seed() is None
    phase = releases({"crm.seed": "npm run seed"}).seed()
    assert phase
    job = cast("dict[str, Any]", phase.given["job"])
    assert job["command"] == ["sh", "-c", "cd /app && npm run seed"]


def test_another_seed_runs_again() -> None:
    one = releases({"crm.seed": "npm run seed"}).seed()
    two = releases({"crm.seed": "npm run seed:more"}).seed()
    assert one
    assert two
    assert one.triggers != two.triggers


def test_a_release_is_asked_from_outside_for_what_the_settings_say() -> None:
    asked = {"body": '"database":"ok"', "release": "release", "attempts": 20, "interval": "2s"}
    changes = {
        "crm.verify": asked,
        "edge.acme": {**ACME, "ca_certificate": PEM},
    }
    verify = releases(changes).backend().verify
    assert {**verify, "smoke": None} == {
        "smoke": None,
        "questions": [
            {
                "url": "https://api.example.com/api/health",
                "status": 200,
                "body": '"database":"ok"',
                "release_key": "release",
            }
        ],
        "attempts": 20,
        "interval_s": 2,
        "ca_certificate": PEM,
    }


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_who_writes_is_known_in_both_modes_because_a_restore_stops_them_too(mode: str) -> None:
    transaction = releases({"crm.migrations": mode}).backend()
    assert (transaction.mode, list(transaction.writers)) == (mode, ["crm-backend"])
    assert (transaction.app, transaction.service) == ("crm", "crm-backend")


def test_no_secret_stands_in_what_is_shown_of_a_release() -> None:
    made = releases({
        "crm.seed": "npm run seed",
        "crmSecrets.env": {"JWT_SECRET": "canary" * 6},
        "backupSecrets.RESTIC_PASSWORD": "restic-canary" * 3,
    })
    phases = [made.backup(), made.migrate(), made.seed(), made.backend().switch(backend_of({}))]
    shown = json.dumps([[phase.given, phase.triggers] for phase in phases if phase])
    assert len(shown) > 1000
    assert "canary" not in shown
    assert STRONG not in shown
    hidden = made.backend().secrets["hidden"]
    assert "canary" * 6 in json.dumps(hidden)
    assert STRONG in json.dumps(hidden)


def test_the_names_of_a_stack_follow_from_its_prefix() -> None:
    assert Names("crm-dev").volumes == (
        *("crm-dev_postgres", "crm-dev_uploads", "crm-dev_logs", "crm-dev_backups"),
    )
    crm = around({"crm.backend.name": "crm-backend-dev"}).settings
    assert service_names(crm) == {"crm": "crm-backend-dev", "crm-postgres": "crm-postgres"}
    at = around({"edge.http_port": 8080})
    assert addresses(at.settings, at.edge) == {"crm": "http://api.example.com:8080/api/health"}
