"""The report says what restarts, what data is touched, what users notice and what can be undone."""

from collections.abc import Sequence
from typing import Any

import pytest

from ops.preview.events import Change, Look, Violation, read
from ops.preview.report import Report, report
from tests.unit.previewed import (
    COMMAND,
    RECORD,
    SERVICE,
    VOLUME,
    change,
    event,
    look,
    said,
    service,
    step,
)

BACKUP: dict[str, Any] = {
    "name": "backup",
    "kind": "backup",
    "plan": {
        "volume": "crm_backups",
        "keep": 5,
        "sources": [{"name": "database", "kind": "postgres"}, {"name": "logs", "kind": "folder"}],
    },
}
MIGRATE = {"name": "migrate", "kind": "job", "what": "npx prisma migrate deploy"}
SWITCH = {"name": "switch", "kind": "switch"}
VERIFY = {"name": "verify", "kind": "commit"}


def answers(of: Look, title: str, **options: object) -> Sequence[str]:
    """Return the lines below a title of the report; none when it is not there."""
    shown = report("prod", of, **options)  # type: ignore[arg-type]
    return next((one.lines for one in shown.sections if one.title == title), ())


def released(mode: str, *phases: dict[str, Any], first: bool = False) -> list[Change]:
    """Return the changes of a release of `crm` with these phases and its service `crm`."""
    words = f"{mode}: crm is never away" if mode == "online" else f"{mode}: crm is stopped; undone"
    writers = ["crm", "crm_cron"]
    lines = []
    for index in range(len(phases)):
        so_far = phases[: index + 1]
        shown = words if so_far[-1] is SWITCH else None
        old = step("crm", *so_far, mode=mode, writers=writers, release="one")
        new = step("crm", *so_far, mode=mode, writers=writers, words=shown)
        name = f"crm-{so_far[-1]['name']}"
        lines.append(event("create" if first else "replace", COMMAND, name, old=old, new=new))
    order = "stop-first" if mode == "offline" else "start-first"
    old = service("crm", domains=["crm.example.com"], order=order)
    new = service("crm", domains=["crm.example.com"], order=order, image="app@sha256:2")
    lines.append(event("create" if first else "update", SERVICE, "crm", old=old, new=new))
    return list(read(lines).changes)


ONLINE = look(*released("online", BACKUP, MIGRATE, SWITCH, VERIFY))
OFFLINE = look(*released("offline", BACKUP, MIGRATE, SWITCH, VERIFY))


def test_an_online_release() -> None:
    assert report("prod", ONLINE).verdict == "1 changed, 4 steps to run, 1 unchanged"
    assert answers(ONLINE, "Releases") == (
        "crm: `two` (was `one`), online: backup, migrate, switch, verify",
    )
    assert answers(ONLINE, "Restarts") == ("`crm` is never away",)
    (noticed,) = answers(ONLINE, "Users notice")
    assert noticed.startswith("https://crm.example.com keeps answering")
    assert answers(ONLINE, "Data") == (
        "crm: runs on its data: `npx prisma migrate deploy`",
        (
            "crm: backed up first and proven: `database` (postgres), `logs` (folder), "
            "into `crm_backups`, the last 5 kept"
        ),
    )
    assert answers(ONLINE, "Can it be undone") == (
        (
            "crm: by itself while it runs, the image; data stays as migrated; "
            "later: `make rollback APP=crm`"
        ),
    )


def test_an_offline_release_stops_its_writers_and_takes_its_data_back() -> None:
    assert answers(OFFLINE, "Restarts") == ("`crm` is stopped; `crm_cron` stopped too",)
    assert answers(OFFLINE, "Users notice") == (
        (
            "https://crm.example.com is away while data is backed up and migrated, and then for "
            "about 15 s, at most 125 s"
        ),
    )
    (undone,) = answers(OFFLINE, "Can it be undone")
    assert "image and data together" in undone
    assert "`DATA=1`" in undone


def test_offline_without_work_on_data_is_a_restart() -> None:
    only = look(*released("offline", SWITCH, VERIFY))
    assert answers(only, "Restarts") == ("`crm` restarts: away for about 15 s, at most 125 s",)
    assert answers(only, "Users notice") == (
        "https://crm.example.com is away for about 15 s, at most 125 s",
    )
    assert answers(only, "Data") == ("not touched",)
    (undone,) = answers(only, "Can it be undone")
    assert "data" not in undone


