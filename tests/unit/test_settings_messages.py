import pytest

import settings
from tests.unit.stack_files import DIGEST, GONE, IMAGE, STRONG, VALID, changed, mistakes, raw

KEY = "ssh-ed25519 " + "AAAAC3NzaC1lZDI1NTE5AAAAI" + "b" * 43
SSH = {"url": "ssh://deploy@203.0.113.8", "address": "203.0.113.8", "host_key": KEY}
SOCKET = {"url": "unix:///run/two.sock", "address": "203.0.113.9"}
DASHBOARD = {"domain": "admin.example.com", "image": IMAGE}
AN_IMAGE = "an image with its digest, for example ghcr.io/team/app@sha256: and 64 hex digits"
ACME = {"email": "admin@example.com"}


def test_the_stack_file_that_the_table_starts_from_has_no_mistake() -> None:
    estate = settings.load(raw(VALID), "test")
    assert settings.placeholders(estate) == []


SHAPES: list[tuple[str, object, str]] = [
    (
        "tickets.web.domain",
        GONE,
        ": is missing: needs a host name, for example tickets.example.com",
    ),
    ("tickets.web.domain", 3, ": needs a host name, for example tickets.example.com"),
    ("tickets.web.domain", None, ": needs a host name, for example tickets.example.com"),
    ("tickets.web", GONE, ": is missing: needs keys and values"),
    ("tickets.web", "x", ": needs keys and values; set one with: pulumi config set --path"),
    ("tickets.web.memory_limt", "1G", ": is not a known key; did you mean memory_limit?"),
    ("tickets.backup.zzz", 1, ": is not a known key; known here: keep, schedule"),
    (
        "wiki",
        {},
        (
            ": is not a known key; known here: hosts, edge, dns, dnsSecrets, registrySecrets,"
            " tools, tickets, ticketsSecrets, crm, crmSecrets, npm,"
            " npmSecrets, erp, erpSecrets, backupSecrets,"
            " offsite, offsiteSecrets, copies, adopted, drift, alerts"
        ),
    ),
    (
        "tickets.image",
        "registry.example.com/app:latest",
        f": needs {AN_IMAGE}",
    ),
    ("tickets.web.memory_limit", 5, ": needs a size in K, M or G, for example 512M"),
    ("tickets.web.start_period", 30, ": needs a time with its unit, for example 30s or 1m30s"),
    ("tickets.web.extra_domains", "a.b", ": needs a list, for example []"),
    ("tickets.backup.keep", 0, ": needs a number of backups from 1 to 1000, for example 5"),
    ("tickets.backup.keep", "5", ": needs a number of backups from 1 to 1000, for example 5"),
    ("tickets.migrations", "never", ": needs 'online' or 'offline'"),
    ("tickets.seed.ensure_only", "no", ": needs true or false"),
    (
        "tickets.cron.chat_cleanup",
        "@hourly",
        ": needs five cron fields in numbers, for example */30 * * * *",
    ),
    ("tickets.env.SMTP_PORT", True, ": needs a port from 1 to 65535, for example 443"),
    (
        "tickets.env.SMTP_USERNAME",
        "a$b",
        ": must not hold a dollar sign, because Next.js, Prisma and Bun would read it differently",
    ),
    (
        "tickets.env.DATABASE_URL",
        "file:./prisma/db.sqlite",
        ": needs a SQLite file on the volume at /app/data, for example file:/app/data/db.sqlite",
    ),
    (
        "tickets.env.CONVEX_DEPLOYMENT",
        "dev:x",
        ": must not be set: with it the Convex CLI leaves the self-hosted backend; remove the line",
    ),
    (
        "tickets.env.NEXT_PUBLIC_APP_URL",
        "https://x.y",
        ": follows from estate:tickets.web.domain; remove the line",
    ),
    ("edge.acme", GONE, ": is missing: needs keys and values"),
    ("edge.acme", {**ACME, "challenge": "tls"}, ".challenge: needs 'http' or 'dns'"),
    ("dns.zones", 3, ": needs a name for each entry, and its settings below the name"),
    ("dns.ttl", 30, ": needs seconds from 60 to 86400, or 1 for automatic, for example 300"),
    ("hosts.Big", SOCKET, ": needs a short name in small letters, for example vps"),
    (
        "ticketsSecrets.BETTER_AUTH_SECRET",
        "short",
        ": needs a secret of at least 32 characters; make one with: openssl rand -hex 32",
    ),
    (
        "ticketsSecrets.CONVEX_INSTANCE_SECRET",
        GONE,
        ": is missing: needs 64 hex digits; make one with: openssl rand -hex 32",
    ),
    (
        "ticketsSecrets.CRON_SECRET",
        STRONG,
        ": is REPORTS_CRON_SECRET under another name; set only that one",
    ),
]


