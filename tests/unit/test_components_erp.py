"""The ERP as declared: how it is started and asked, and what becomes of a customer."""

import json
import re
from typing import Any

import pytest

import settings
from components.apps.erp import probes, tenants
from components.apps.erp.layout import addresses, service_names
from steps.erp.inputs import Sites
from steps.npm.hosts import ProxyHosts
from steps.npm.inputs import Certificates, nice_name
from steps.release.plan import Plan, Wave
from tests.unit.declared import Registered, Resource, declared
from tests.unit.stack_files import ERP, GONE, IMAGE, STRONG, changed, raw

ACME = {"npm.acme": {}, "npm.http_port": 80, "npm.https_port": 443, "edge.http_port": 8080}
ACME |= {"edge.https_port": 8444}
CANARY = "canary-of-the-administrator"


@pytest.fixture(scope="module")
def estate() -> Registered:
    return declared(ERP)


def loaded(changes: dict[str, object]) -> tuple[settings.Erp, settings.Npm, settings.ErpSecrets]:
    estate = settings.load(raw(changed({**ERP, **changes})), "test")
    assert estate.erp
    assert estate.npm
    assert estate.erp_secrets
    return estate.erp, estate.npm, estate.erp_secrets


def hosts_of(changes: dict[str, object]) -> dict[str, Any]:
    erp, npm, _ = loaded(changes)
    return tenants.proxy_hosts(erp, npm)


def site_of(changes: dict[str, object], name: str = "acme") -> dict[str, Any]:
    erp, npm, _ = loaded(changes)
    return tenants.sites(erp, npm)[name]


def test_every_text_of_the_database_is_utf8mb4_whatever_a_client_says(estate: Registered) -> None:
    args = declared({**ERP, "erp.mariadb.memory_limit": "1G"})["Service:erp_db"].container["args"]
    assert args == [
        "mariadbd",
        "--character-set-server=utf8mb4",
        "--collation-server=utf8mb4_unicode_ci",
        "--skip-character-set-client-handshake",
        f"--innodb-buffer-pool-size={2**29}",
    ]
    env = estate["Service:erp_db"].container["env"]
    assert env["MARIADB_ROOT_PASSWORD_FILE"] == "/run/secrets/mariadb_root_password"


def test_only_the_queue_keeps_its_data_and_never_throws_a_job_away(estate: Registered) -> None:
    args = {
        kind: " ".join(estate[f"Service:erp_redis-{kind}"].container["args"])
        for kind in ("cache", "queue", "socketio")
    }
    assert "noeviction --appendonly yes" in args["queue"]
    for kind in ("cache", "socketio"):
        assert "allkeys-lru --appendonly no" in args[kind]
        assert estate[f"Service:erp_redis-{kind}"].container["mounts"] == []
    (mount,) = estate["Service:erp_redis-queue"].container["mounts"]
    assert (mount["source"], mount["target"]) == ("erp_redis-queue-data", "/data")


def test_the_three_workers_take_their_own_queue_first_and_may_end_the_job_begun(
    estate: Registered,
) -> None:
    found = {
        kind: estate[f"Service:erp_queue-{kind}"].container for kind in ("default", "long", "short")
    }
    queues = {kind: container["args"][-1] for kind, container in found.items()}
    assert queues == {
        "default": "default,short",
        "long": "long,default,short",
        "short": "short,default",
    }
    graces = {kind: container["stopGracePeriod"] for kind, container in found.items()}
    assert graces == {"default": "5m", "long": "25m", "short": "5m"}


def test_the_frontend_keeps_the_name_by_which_frappe_picks_the_site(estate: Registered) -> None:
    (shell, flag, script) = estate["Service:erp_frontend"].container["args"]
    assert (shell, flag) == ("bash", "-c")
    assert "export FRAPPE_SITE_NAME_HEADER='$host'; " in script
    assert "export BACKEND=backend:8000; " in script
    assert "export SOCKETIO=websocket:9000; " in script
    assert script.endswith("exec nginx-entrypoint.sh")


def test_the_frontend_starts_after_what_it_looks_up_at_its_start(estate: Registered) -> None:
    before = estate.before("Service:erp_frontend")
    assert {"Service:erp_backend", "Service:erp_websocket"} <= before


def test_the_frontend_finds_a_backend_that_has_moved_by_starting_again() -> None:
    script = probes.frontend().test[-1]
    assert script.endswith('[ "$code" -lt 500 ]')
    assert "http://127.0.0.1:8080/api/method/ping" in script


