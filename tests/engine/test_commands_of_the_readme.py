"""The commands that the README promises, as a person types them, on the local stack itself."""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http import HTTPStatus
from secrets import token_hex

import docker
import httpx
import pytest
import yaml
from docker.models.containers import Container

from ops.engine import Engine
from ops.workplace import PRIVATE, ROOT
from tests.engine.releases import release
from tests.engine.stack import OF_OTHERS
from tests.faults.canaries import Witness, files, search
from tests.inside import tell
from tests.phone import Phone, ringing
from tests.steps.s3_server import ACCESS, BUCKET, PASSWORD, S3, SECRET, s3_server

pytestmark = pytest.mark.engine
LIMIT_S = 900
FILE = ROOT / "Pulumi.local.yaml"
ALERTS = token_hex(32)
STORE = {"ACCESS_KEY": ACCESS, "SECRET_KEY": SECRET, "RESTIC_PASSWORD": PASSWORD}
CANARIES = {"alerts": ALERTS, **STORE}
URLS = {"tickets", "convex", "convex-admin", "crm", "erp-acme", "erp-globex"}
SAID: list[tuple[str, bytes]] = []
"""What everything said that was typed here."""


def of_a_person() -> dict[str, str]:
    """Return the environment without any of our variables."""
    own = ("PULUMI_", "VIRTUAL_ENV", "STACK", "MAKE", "MFLAGS")
    environment = {name: text for name, text in os.environ.items() if not name.startswith(own)}
    if "PULUMI_HOME" in os.environ:  # whichever plugins the tests were given
        environment["PULUMI_HOME"] = os.environ["PULUMI_HOME"]
    return environment


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make as a person does, and keep what it says."""
    done = subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env=of_a_person(),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    SAID.append((f"output of {' '.join(arguments)}", (done.stdout + done.stderr).encode()))
    return done


def must(*arguments: str) -> str:
    """Run make, which has to succeed; return what it printed."""
    done = make(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


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
    yield must("up")
    if not was_there:
        must("down", "FORCE=1")
        assert running() == {}


def test_every_address_that_up_prints_answers(local_stack: str) -> None:
    printed = dict(re.findall(r"^  (\S+) +(http\S+)$", local_stack, re.MULTILINE))
    assert set(printed) == URLS
    for url in printed.values():
        assert httpx.get(url, timeout=10).status_code == 200, url


def test_the_health_check_asks_every_address(local_stack: str) -> None:
    assert local_stack
    told = make("health", "STACK=local").stdout
    answers = dict(re.findall(r"^answer of (\S+) +(HTTP \d+) ", told, re.MULTILINE))
    assert answers == dict.fromkeys(URLS, "HTTP 200")


def test_up_again_changes_nothing(local_stack: str) -> None:
    assert local_stack
    before = running()
    assert len(before) >= 6
    said = must("up")
    assert not (PRIVATE / "pulumi/logs").is_dir()  # the engine's own, of half a second and 4 MB
    assert re.search(r"^ +\d+ unchanged$", said, re.MULTILINE), said
    assert running() == before


@contextmanager
def settings(**values: Mapping[str, object]) -> Iterator[None]:
    """Have more in the stack file, or other values, while the block runs."""
    before = FILE.read_text(encoding="utf-8")
    content = yaml.safe_load(before)
    for key, value in values.items():
        there = content["config"].get(f"estate:{key}") or {}
        content["config"][f"estate:{key}"] = {**there, **value}
    FILE.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    try:
        yield
    finally:
        FILE.write_text(before, encoding="utf-8")


def give(path: str, secret: str) -> None:
    """Put a secret into the stack file, encrypted, as a person does."""
    Engine("local").ask("config", "set", "--path", f"estate:{path}", "--secret", stdin=secret)


@pytest.fixture
def others_allowed() -> Iterator[None]:
    """What other tests make on this machine at the same time is no drift of the local stack."""
    with settings(drift={"ignore": [f"{kind}:*" for kind in OF_OTHERS]}):
        yield


@pytest.fixture(scope="module")
def witness() -> Witness:
    """Who looks on while copies are brought off the machine."""
    return Witness("crm")


@pytest.fixture
def store(witness: Witness) -> Iterator[S3]:
    """An S3 server, and a release of the CRM whose copies are to go there."""
    with closing(docker.from_env()) as client, s3_server(client) as server:
        place = {"endpoint": server.published, "bucket": BUCKET, "path": "estate/local"}
        image = {"image": release("offsite", image="crm")}
        with settings(offsite=place, crm=image), witness.watching():
            for name, secret in STORE.items():
                give(f"offsiteSecrets.{name}", secret)
            yield server


@pytest.fixture
def phone() -> Iterator[Phone]:
    """Somebody who is to know of drift, and was told nothing yet."""
    (PRIVATE / "announced/local.json").unlink(missing_ok=True)
    with ringing(ALERTS) as one, settings():
        give("alerts.urls[0]", one.url)
        yield one


def copying() -> Container:
    """Return the container that copies the CRM's data by the clock."""
    label = "com.docker.swarm.service.name=crm_copies"
    with closing(docker.from_env()) as client:
        (found,) = client.containers.list(filters={"label": label}, ignore_removed=True)
        return found