def test_a_migration_without_a_backup_is_said_loudly() -> None:
    unsafe = look(*released("offline", MIGRATE, SWITCH))
    assert "**no backup is made before**" in answers(unsafe, "Data")[1]
    (undone,) = answers(unsafe, "Can it be undone")
    assert "data stays as migrated" in undone


def test_the_newest_backup_is_named_where_it_could_be_asked_for() -> None:
    kept = {"crm": {"database": "database-7.dump"}, "other": {"x": "x.db"}}
    lines = answers(ONLINE, "Data", kept=kept)
    assert lines[-1] == "crm: the newest backup there is: `database-7.dump`"


def test_a_step_that_only_notes_its_inputs_runs_nothing() -> None:
    quiet = read([
        event(
            "update",
            COMMAND,
            "crm-backup",
            old=step("crm", BACKUP, release="one"),
            new=step("crm", BACKUP),
        )
    ])
    assert answers(quiet, "Releases") == ()
    assert answers(quiet, "Data") == ("not touched",)


def test_the_first_release_of_an_application() -> None:
    new = look(*released("offline", BACKUP, MIGRATE, SWITCH, first=True))
    assert "(the first)" in answers(new, "Releases")[0]
    assert answers(new, "Restarts") == ("`crm` starts, for the first time",)
    assert answers(new, "Users notice") == ("https://crm.example.com is new",)
    assert "taken away again" in answers(new, "Can it be undone")[0]


@pytest.mark.parametrize(
    ("old", "new", "restarts", "notices"),
    [
        (
            service("db", order="stop-first"),
            service("db", order="stop-first", image="app@sha256:2"),
            "`db` restarts: away for about 15 s, at most 125 s",
            "what crm needs of `db` fails for about 15 s, at most 125 s",
        ),
        (
            service("db"),
            service("db", image="app@sha256:2"),
            "`db` is never away; the old task ends when the new one serves",
            "nothing",
        ),
        (
            service("db"),
            service("db", labels={"a": "b"}),
            "`db` keeps running: what changes is around its task",
            "nothing",
        ),
        (
            service("db", ports=[{"publishedPort": 80}], order="stop-first"),
            service("db", ports=[{"publishedPort": 81}], order="stop-first"),
            "`db` restarts: away for about 15 s, at most 125 s",
            "every address of this edge (`db`) is away for about 15 s, at most 125 s",
        ),
        (
            service("db", domains=["a.example.com"], order="stop-first"),
            service("db", domains=["a.example.com"], order="stop-first", image="app@sha256:2"),
            "`db` restarts: away for about 15 s, at most 125 s",
            "https://a.example.com is away for about 15 s, at most 125 s",
        ),
    ],
)
def test_a_service_outside_a_release(
    old: dict[str, object], new: dict[str, object], restarts: str, notices: str
) -> None:
    seen = look(change("update", SERVICE, "db", old=old, new=new))
    assert answers(seen, "Restarts") == (restarts,)
    assert answers(seen, "Users notice") == (notices,)


def test_a_replaced_service_is_away_in_between() -> None:
    seen = look(change("replace", SERVICE, "db", old=service("db"), new=service("db")))
    assert answers(seen, "Restarts")[0].startswith("`db` is removed and made anew")


def test_a_removed_service() -> None:
    gone = look(
        change("delete", SERVICE, "admin", old=service("admin", domains=["admin.example.com"])),
        change(
            "delete",
            RECORD,
            "admin.example.com-A",
            old={"name": "admin.example.com", "type": "A", "content": "203.0.113.7", "ttl": 300},
        ),
    )
    assert answers(gone, "Restarts") == ("`admin` stops and is removed",)
    assert answers(gone, "Users notice") == ("https://admin.example.com answers no more",)
    assert answers(gone, "DNS names and certificates") == (
        "`admin.example.com` A: goes; it led to `203.0.113.7`",
        "`admin.example.com`: the certificate is used no more",
    )
    assert "volumes are kept" in answers(gone, "Can it be undone")[0]


