import re
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

import settings
from local.stack import SecretPath, UnknownImageError, image_paths, render
from tests.unit.stack_files import DIGEST, ROOT, parts, raw, read

TEMPLATE = (ROOT / "local/stack.yaml").read_text(encoding="utf-8")
IMAGES = {
    name: f"127.0.0.1:5000/estate/{name}@{DIGEST}"
    for name in (
        *("traefik", "docker-filter", "tools", "tickets", "convex", "convex-dashboard"),
        *("crm", "postgres", "npm", "erpnext", "mariadb", "redis"),
    )
}
EXAMPLE = "docs/settings.example.yaml"
NAMES_OF_ONES_OWN = {
    *("estate:hosts", "estate:adopted", "estate:dns.zones", "estate:registrySecrets"),
    *("estate:crm.env", "estate:crmSecrets.env"),
    *("estate:erp.tenants", "estate:erpSecrets.tenants"),
}


def keys(value: object, path: str) -> Iterator[str]:
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from keys(item, f"{path}.*" if path in NAMES_OF_ONES_OWN else f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from keys(item, f"{path}[]")


def test_the_example_shows_every_key_and_no_other() -> None:
    shown = {path for key, part in read(EXAMPLE).items() for path in keys(part, f"estate:{key}")}
    assert shown == set(settings.known_keys())


def test_the_example_is_a_valid_stack_file() -> None:
    settings.load(raw(read(EXAMPLE)), "prod")


def defaults(model: BaseModel, path: str) -> Iterator[tuple[str, object, object]]:
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from defaults(value, f"{path}.{name}")
        elif field.default not in {None, ()} and not field.is_required():
            yield f"{path}.{name}", value, field.default


def test_the_example_shows_the_defaults() -> None:
    shown = list(defaults(settings.load(raw(read(EXAMPLE)), "prod"), "estate"))
    assert len(shown) > 30
    assert [path for path, value, default in shown if value != default] == [
        # Made by factories: there is no default to show.
        "estate.hosts",
        "estate.registry_secrets",
        "estate.crm.env",
        "estate.crm_secrets.env",
        "estate.erp_secrets.tenants",
        "estate.adopted",
    ]


def test_the_comments_of_the_example_stand_above_every_required_key() -> None:
    text = (ROOT / EXAMPLE).read_text(encoding="utf-8")
    assert len(re.findall(r"#.*[Rr]equired", text)) > 20


@pytest.mark.parametrize("stack", ["prod", "staging"])
def test_a_committed_stack_file_is_valid_and_names_what_is_still_to_be_given(stack: str) -> None:
    estate = settings.load(raw(read(f"Pulumi.{stack}.yaml")), stack)
    still = settings.placeholders(estate)
    assert {
        "estate:edge.image",
        "estate:edge.filter_image",
        "estate:edge.acme.email",
        'estate:dns.zones["esdrasrenan.com.br"]',
        'estate:dns.zones["botreserva.com.br"]',
        "estate:dnsSecrets.CLOUDFLARE_API_TOKEN",
        "estate:tools.image",
        "estate:tickets.image",
        "estate:tickets.convex.image",
        "estate:tickets.dashboard.image",
        "estate:tickets.dashboard.allow[0]",
        "estate:tickets.env.SMTP_ADDRESS",
        "estate:tickets.env.SMTP_USERNAME",
        "estate:tickets.env.MAILER_SENDER_EMAIL",
        "estate:ticketsSecrets.BETTER_AUTH_SECRET",
        "estate:ticketsSecrets.MACHINE_PROVISIONING_SECRET",
        "estate:ticketsSecrets.CONVEX_SYNC_SECRET",
        "estate:ticketsSecrets.CONVEX_INSTANCE_SECRET",
        "estate:ticketsSecrets.SMTP_PASSWORD",
        "estate:ticketsSecrets.REPORTS_CRON_SECRET",
        "estate:crm.image",
        "estate:crm.postgres.image",
        "estate:crmSecrets.POSTGRES_PASSWORD",
        "estate:npm.image",
        "estate:npmSecrets.ADMIN_PASSWORD",
        "estate:erp.image",
        "estate:erp.mariadb.image",
        "estate:erp.redis.image",
        "estate:erpSecrets.MARIADB_ROOT_PASSWORD",
        "estate:erpSecrets.tenants.acme.ADMIN_PASSWORD",
        "estate:erpSecrets.tenants.globex.ADMIN_PASSWORD",
    } <= set(still)
    assert ("estate:backupSecrets.RESTIC_PASSWORD" in still) == (stack == "prod")
    hosts = {"prod": ["vps.host_key"], "staging": ["staging.address", "staging.host_key"]}[stack]
    assert [key for key in still if "hosts" in key] == [
        f"estate:hosts.{key}" for key in (*hosts, "erp.address", "erp.host_key")
    ]


def test_production_has_the_numbers_of_the_runbooks() -> None:
    tickets = settings.load(raw(read("Pulumi.prod.yaml")), "prod").tickets
    assert tickets
    assert list(tickets.domains().values()) == [
        "tickets.esdrasrenan.com.br",
        "convex.esdrasrenan.com.br",
        "convex-admin.esdrasrenan.com.br",
    ]
    assert tickets.name == "sistema"
    assert tickets.convex.memory_limit == 20 * 2**30
    assert tickets.convex.memory_reservation == 8 * 2**30
    assert tickets.web.start_period.go == "30s"
    assert (tickets.smoke.attempts, tickets.smoke.interval.seconds) == (30, 5)


def crm_of(stack: str) -> settings.Crm:
    crm = settings.load(raw(read(f"Pulumi.{stack}.yaml")), stack).crm
    assert crm
    return crm


def test_the_crm_of_production_has_the_names_and_numbers_of_its_runbook() -> None:
    crm = crm_of("prod")
    assert list(crm.domains().values()) == ["api.botreserva.com.br"]
    assert (crm.backend.name, crm.backend.port) == ("crm-backend", 3001)
    postgres = crm.postgres
    assert (postgres.name, postgres.user, postgres.database) == (
        *("crm-postgres", "crm_user", "crm_whatsapp_saas"),
    )
    assert (crm.verify.path, crm.verify.status) == ("/api/health", 200)
    assert (crm.verify.attempts, crm.verify.interval.seconds) == (30, 5)
    assert (crm.backup.enabled, crm.backup.keep) == (True, 5)


def test_the_crm_of_staging_differs_as_its_runbook_says_and_shares_no_data() -> None:
    prod, staging = crm_of("prod"), crm_of("staging")
    assert (staging.backend.name, staging.backend.port) == ("crm-backend-dev", 3002)
    assert staging.verify.attempts == 20
    assert staging.backup.enabled is False
    for one, other in (
        (prod.name, staging.name),
        (prod.host, staging.host),
        (prod.backend.name, staging.backend.name),
        (prod.backend.domain, staging.backend.domain),
        (prod.postgres.name, staging.postgres.name),
        (prod.postgres.database, staging.postgres.database),
    ):
        assert one != other


def erp_of(stack: str) -> tuple[settings.Estate, settings.Npm, settings.Erp]:
    estate = settings.load(raw(read(f"Pulumi.{stack}.yaml")), stack)
    assert estate.npm
    assert estate.erp
    return estate, estate.npm, estate.erp


@pytest.mark.parametrize("stack", ["prod", "staging"])
def test_the_erp_has_two_example_customers_behind_a_proxy_on_a_host_of_its_own(stack: str) -> None:
    estate, npm, erp = erp_of(stack)
    assert list(erp.tenants) == ["acme", "globex"]
    assert (npm.http_port, npm.https_port) == (80, 443)
    assert npm.host == erp.host
    assert estate.edge
    assert estate.swarm(npm.host) != estate.swarm(estate.edge.host)
    assert erp.waves.canary == "acme"


def test_the_erp_of_staging_is_the_same_with_names_of_its_own() -> None:
    (_, npm, prod), (_, staging_npm, staging) = erp_of("prod"), erp_of("staging")
    assert prod.model_fields_set == staging.model_fields_set
    assert not {prod.name, npm.name} & {staging.name, staging_npm.name}
    assert not set(prod.domains().values()) & set(staging.domains().values())
    assert not set(prod.records()) & set(staging.records())


def test_staging_shares_no_name_with_production() -> None:
    prod = settings.load(raw(read("Pulumi.prod.yaml")), "prod").tickets
    staging = settings.load(raw(read("Pulumi.staging.yaml")), "staging").tickets
    assert prod
    assert staging
    assert prod.name != staging.name
    assert not set(prod.domains().values()) & set(staging.domains().values())
    assert staging.smoke.attempts == 20
    assert staging.env.MACHINE_ALERTS_CREATE_TICKETS is False


def test_the_local_template_becomes_a_valid_stack_file() -> None:
    text, secrets = render(TEMPLATE, IMAGES)
    assert "@IMAGE_" not in text.partition("config:")[2]
    estate = settings.load(raw(parts(text)), "local")
    assert settings.placeholders(estate) == [secret.path for secret in secrets]
    assert estate.edge
    assert estate.tickets
    assert estate.tickets.image == IMAGES["tickets"]
    assert estate.edge.url(estate.tickets.web.domain) == "http://tickets.localhost"
    assert estate.crm
    assert (estate.crm.image, estate.crm.postgres.image) == (IMAGES["crm"], IMAGES["postgres"])
    assert estate.edge.url(estate.crm.backend.domain) == "http://api.crm.localhost"
    assert estate.npm
    assert estate.erp
    assert {name: estate.npm.url(estate.erp.site(name)) for name in estate.erp.tenants} == {
        "acme": "http://acme.localhost:8088",
        "globex": "http://globex.localhost:8088",
    }


def test_the_secrets_of_the_local_stack_satisfy_the_settings_at_their_length() -> None:
    text, secrets = render(TEMPLATE, IMAGES)
    stack = parts(text)
    for number, secret in enumerate(secrets):
        *way, name = secret.path.removeprefix("estate:").split(".")
        place = stack
        for key in way:
            place = place[key]
        place[name] = f"{number % 16:x}" * 2 * secret.bytes
    assert settings.placeholders(settings.load(raw(stack), "local")) == []


def test_the_template_says_which_keys_hold_which_image() -> None:
    paths = image_paths(TEMPLATE)
    assert paths["estate:tickets.convex.image"] == "convex"
    assert set(paths.values()) == set(IMAGES)
    assert set(paths) <= set(settings.known_keys())


def test_an_image_that_is_not_built_is_named() -> None:
    with pytest.raises(UnknownImageError, match=r"not built: convex, tools$"):
        render("a: '@IMAGE_tools@ @IMAGE_convex@'", {})


def test_render_touches_nothing_but_the_marks() -> None:
    template = "# note\nconfig:\n  estate:a:\n    b: '@SECRET_hex8@' # kept\n    c: ['@IMAGE_x@']\n"
    text, secrets = render(template, {"x": "ref"})
    assert text == "# note\nconfig:\n  estate:a:\n    b: 'placeholder' # kept\n    c: ['ref']\n"
    assert secrets == [SecretPath("estate:a.b", 8)]
