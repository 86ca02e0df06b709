"""What every service of the estate has, whichever it is, and what only some may have."""

import base64
from typing import Any

import pytest

from components.edge.docker_filter import FILTER_COMMAND, FILTER_FILE, filter_config
from components.swarm.order import HostPort, Mount, update_order
from tests.unit.declared import Registered, Resource, declared
from tests.unit.stack_files import CRM, ERP, IMAGE

DASHBOARD = {"domain": "admin.example.com", "image": IMAGE, "allow": ["203.0.113.0/24"]}
ACME = {"email": "certificates@example.com"}
STORES = ("db", "redis-cache", "redis-queue", "redis-socketio")
OF_THE_IMAGE = (
    *("backend", "frontend", "queue-default", "queue-long", "queue-short"),
    *("scheduler", "websocket"),
)
ERP_PARTS = sorted({*STORES, *OF_THE_IMAGE})
SERVICES = [
    "crm-backend",
    "crm-postgres",
    "crm_copies",
    "crm_copies_database",
    *sorted([*(f"erp_{part}" for part in ERP_PARTS), "erp_copies", "erp_copies_sites"]),
    "npm",
    "sistema_convex_backend",
    "sistema_convex_dashboard",
    "sistema_copies",
    "sistema_cron",
    "sistema_web",
    "traefik",
    "traefik_docker",
]


@pytest.fixture(scope="module")
def estate() -> Registered:
    return declared({**CRM, **ERP, "tickets.dashboard": DASHBOARD, "edge.acme": ACME})


@pytest.fixture(params=SERVICES)
def one(estate: Registered, request: pytest.FixtureRequest) -> Resource:
    return estate[f"Service:{request.param}"]


def fields(value: object) -> set[str]:
    """Every path of a nested mapping."""
    if not isinstance(value, dict):
        return set()
    return set(value) | {f"{name}.{below}" for name in value for below in fields(value[name])}


def test_the_estate_has_these_services_and_no_other(estate: Registered) -> None:
    assert sorted(estate.of("Service")) == SERVICES


def test_a_service_leaves_no_field_to_a_default_of_docker_or_of_the_provider(one: Resource) -> None:
    rollout = {"parallelism", "delay", "failureAction", "monitor", "maxFailureRatio", "order"}
    wanted = {
        *("name", "labels", "mode.replicated.replicas", "endpointSpec.mode"),
        *(f"updateConfig.{name}" for name in rollout),
        *(f"rollbackConfig.{name}" for name in rollout),
        *("convergeConfig.delay", "convergeConfig.timeout"),
        *("taskSpec.forceUpdate", "taskSpec.runtime", "taskSpec.networksAdvanceds"),
        *("taskSpec.resources.limits.memoryBytes", "taskSpec.resources.reservation.memoryBytes"),
        *(
            f"taskSpec.restartPolicy.{name}"
            for name in ("condition", "delay", "maxAttempts", "window")
        ),
        *("taskSpec.logDriver.name", "taskSpec.logDriver.options"),
        *("taskSpec.placement.constraints",),
        *(
            f"taskSpec.containerSpec.{name}"
            for name in ("image", "env", "stopSignal", "stopGracePeriod", "mounts", "secrets")
        ),
        *(
            f"taskSpec.containerSpec.healthcheck.{name}"
            for name in ("tests", "interval", "timeout", "retries", "startPeriod")
        ),
    }
    assert wanted - fields(one.inputs) == set()


def test_a_failed_update_is_rolled_back_and_waited_for(one: Resource) -> None:
    assert one.inputs["updateConfig"]["failureAction"] == "rollback"
    assert one.inputs["updateConfig"]["maxFailureRatio"] == "0.0"
    assert one.inputs["convergeConfig"]["timeout"] not in {"", "0s"}
    assert one.inputs["taskSpec"]["restartPolicy"]["condition"] == "any"


def test_a_service_has_a_memory_limit_a_health_check_and_a_rotated_log(one: Resource) -> None:
    task = one.inputs["taskSpec"]
    limit, reserved = task["resources"]["limits"], task["resources"]["reservation"]
    assert 0 < reserved["memoryBytes"] <= limit["memoryBytes"]
    assert one.container["healthcheck"]["tests"][0] == "CMD"
    assert task["logDriver"] == {
        "name": "json-file",
        "options": {"max-size": "10m", "max-file": "3"},
    }


def test_a_service_runs_once_on_an_image_with_a_digest(one: Resource) -> None:
    assert one.inputs["mode"] == {"replicated": {"replicas": 1.0}}
    assert "@sha256:" in one.container["image"]


