"""The CRM in a stack file: what is refused, and what follows from it."""

import io

import pytest
from dotenv import dotenv_values

import settings
from tests.unit.stack_files import CRM, GONE, IMAGE, STRONG, VALID, changed, mistakes, raw

SOCKET = {"url": "unix:///run/two.sock", "address": "203.0.113.9"}
NAME = "needs a variable's name in capitals, for example WHATSAPP_API_URL"


def load(changes: dict[str, object]) -> settings.Estate:
    return settings.load(raw(changed({**CRM, **changes})), "test")


def crm_of(changes: dict[str, object]) -> tuple[settings.Crm, settings.CrmSecrets]:
    estate = load(changes)
    assert estate.crm
    assert estate.crm_secrets
    return estate.crm, estate.crm_secrets


SHAPES: list[tuple[str, object, str]] = [
    (
        "crm.host",
        GONE,
        ": is missing: needs a short name in small letters, for example vps",
    ),
    (
        "crm.image",
        "registry.example.com/crm:latest",
        (
            ": needs an image with its digest,"
            " for example ghcr.io/team/app@sha256: and 64 hex digits"
        ),
    ),
    ("crm.migrations", "later", ": needs 'online' or 'offline'"),
    ("crm.seed", "", ": needs a text in quotes, for example 'bash'"),
    ("crm.backend", GONE, ": is missing: needs keys and values"),
    (
        "crm.backend.domain",
        GONE,
        ": is missing: needs a host name, for example tickets.example.com",
    ),
    ("crm.backend.port", 0, ": needs a port from 1 to 65535, for example 443"),
    (
        "crm.postgres.user",
        "crm-user",
        ": needs a Postgres name of small letters, digits and _, for example crm_user",
    ),
    (
        "crm.postgres.password",
        STRONG,
        (
            ": is not a known key; known here: memory_limit, memory_reservation, name, image,"
            " user, database"
        ),
    ),
    (
        "crm.paths.uploads",
        "uploads",
        ": needs an absolute path, for example /srv/apps/sistema",
    ),
    ("crm.env", [], ": needs a name for each entry, and its settings below the name"),
    ("crm.env.api_url", "x", f": {NAME}"),
    ("crm.env.API_URL", 3, ": needs a text in quotes, for example 'tenant-atlas'"),
    (
        "crm.env.API_URL",
        "a$b",
        ": must not hold a dollar sign, because Next.js, Prisma and Bun would read it differently",
    ),
    (
        "crm.env.DATABASE_URL",
        "postgresql://x",
        (
            ": follows from estate:crm.postgres and estate:crmSecrets.POSTGRES_PASSWORD;"
            " remove the line"
        ),
    ),
    ("crm.env.PORT", "3001", ": follows from estate:crm.backend.port; remove the line"),
    ("crm.env.RELEASE_SHA", "x", ": follows from estate:crm.release_sha; remove the line"),
    ("crm.backup.enabled", "no", ": needs true or false"),
    ("crm.backup.keep", 0, ": needs a number of backups from 1 to 1000, for example 5"),
    ("crm.verify.status", 20, ": needs an HTTP status from 100 to 599, for example 200"),
    ("crm.verify.path", "api", ": needs the path of a URL, for example /api/machines/register"),
    (
        "crmSecrets.POSTGRES_PASSWORD",
        GONE,
        ": is missing: needs 64 hex digits; make one with: openssl rand -hex 32",
    ),
    (
        "crmSecrets.POSTGRES_PASSWORD",
        "p@ss/word",
        ": needs 64 hex digits; make one with: openssl rand -hex 32",
    ),
    ("crmSecrets.env.jwt", STRONG, f": {NAME}"),
    ("crmSecrets.env.JWT_SECRET", "", ": needs a secret text that is not empty"),
    (
        "crmSecrets.env.DATABASE_URL",
        "postgresql://x",
        (
            ": follows from estate:crm.postgres and estate:crmSecrets.POSTGRES_PASSWORD;"
            " remove the line"
        ),
    ),
    (
        "backupSecrets.RESTIC_PASSWORD",
        "short",
        ": needs a secret of at least 32 characters; make one with: openssl rand -hex 32",
    ),
]


