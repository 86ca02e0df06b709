import io

import pytest
from dotenv import dotenv_values

import settings
from tests.unit.stack_files import STRONG, VALID, changed, raw

SECRETS = {
    "BETTER_AUTH_SECRET": "b" * 32,
    "MACHINE_PROVISIONING_SECRET": "m" * 32,
    "CONVEX_SYNC_SECRET": "s" * 32,
    "CONVEX_INSTANCE_SECRET": "c" * 64,
    "SMTP_PASSWORD": "it's #1 = fine",
    "REPORTS_CRON_SECRET": "r" * 32,
}


def load(
    stack: dict[str, object],
) -> tuple[settings.Tickets, settings.TicketsSecrets, settings.Edge]:
    estate = settings.load(raw(stack), "test")
    assert estate.tickets
    assert estate.tickets_secrets
    assert estate.edge
    return estate.tickets, estate.tickets_secrets, estate.edge


def test_the_web_application_gets_every_variable_of_the_runbook() -> None:
    tickets, secrets, edge = load(changed({"ticketsSecrets": SECRETS}))
    assert settings.web_env(tickets, secrets, edge=edge) == {
        "NEXT_PUBLIC_APP_URL": "http://tickets.example.com",
        "BETTER_AUTH_URL": "http://tickets.example.com",
        "NEXT_PUBLIC_CONVEX_URL": "http://convex.example.com",
        "CONVEX_INTERNAL_URL": "http://convex_backend:3210",
        "BETTER_AUTH_SECRET": "b" * 32,
        "DATABASE_URL": "file:/app/data/db.sqlite",
        "SEED_ENSURE_ONLY": "true",
        "SMTP_ADDRESS": "smtp.example.com",
        "SMTP_PORT": "465",
        "SMTP_DOMAIN": "example.com",
        "SMTP_USERNAME": "tickets",
        "SMTP_PASSWORD": "it's #1 = fine",
        "SMTP_AUTHENTICATION": "login",
        "SMTP_ENABLE_STARTTLS_AUTO": "false",
        "SMTP_TLS": "true",
        "MAILER_SENDER_EMAIL": "Tickets <no-reply@example.com>",
        "CONVEX_SYNC_SECRET": "s" * 32,
        "ALERTS_LOCAL_HOUR": "8",
        "SYNC_TENANT_ID": "tenant-atlas",
        "SEED_TENANT_ID": "tenant-atlas",
        "CRON_SECRET": "r" * 32,
        "ARCHIVE_DIR": "/app/archives",
        "SKIP_APT_BOOTSTRAP": "true",
        "SKIP_SQLITE_REBUILD": "true",
        "MACHINE_PROVISIONING_SECRET": "m" * 32,
        "MACHINE_TOKEN_TTL_MS": "2592000000",
        "REPORTS_CRON_SECRET": "r" * 32,
        "MACHINE_ALERTS_CREATE_TICKETS": "true",
    }


def test_convex_functions_get_their_own_variables_and_no_others() -> None:
    tickets, secrets, _ = load(changed({"ticketsSecrets": SECRETS}))
    assert settings.convex_env(tickets, secrets) == {
        "MACHINE_PROVISIONING_SECRET": "m" * 32,
        "MACHINE_TOKEN_TTL_MS": "2592000000",
        "REPORTS_CRON_SECRET": "r" * 32,
        "MACHINE_ALERTS_CREATE_TICKETS": "true",
    }


def test_optional_variables_reach_both_sides_once_they_are_given() -> None:
    tickets, secrets, edge = load(
        changed({
            "ticketsSecrets.FLEET_SYNC_SECRET": "f" * 32,
            "ticketsSecrets.INTERNAL_HEALTH_TOKEN": "h" * 32,
            "tickets.env.MACHINE_ALERTS_TICKET_REQUESTER_EMAIL": "admin@example.com",
        })
    )
    given = {
        "FLEET_SYNC_SECRET": "f" * 32,
        "INTERNAL_HEALTH_TOKEN": "h" * 32,
        "MACHINE_ALERTS_TICKET_REQUESTER_EMAIL": "admin@example.com",
    }
    convex = settings.convex_env(tickets, secrets)
    assert given.items() <= settings.web_env(tickets, secrets, edge=edge).items()
    assert given.items() <= convex.items()
    assert set(convex) == set(settings.CONVEX_VARIABLES)


def test_the_seed_alone_knows_the_administrators_password() -> None:
    admin = {"email": "admin@example.com", "name": "Ana Admin"}
    tickets, secrets, edge = load(
        changed({"tickets.seed.admin": admin, "ticketsSecrets.SEED_USER_PASSWORD": "first-day"})
    )
    assert settings.seed_env(tickets, secrets) == {
        "SEED_USER_EMAIL": "admin@example.com",
        "SEED_USER_NAME": "Ana Admin",
        "SEED_USER_ROLE": "admin",
        "SEED_USER_PASSWORD": "first-day",
    }
    for env in (
        settings.web_env(tickets, secrets, edge=edge),
        settings.convex_env(tickets, secrets),
        settings.start_env(tickets),
    ):
        assert "first-day" not in env.values()
        assert not {"SEED_USER_PASSWORD", "CONVEX_DEPLOYMENT"} & set(env)


