"""The ERP with its customers, end to end: real engine, real Swarm, stand-ins for the images."""

import re

import pytest

from components.apps.erp.layout import ROOT_PASSWORD_FILE
from local.images.build.__main__ import build_images
from ops.drift import EXIT_DRIFT, tell
from ops.preview.command import Form, as_form, looked_at
from ops.state_recover import bring_back
from ops.up import bring_up
from ops.workplace import PRIVATE
from settings import digits
from tests.engine.operations import Operations
from tests.engine.stack import images
from tests.erp.customers import NAME, ROOT_PASSWORD, TODO, Erp, admin, site
from tests.faults.canaries import files, search

pytestmark = pytest.mark.engine


def test_each_customer_answers_through_the_proxy_with_data_of_its_own(served: Erp) -> None:
    urls = served.stack.output("urls")
    assert set(urls) == {"erp-acme", "erp-globex"}
    for tenant in ("acme", "globex"):
        answer = served.ask(tenant)
        assert (answer.status_code, answer.json()["message"]) == (200, "pong")
        assert served.upgrade(tenant) == "HTTP/1.1 101 Switching Protocols"
    assert served.ask("acme", TODO, {"description": "of acme"}).status_code == 200
    assert "of acme" in served.todos("acme")
    assert "of acme" not in served.todos("globex")