def test_a_worker_is_alive_while_its_sign_of_life_is_in_the_queue() -> None:
    script = probes.worker().test[-1]
    assert script == (
        "exec 3<>/dev/tcp/redis-queue/6379;"
        ' printf "KEYS rq:worker:*$HOSTNAME*\\r\\nQUIT\\r\\n" >&3; grep -q "$HOSTNAME" <&3'
    )


def test_a_service_of_the_image_has_one_plain_variable_and_sees_the_sites(
    estate: Registered,
) -> None:
    for part in ("backend", "frontend", "websocket", "scheduler", "queue-long"):
        container = estate[f"Service:erp_{part}"].container
        assert set(container["env"]) == {"RELEASE_SHA"}
        assert {mount["source"]: mount["target"] for mount in container["mounts"]} == {
            "erp_frappe-sites": "/home/frappe/frappe-bench/sites",
            "erp_frappe-logs": "/home/frappe/frappe-bench/logs",
        }


def test_no_volume_hides_the_assets_of_the_next_image(estate: Registered) -> None:
    volumes = {name for name in estate.of("Volume") if name.startswith(("erp", "npm"))}
    assert volumes == {
        *("erp_db-data", "erp_redis-queue-data", "erp_frappe-sites", "erp_frappe-logs"),
        *("erp_backups", "npm_data", "npm_letsencrypt"),
    }


@pytest.mark.parametrize("part", ["backend", "frontend", "websocket", "scheduler", "queue-short"])
def test_nothing_of_the_image_starts_on_a_volume_without_configuration(
    estate: Registered, part: str
) -> None:
    assert "Command:erp-configure" in estate.before(f"Service:erp_{part}")


def test_the_configuration_says_where_database_and_redis_are(estate: Registered) -> None:
    phases = estate["Command:erp-configure"].step["phases"]
    script = phases[-1]["job"]["command"][-1]
    assert re.findall(r"redis_(\w+) redis://redis-(\w+):6379", script) == [
        *(("cache", "cache"), ("queue", "queue"), ("socketio", "socketio")),
    ]
    assert "set -eu" in script
    assert "db_host db" in script


def test_a_release_is_configured_goes_through_the_sites_and_is_asked_from_outside(
    estate: Registered,
) -> None:
    steps = {name: one.step for name, one in estate.of("Command").items() if name.startswith("erp")}
    assert list(steps) == ["erp-configure", "erp-wave", "erp-verify"]
    for step in steps.values():
        plan = Plan.model_validate_json(json.dumps(step))
        assert (plan.mode, plan.service) == ("offline", "erp_backend")
        # What answers requests is stopped last: a worker may take long to end its job.
        assert plan.writers[-3:] == ("erp_frontend", "erp_websocket", "erp_backend")
        assert len(plan.writers) == 7
    (question,) = Plan.model_validate_json(json.dumps(steps["erp-verify"])).verify.questions
    assert question.url == "http://acme.erp.example.com:8088/api/method/ping"


def wave_of(changes: dict[str, object]) -> Wave:
    step = declared({**ERP, **changes})["Command:erp-wave"].step
    phase = Plan.model_validate_json(json.dumps(step)).phases[-1]
    assert isinstance(phase, Wave)
    return phase


def test_a_wave_takes_the_canary_first_and_keeps_copies_of_each_site() -> None:
    waves = {"canary": "globex", "batch": 7, "on_failure": "stop"}
    wave = wave_of({"erp.waves": waves, "erp.backup": {"keep": 9}, "erp.job_limit": "20m"})
    assert (wave.canary, wave.batch, wave.on_failure) == ("globex.erp.example.com", 7, "stop")
    assert (wave.copies, wave.keep, wave.site_limit_s) == ("erp_backups", 9, 1200)
    assert wave_of({}).canary is None


def test_a_wave_switches_what_answers_and_leaves_the_workers_until_it_is_over() -> None:
    wave = wave_of({})
    assert [one.name for one in wave.services] == ["erp_backend", "erp_websocket", "erp_frontend"]
    assert wave.bench.name == "erp_wave"
    assert wave.bench.network == "erp_internal"
    assert {mount.source for mount in wave.bench.mounts} == {"erp_frappe-sites", "erp_frappe-logs"}
    assert wave.url == "http://frontend:8080/api/method/ping"


def test_a_preview_says_in_words_what_a_wave_does() -> None:
    waves = {"canary": "acme", "on_failure": "stop"}
    environment = declared({**ERP, "erp.waves": waves})["Command:erp-wave"].inputs["environment"]
    words = environment["IN_WORDS"]
    assert words == (
        "offline: sites closed, acme.erp.example.com first, then 5 at a time; "
        "one that fails gets its data back and stays closed, no other is begun"
    )