def lose_the_copies() -> None:
    """Empty the volume of the CRM's backups."""
    tell(copying(), "find", "/backups", "-mindepth", "1", "-delete")


def copies() -> list[tuple[str, str]]:
    """Source and file of every copy of the CRM."""
    found = json.loads(must("backups", "STACK=local", "APP=crm", "JSON=1"))
    return [(one["source"], one["file"]) for one in found["crm"]]


@pytest.mark.usefixtures("others_allowed")
def test_a_change_by_hand_is_named_told_and_put_back(local_stack: str, phone: Phone) -> None:
    assert local_stack
    must("drift", "STACK=local", "ANNOUNCE=1")
    assert phone.got == []
    by_hand = ["docker", "service", "update", "--detach", "--env-add", "X=1", "sistema_web"]
    subprocess.run(by_hand, check=True, capture_output=True, timeout=60)
    found = make("drift", "STACK=local", "ANNOUNCE=1")
    assert "taskSpec.containerSpec.env.X" in found.stdout
    assert found.returncode == 7
    assert "taskSpec.containerSpec.env.X" in phone.got[-1]["message"]

    must("up")
    phone.status = HTTPStatus.INTERNAL_SERVER_ERROR
    untold = make("drift", "STACK=local", "ANNOUNCE=1")
    assert untold.returncode not in {0, 7}
    assert "not everybody in estate:alerts.urls could be told" in untold.stderr
    phone.status = HTTPStatus.OK
    must("drift", "STACK=local", "ANNOUNCE=1")
    assert len(phone.got) == 3
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


def test_copies_leave_the_machine_are_tried_from_there_and_come_back(
    local_stack: str, store: S3
) -> None:
    assert local_stack
    must("up")
    assert "crm_backups" in must("offsite", "STACK=local", "APP=crm")
    kept = copies()
    drilled = must("drill", "STACK=local", "APP=crm")
    assert f"drill of crm from s3:{store.published}/{BUCKET}/estate/local/crm" in drilled
    assert "came back whole" in drilled
    assert all(file in drilled for file in dict(kept).values())
    lose_the_copies()
    assert copies() == []
    loaded = must("backups", "STACK=local", "APP=crm", "LOAD=s3")
    assert f"{len(kept)} proven copies are in crm_backups" in loaded
    assert copies() == kept
    must("restore", "STACK=local", "APP=crm", "FROM=latest", "FORCE=1")
    must("site-backup", "STACK=local", "TENANT=acme")
    must("offsite", "STACK=local", "APP=erp")
    drilled = must("drill", "STACK=local", "APP=erp")
    assert f"drill of erp from s3:{store.published}/{BUCKET}/estate/local/erp" in drilled
    assert "acme." in drilled
    assert "came back whole" in drilled
    store.container.stop()
    away = make("offsite", "STACK=local", "APP=crm")
    assert away.returncode != 0
    assert "Compare estate:offsite.endpoint" in away.stderr


def test_no_secret_of_the_store_or_of_an_alert_shows_anywhere(witness: Witness) -> None:
    """Where it has business to be, it is found: so what was looked through had it."""
    there = tell(copying(), "cat", "/run/secrets/offsite")
    assert search([("offsite", there)], CANARIES) == sorted(f"{one} in offsite" for one in STORE)
    assert len(SAID) > 15
    assert (
        search([*SAID, *witness.places, *files(PRIVATE), (FILE.name, FILE.read_bytes())], CANARIES)
        == []
    )