def test_a_service_says_who_made_it_and_why_it_updates_in_its_order(one: Resource) -> None:
    order = one.inputs["updateConfig"]["order"]
    assert one.labels["estate.stack"] == "prod"
    assert one.labels["estate.system"] in {"edge", "tickets", "crm", "npm", "erp"}
    assert one.labels["estate.update-order"].startswith(f"{order}: ")
    assert one.inputs["rollbackConfig"]["order"] == order


def test_what_writes_or_holds_a_port_stops_first_and_the_rest_starts_first(
    estate: Registered,
) -> None:
    order = {
        name: one.inputs["updateConfig"]["order"] for name, one in estate.of("Service").items()
    }
    assert order == {
        "crm-backend": "start-first",
        "crm-postgres": "stop-first",
        "crm_copies": "stop-first",
        "crm_copies_database": "stop-first",
        **dict.fromkeys((f"erp_{part}" for part in ERP_PARTS), "start-first"),
        "erp_copies": "stop-first",
        "erp_copies_sites": "stop-first",
        "erp_db": "stop-first",
        "erp_redis-queue": "stop-first",
        "erp_scheduler": "stop-first",
        "npm": "stop-first",
        "sistema_convex_backend": "stop-first",
        "sistema_convex_dashboard": "start-first",
        "sistema_copies": "stop-first",
        "sistema_cron": "start-first",
        "sistema_web": "stop-first",
        "traefik": "stop-first",
        "traefik_docker": "start-first",
    }


def test_only_the_proxies_publish_ports_and_only_on_the_host_itself(estate: Registered) -> None:
    ports = {
        name: [(port["publishedPort"], port["publishMode"]) for port in endpoint["ports"]]
        for name, endpoint in (
            (name, one.inputs["endpointSpec"]) for name, one in estate.of("Service").items()
        )
    }
    assert ports.pop("traefik") == [(80, "host"), (443, "host")]
    # Not the port of its administration.
    assert ports.pop("npm") == [(8088, "host"), (8443, "host")]
    assert set(map(str, ports.values())) == {"[]"}


def test_no_service_depends_on_ipvs(one: Resource) -> None:
    assert one.inputs["endpointSpec"]["mode"] == "dnsrr"


def test_short_names_answer_on_the_private_network_only(estate: Registered) -> None:
    aliases: dict[str, Any] = {}
    for name, one in estate.of("Service").items():
        for network in one.inputs["taskSpec"]["networksAdvanceds"]:
            aliases.setdefault(network["id"], {})[name] = network["aliases"]
    assert aliases["sistema_internal-id"] == {
        "sistema_convex_backend": ["convex_backend"],
        "sistema_convex_dashboard": ["convex_dashboard"],
        "sistema_copies": [],
        "sistema_cron": [],
        "sistema_web": ["web"],
    }
    assert aliases["crm_internal-id"] == {
        "crm-backend": ["backend"],
        "crm-postgres": ["crm-postgres"],
        "crm_copies": [],
        "crm_copies_database": [],
    }
    copies: dict[str, list[str]] = {"erp_copies": [], "erp_copies_sites": []}
    parts = {f"erp_{part}": [part] for part in ERP_PARTS}
    assert aliases["erp_internal-id"] == {**parts, **copies}
    for network in ("traefik_public-id", "traefik_docker-id", "proxy-id", "npm_internal-id"):
        assert not any(aliases[network].values())
    assert set(aliases["proxy-id"]) == {"npm", "erp_frontend"}


def test_nothing_but_the_filter_sees_the_docker_socket(estate: Registered) -> None:
    holders = {
        name: mount["readOnly"]
        for name, one in estate.of("Service").items()
        for mount in one.container["mounts"]
        if mount["source"].endswith("docker.sock")
    }
    assert holders == {"traefik_docker": True}
    assert estate["Network:traefik_docker"].inputs["internal"] is True


def test_the_filter_runs_on_the_configuration_that_is_ours(estate: Registered) -> None:
    container = estate["Service:traefik_docker"].container
    assert container["commands"] == list(FILTER_COMMAND)
    assert container["env"] == {}
    (given,) = container["secrets"]
    assert given["fileName"] == FILTER_FILE == FILTER_COMMAND[-1]
    data = estate[f"Secret:{given['secretName']}"].inputs["data"]
    assert base64.b64decode(data).decode() == filter_config()


def test_convex_is_ended_with_sigint_and_has_the_time_to_close_its_database(
    estate: Registered,
) -> None:
    convex = estate["Service:sistema_convex_backend"]
    assert convex.container["stopSignal"] == "SIGINT"
    assert convex.container["stopGracePeriod"] == "1m"
    assert convex.labels["estate.update-order"] == "stop-first: one writer of sistema_convex_data"