def test_only_another_image_or_release_begins_a_wave() -> None:
    before = declared(ERP)["Command:erp-wave"].inputs["triggers"]
    for change in (
        {"erp.tenants.initech": {}, "erpSecrets.tenants.initech": {"ADMIN_PASSWORD": STRONG}},
        {"erp.waves": {"batch": 50}},
        {"erp.backend": {"memory_limit": "2G"}},
        {"erpSecrets.MARIADB_ROOT_PASSWORD": STRONG[::-1]},
    ):
        assert declared({**ERP, **change})["Command:erp-wave"].inputs["triggers"] == before
    other = {"erp.image": IMAGE.replace("a1", "b2")}
    assert declared({**ERP, **other})["Command:erp-wave"].inputs["triggers"] != before


def test_the_sites_are_what_the_provider_takes() -> None:
    inputs = entries(declared({**ERP, **ACME})["Sites:erp-sites"])
    sites = Sites.model_validate_json(json.dumps(inputs)).sites
    assert sites["acme"].site == "acme.erp.example.com"
    assert (sites["acme"].maintenance, sites["acme"].scheduler) == (False, True)


def test_a_site_comes_after_the_services_and_a_host_after_its_site(estate: Registered) -> None:
    assert {"Service:erp_backend", "Service:erp_db"} <= estate.before("Sites:erp-sites")
    assert {"Sites:erp-sites", "Service:npm"} <= estate.before("ProxyHosts:erp-hosts")
    assert "DnsRecord:*.erp.example.com-A" in estate.before("ProxyHosts:erp-hosts")
    assert "ProxyHosts:erp-hosts" in estate.before("Command:erp-verify")


def test_a_certificate_is_asked_for_once_the_name_leads_here_and_before_its_host() -> None:
    estate = declared({**ERP, **ACME})
    before = estate.before("Certificates:erp-certificates")
    assert {"DnsRecord:*.erp.example.com-A", "Sites:erp-sites", "Service:npm"} <= before
    assert "Certificates:erp-certificates" in estate.before("ProxyHosts:erp-hosts")


def test_without_an_authority_there_is_no_certificate(estate: Registered) -> None:
    assert estate.of("Certificates") == {}


def entries(one: Resource) -> dict[str, Any]:
    """The inputs of a resource of the proxy as its program reads them."""
    return {key: value for key, value in one.inputs.items() if not key.startswith("__")}


def test_the_proxy_is_asked_by_jobs_on_a_network_of_its_own(estate: Registered) -> None:
    given = ProxyHosts.model_validate(_json(entries(estate["ProxyHosts:erp-hosts"])), strict=False)
    assert (given.url, given.network) == ("http://npm:81", "npm_internal")
    assert given.identity == "admin@example.com"
    assert given.password_secret in estate.of("Secret")
    host = given.hosts["acme"]
    assert (host.forward_host, host.forward_port) == ("erp_frontend", 8080)
    assert (host.allow_websocket_upgrade, host.enabled) == (True, True)
    assert host.domain_names == ("acme.erp.example.com",)
    assert (host.certificate, host.ssl_forced) == (None, False)


def test_with_an_authority_every_name_is_forced_to_https() -> None:
    changes = {**ACME, "erp.tenants.acme": {"domains": ["acme.example.com"]}}
    estate = declared({**ERP, **changes})
    one = estate["Certificates:erp-certificates"]
    certificates = Certificates.model_validate(_json(entries(one)), strict=False).certificates
    hosts = ProxyHosts.model_validate(
        _json(entries(estate["ProxyHosts:erp-hosts"])), strict=False
    ).hosts
    assert hosts.keys() == certificates.keys() == {"acme", "globex"}
    for name, host in hosts.items():
        assert host.certificate == nice_name(name, certificates[name].model_dump())
        assert (host.ssl_forced, host.http2_support, host.hsts_enabled) == (True, True, True)
    assert hosts["acme"].domain_names == ("acme.erp.example.com", "acme.example.com")


def test_jobs_of_one_proxy_have_different_names() -> None:
    estate = declared({**ERP, **ACME})
    names = [
        estate[key].inputs["job"]["name"]
        for key in ("Certificates:erp-certificates", "ProxyHosts:erp-hosts")
    ]
    assert names == ["npm_certificates", "npm_hosts"]