def test_a_changed_record_says_when_everybody_follows() -> None:
    old = {"name": "a.example.com", "type": "A", "content": "203.0.113.7", "ttl": 60}
    moved = look(change("update", RECORD, "a", old=old, new={**old, "content": "203.0.113.8"}))
    assert answers(moved, "DNS names and certificates") == (
        '`a.example.com` A: content "203.0.113.7" → "203.0.113.8"; everybody follows within 60 s',
    )


def test_plain_http_gets_no_certificate() -> None:
    new = service("web", domains=["web.localhost"], acme=False)
    plain = look(change("create", SERVICE, "web", new=new))
    assert answers(plain, "DNS names and certificates") == ()
    assert answers(plain, "Users notice") == ("http://web.localhost is new",)


def test_volumes() -> None:
    seen = look(
        change("create", VOLUME, "new"),
        change("delete", VOLUME, "safe", protected=True, kept=True),
        change("delete", VOLUME, "left", kept=True),
        change("delete", VOLUME, "lost"),
    )
    assert [line.partition(":")[2].strip() for line in answers(seen, "Data")] == [
        "a new volume, empty unless one of this name is there",
        "protected: an update refuses to take it away",
        "forgotten by the stack, and stays on the host with its data",
        "**deleted with its data**",
    ]
    assert answers(seen, "Can it be undone") == ("`lost`: **cannot be undone**, the data is gone",)


def test_protected_resources_are_one_problem_that_says_what_to_do() -> None:
    urn = f"urn:pulumi:prod::estate::estate:apps:App${VOLUME}::crm_logs"
    refused = f'resource "{urn}" cannot be deleted\nbecause it is protected.'
    seen = read(
        [
            event("delete", VOLUME, "crm_logs", old={}, protect=True, retain=True),
            said("error", f"Preview failed: {refused}"),
            said("error", "something else"),
        ],
        code=1,
    )
    other, kept = report("prod", seen).problems
    assert other == "something else"
    assert kept.startswith("protected, so an update refuses to take them away: `crm_logs`")
    assert f"pulumi state unprotect '{urn}'" in kept


def test_nothing_to_do_is_one_line() -> None:
    shown = report("prod", look())
    assert shown.verdict == "nothing changes"
    assert shown.sections == ()


def test_a_preview_that_failed_says_so() -> None:
    shown = report("prod", Look(errors=("no such stack",), code=1))
    assert shown.verdict == "this could not be previewed; nothing was changed"
    assert (shown.problems, shown.code) == (("no such stack",), 1)


def test_a_broken_rule_is_the_verdict() -> None:
    broken = Violation(rule="healthcheck", resource="db", text="has none", mandatory=True)
    shown = report("prod", look(violations=(broken,), code=1))
    assert shown.verdict == "an update is refused: 1 rule broken"


def first_report() -> Report:
    """Return the report of a stack that nothing of is there yet."""
    lines = [
        event("create", SERVICE, "crm", new=service("crm", domains=["crm.example.com"])),
        *(event("create", VOLUME, f"crm_{number}") for number in range(9)),
        *(
            event("create", COMMAND, f"crm-{one['name']}", new=step("crm", one))
            for one in (BACKUP, MIGRATE, SWITCH)
        ),
        event("create", RECORD, "crm-A", new={"name": "crm.example.com", "content": "203.0.113.7"}),
    ]
    return report("prod", read(lines))


def test_the_first_update_is_told_by_kind() -> None:
    what, undone = first_report().sections
    assert what.title == "First update: nothing of it runs yet"
    assert what.lines == (
        "services: `crm`",
        "volumes: " + ", ".join(f"`crm_{number}`" for number in range(9)),
        "crm: backup, migrate, switch",
        "addresses: https://crm.example.com",
        "DNS records: `crm.example.com` → 203.0.113.7",
    )
    assert undone.lines == (
        "crm: a first release that fails is taken away again; its volumes stay",
    )


SITES = "estate:erp:Sites"
HOSTS = "estate:npm:ProxyHosts"


