"""The ERP, its customers and its proxy in a stack file: what is refused, and what follows."""

from typing import Any

import pytest

import settings
from tests.unit.stack_files import ERP, GONE, IMAGE, STRONG, VALID, changed, mistakes, raw

SOCKET = {"url": "unix:///run/two.sock", "address": "203.0.113.9"}
NUMBER = "needs a number from 1 to 1000000, for example 10"
HOST = "needs a host name, for example tickets.example.com"


def load(changes: dict[str, object]) -> settings.Estate:
    return settings.load(raw(changed({**ERP, **changes})), "test")


def erp_of(changes: dict[str, object]) -> settings.Erp:
    erp = load(changes).erp
    assert erp
    return erp


SHAPES: list[tuple[str, object, str]] = [
    ("npm.acme", GONE, ": is missing: needs keys and values"),
    (
        "npm.admin_email",
        "admin",
        ": needs an e-mail address, for example admin@example.com",
    ),
    (
        "npmSecrets.ADMIN_PASSWORD",
        "short",
        ": needs a secret of at least 16 characters; make one with: openssl rand -hex 32",
    ),
    ("erp.domain", "erp", f": {HOST}"),
    ("erp.migrations", "online", ": needs 'offline'"),
    ("erp.tenants", GONE, ": is missing: needs a customer's short name in small letters"),
    ("erp.tenants", [], ": needs a name for each entry, and its settings below the name"),
    (
        "erp.tenants.Acme",
        {},
        ": needs a customer's short name in small letters, for example acme",
    ),
    ("erp.tenants.acme.domains", ["Erp"], f"[0]: {HOST}"),
    ("erp.tenants.acme.foreign", ["erp"], f"[0]: {HOST}"),
    ("erp.tenants.acme.state", "closed", ": needs 'active', 'suspended' or 'archived'"),
    (
        "erp.tenants.acme.apps",
        ["NFS-e"],
        "[0]: needs the name of an app of the image, for example erpnext",
    ),
    ("erp.tenants.acme.limits", {"users": 0}, f".users: {NUMBER}"),
    (
        "erp.tenants.acme.domain",
        "erp.example.com",
        ": is not a known key; did you mean domains?",
    ),
    (
        "erp.waves",
        {"batch": 0},
        ".batch: needs a number of sites from 1 to 1000, for example 5",
    ),
    ("erp.waves", {"on_failure": "ask"}, ".on_failure: needs 'continue' or 'stop'"),
    ("erp.archive_sites", "no", ": needs true or false"),
    (
        "erpSecrets.MARIADB_ROOT_PASSWORD",
        "root",
        ": needs a secret of at least 16 characters; make one with: openssl rand -hex 32",
    ),
    (
        "erpSecrets.tenants.acme",
        {},
        (
            ".ADMIN_PASSWORD: is missing: needs a secret of at least 16 characters;"
            " make one with: openssl rand -hex 32"
        ),
    ),
]


@pytest.mark.parametrize(("way", "value", "message"), SHAPES, ids=repr)
def test_a_wrong_value_gives_one_line(way: str, value: object, message: str) -> None:
    (line,) = mistakes({**ERP, way: value})
    assert line.startswith(f"estate:{way}{message}")


