"""The tickets system of the runbooks is taken over, with its DNS and its Convex variables."""

from collections.abc import Iterator

import pytest

from local.cloudflare.api import Cloudflare
from local.cloudflare.api import running as cloudflare
from ops.adopt import take_in
from ops.drift import EXIT_DRIFT
from ops.state_recover import bring_back
from tests.adopt.running import LIMIT_S, Running
from tests.engine.stack import ask_again, stack, tickets_config, wait_until

pytestmark = pytest.mark.engine

NAME, PORT = "chamados", 8294
ZONE = "abcdef0123456789abcdef0123456789"
TOKEN = "a-token-of-the-adoption-tests"
CONVEX = f"{NAME}_convex_backend"
MEMORY = "taskSpec.resources.limits.memoryBytes"
MIGRATE = "exec bun x prisma migrate deploy"
FUNCTIONS = "exec bun x convex deploy"
VARIABLE = 'exec bun x convex env set "$NAME" "$VALUE"'


class Tickets(Running):
    """The tickets system by hand, with its records at the DNS provider."""

    dns: Cloudflare

    def settle(self, env: str) -> None:
        """Do what the runbooks say after `docker stack deploy`."""
        image, files = self.stack.config["tickets"]["image"], {env: "/app/.env"}
        self.must_do(image, MIGRATE, {**files, f"{NAME}_sistema_db": "/app/data"})
        wait_until(lambda: self.has(CONVEX), LIMIT_S)
        login = {
            "CONVEX_SELF_HOSTED_URL": "http://convex_backend:3210",
            "CONVEX_SELF_HOSTED_ADMIN_KEY": self.tell(CONVEX, "./generate_admin_key.sh"),
        }
        for name, value in self.variables().items():
            self.must_do(image, VARIABLE, {}, NAME=name, VALUE=value, **login)
        self.must_do(image, FUNCTIONS, {}, **login)
        for record in self.declared.of("DnsRecord").values():
            given = {k: v for k, v in record.inputs.items() if k != "zoneId"}
            self.dns.zones.create(ZONE, given)
        self.must_serve()

    def variables(self) -> dict[str, str]:
        """What Convex functions are to read."""
        (environment,) = self.declared.of("Environment").values()
        found: dict[str, str] = environment.inputs["variables"]
        return found


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tickets]:
    config = tickets_config(NAME, port=PORT, by_clock=True)
    with cloudflare({ZONE: f"{NAME}.localhost"}, TOKEN) as dns:
        config["dns"] = {"zones": {f"{NAME}.localhost": ZONE}, "api_url": dns.url}
        config["dnsSecrets"] = {"CLOUDFLARE_API_TOKEN": TOKEN}
        with stack(tmp_path_factory.mktemp("adopt"), NAME, config) as it:
            made = Tickets(it)
            made.dns = dns
            made.take_away()
            try:
                folder = tmp_path_factory.mktemp("compose")
                made.deploy(folder)
                (env,) = folder.glob("*_web_env_*")
                made.settle(str(env))
                yield made
            finally:
                made.take_away()


def must_be_untouched(running: Tickets, before: dict[str, list[str]]) -> None:
    """The first update changes nothing, and no task has restarted."""
    it, writes = running.stack, len(written(running))
    done = it.run("preview", "--expect-no-changes", "--diff")
    assert done.code == 0, done.output
    it.must_up()
    assert running.tasks() == before
    assert len(written(running)) == writes
    assert it.drift() == ()
    answer = ask_again(lambda: it.get(f"tickets.{NAME}.localhost"))
    assert answer.status_code == 200, answer.text


def written(running: Tickets) -> list[tuple[str, str]]:
    """The requests that changed something at the DNS provider."""
    return [one for one in running.dns.requests if one[0] != "GET"]


def test_what_differs_is_named_with_what_it_would_cost_and_no_secret_is_shown(
    running: Tickets, capsys: pytest.CaptureFixture[str]
) -> None:
    it, before = running.stack, running.tasks()
    old = it.config["ticketsSecrets"]["REPORTS_CRON_SECRET"]
    it.set("ticketsSecrets.REPORTS_CRON_SECRET", "feed" * 16)
    it.set("tickets.convex.memory_limit", "300M")
    assert take_in(it.engine, dry=True, force=True) == EXIT_DRIFT
    shown = capsys.readouterr().out
    assert 'variables["REPORTS_CRON_SECRET"]' in shown
    (line,) = [one for one in shown.splitlines() if one.split()[1:2] == [MEMORY]]
    assert line.split()[0] == CONVEX
    assert line.split()[2:4] == ["300M", "256M"], shown
    assert line.endswith("restarts its task"), shown
    assert "feed" * 16 not in shown
    assert old not in shown
    assert it.state()["deployment"].get("resources") is None
    assert running.tasks() == before
    it.set("tickets.convex.memory_limit", "256M")
    it.set("ticketsSecrets.REPORTS_CRON_SECRET", old)


def test_the_tickets_system_is_adopted_without_a_change_and_without_a_restart(
    running: Tickets, capsys: pytest.CaptureFixture[str]
) -> None:
    before = running.tasks()
    assert len(before) == 7
    assert take_in(running.stack.engine, dry=False, force=True) == 0
    assert "the first update changes nothing" in capsys.readouterr().out
    must_be_untouched(running, before)


def test_a_state_that_is_lost_without_a_copy_is_made_anew_from_what_runs(
    running: Tickets, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, before = running.stack.engine, running.tasks()
    known = len(running.stack.state()["deployment"]["resources"])
    engine.run_bare("stack", "rm", NAME, "--force", "--yes", "--preserve-config")
    # As `make up` makes a new one: with the salt of the stack file, which lies elsewhere in a test.
    engine.run_bare("stack", "init", NAME, "--cwd", str(running.stack.folder))
    monkeypatch.setattr("ops.state_recover.copies", lambda _stack: [])
    assert bring_back(engine, None, force=True) == 0
    assert "has 0 resources; it is made anew from what runs" in capsys.readouterr().out
    assert len(running.stack.state()["deployment"]["resources"]) == known
    must_be_untouched(running, before)