@pytest.mark.parametrize(("way", "value", "message"), SHAPES, ids=repr)
def test_a_wrong_value_gives_one_line(way: str, value: object, message: str) -> None:
    assert mistakes({way: value}) == [f"estate:{way}{message}"]


def test_a_key_with_dots_is_written_as_config_set_takes_it() -> None:
    zones = {"example.com": "x"}
    assert mistakes({"dns.zones": zones}) == [
        (
            'estate:dns.zones["example.com"]: needs the zone\'s id, 32 hex digits, for example'
            " 023e105f4ecef8ad9ca31a8372d0c353"
        )
    ]


def test_an_item_of_a_list_is_named_by_its_place() -> None:
    assert mistakes({"edge.trusted_proxies": ["10.0.0.0/8", "10.0.0.1/8"]}) == [
        (
            "estate:edge.trusted_proxies[1]: needs a network with its prefix length,"
            " for example 203.0.113.7/32"
        )
    ]


def test_a_part_that_is_plain_text_says_how_to_set_one_value() -> None:
    with pytest.raises(settings.SettingsError) as caught:
        settings.load(raw(VALID) | {"tools": "traefik"}, "test")
    assert caught.value.mistakes == (
        "estate:tools: needs keys and values; set one with: pulumi config set --path",
    )


STORE = {"endpoint": "https://s3.example.com", "bucket": "team-backups", "path": "estate/prod"}
KEYS = {"ACCESS_KEY": "a", "SECRET_KEY": "b", "RESTIC_PASSWORD": STRONG}

