"""The stack file of this machine: written once, and grown when the template gets a new system."""

import json
import socket
from pathlib import Path

import pytest
import yaml

from ops import local_stack
from ops.engine import Engine
from ops.errors import OpsError
from tests.unit.stack_files import DIGEST

OLD = """# note
config:
  estate:hosts:
    local:
      address: 127.0.0.1
  estate:tickets:
    image: "@IMAGE_tickets@"
  estate:ticketsSecrets:
    KEY: "@SECRET_hex32@"
"""
NEW = f"""{OLD}  estate:crm:
    # kept
    image: "@IMAGE_crm@"
  estate:crmSecrets:
    POSTGRES_PASSWORD: "@SECRET_hex32@"
"""


class Recorder(Engine):
    """Sets a value in the file as the engine does, and encrypts nothing."""

    def ask(self, *arguments: str, stdin: str = "", limit_s: int = 0) -> str:
        del limit_s
        if arguments[:3] == ("config", "set", "--path"):
            file = yaml.safe_load(local_stack.FILE.read_text(encoding="utf-8"))
            part, _, name = arguments[3].partition(".")
            file["config"][part][name] = stdin or arguments[4]
            text = yaml.safe_dump(file, sort_keys=False)
            local_stack.FILE.write_text(text, encoding="utf-8")
        return ""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, file in {
        "FILE": "Pulumi.local.yaml",
        "_TEMPLATE": "stack.yaml",
        "_BUILT": "images.json",
        "_USED": "used.json",
        "_OFFERED": "offered.json",
    }.items():
        monkeypatch.setattr(local_stack, name, tmp_path / file)
    monkeypatch.setattr(local_stack, "free_port", lambda wanted, _others: wanted)
    return tmp_path


def write(here: Path, template: str, *, build: str = "1") -> dict[str, dict[str, str]]:
    built = {name: {"ref": f"{name}:{build}@{DIGEST}"} for name in ("tickets", "crm")}
    (here / "stack.yaml").write_text(template, encoding="utf-8")
    (here / "images.json").write_text(json.dumps(built), encoding="utf-8")
    local_stack.write(Recorder("local"))
    config: dict[str, dict[str, str]] = yaml.safe_load(read(here))["config"]
    return config


def read(here: Path) -> str:
    return (here / "Pulumi.local.yaml").read_text(encoding="utf-8")


def test_a_new_system_of_the_template_comes_with_its_image_and_its_own_secret(here: Path) -> None:
    first = write(here, OLD)
    assert "estate:crm" not in first
    second = write(here, NEW)
    assert second["estate:crm"] == {"image": f"crm:1@{DIGEST}"}
    assert len(second["estate:crmSecrets"]["POSTGRES_PASSWORD"]) == 64
    assert second["estate:ticketsSecrets"] == first["estate:ticketsSecrets"]


def test_a_file_from_before_there_was_a_record_of_what_it_was_offered_grows_too(here: Path) -> None:
    write(here, OLD)
    (here / "offered.json").unlink()
    assert "estate:crm" in write(here, NEW)


def test_a_system_that_was_taken_out_stays_out_also_when_its_image_is_built_anew(
    here: Path,
) -> None:
    write(here, NEW)
    (here / "Pulumi.local.yaml").write_text(OLD, encoding="utf-8")
    config = write(here, NEW, build="2")
    assert "estate:crm" not in config
    assert config["estate:tickets"] == {"image": f"tickets:2@{DIGEST}"}


def test_a_second_run_changes_nothing(here: Path) -> None:
    write(here, NEW)
    before = read(here)
    write(here, NEW)
    assert read(here) == before


def test_an_image_chosen_by_hand_stays_until_the_one_built_here_changes(here: Path) -> None:
    write(here, OLD)
    text = read(here).replace("tickets:1", "tickets:mine")
    (here / "Pulumi.local.yaml").write_text(text, encoding="utf-8")
    assert write(here, OLD)["estate:tickets"]["image"] == f"tickets:mine@{DIGEST}"
    assert write(here, OLD, build="2")["estate:tickets"]["image"] == f"tickets:2@{DIGEST}"


def test_secrets_that_a_killed_run_left_unset_are_made_by_the_next(here: Path) -> None:
    write(here, OLD)
    text = OLD.replace("@SECRET_hex32@", "placeholder").replace("@IMAGE_tickets@", "x")
    (here / "Pulumi.local.yaml").write_text(text, encoding="utf-8")
    assert len(write(here, OLD)["estate:ticketsSecrets"]["KEY"]) == 64


def test_a_part_that_is_new_gets_other_ports_where_its_own_are_taken(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write(here, OLD)
    monkeypatch.setattr(local_stack, "free_port", lambda _wanted, others: next(iter(others)))
    ports = "    http_port: 8088\n    https_port: 8443\n"
    grown = write(here, f"{OLD}  estate:npm:\n{ports}")
    assert grown["estate:npm"] == {"http_port": "8089", "https_port": "8444"}
    assert grown["estate:tickets"] == first["estate:tickets"]
    assert write(here, f"{OLD}  estate:npm:\n{ports}") == grown


def test_the_ports_of_two_parts_never_meet() -> None:
    ranges = [{first, *others} for first, others in local_stack._PORTS.values()]
    assert sum(map(len, ranges)) == len(set.union(*ranges))


def test_a_port_that_somebody_listens_on_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OpsError, match=f"no port is free for the local stack: {port}"):
            local_stack.free_port(port, [])