def test_a_second_up_changes_nothing_and_nothing_has_drifted(served: Erp) -> None:
    tasks = served.stack.tasks()
    again = served.stack.run("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert again.code == 0, again.output
    assert served.stack.tasks() == tasks
    assert served.stack.drift() == ()


def test_each_administrator_has_a_password_of_its_own(served: Erp) -> None:
    for tenant, other in (("acme", "globex"), ("globex", "acme")):
        path = "/api/method/login"
        login = {"usr": "Administrator", "pwd": served.secrets[admin(tenant)]}
        assert served.ask(tenant, path, login).status_code == 200
        assert served.ask(other, path, login).status_code == 401


def test_a_third_customer_touches_nothing_of_the_other_two(served: Erp) -> None:
    tasks, before = served.stack.tasks(), {t: served.host_of(t) for t in ("acme", "globex")}
    served.make_secret(admin("initech"))
    served.stack.set("erp.tenants.initech", {"limits": {"users": 10}})
    served.stack.must_up()
    assert served.stack.tasks() == tasks
    assert {t: served.host_of(t) for t in ("acme", "globex")} == before
    assert served.ask("initech").json()["message"] == "pong"
    assert served.site_config("initech")["limits"] == {"users": 10}


def test_what_is_changed_by_hand_is_named_by_customer_and_field_and_put_back(
    served: Erp, capsys: pytest.CaptureFixture[str]
) -> None:
    host = served.host_of("globex")
    served.npm("PUT", f"/nginx/proxy-hosts/{host['id']}", {"forward_port": 9999})
    served.bench("acme", "set-config", "host_name", "http://planted.localhost")
    assert tell(served.stack.engine) == EXIT_DRIFT
    said = capsys.readouterr().out
    assert re.search(r'hosts\["globex"\].forward_port +8080 +9999', said)
    assert re.search(r'sites\["acme"\].config.*host_name.*planted', said)
    assert bring_up(served.stack.engine) == 0
    assert served.host_of("globex")["forward_port"] == 8080
    assert "planted" not in served.site_config("acme")["host_name"]
    assert served.stack.drift() == ()


def test_a_customer_is_closed_or_taken_out_and_comes_back_with_its_data(served: Erp) -> None:
    kept, tenants = served.todos("acme"), dict(served.tenants())
    served.stack.set("erp.waves.canary", None)
    closed = {"acme": {"state": "suspended"}, "globex": {"state": "archived"}}
    served.stack.set("erp.tenants", {**tenants, **closed})
    served.stack.must_up()
    served.answers("acme", 503)
    served.answers("initech")
    assert served.ask("globex").text.count("pong") == 0
    without = {name: one for name, one in tenants.items() if name != "globex"}
    served.stack.set("erp.tenants", without)
    served.stack.must_up()
    (left,) = served.stack.drift()
    assert left.resource == f"site:{site('globex')}"
    served.answers("acme")
    assert served.todos("acme") == kept
    hosts = served.npm("GET", "/nginx/proxy-hosts")
    assert not [one for one in hosts if site("globex") in one["domain_names"]]
    assert served.site_config("globex")["db_name"]
    served.stack.set("erp.tenants", tenants)
    served.stack.set("erp.waves.canary", "acme")
    served.stack.must_up()
    served.answers("globex")


def test_a_site_goes_back_to_a_copy_that_a_person_names(served: Erp) -> None:
    by_hand = Operations(served.stack)
    served.ask("acme", TODO, {"description": "kept"})
    by_hand.must("site-backup", "--tenant", "acme")
    served.ask("acme", TODO, {"description": "lost"})
    assert "lost" in served.todos("acme")
    by_hand.must("site-restore", "--tenant", "acme", "--from", "latest", "--force")
    served.answers("acme")
    todos = served.todos("acme")
    assert "kept" in todos
    assert "lost" not in todos
    served.answers("globex")


def test_a_release_reaches_each_site_and_one_that_fails_is_kept_apart(served: Erp) -> None:
    served.ask("globex", TODO, {"description": "fault"})
    served.kept = {tenant: served.todos(tenant) for tenant in ("acme", "globex")}
    (image,) = build_images(["erpnext"], {"DEMO_FAULT": "marked-site"}).values()
    served.stack.set("erp.image", image)
    said = served.stack.up()
    assert said.code != 0
    served.said.append(said.output)
    assert "1 site is in quarantine" in said.output
    assert site("globex") in said.output
    assert served.ask("acme").json()["release"] == digits(image)
    assert served.ask("globex").status_code == 503
    assert served.todos("acme") == served.kept["acme"]
    assert "estate_quarantine" in served.site_config("globex")
    # The rest of the update goes through: the release itself has ended.
    served.stack.must_up()
    assert served.stack.drift() == ()
    running = {
        service.attrs["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"]
        for service in served.stack.docker.services.list(
            filters={"label": f"estate.stack={served.stack.name}"}
        )
    }
    assert image in running
    assert images()["erpnext"] not in running


@pytest.mark.long
def test_another_image_tries_a_site_in_quarantine_again_with_the_data_it_has_kept(
    served: Erp,
) -> None:
    served.stack.set("erp.image", images()["erpnext"])
    served.stack.must_up()
    served.answers("globex")
    assert served.todos("globex") == served.kept["globex"]


def test_no_password_shows_in_what_is_said_kept_or_run(served: Erp) -> None:
    by_hand = Operations(served.stack)
    served.stack.set("erp.tenants.acme.limits", {"users": 7})
    report, hidden = looked_at(served.stack.engine)
    forms: tuple[Form, ...] = ("diff", "markdown", "json")
    shown = [hidden.hide(as_form(report, form)) for form in forms]
    shown.append(served.stack.run("preview", "--diff").output)
    served.stack.set("erp.tenants.acme.limits", {})
    by_hand.must("drift", "--json")
    for command in ("releases", "backups"):
        by_hand.must(command)
    said = [*served.said, *shown, *(one.out + one.error for one in by_hand.said)]
    assert len(served.said) == 1
    places = [
        *((f"output {number}", text.encode()) for number, text in enumerate(said)),
        *served.witness.places,
        *files(served.stack.folder, PRIVATE),
    ]
    assert len(served.secrets) == 5
    assert search(places, served.secrets) == []
    kinds = {place.partition(" ")[0] for place, _ in places}
    assert {"arguments", "environment", "service", "tasks", "log", "container"} <= kinds


def test_the_passwords_were_there_to_be_found(served: Erp) -> None:
    secret = served.inside(f"{NAME}_db", "cat", ROOT_PASSWORD_FILE)
    assert search([("file", secret.encode())], served.secrets) == [f"{ROOT_PASSWORD} in file"]


@pytest.mark.long
def test_a_lost_state_is_made_anew_with_what_proxy_and_bench_hold(
    served: Erp, monkeypatch: pytest.MonkeyPatch
) -> None:
    it, before = served.stack, served.stack.tasks()
    it.engine.run_bare("stack", "rm", NAME, "--force", "--yes", "--preserve-config")
    # As `make up` makes a new one: with the salt of the stack file, which lies elsewhere in a test.
    it.engine.run_bare("stack", "init", NAME, "--cwd", str(it.folder))
    monkeypatch.setattr("ops.state_recover.copies", lambda _stack: [])
    assert bring_back(it.engine, None, force=True) == 0
    known = {one["type"]: one for one in it.state()["deployment"]["resources"]}
    hosts = known["estate:npm:ProxyHosts"]["outputs"]["hosts"]
    sites = known["estate:erp:Sites"]["outputs"]["sites"]
    assert set(hosts) == set(sites) == set(served.tenants())
    done = it.run("preview", "--expect-no-changes", "--diff")
    assert done.code == 0, done.output
    it.must_up()
    assert it.tasks() == before
    assert it.drift() == ()
