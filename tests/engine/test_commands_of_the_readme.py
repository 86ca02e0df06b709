"""The commands that the README promises, as a person types them, on the local stack itself."""

import json
import os
import re
import subprocess
from collections.abc import Iterator

import docker
import httpx
import pytest
import yaml

from ops.workplace import ROOT
from tests.engine.stack import OF_OTHERS

pytestmark = pytest.mark.engine
LIMIT_S = 900
URLS = {"tickets", "convex", "convex-admin", "crm", "erp-acme", "erp-globex"}


def of_a_person() -> dict[str, str]:
    """Return the environment without any of our variables."""
    own = ("PULUMI_", "VIRTUAL_ENV", "STACK", "MAKE", "MFLAGS")
    environment = {name: text for name, text in os.environ.items() if not name.startswith(own)}
    if "PULUMI_HOME" in os.environ:  # whichever plugins the tests were given
        environment["PULUMI_HOME"] = os.environ["PULUMI_HOME"]
    return environment


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make as a person does."""
    return subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env=of_a_person(),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def running() -> dict[str, list[str]]:
    """Service of the local stack → ids of its running tasks."""
    client = docker.from_env()
    try:
        services = client.services.list(filters={"label": "estate.stack=local"})
        return {
            service.name: sorted(
                task["ID"] for task in service.tasks(filters={"desired-state": "running"})
            )
            for service in services
            if "Replicated" in service.attrs["Spec"]["Mode"]
        }
    finally:
        client.close()


@pytest.fixture(scope="module")
def local_stack() -> Iterator[str]:
    """What `make up` printed; a stack that was not there before is taken away again."""
    was_there = bool(running())
    done = make("up")
    assert done.returncode == 0, done.stdout + done.stderr
    yield done.stdout
    if not was_there:
        gone = make("down", "FORCE=1")
        assert gone.returncode == 0, gone.stdout + gone.stderr
        assert running() == {}


def test_every_address_that_up_prints_answers(local_stack: str) -> None:
    printed = dict(re.findall(r"^  (\S+) +(http\S+)$", local_stack, re.MULTILINE))
    assert set(printed) == URLS
    for url in printed.values():
        assert httpx.get(url, timeout=10).status_code == 200, url


def test_up_again_changes_nothing(local_stack: str) -> None:
    assert local_stack
    before = running()
    assert len(before) >= 6
    done = make("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^ +\d+ unchanged$", done.stdout, re.MULTILINE), done.stdout
    assert running() == before


@pytest.fixture
def others_allowed() -> Iterator[None]:
    """What other tests make on this machine at the same time is no drift of the local stack."""
    file = ROOT / "Pulumi.local.yaml"
    before = file.read_text(encoding="utf-8")
    content = yaml.safe_load(before)
    content["config"]["estate:drift"] = {"ignore": [f"{kind}:*" for kind in OF_OTHERS]}
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    yield
    file.write_text(before, encoding="utf-8")


@pytest.mark.usefixtures("others_allowed")
def test_a_change_by_hand_is_named_and_put_back(local_stack: str) -> None:
    assert local_stack
    clean = make("drift", "STACK=local")
    assert clean.returncode == 0, clean.stdout + clean.stderr

    by_hand = ["docker", "service", "update", "--detach", "--env-add", "X=1", "sistema_web"]
    subprocess.run(by_hand, check=True, capture_output=True, timeout=60)
    found = make("drift", "STACK=local")
    assert "taskSpec.containerSpec.env.X" in found.stdout
    assert found.returncode == 7

    repaired = make("up")
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    assert make("drift", "STACK=local").returncode == 0
    env = (
        docker
        .from_env()
        .services.get("sistema_web")
        .attrs["Spec"]["TaskTemplate"]["ContainerSpec"]["Env"]
    )
    assert "X=1" not in env


def test_the_printed_environment_works_for_plain_pulumi(local_stack: str) -> None:
    assert local_stack
    script = 'eval "$(make env)" && pulumi stack output urls --json --stack local'
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        env=of_a_person(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) == URLS
