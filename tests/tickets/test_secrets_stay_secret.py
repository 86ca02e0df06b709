"""A planted value in every secret, looked for in every place where it has no business to be."""

import base64
import os
import secrets
import subprocess
import sys
from pathlib import Path

import docker.types
import pytest

from tests.engine.stack import images, wait_until
from tests.faults.canaries import Witness, files, search
from tests.inside import tell
from tests.tickets.life import CANARIES, NAME, Life

pytestmark = pytest.mark.engine


def test_no_secret_shows_in_what_the_engine_says_keeps_or_runs(life: Life) -> None:
    assert search(life.places, CANARIES) == []


def test_the_secrets_were_there_to_be_found(life: Life) -> None:
    """What serves has them: so the search went through a stack that really uses them."""
    (task,) = life.stack.docker.containers.list(
        filters={"name": f"{NAME}_web.1."}, ignore_removed=True
    )
    inside = search([(".env", tell(task, "cat", "/app/.env"))], CANARIES)
    assert len(inside) == 7
    kinds = [place.split(" ")[0] for place, _ in life.witness.places]
    assert {"arguments", "environment", "service", "tasks", "log", "container"} <= set(kinds)
    assert any(place == f"service {NAME}_migrate" for place, _ in life.witness.places)


@pytest.fixture
def planted() -> dict[str, str]:
    return {"planted": secrets.token_hex(16)}


def test_the_search_finds_what_is_planted_in_a_file(
    tmp_path: Path, planted: dict[str, str]
) -> None:
    value = planted["planted"]
    hidden = {
        "raw": value,
        "alone": base64.b64encode(value.encode()).decode(),
        "inside": base64.b64encode(f'NAME="{value}"\n'.encode()).decode(),
        "hex": value.encode().hex(),
        "nothing": value[:-1],
    }
    for name, text in hidden.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = {line.rpartition("/")[2] for line in search(files(tmp_path), planted)}
    assert found == {"raw", "alone", "inside", "hex"}


def test_the_search_finds_what_is_planted_in_a_process(planted: dict[str, str]) -> None:
    witness = Witness(NAME)
    sleep = [sys.executable, "-c", "input()"]
    environment = {**os.environ, "PLANTED": planted["planted"]}
    with (
        subprocess.Popen([*sleep, planted["planted"]], stdin=subprocess.PIPE) as by_argument,
        subprocess.Popen(sleep, stdin=subprocess.PIPE, env=environment) as by_environment,
    ):
        witness.see_processes()
        by_argument.kill()
        by_environment.kill()
    found = [line.split(" ")[2] for line in search(witness.places, planted)]
    assert found == ["arguments", "environment"]


def test_the_search_finds_what_is_planted_in_a_service(life: Life, planted: dict[str, str]) -> None:
    witness, client = Witness(NAME), life.stack.docker
    name = f"{NAME}_planted"
    client.services.create(
        images()["tools"],
        ["sh", "-c", 'echo "$PLANTED"; sleep 60'],
        name=name,
        env=[f"PLANTED={planted['planted']}"],
        labels={"estate.stack": NAME},
        restart_policy=docker.types.RestartPolicy("none"),
    )

    def seen() -> set[str]:
        witness.see_swarm(client)
        return {line.removeprefix("planted in ") for line in search(witness.places, planted)}

    wait_until(lambda: f"log of {name}" in seen(), 180)
    assert {f"service {name}", f"tasks of {name}", f"log of {name}"} <= seen()