def test_a_host_of_several_names_asks_for_its_one_site() -> None:
    host = hosts_of({"erp.tenants.acme": {"domains": ["a.example.com"], "foreign": ["a.net"]}})[
        "acme"
    ]
    assert host["domain_names"] == ["a.example.com", "a.net", "acme.erp.example.com"]
    text = host["advanced_config"]
    assert text.startswith("location / {\n  proxy_set_header Host acme.erp.example.com;\n")
    assert text.endswith("proxy_pass $forward_scheme://$server:$port$request_uri;\n}")
    assert "proxy_set_header Upgrade $http_upgrade;" in text
    assert "Strict-Transport-Security" not in text
    assert "Strict-Transport-Security" in tenants.as_site("a.example.com", secure=True)


def test_a_host_of_one_name_is_left_to_the_proxy() -> None:
    assert "advanced_config" not in hosts_of({})["acme"]


@pytest.mark.parametrize(
    ("state", "archive", "enabled", "site"),
    [
        ("active", False, True, "active"),
        ("suspended", False, True, "suspended"),
        ("archived", False, False, "suspended"),
        ("archived", True, False, "archived"),
    ],
)
def test_a_customer_that_is_not_active(
    state: str,
    archive: bool,  # noqa: FBT001 - a table
    enabled: bool,  # noqa: FBT001 - a table
    site: str,
) -> None:
    changes = {"erp.tenants.globex": {"state": state}, "erp.archive_sites": archive}
    assert hosts_of(changes)["globex"]["enabled"] is enabled
    assert site_of(changes, "globex")["state"] == site
    assert hosts_of(changes)["acme"] == hosts_of({})["acme"]
    erp, npm, _ = loaded(changes)
    assert ("erp-globex" in addresses(erp, npm)) == (state == "active")


def test_a_site_has_the_keys_that_are_ours_and_mails_lead_to_the_customers_own_name() -> None:
    assert site_of({})["config"] == {"host_name": "http://acme.erp.example.com:8088"}
    own = {"foreign": ["a.net"], "limits": {"users": 10}}
    assert site_of({**ACME, "erp.tenants.acme": own})["config"] == {
        "host_name": "https://a.net",
        "domains": ["a.net"],
        "limits": {"users": 10},
    }


def test_a_site_has_its_own_administrator_and_the_password_is_secret() -> None:
    change = {"erpSecrets.tenants.acme.ADMIN_PASSWORD": CANARY}
    sites = declared({**ERP, **change})["Sites:erp-sites"]
    assert sites.inputs["passwords"] == {"acme": CANARY, "globex": STRONG}
    # Not in the sites: a secret there hides what the drift check finds in any of them.
    assert sites.secret == {"passwords.acme", "passwords.globex"}
    assert CANARY not in str({key: one for key, one in sites.inputs.items() if key != "passwords"})


def test_a_customer_more_is_no_resource_more_and_touches_no_entry_of_the_others() -> None:
    before = declared(ERP)
    after = declared({
        **ERP,
        "erp.tenants.initech": {},
        "erpSecrets.tenants.initech": {"ADMIN_PASSWORD": STRONG},
    })
    assert before.keys() == after.keys()
    differ = {key for key, one in before.items() if one.inputs != after[key].inputs}
    assert differ == {"Sites:erp-sites", "ProxyHosts:erp-hosts"}
    for key, entry in (("Sites:erp-sites", "sites"), ("ProxyHosts:erp-hosts", "hosts")):
        old, new = before[key].inputs[entry], after[key].inputs[entry]
        assert {name: new[name] for name in old} == old


def test_addresses_and_services_are_known_by_the_customer_and_the_part() -> None:
    erp, npm, _ = loaded({})
    assert addresses(erp, npm) == {
        "erp-acme": "http://acme.erp.example.com:8088/api/method/ping",
        "erp-globex": "http://globex.erp.example.com:8088/api/method/ping",
    }
    assert service_names(erp)["erp-queue-long"] == "erp_queue-long"
    assert len(service_names(erp)) == 11


def test_an_estate_with_the_erp_alone_has_no_edge() -> None:
    gone = dict.fromkeys(("edge", "tickets", "ticketsSecrets"), GONE)
    alone = declared({**ERP, **gone})
    assert not [name for name in alone.of("Service") if not name.startswith(("erp", "npm"))]


def _json(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Numbers of the engine's protocol are floats."""
    if isinstance(value, dict):
        return {key: _json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_json(one) for one in value]
    return int(value) if isinstance(value, float) else value