@pytest.mark.parametrize(("way", "value", "message"), SHAPES, ids=repr)
def test_a_wrong_value_gives_one_line(way: str, value: object, message: str) -> None:
    assert mistakes({**CRM, way: value}) == [f"estate:{way}{message}"]


RULES: list[tuple[dict[str, object], list[str]]] = [
    ({"crm.host": "two"}, ["crm.host: needs the name of a host in estate:hosts: vps"]),
    (
        {"hosts.two": SOCKET, "crm.host": "two"},
        ["crm.host: needs a host in the Swarm of estate:edge.host"],
    ),
    (
        {"edge": GONE, "tools": GONE, "tickets": GONE},
        [
            "edge: is missing: estate:crm is reached through it",
            "tools.image: is missing: the jobs of estate:crm run on it",
        ],
    ),
    (
        {"crm.backend.domain": "tickets.example.com"},
        ["crm.backend.domain: is the domain of estate:tickets.web.domain too; each needs its own"],
    ),
    (
        {"crm.backend.extra_domains": ["api.example.com"]},
        [
            (
                "crm.backend.extra_domains[0]: is the domain of estate:crm.backend.domain too;"
                " each needs its own"
            )
        ],
    ),
    (
        {"crm.backend.domain": "api.example.org"},
        ["crm.backend.domain: needs a name inside one of the zones of estate:dns.zones"],
    ),
    (
        {"crm.backend.memory_limit": "128M"},
        ["crm.backend.memory_reservation: needs at most the memory_limit beside it"],
    ),
    (
        {"crm.postgres.memory_reservation": "2G"},
        ["crm.postgres.memory_reservation: needs at most the memory_limit beside it"],
    ),
    (
        {"crm.paths": {"uploads": "/app/files", "logs": "/app/files"}},
        ["crm.paths.logs: needs another path than estate:crm.paths.uploads"],
    ),
    (
        {"crm.migrations": "offline", "crm.backup": {"enabled": False}},
        ["crm.backup.enabled: must be true while estate:crm.migrations is offline"],
    ),
    ({"crm.name": "sistema"}, ["crm.name: is estate:tickets.name too; each needs its own"]),
    (
        {"crm.postgres.name": "crm-backend"},
        ["crm.postgres.name: is estate:crm.backend.name too; each needs its own"],
    ),
    (
        {"crm.backend.name": "sistema_web", "crm.postgres.name": "traefik"},
        [
            "crm.backend.name: needs another beginning than estate:tickets.name",
            "crm.postgres.name: needs another beginning than estate:edge.name",
        ],
    ),
    (
        {"crmSecrets": GONE},
        ["crmSecrets: is missing: estate:crm needs POSTGRES_PASSWORD"],
    ),
    (
        {"crm.env": {"TOKEN": "x"}, "crmSecrets.env": {"TOKEN": "y"}},
        ["crm.env.TOKEN: is in estate:crmSecrets.env too; remove this line"],
    ),
    (
        {"backupSecrets": GONE},
        [
            (
                "backupSecrets.RESTIC_PASSWORD: is missing: the backups of estate:crm have folders,"
                " which it encrypts"
            )
        ],
    ),
]


@pytest.mark.parametrize(("changes", "lines"), RULES, ids=repr)
def test_settings_that_do_not_fit_together_are_named(
    changes: dict[str, object], lines: list[str]
) -> None:
    assert mistakes({**CRM, **changes}) == [f"estate:{line}" for line in lines]


def test_what_is_unreadable_is_said_once() -> None:
    for part in {**VALID, **CRM}:
        whole = mistakes({**CRM, part: 3})
        assert len([line for line in whole if line.startswith(f"estate:{part}")]) == 1, whole


