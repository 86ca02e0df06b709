"""Releases of the CRM while a part of the world goes away: registry, ssh, daemon, certificate."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import httpx
import pytest

from ops.workplace import ROOT
from tests.engine.releases import release
from tests.engine.stack import Stack, images, wait_until
from tests.faults.crm import UP, Crm, mode_of
from tests.faults.killing import at_work, bring_up
from tests.faults.scorecard import Row
from tests.faults.test_crm_killed import must_be_whole
from tests.hosts.ssh_server import SshServer

pytestmark = pytest.mark.engine

REGISTRY_PORT = 8395
SSH_PORT = 8396


@contextmanager
def own_registry() -> Iterator[tuple[docker.models.containers.Container, str]]:
    """Run a registry with one build of the CRM; give its container and the build's reference."""
    client = docker.from_env()
    container = client.containers.run(
        images()["registry"],
        name="fault4_registry",
        detach=True,
        ports={"5000/tcp": ("127.0.0.1", REGISTRY_PORT)},
    )
    try:
        url = f"http://127.0.0.1:{REGISTRY_PORT}/v2/"
        wait_until(lambda: _answers(url), 180)
        repository = f"127.0.0.1:{REGISTRY_PORT}/estate/crm"
        image = client.images.get(release("from-elsewhere", image="crm"))
        image.tag(repository, tag="x")
        client.images.push(repository, tag="x")
        (reference,) = (
            one
            for one in client.images.get(f"{repository}:x").attrs["RepoDigests"]
            if one.startswith(repository)
        )
        # The machine forgets it and its digest, so that it has to be pulled.
        client.images.remove(f"{repository}:x")
        yield container, reference
    finally:
        container.remove(force=True, v=True)
        client.close()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.HTTPError:
        return False


@pytest.mark.fault("registry gone", "online")
def test_without_the_registry_nothing_that_serves_is_touched(served: Crm, row: Row) -> None:
    with own_registry() as (registry, reference):
        registry.stop()
        failed = served.try_out(row, "no-registry", image=reference)
        assert "failed at migrate" in failed.report
        assert "No such image" in failed.report
        assert row.traffic is not None
        assert row.traffic.lost == []
        served.must_be_pending()
        registry.start()
        wait_until(lambda: _answers(f"http://127.0.0.1:{REGISTRY_PORT}/v2/"), 180)
        done = served.up()
        assert done.code == 0, done.output
        assert served.build() == "from-elsewhere"
        assert served.rows_lost() == []
        row.ended += ", then the same digest when the registry was back"
        served.must_serve("after-no-registry")


@pytest.mark.fault("ssh connection cut at migrate", "offline")
def test_a_release_whose_ssh_connection_is_cut_is_ended_by_the_next(
    served: Crm, row: Row, tmp_path: Path
) -> None:
    server, config = SshServer(tmp_path, SSH_PORT), served.stack.engine
    keys = {
        "url": f"ssh://root@127.0.0.1:{SSH_PORT}",
        "host_key": server.host_key,
        "identity_file": str(server.user_key),
    }
    for key, value in keys.items():
        config.ask("config", "set", "--path", f"estate:hosts.here.{key}", value)
    served.choose(release("ssh-cut", image="crm"), mode_of(row))
    with served.under_load("ssh-cut") as row.traffic:
        with (
            server.running(),
            at_work(served.stack, lambda: _migrates(served), phase="migrate"),
        ):
            server.cut()
        assert served.attempt() is not None
        with server.running():
            done = bring_up(served.stack)
            assert done.code == 0, done.output
            wait_until(lambda: served.serves("ssh-cut"), 180)
            assert served.stack.drift() == ()
    config.ask("config", "set", "--path", "estate:hosts.here.url", "unix:///var/run/docker.sock")
    for key in ("host_key", "identity_file"):
        config.ask("config", "rm", "--path", f"estate:hosts.here.{key}")
    assert served.up().code == 0
    must_be_whole(served, row, "ssh-cut")
    row.ended = "interrupted, then released by the next up"


def _migrates(crm: Crm) -> bool:
    return f"{crm.stack.name}_migrate" in crm.running()


@pytest.mark.fault("two updates at once from two machines", "online")
def test_of_two_updates_from_two_machines_the_journal_tells_who_is_at_work(
    served: Crm, row: Row, tmp_path: Path
) -> None:
    other = Stack(tmp_path / "other", served.stack.name, served.stack.config)
    other.file.write_text(served.stack.file.read_text(encoding="utf-8"), encoding="utf-8")
    other.engine.ask("stack", "import", stdin=served.stack.engine.ask("stack", "export"))
    served.choose(release("ours", image="crm"))
    other.engine.ask("config", "set", "--path", "estate:crm.image", release("theirs", image="crm"))
    with served.under_load("ours") as row.traffic, served.starting() as ours:
        wait_until(lambda: _holder(served) is not None, 120, every_s=0.1)
        # Another host name is what makes it another machine to the journal.
        as_another = ["unshare", "--uts", "sh", "-c", 'hostname laptop && exec "$@"', "sh"]
        theirs = subprocess.run(
            [*as_another, *other.command(*UP)],
            cwd=ROOT,
            env=other.engine.environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        done = ours()
    assert theirs.returncode not in {0, None}, theirs.stdout
    assert "is being released by" in theirs.stdout
    assert "This run changed nothing" in theirs.stdout
    assert done.code == 0, done.output
    assert row.traffic.lost == []
    must_be_whole(served, row, "ours")
    row.ended = "released; the second was refused and told who is at work"
    other.docker.close()


def _holder(crm: Crm) -> object:
    return (crm.attempt() or {}).get("holder")
