"""The same estate on a machine that is reached over ssh: pinned host key, own user key."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ops.errors import OpsError
from tests.engine.stack import Stack, stack, tickets_config
from tests.hosts.ssh_server import SshServer, new_key

pytestmark = pytest.mark.engine

PORT = 8380
SSH_PORT = 8379


@dataclass
class Far:
    """A stack and the ssh server in front of its host."""

    stack: Stack
    server: SshServer


def over_ssh(name: str, server: SshServer) -> dict[str, Any]:
    config = tickets_config(name, port=PORT)
    config["hosts"]["here"] |= {
        "url": f"ssh://root@127.0.0.1:{server.port}",
        "host_key": server.host_key,
        "identity_file": str(server.user_key),
    }
    return config


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    folder = tmp_path_factory.mktemp("far")
    server = SshServer(folder, SSH_PORT)
    config = over_ssh("far1", server)
    with server.running(), stack(folder / "stack", "far1", config) as made:
        made.must_up()
        yield Far(made, server)


def test_a_first_preview_needs_no_host(tmp_path: Path) -> None:
    server = SshServer(tmp_path, SSH_PORT - 1)
    with stack(tmp_path / "stack", "far2", over_ssh("far2", server)) as never_made:
        previewed = never_made.run("preview")
        assert previewed.code == 0, previewed.output
        assert "to create" in previewed.output


def test_the_estate_answers_and_every_connection_used_the_one_key(far: Far) -> None:
    for url in far.stack.output("urls").values():
        domain = url.split("/")[2].partition(":")[0]
        assert far.stack.get(domain, "/" + "/".join(url.split("/")[3:])).status_code == 200
    said = far.server.log.read_text(encoding="utf-8")
    assert said.count("Accepted publickey for root") > 5
    assert "MaxStartups" not in said
    assert "Failed" not in said


def test_no_tunnel_outlives_an_update(far: Far) -> None:
    assert far.server.tunnels() == []


def test_a_second_up_over_ssh_changes_nothing(far: Far) -> None:
    before = far.stack.tasks()
    assert len(before) >= 5
    assert all(before.values())
    done = far.stack.run("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert done.code == 0, done.output
    assert far.stack.tasks() == before


def test_there_is_no_drift_over_ssh(far: Far) -> None:
    assert far.stack.drift() == ()


def test_a_wrong_pinned_key_is_refused_and_nothing_is_touched(far: Far, tmp_path: Path) -> None:
    before = far.stack.tasks()
    far.stack.set("hosts.here.host_key", new_key(tmp_path / "another"))
    far.stack.set("tickets.web.start_period", "31s")
    try:
        done = far.stack.up()
        with pytest.raises(OpsError, match="Host key verification failed"):
            far.stack.drift()
    finally:
        far.stack.set("hosts.here.host_key", far.server.host_key)
        far.stack.set("tickets.web.start_period", "30s")
    assert done.code != 0
    assert "Host key verification failed" in done.output
    assert far.stack.tasks() == before
    # With the right key again there is nothing to make good.
    far.stack.must_up()
    assert far.stack.tasks() == before
    assert far.stack.drift() == ()


def test_a_preview_of_a_running_estate_needs_no_host(far: Far) -> None:
    url = far.stack.config["hosts"]["here"]["url"]
    far.stack.set("hosts.here.url", url.replace(str(SSH_PORT), str(SSH_PORT - 1)))
    far.stack.set("tickets.web.start_period", "31s")
    try:
        previewed = far.stack.run("preview", "--diff")
    finally:
        far.stack.set("hosts.here.url", url)
        far.stack.set("tickets.web.start_period", "30s")
    assert previewed.code == 0, previewed.output
    assert "31s" in previewed.output, previewed.output