def test_tenants_that_come_change_and_go() -> None:
    reach = {"docker": {"url": "ssh://a"}, "job": {"name": "erp_sites", "image": "erp@sha256:1"}}
    host = {"domain_names": ["acme.example.com"], "forward_port": 8080}
    seen = look(
        change(
            "update",
            SITES,
            "erp-sites",
            old={**reach, "sites": {"old-co": {"site": "old-co.example.com"}}},
            new={**reach, "sites": {"acme": {"site": "acme.example.com", "apps": ["erpnext"]}}},
        ),
        change(
            "update",
            HOSTS,
            "erp-hosts",
            old={**reach, "hosts": {"acme": host, "globex": {"forward_port": 80}}},
            new={**reach, "hosts": {"acme": {**host, "forward_port": 81}, "globex": {}}},
        ),
    )
    assert answers(seen, "Tenants") == (
        "`acme`: new site (`acme.example.com`), proxy host: forward_port",
        "`globex`: proxy host: forward_port",
        "`old-co`: site goes (`old-co.example.com`)",
    )


def test_a_customers_names_are_noticed_and_how_a_customer_goes_again() -> None:
    acme = {"domain_names": ["acme.example.com"], "enabled": True}
    seen = look(
        change("update", SITES, "erp-sites", old={"sites": {}}, new={"sites": {"globex": {}}}),
        change(
            "update",
            HOSTS,
            "erp-hosts",
            old={"hosts": {"acme": acme}},
            new={
                "hosts": {
                    "acme": {**acme, "enabled": False},
                    "globex": {"domain_names": ["globex.example.com"]},
                }
            },
        ),
    )
    assert answers(seen, "Users notice") == (
        "`globex.example.com` is new",
        "`acme.example.com` answers no more",
    )
    (undone,) = answers(seen, "Can it be undone")
    assert undone.startswith("`globex`: first `state: archived`")


def test_a_release_of_the_erp_reaches_every_tenant() -> None:
    sites: dict[str, Any] = {f"t{number}": {} for number in range(12)}
    old, new = ({"job": {"image": one}, "sites": sites} for one in ("a", "b"))
    seen = look(change("update", SITES, "erp-sites", old=old, new=new))
    (line,) = answers(seen, "Tenants")
    assert line.startswith("the release reaches all 12: `t0`")
    assert line.endswith(" and 2 more")


def test_how_a_resource_is_reached_is_no_tenant() -> None:
    old, new = ({"docker": {"url": one}, "hosts": {"acme": {}}} for one in ("a", "b"))
    assert answers(look(change("update", HOSTS, "h", old=old, new=new)), "Tenants") == ()


def test_a_wave_closes_and_migrates_site_after_site() -> None:
    wave: dict[str, Any] = {
        "name": "wave",
        "kind": "wave",
        "copies": "erp_backups",
        "keep": 3,
        "canary": "acme.example.com",
        "services": [{"name": "erp_backend"}],
    }
    given = {
        "mode": "offline",
        "service": "erp_backend",
        "writers": ["erp_backend", "erp_worker"],
        "words": "offline: sites closed, acme.example.com first, then 5 at a time",
    }
    configure: dict[str, Any] = {
        "name": "configure",
        "kind": "job",
        "what": "the bench's configuration",
    }
    lines = [
        event(
            "replace",
            COMMAND,
            f"erp-{phases[-1]['name']}",
            old=step("erp", *phases, release="one"),
            new=step("erp", *phases, **given),
        )
        for phases in ([configure], [configure, wave])
    ]
    lines.append(
        event(
            "update",
            SERVICE,
            "erp_worker",
            old=service("erp_worker"),
            new=service("erp_worker", image="app@sha256:2"),
        )
    )
    seen = read(lines)
    assert answers(seen, "Restarts") == (
        "`erp_backend`, `erp_worker`: sites closed, acme.example.com first, then 5 at a time",
    )
    assert answers(seen, "Users notice") == (
        "each site of erp is closed while it is copied and migrated, `acme.example.com` first",
    )
    work, copies = answers(seen, "Data")
    assert work == "erp: runs on its data: `the bench's configuration`"
    assert "into `erp_backups`, the last 3 of each site kept" in copies
    assert "a site that fails gets its own data back" in answers(seen, "Can it be undone")[0]