@pytest.mark.parametrize(
    "service",
    [
        *("sistema_web", "sistema_convex_backend", "crm-backend", "crm-postgres"),
        *("npm", "erp_backend", "erp_db", "erp_queue-long", "erp_redis-queue"),
    ],
)
def test_a_service_with_data_stays_beside_its_volumes(service: str) -> None:
    here = declared({**CRM, **ERP, "hosts.vps.node": "vps-1"})[f"Service:{service}"]
    assert here.inputs["taskSpec"]["placement"]["constraints"] == ["node.hostname==vps-1"]
    alone = declared({**CRM, **ERP})[f"Service:{service}"]
    assert alone.inputs["taskSpec"]["placement"]["constraints"] == ["node.role==manager"]


def test_no_secret_stands_in_a_service() -> None:
    planted = {
        f"ticketsSecrets.{name}": f"{index}canary{index}" * 8
        for index, name in enumerate((
            "BETTER_AUTH_SECRET",
            "MACHINE_PROVISIONING_SECRET",
            "SMTP_PASSWORD",
        ))
    }
    crm = {
        "crmSecrets": {"POSTGRES_PASSWORD": "ca" * 32, "env": {"JWT_SECRET": "canary" * 6}},
        "backupSecrets.RESTIC_PASSWORD": "restic-canary" * 3,
    }
    erp = {
        "npmSecrets.ADMIN_PASSWORD": "npm-canary" * 3,
        "erpSecrets.MARIADB_ROOT_PASSWORD": "root-canary" * 3,
        "erpSecrets.tenants.acme.ADMIN_PASSWORD": "acme-canary" * 3,
    }
    estate = declared({
        **CRM,
        **ERP,
        **erp,
        **planted,
        **crm,
        "dnsSecrets.CLOUDFLARE_API_TOKEN": "9canary9",
    })
    assert any("canary" in str(one.inputs) for one in estate.values())
    for name, one in estate.of("Service").items():
        assert "canary" not in str(one.inputs), name
        assert "ca" * 32 not in str(one.inputs), name


def test_production_has_the_memory_of_the_runbook(estate: Registered) -> None:
    resources = {
        name: estate[f"Service:{name}"].inputs["taskSpec"]["resources"]
        for name in ("sistema_convex_backend", "sistema_web")
    }
    gib = 2**30
    assert resources["sistema_convex_backend"]["limits"]["memoryBytes"] == 20 * gib
    assert resources["sistema_convex_backend"]["reservation"]["memoryBytes"] == 8 * gib
    assert resources["sistema_web"]["limits"]["memoryBytes"] == 2 * gib
    assert resources["sistema_web"]["reservation"]["memoryBytes"] == gib // 2


def test_the_health_check_of_web_is_the_runbooks(estate: Registered) -> None:
    check = estate["Service:sistema_web"].container["healthcheck"]
    probe = "fetch('http://localhost:3000').then(r=>process.exit(r.ok?0:1))"
    assert check == {
        "tests": ["CMD", "node", "-e", f"{probe}.catch(()=>process.exit(1))"],
        "interval": "10s",
        "timeout": "3s",
        "retries": 5.0,
        "startPeriod": "30s",
    }


def test_no_recurring_call_means_no_service_for_it() -> None:
    off = {"tickets.cron.chat_cleanup": None, "tickets.cron.usb_cleanup": None}
    assert "sistema_cron" not in declared(off).of("Service")


VOLUME = Mount(kind="volume", source="data", target="/data")
SOCKET = Mount(kind="bind", source="/run/x.sock", target="/run/x.sock", read_only=True)
SHARED = Mount(kind="volume", source="files", target="/files", shared=True)
LOGS = Mount(kind="volume", source="logs", target="/logs", shared=True)
PORT = HostPort(target=80, published=8080)


@pytest.mark.parametrize(
    ("mounts", "ports", "order", "reason"),
    [
        ([], [], "start-first", "holds nothing that two tasks cannot share"),
        ([SOCKET], [], "start-first", "holds nothing that two tasks cannot share"),
        ([VOLUME], [], "stop-first", "one writer of data"),
        ([SOCKET, VOLUME], [], "stop-first", "one writer of data"),
        ([SHARED], [], "start-first", "two may write files"),
        ([SOCKET, SHARED, LOGS], [], "start-first", "two may write files and logs"),
        ([SHARED, VOLUME], [], "stop-first", "one writer of data"),
        ([SHARED], [PORT], "stop-first", "holds port 8080 of the host"),
        ([], [PORT], "stop-first", "holds port 8080 of the host"),
        ([VOLUME], [PORT], "stop-first", "one writer of data"),
    ],
)
def test_the_order_of_an_update_follows_from_mounts_and_ports(
    mounts: list[Mount], ports: list[HostPort], order: str, reason: str
) -> None:
    chosen = update_order(mounts, ports)
    assert (chosen.order, chosen.reason) == (order, reason)