RULES: list[tuple[dict[str, object], list[str]]] = [
    (
        {"npm": GONE, "npmSecrets": GONE},
        ["npm: is missing: estate:erp is reached through it"],
    ),
    ({"npmSecrets": GONE}, ["npmSecrets: is missing: estate:npm needs ADMIN_PASSWORD"]),
    ({"npm.host": "two"}, ["npm.host: needs the name of a host in estate:hosts: vps"]),
    (
        {"hosts.two": SOCKET, "npm.host": "two", "npm.http_port": 80, "npm.https_port": 443},
        ["erp.host: needs a host in the Swarm of estate:npm.host"],
    ),
    (
        {"npm.http_port": 80, "npm.https_port": 443},
        [
            (
                "npm.http_port: is estate:edge.http_port on the same host;"
                " give one of the two another port or another host"
            ),
            (
                "npm.https_port: is estate:edge.https_port on the same host;"
                " give one of the two another port or another host"
            ),
        ],
    ),
    ({"npm.https_port": 8088}, ["npm.https_port: needs another port than estate:npm.http_port"]),
    (
        {"npm.network": "traefik_public", "npm.name": "traefik"},
        [
            "npm.name: is estate:edge.name too; each needs its own",
            "npm.network: is estate:edge.network too; each needs its own",
        ],
    ),
    (
        {"npm.memory_limit": "64M"},
        ["npm.memory_reservation: needs at most the memory_limit beside it"],
    ),
    ({"erp.name": "npm"}, ["erp.name: is estate:npm.name too; each needs its own"]),
    ({"erp.name": "sistema"}, ["erp.name: is estate:tickets.name too; each needs its own"]),
    (
        {"erp.worker": {"memory_limit": "64M"}},
        ["erp.worker.memory_reservation: needs at most the memory_limit beside it"],
    ),
    (
        {"erpSecrets": GONE},
        ["erpSecrets: is missing: estate:erp needs MARIADB_ROOT_PASSWORD"],
    ),
    (
        {"erp.tenants.initech": {}},
        [
            (
                "erpSecrets.tenants.initech.ADMIN_PASSWORD: is missing:"
                " estate:erp.tenants.initech needs it; make one with: openssl rand -hex 32"
            )
        ],
    ),
    (
        {"erp.waves": {"canary": "initech"}},
        ["erp.waves.canary: needs the name of a tenant in estate:erp.tenants: acme, globex"],
    ),
    (
        {"erp.waves": {"canary": "acme"}, "erp.tenants.acme": {"state": "suspended"}},
        ["erp.waves.canary: needs a tenant that is active"],
    ),
    (
        {"erp.tenants": {}, "erpSecrets.tenants": {}},
        ["erp.tenants: needs an active tenant: a release is seen to work on its site"],
    ),
    (
        {"tools": GONE, **dict.fromkeys(("tickets", "ticketsSecrets", "erp"), GONE)},
        ["tools.image: is missing: the jobs of estate:npm run on it"],
    ),
    (
        {"erp.tenants.globex": {"domains": ["acme.erp.example.com"]}},
        [
            (
                "erp.tenants.globex.domains[0]: is the domain of estate:erp.tenants.acme too;"
                " each needs its own"
            )
        ],
    ),
    (
        {"erp.tenants.globex": {"site": "tickets.example.com"}},
        [
            (
                "erp.tenants.globex.site: is the domain of estate:tickets.web.domain too;"
                " each needs its own"
            )
        ],
    ),
    (
        {
            "erp.tenants.globex": {"foreign": ["globex.net"]},
            "erp.tenants.acme": {"foreign": ["globex.net"]},
        },
        [
            (
                "erp.tenants.globex.foreign[0]: is the domain of estate:erp.tenants.acme.foreign[0]"
                " too; each needs its own"
            )
        ],
    ),
    (
        {"erp.tenants.globex": {"domains": ["erp.globex.net"]}},
        [
            (
                "erp.tenants.globex.domains[0]: needs a name inside one of the zones of"
                " estate:dns.zones"
            )
        ],
    ),
    (
        {"erp.domain": "erp.example.org"},
        ["erp.domain: needs a name inside one of the zones of estate:dns.zones"],
    ),
    (
        {"erp.tenants.globex": {"foreign": ["globex.example.com"]}},
        [
            (
                "erp.tenants.globex.foreign[0]: lies in a zone of estate:dns.zones; move it to"
                " domains beside it"
            )
        ],
    ),
    (
        {"erp.tenants.globex": {"apps": ["erpnext", "frappe", "erpnext"]}},
        [
            "erp.tenants.globex.apps[1]: is the framework, which every site has; remove it",
            "erp.tenants.globex.apps[2]: stands there twice; remove one",
        ],
    ),
]


@pytest.mark.parametrize(("changes", "lines"), RULES, ids=repr)
def test_settings_that_do_not_fit_together_are_named(
    changes: dict[str, object], lines: list[str]
) -> None:
    assert mistakes({**ERP, **changes}) == [f"estate:{line}" for line in lines]


def test_mistakes_of_many_tenants_are_reported_together() -> None:
    tenants = {
        "acme": {"state": "closed"},
        "globex": {"domains": ["tickets.example.com"], "limits": {"users": "many"}},
    }
    found = mistakes({**ERP, "erp.tenants": tenants, "erp.waves": {"canary": "initech"}})
    assert [line.partition(": ")[0] for line in found] == [
        "estate:erp.tenants.acme.state",
        "estate:erp.tenants.globex.limits.users",
        "estate:erp.tenants.globex.domains[0]",
        "estate:erp.waves.canary",
    ]