def test_without_backups_no_password_for_them_is_needed() -> None:
    assert load({"backupSecrets": GONE, "crm.backup": {"enabled": False}}).crm


def test_a_service_may_share_the_first_letters_of_another_system() -> None:
    assert load({"crm.backend.name": "sistemas-backend", "crm.postgres.name": "traefik2"}).crm


def test_an_estate_may_have_the_crm_alone() -> None:
    estate = load({"tickets": GONE, "ticketsSecrets": GONE})
    assert list(estate.hosts_by_domain()) == ["api.example.com"]


def test_the_domains_of_each_system_lead_to_its_own_host() -> None:
    estate = load({
        "hosts.vps.node": "a",
        "hosts.two": {**SOCKET, "manager": "vps", "node": "b"},
        "crm.host": "two",
        "crm.backend.extra_domains": ["old.example.com"],
    })
    assert {domain: host.node for domain, host in estate.hosts_by_domain().items()} == {
        "tickets.example.com": "a",
        "convex.example.com": "a",
        "api.example.com": "b",
        "old.example.com": "b",
    }


def test_the_backend_gets_the_database_and_every_variable_of_both_kinds() -> None:
    crm, secrets = crm_of({
        "crm.env": {"WHATSAPP_API_URL": "https://wa.example.com", "APP_NAME": "It's a CRM"},
        "crmSecrets.env": {"JWT_SECRET": "j#w t"},
    })
    written = settings.dotenv(settings.crm_env(crm, secrets))
    assert dotenv_values(stream=io.StringIO(written)) == {
        "APP_NAME": "It's a CRM",
        "DATABASE_URL": (
            f"postgresql://crm_user:{STRONG}@crm-postgres:5432/crm_whatsapp_saas?schema=public"
        ),
        "JWT_SECRET": "j#w t",
        "PORT": "3001",
        "WHATSAPP_API_URL": "https://wa.example.com",
    }


def test_the_order_in_which_variables_are_written_down_changes_nothing() -> None:
    one, secrets = crm_of({"crm.env": {"A": "1", "B": "2"}})
    two, _ = crm_of({"crm.env": {"B": "2", "A": "1"}})
    assert list(settings.crm_env(one, secrets)) == list(settings.crm_env(two, secrets))


def test_another_database_is_another_address() -> None:
    crm, secrets = crm_of({
        "crm.postgres": {"image": IMAGE, "name": "db", "user": "dev", "database": "crm_dev"}
    })
    url = settings.crm_env(crm, secrets)["DATABASE_URL"]
    assert url == f"postgresql://dev:{STRONG}@db:5432/crm_dev?schema=public"


def test_a_secret_is_not_shown_with_the_settings_that_hold_it() -> None:
    estate = load({"crmSecrets.env": {"JWT_SECRET": "canary" * 6}})
    assert "canary" not in repr(estate)
    assert STRONG not in repr(estate)


def test_a_placeholder_among_variables_is_named() -> None:
    estate = load({
        "crm.env": {"API_URL": "placeholder"},
        "crmSecrets": {"POSTGRES_PASSWORD": "placeholder", "env": {"JWT_SECRET": "placeholder"}},
        "backupSecrets.RESTIC_PASSWORD": "placeholder",
    })
    assert settings.placeholders(estate) == [
        "estate:crm.env.API_URL",
        "estate:crmSecrets.POSTGRES_PASSWORD",
        "estate:crmSecrets.env.JWT_SECRET",
        "estate:backupSecrets.RESTIC_PASSWORD",
    ]


def test_a_release_is_named_by_its_commit_or_else_by_its_digest() -> None:
    assert crm_of({})[0].release == "a1" * 6
    assert crm_of({"crm.release_sha": "2f1c9d0a7b3e"})[0].release == "2f1c9d0a7b3e"


def test_only_a_schema_that_can_be_undone_by_itself_is_changed_under_the_old_release() -> None:
    estate = load({})
    assert estate.crm
    assert estate.tickets
    assert (estate.crm.migrations, estate.tickets.migrations) == ("online", "offline")