def test_without_an_administrator_the_seed_gets_nothing() -> None:
    tickets, secrets, _ = load(VALID)
    assert settings.seed_env(tickets, secrets) == {}


def test_the_release_is_the_commit_or_else_the_digest() -> None:
    assert load(VALID)[0].release == "a1a1a1a1a1a1"
    assert load(changed({"tickets.release_sha": "2f1c9d0"}))[0].release == "2f1c9d0"


def test_a_start_script_gets_the_flags_of_the_runbook() -> None:
    flags = settings.start_env(load(VALID)[0])
    assert flags == {"SKIP_APT_BOOTSTRAP": "true", "SKIP_SQLITE_REBUILD": "true"}


def test_code_on_the_host_is_started_from_the_source() -> None:
    source = {"tickets.source": {"path": "/srv/a"}, "tickets.release_sha": "2f1c9d0"}
    assert load(VALID)[0].command is None
    assert load(changed(source))[0].command == ("bash", "-lc", "bun run start:bun")
    own = changed({**source, "tickets.web.command": ["node", "server.js"]})
    assert load(own)[0].command == ("node", "server.js")


@pytest.mark.parametrize(
    ("edge", "url"),
    [
        ({"edge.http_port": 8080}, "http://tickets.example.com:8080"),
        ({"edge.acme": {"email": "a@example.com"}}, "https://tickets.example.com"),
        (
            {"edge.acme": {"email": "a@example.com"}, "edge.https_port": 8443},
            "https://tickets.example.com:8443",
        ),
    ],
)
def test_urls_follow_the_edge(edge: dict[str, object], url: str) -> None:
    tickets, secrets, proxy = load(changed(edge))
    assert settings.web_env(tickets, secrets, edge=proxy)["BETTER_AUTH_URL"] == url


def test_a_written_file_reads_back_as_it_was() -> None:
    tickets, secrets, edge = load(changed({"ticketsSecrets": SECRETS}))
    env = settings.web_env(tickets, secrets, edge=edge)
    written = settings.dotenv(env)
    assert 'MAILER_SENDER_EMAIL="Tickets <no-reply@example.com>"\n' in written
    assert dotenv_values(stream=io.StringIO(written), interpolate=True) == env


@pytest.mark.parametrize(
    "value",
    ["", "plain", "a b", "a#b", " a ", "it's", 'say "a"', "São Paulo", "a=b", "{}[]!*?&|;~"],
)
def test_a_value_reads_back_as_it_was(value: str) -> None:
    written = settings.dotenv({"A": value, "B": "after"})
    assert dotenv_values(stream=io.StringIO(written)) == {"A": value, "B": "after"}


@pytest.mark.parametrize(
    ("value", "held"),
    [
        ("canary\n", "a line break or another control character"),
        ("canary\x00", "a line break or another control character"),
        ("canary\u2028", "a line break or another control character"),
        ("canary\\", "a backslash"),
        ("canary`", "a backquote"),
        ("canary$x", "a dollar sign"),
        ("canary'\"", "both kinds of quotes"),
    ],
)
def test_a_value_that_would_read_differently_is_refused(value: str, held: str) -> None:
    with pytest.raises(ValueError, match="NAME: must not hold") as caught:
        settings.dotenv({"NAME": value})
    assert str(caught.value) == (
        f"NAME: must not hold {held}, because Next.js, Prisma and Bun would read it differently"
    )


def test_no_secret_shows_in_a_text_of_the_settings_or_in_a_traceback() -> None:
    canary = "canary" * 11
    secrets = dict.fromkeys(SECRETS, canary[:64]) | {"CONVEX_INSTANCE_SECRET": STRONG}
    estate = settings.load(raw(changed({"ticketsSecrets": secrets})), "test")
    assert "canary" not in f"{estate} {estate!r} {estate.tickets_secrets!r}"
    assert "canary" not in estate.model_dump_json()
    assert "canary" not in str(estate.model_dump())


@pytest.mark.parametrize(
    "changes",
    [
        {"ticketsSecrets.CONVEX_INSTANCE_SECRET": "canary"},
        {"ticketsSecrets.SMTP_PASSWORD": "canary\n"},
        {"ticketsSecrets.SMTP_PASSWORD": ["canary"]},
        {"ticketsSecrets.SMTP_PASSWORD": {"canary": "canary"}},
        {"ticketsSecrets": "canary"},
        {"ticketsSecrets": ["canary"]},
        {"tickets.dashboard": {"domain": "canary", "image": "canary", "users": ["canary"]}},
        {"dnsSecrets": {"CLOUDFLARE_API_TOKEN": 3, "OTHER": "canary"}},
    ],
)
def test_no_mistake_shows_a_value(changes: dict[str, object]) -> None:
    with pytest.raises(settings.SettingsError) as caught:
        settings.load(raw(changed(changes)), "test")
    shown: BaseException | None = caught.value
    while shown is not None:
        assert "canary" not in f"{shown} {shown!r} {vars(shown)}"
        assert shown.__suppress_context__ or shown.__context__ is None
        shown = shown.__cause__


def test_a_text_that_is_no_json_is_not_shown() -> None:
    with pytest.raises(settings.SettingsError) as caught:
        settings.load({"ticketsSecrets": '{"SMTP_PASSWORD": "canary'}, "test")
    assert "canary" not in f"{caught.value!r}"
    assert caught.value.__context__ is None