RULES: list[tuple[dict[str, object], list[str]]] = [
    (
        {"hosts.two": {**SSH, "host_key": None}},
        ["hosts.two.host_key: is missing: an ssh host needs its public key pinned"],
    ),
    (
        {"hosts.vps.host_key": KEY, "hosts.vps.identity_file": "~/.ssh/id"},
        [
            "hosts.vps.host_key: is for ssh hosts only; remove the line",
            "hosts.vps.identity_file: is for ssh hosts only; remove the line",
        ],
    ),
    (
        {"hosts.two": {**SOCKET, "manager": "three"}},
        ["hosts.two.manager: needs the name of a host in estate:hosts: vps, two"],
    ),
    (
        {
            "hosts.vps.node": "a",
            "hosts.two": {**SOCKET, "manager": "vps", "node": "b"},
            "hosts.three": {**SOCKET, "manager": "two"},
        },
        ["hosts.three.manager: needs a host that manages its Swarm itself"],
    ),
    (
        {"hosts.two": {**SOCKET, "manager": "vps"}},
        [
            "hosts.vps.node: is missing: its Swarm has more nodes, so it needs its host name",
            "hosts.two.node: is missing: its Swarm has more nodes, so it needs its host name",
        ],
    ),
    (
        {"hosts.vps.node": "a", "hosts.two": {**SOCKET, "manager": "vps", "node": "a"}},
        [
            "hosts.vps.node: is the node of another host of the same Swarm too",
            "hosts.two.node: is the node of another host of the same Swarm too",
        ],
    ),
    (
        {"edge.host": "two"},
        [
            "edge.host: needs the name of a host in estate:hosts: vps",
        ],
    ),
    (
        {"tickets.host": "two"},
        [
            "tickets.host: needs the name of a host in estate:hosts: vps",
        ],
    ),
    (
        {"hosts.two": SOCKET, "tickets.host": "two"},
        ["tickets.host: needs a host in the Swarm of estate:edge.host"],
    ),
    (
        {"edge.https_port": 80},
        ["edge.https_port: needs another port than estate:edge.http_port"],
    ),
    (
        {"edge.acme": {**ACME, "challenge": "dns"}, "dns": GONE, "dnsSecrets": GONE},
        [
            "edge.acme.challenge: needs estate:dns when it is dns",
            "dnsSecrets.CLOUDFLARE_API_TOKEN: is missing: the dns challenge needs it",
        ],
    ),
    (
        {"dnsSecrets": GONE},
        ["dnsSecrets.CLOUDFLARE_API_TOKEN: is missing: estate:dns needs it"],
    ),
    (
        {"dns.zones": {}},
        ["dns.zones: needs at least one zone, for example example.com: and its id"],
    ),
    (
        {"dns.proxied": True},
        [
            "edge.trusted_proxies: needs Cloudflare's networks while estate:dns.proxied is true",
            "dns.ttl: needs to be 1 while estate:dns.proxied is true",
        ],
    ),
    (
        {"dns.records": [{"name": "a.example.com", "type": "A", "content": "x.example.com"}]},
        ["dns.records[0].content: needs an IPv4 address, for example 203.0.113.7"],
    ),
    (
        {"dns.records": [{"name": "a.example.com", "type": "AAAA", "content": "203.0.113.7"}]},
        ["dns.records[0].content: needs an IPv6 address, for example 2001:db8::7"],
    ),
    (
        {"dns.records": [{"name": "a.example.com", "type": "CNAME", "content": "203.0.113.7"}]},
        ["dns.records[0].content: needs a host name, for example example.com"],
    ),
    (
        {"dns.records": [{"name": "tickets.example.com", "type": "A", "content": "203.0.113.7"}]},
        ["dns.records[0].name: is the domain of estate:tickets.web.domain too; each needs its own"],
    ),
    (
        {"tickets.convex.domain": "tickets.example.com"},
        [
            (
                "tickets.convex.domain: is the domain of estate:tickets.web.domain too;"
                " each needs its own"
            )
        ],
    ),
    (
        {"tickets.web.extra_domains": ["old.example.org"]},
        ["tickets.web.extra_domains[0]: needs a name inside one of the zones of estate:dns.zones"],
    ),
    (
        {"edge": GONE, "tools": GONE},
        [
            "edge: is missing: estate:tickets is reached through it",
            "tools.image: is missing: the jobs of estate:tickets run on it",
        ],
    ),
    (
        {"tickets.source": {"path": "/srv/apps/sistema"}},
        [
            "tickets.release_sha: is missing: with a source the image does not tell the release",
        ],
    ),
    (
        {"tickets.convex.memory_limit": "1G"},
        ["tickets.convex.memory_reservation: needs at most the memory_limit beside it"],
    ),
    (
        {"tickets.dashboard": DASHBOARD},
        ["tickets.dashboard.allow: is missing: needs networks here, or users beside it"],
    ),
    (
        {"tickets.dashboard": {**DASHBOARD, "allow": ["10.0.0.0/8", "::/0"]}},
        ["tickets.dashboard.allow[1]: needs a smaller network: this one is the whole world"],
    ),
    (
        {"tickets.seed.admin": {"email": "admin@example.com", "name": "Ana"}},
        ["ticketsSecrets.SEED_USER_PASSWORD: is missing: estate:tickets.seed.admin needs it"],
    ),
    (
        {"ticketsSecrets.CONVEX_SYNC_SECRET": "dev-sync-secret"},
        [
            (
                "ticketsSecrets.CONVEX_SYNC_SECRET: must not be the value of the example;"
                " make one with: openssl rand -hex 32"
            )
        ],
    ),
    (
        {"ticketsSecrets.FLEET_SYNC_SECRET": STRONG},
        [
            (
                "ticketsSecrets.FLEET_SYNC_SECRET: must not be MACHINE_PROVISIONING_SECRET again;"
                " give it its own or remove it"
            )
        ],
    ),
    (
        {"ticketsSecrets": GONE},
        [
            (
                "ticketsSecrets: is missing: estate:tickets needs BETTER_AUTH_SECRET,"
                " MACHINE_PROVISIONING_SECRET, CONVEX_SYNC_SECRET, CONVEX_INSTANCE_SECRET,"
                " SMTP_PASSWORD, REPORTS_CRON_SECRET"
            )
        ],
    ),
    (
        {"offsite": STORE, "offsiteSecrets": GONE},
        [
            (
                "offsiteSecrets: is missing: estate:offsite needs ACCESS_KEY, SECRET_KEY,"
                " RESTIC_PASSWORD"
            )
        ],
    ),
    (
        {"offsite": {**STORE, "endpoint": "http://s3.example.com"}, "offsiteSecrets": KEYS},
        ["offsite.endpoint: needs https:// outside of stack local"],
    ),
]


