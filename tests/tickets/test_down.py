"""Taking a stack away: asks first, leaves nothing of the stack, and touches no other's."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import docker
import pytest

from ops.workplace import ROOT
from tests.engine.releases import release
from tests.engine.stack import Run, Stack, images, remove_labelled, stack, tickets_config

pytestmark = pytest.mark.engine

NAME = "fault5"
OTHER = "fault6"
LABEL = f"estate.stack={NAME}"
KINDS = ("services", "secrets", "networks", "volumes", "configs")
KEPT = ("volumes", "configs")
"""Data, and the journal that tells of them."""

_TAKE_DOWN = """
import sys
from pathlib import Path
from ops.down import take_down
from ops.engine import Engine
from ops.errors import OpsError
engine = Engine(sys.argv[1], config_file=Path(sys.argv[2]))
try:
    sys.exit(take_down(engine, force="force" in sys.argv, with_data="data" in sys.argv))
except OpsError as error:
    sys.exit(str(error))
"""


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack whose first release has failed: volumes, services, and a job kept for its log."""
    config = tickets_config(NAME, port=8296)
    config["tickets"]["image"] = release("half", fault="bad-migration")
    with stack(tmp_path_factory.mktemp(NAME), NAME, config) as it:
        done = it.up()
        assert done.code not in {0, None}
        yield it


@pytest.fixture(scope="module")
def other(half: Stack) -> Iterator[dict[str, set[str]]]:
    """Things of another stack beside it."""
    client, labels = half.docker, {"estate.stack": OTHER}
    client.secrets.create(name=f"{OTHER}_web_env_0", data=b"x", labels=labels)
    client.networks.create(f"{OTHER}_internal", driver="overlay", labels=labels)
    client.volumes.create(f"{OTHER}_data", labels=labels)
    client.services.create(
        images()["tools"],
        ["sleep", "600"],
        name=f"{OTHER}_job",
        labels={**labels, "estate.job": "x"},
    )
    yield things(client, f"estate.stack={OTHER}")
    remove_labelled(client, f"estate.stack={OTHER}")


def things(client: docker.DockerClient, label: str) -> dict[str, set[str]]:
    """Kind → ids of what carries a label, containers too."""
    chosen: dict[str, Any] = {"label": label}
    found = {kind: {one.id for one in getattr(client, kind).list(filters=chosen)} for kind in KINDS}
    found["containers"] = {
        one.id for one in client.containers.list(all=True, filters=chosen, ignore_removed=True)
    }
    return found


def take_down(stack: Stack, *how: str) -> Run:
    done = subprocess.run(
        [sys.executable, "-c", _TAKE_DOWN, stack.name, str(stack.file), *how],
        cwd=ROOT,
        env=stack.engine.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return Run(done.returncode, done.stdout)


def test_without_a_confirmation_nothing_is_touched(half: Stack) -> None:
    before, tasks = things(half.docker, LABEL), half.tasks()
    assert all(before[kind] for kind in (*KINDS, "containers"))
    done = take_down(half, "data")
    assert done.code == 1
    assert f"taking stack {NAME} away needs a confirmation; nothing was changed" in done.output
    assert things(half.docker, LABEL) == before
    assert half.tasks() == tasks


def test_with_force_all_goes_but_the_data_and_what_is_not_the_stacks(
    half: Stack, other: dict[str, set[str]]
) -> None:
    # No state knows it, as after a state that was lost.
    half.docker.services.create(
        images()["tools"],
        ["sleep", "600"],
        name=f"{NAME}_forgotten",
        networks=[f"{NAME}_internal"],
        labels={"estate.stack": NAME},
    )
    before = things(half.docker, LABEL)
    done = take_down(half, "force")
    assert done.code == 0, done.output
    left = things(half.docker, LABEL)
    assert {kind: left.pop(kind) for kind in KEPT} == {kind: before[kind] for kind in KEPT}
    assert not any(left.values()), left
    assert [one["type"] for one in half.state()["deployment"].get("resources", [])] == []
    assert things(half.docker, f"estate.stack={OTHER}") == other


def test_the_data_goes_when_it_has_to_even_afterwards(
    half: Stack, other: dict[str, set[str]]
) -> None:
    done = take_down(half, "force", "data")
    assert done.code == 0, done.output
    assert not any(things(half.docker, LABEL).values())
    assert things(half.docker, f"estate.stack={OTHER}") == other
