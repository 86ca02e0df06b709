"""Networks, volumes, secrets and configs, through the real engine on a real Swarm."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from docker.errors import NotFound

if TYPE_CHECKING:
    import docker

    from tests.plugins.project import Project

OBJECTS = """
import pulumi_docker as docker
label = {{"label": "estate.test", "value": "{label}"}}
docker.Network("net", name="{prefix}-net", driver="overlay", attachable=True,
    labels=[docker.NetworkLabelArgs(**label)])
docker.Volume("vol", name="{prefix}-vol", labels=[docker.VolumeLabelArgs(**label)])
docker.Secret("key", name="{prefix}-key-{label}", data=pulumi.Output.secret("{data}"),
    labels=[docker.SecretLabelArgs(**label)])
docker.ServiceConfig("conf", name="{prefix}-conf-{label}", data="{data}")
"""


def encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_objects_are_made_as_asked_and_stay_settled(
    project: Project, prefix: str, daemon: docker.DockerClient
) -> None:
    program = OBJECTS.format(prefix=prefix, label="one", data=encode("planted"))
    plan = project.plan(program)
    assert {plan[name]["op"] for name in ("net", "vol", "key", "conf")} == {"create"}
    assert not daemon.volumes.list(filters={"name": prefix})
    project.must_up()

    net = daemon.networks.get(f"{prefix}-net")
    assert net.attrs["Driver"] == "overlay"
    assert net.attrs["Attachable"] is True
    assert net.attrs["Labels"] == {"estate.test": "one"}
    assert project.state("net")["id"] == net.id
    assert project.state("net")["outputs"]["scope"] == "swarm"
    assert daemon.volumes.get(f"{prefix}-vol").attrs["Labels"] == {"estate.test": "one"}
    assert project.state("vol")["id"] == f"{prefix}-vol"
    (secret,) = daemon.secrets.list(filters={"name": f"{prefix}-key"})
    assert project.state("key")["id"] == secret.id
    assert project.state("conf")["outputs"]["data"] == encode("planted")
    project.must_be_settled()


def test_data_of_a_secret_is_encrypted_in_the_state(project: Project, prefix: str) -> None:
    project.must_up(
        f"""
import pulumi_docker as docker
docker.Secret("key", name="{prefix}-key", data="{encode("planted-secret")}")
"""
    )
    exported = project.export()
    assert encode("planted-secret") not in exported
    assert "planted-secret" not in exported


def test_every_object_is_replaced_before_it_changes(
    project: Project, prefix: str, daemon: docker.DockerClient
) -> None:
    project.must_up(OBJECTS.format(prefix=prefix, label="one", data=encode("a")))
    plan = project.plan(OBJECTS.format(prefix=prefix, label="two", data=encode("b")))
    ops = {name: plan[name]["op"] for name in ("net", "vol", "key", "conf")}
    assert set(ops.values()) <= {"replace", "delete-replaced", "create-replacement"}
    project.must_up()
    assert daemon.networks.get(f"{prefix}-net").attrs["Labels"] == {"estate.test": "two"}
    names = [secret.name for secret in daemon.secrets.list(filters={"name": prefix})]
    assert names == [f"{prefix}-key-two"]


def test_an_object_deleted_by_hand_is_drift_and_comes_back(
    project: Project, prefix: str, daemon: docker.DockerClient
) -> None:
    project.must_up(OBJECTS.format(prefix=prefix, label="one", data=encode("a")))
    daemon.networks.get(f"{prefix}-net").remove()
    (secret,) = daemon.secrets.list(filters={"name": f"{prefix}-key"})
    secret.remove()
    drift = project.drift()
    assert f"{prefix}-net" in drift
    assert f"{prefix}-key" in drift
    project.must("refresh", "--yes", "--skip-preview")
    project.must_up()
    assert daemon.networks.get(f"{prefix}-net")
    assert project.destroy().code == 0
    with pytest.raises(NotFound):
        daemon.networks.get(f"{prefix}-net")
    assert not daemon.volumes.list(filters={"name": prefix})


def test_bad_inputs_are_refused_before_anything_is_made(
    project: Project, prefix: str, daemon: docker.DockerClient
) -> None:
    run = project.up(
        f"""
import pulumi_docker as docker
docker.Volume("vol", name="{prefix}-vol", opts=pulumi.ResourceOptions(depends_on=[
    docker.Secret("key", name="{prefix}-key", data="not base64!")]))
"""
    )
    assert run.code != 0
    assert "base64" in run.output
    assert not daemon.volumes.list(filters={"name": prefix})
    run = project.up(
        f"""
pulumi.CustomResource("docker:index/volume:Volume", "vol", {{"name": "{prefix}-vol", "lables": []}},
    pulumi.ResourceOptions(version="5.1.0"))
"""
    )
    assert run.code != 0
    assert "lables" in run.output
    assert not daemon.volumes.list(filters={"name": prefix})