def test_what_is_unreadable_is_said_once() -> None:
    for part in {**VALID, **ERP}:
        whole = mistakes({**ERP, part: 3})
        assert len([line for line in whole if line.startswith(f"estate:{part}")]) == 1, whole
    for key in ("tenants", "mariadb", "waves", "domain"):
        assert len(mistakes({**ERP, f"erp.{key}": 3})) == 1
    assert len(mistakes({**ERP, "erp.tenants.acme": 3})) == 1


def test_no_message_shows_a_secret() -> None:
    canary = "canary-3c1d"
    found = mistakes({
        **ERP,
        "npmSecrets.ADMIN_PASSWORD": canary,
        "erpSecrets.MARIADB_ROOT_PASSWORD": canary,
        "erpSecrets.tenants.acme.ADMIN_PASSWORD": canary,
    })
    assert len(found) == 3
    assert canary not in str(found)


def test_a_tenant_is_called_by_its_short_name_below_the_domain_of_the_erp() -> None:
    erp = erp_of({"erp.tenants.globex": {"domains": ["globex.example.com"], "foreign": ["g.net"]}})
    assert erp.names("acme") == ["acme.erp.example.com"]
    assert erp.names("globex") == ["globex.erp.example.com", "globex.example.com", "g.net"]


def test_a_further_name_does_not_move_a_site() -> None:
    before = erp_of({})
    after = erp_of({"erp.tenants.acme": {"domains": ["acme.example.com"]}})
    assert before.site("acme") == after.site("acme") == "acme.erp.example.com"


def test_a_site_that_is_there_already_keeps_its_name() -> None:
    assert erp_of({"erp.tenants.acme": {"site": "old.example.com"}}).names("acme") == [
        "old.example.com"
    ]


def test_one_record_stands_for_all_names_below_the_domain_and_none_for_those_of_others() -> None:
    erp = erp_of({
        "erp.tenants.acme": {"site": "erp.example.com", "foreign": ["acme.net"]},
        "erp.tenants.globex": {"domains": ["g.erp.example.com", "globex.example.com"]},
    })
    assert erp.records() == ["*.erp.example.com", "erp.example.com", "globex.example.com"]


def test_the_records_of_the_erp_lead_to_the_host_of_its_proxy() -> None:
    other = {**SOCKET, "manager": "vps", "node": "b"}
    estate = load({"hosts.vps.node": "a", "hosts.two": other, "npm.host": "two"})
    assert estate.hosts_by_domain()["*.erp.example.com"].node == "b"


def test_a_record_of_ones_own_may_stand_for_all_names_below() -> None:
    record = {"name": "*.dev.example.com", "type": "A", "content": "203.0.113.7"}
    assert load({"dns.records": [record]}).dns


@pytest.mark.parametrize(
    ("changes", "probe"),
    [
        ({}, "acme"),
        ({"erp.waves": {"canary": "globex"}}, "globex"),
        ({"erp.tenants.acme": {"state": "suspended"}}, "globex"),
    ],
)
def test_the_canary_or_the_first_active_tenant_is_asked(changes: Any, probe: str) -> None:  # noqa: ANN401 - JSON
    assert erp_of(changes).probe() == probe


def test_an_archived_tenant_needs_no_password() -> None:
    assert load({
        "erp.archive_sites": True,
        "erp.tenants.globex": {"state": "archived"},
        "erpSecrets.tenants": {"acme": {"ADMIN_PASSWORD": STRONG}},
    }).erp


def test_an_estate_may_have_the_erp_alone() -> None:
    gone = dict.fromkeys(("edge", "tickets", "ticketsSecrets", "dns", "dnsSecrets"), GONE)
    estate = load({**gone, "npm.http_port": 80, "npm.https_port": 443})
    assert list(estate.applications()) == ["erp"]


def test_the_limits_of_a_plan_are_those_that_are_set() -> None:
    limits = erp_of({"erp.tenants.acme": {"limits": {"users": 10}}}).tenants["acme"].limits
    assert limits.keys() == {"users": 10}


def test_the_address_of_a_site_follows_from_the_proxy() -> None:
    npm = load({}).npm
    assert npm
    assert npm.url("a.example.com") == "http://a.example.com:8088"
    secure = load({"npm.acme": {}, "npm.https_port": 8443}).npm
    assert secure
    assert secure.url("a.example.com") == "https://a.example.com:8443"
    assert secure.image == IMAGE