@pytest.mark.parametrize(("changes", "lines"), RULES, ids=repr)
def test_settings_that_do_not_fit_together_are_named(
    changes: dict[str, object], lines: list[str]
) -> None:
    assert mistakes(changes) == [f"estate:{line}" for line in lines]


def test_production_refuses_what_its_seed_could_destroy() -> None:
    changes = {"tickets.seed": {"ensure_only": False}}
    settings.load(raw(changed(changes)), "local")
    assert mistakes(changes, "prod") == [
        "estate:tickets.seed.ensure_only: must be true in stack prod: false resets live passwords",
    ]


def test_the_local_stack_may_use_the_secret_of_the_example() -> None:
    stack = changed({"ticketsSecrets.CONVEX_SYNC_SECRET": "dev-sync-secret"})
    settings.load(raw(stack), "local")


def test_mistakes_of_every_kind_are_reported_together() -> None:
    assert mistakes({
        "wiki": {},
        "edge.http_port": "80",
        "tickets.image": f"app:1@{DIGEST[:-1]}",
        "tickets.convex.domain": "tickets.example.com",
        "ticketsSecrets.SMTP_PASSWORD": GONE,
        "dns.proxied": True,
    }) == [
        "estate:edge.http_port: needs a port from 1 to 65535, for example 443",
        (
            "estate:tickets.image: needs an image with its digest,"
            " for example ghcr.io/team/app@sha256: and 64 hex digits"
        ),
        "estate:ticketsSecrets.SMTP_PASSWORD: is missing: needs a secret text that is not empty",
        (
            "estate:wiki: is not a known key; known here: hosts, edge, dns, dnsSecrets,"
            " registrySecrets, tools, tickets, ticketsSecrets, crm, crmSecrets, npm,"
            " npmSecrets, erp, erpSecrets, backupSecrets,"
            " offsite, offsiteSecrets, copies, adopted, drift, alerts"
        ),
        "estate:edge.trusted_proxies: needs Cloudflare's networks while estate:dns.proxied is true",
        "estate:dns.ttl: needs to be 1 while estate:dns.proxied is true",
        (
            "estate:tickets.convex.domain: is the domain of estate:tickets.web.domain too;"
            " each needs its own"
        ),
    ]


def test_what_is_unreadable_is_said_once() -> None:
    for part in VALID:
        whole = mistakes({part: 3})
        assert len([line for line in whole if line.startswith(f"estate:{part}")]) == 1, whole
