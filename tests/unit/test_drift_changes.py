"""Every kind of change by hand is found, and named to the field."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from ops.drift.finding import GONE, Severity
from tests.unit.drift_world import IMAGE, SERVICE, TIME, Reality, changed, service_of

CRITICAL, WARNING, NOTE = Severity.CRITICAL, Severity.WARNING, Severity.NOTE
SECOND = 10**9
OTHER = IMAGE.replace("a1", "b2")
WEB, NET, DB = "sistema_web", "sistema_internal", "sistema_db"
CONTAINER, TASK = "taskSpec.containerSpec", "taskSpec"
ENV_FILE = (
    '{"file": {"gid": "0", "mode": 292, "name": "/app/.env", "uid": "0"}, '
    '"secretName": "sistema_env_1"}'
)
NOBODY = "nothing: nobody declared it"


def task(spec: Reality) -> dict[str, Any]:
    one: dict[str, Any] = spec.spec["TaskTemplate"]
    return one


def health(one: Reality) -> dict[str, Any]:
    check: dict[str, Any] = one.container["Healthcheck"]
    return check


def stranger(name: str, **labels: str) -> dict[str, Any]:
    """A service that somebody has made."""
    image = {"image": "alpine:3"}
    made = service_of({"name": name, "taskSpec": {"containerSpec": image}}, f"id-{name}")
    made["Spec"]["Labels"] = labels
    return made


def container(name: str, **more: object) -> dict[str, Any]:
    """A container that somebody has started."""
    return {
        "Id": "e" * 64,
        "Names": [f"/{name}"],
        "Image": "alpine:3",
        "ImageID": "i9",
        "Labels": {},
        "Created": 1_795_000_000,
        **more,
    }


def file_object(name: str) -> dict[str, Any]:
    return {"ID": f"id-{name}", "CreatedAt": TIME, "Spec": {"Name": name, "Labels": {}}}


Change = tuple[Callable[[Reality], object], str, str, str, str, Severity]
"""What is done; resource, field, declared and found of the one finding; what it means."""

CHANGES: dict[str, Change] = {
    # Every field of a service.
    "another image": (
        lambda one: one.container.update(Image=OTHER),
        *(WEB, f"{CONTAINER}.image", f'"{IMAGE}"', f'"{OTHER}"', CRITICAL),
    ),
    "other arguments": (
        lambda one: one.container.update(Args=["serve", "--loud"]),
        *(WEB, f"{CONTAINER}.args", '["--quiet"]', '["--loud"]', WARNING),
    ),
    "another order of arguments": (
        lambda one: one.container["Args"].reverse(),
        *(WEB, f"{CONTAINER}.args", '["serve", "--quiet"]', '["--quiet", "serve"]', WARNING),
    ),
    "another entry point": (
        lambda one: one.container.update(Command=["sh"]),
        *(WEB, f"{CONTAINER}.commands", "nothing", '["sh"]', WARNING),
    ),
    "a variable added": (
        lambda one: one.container["Env"].append("DEBUG=1"),
        *(WEB, f"{CONTAINER}.env.DEBUG", "nothing", '"1"', WARNING),
    ),
    "a variable changed": (
        lambda one: one.container.update(Env=["LEVEL=debug", "__PLAIN=kept"]),
        *(WEB, f"{CONTAINER}.env.LEVEL", '"info"', '"debug"', WARNING),
    ),
    "a variable taken away": (
        lambda one: one.container.update(Env=["LEVEL=info"]),
        *(WEB, f"{CONTAINER}.env.__PLAIN", '"kept"', "nothing", WARNING),
    ),
    "another user": (
        lambda one: one.container.update(User="root"),
        *(WEB, f"{CONTAINER}.user", "nothing", '"root"', CRITICAL),
    ),
    "a host name": (
        lambda one: one.container.update(Hostname="box"),
        *(WEB, f"{CONTAINER}.hostname", "nothing", '"box"', WARNING),
    ),
    "a working folder": (
        lambda one: one.container.update(Dir="/tmp"),  # noqa: S108 - only a text
        *(WEB, f"{CONTAINER}.dir", "nothing", '"/tmp"', WARNING),
    ),
    "a capability": (
        lambda one: one.container.update(CapabilityAdd=["CAP_NET_ADMIN"]),
        *(WEB, f"{CONTAINER}.capAdds", "nothing", '"CAP_NET_ADMIN"', CRITICAL),
    ),
    "an entry in /etc/hosts": (
        lambda one: one.container.update(Hosts=["203.0.113.9 api"]),
        *(WEB, f"{CONTAINER}.hosts", "nothing", '"203.0.113.9 api"', WARNING),
    ),
    "a name server": (
        lambda one: one.container["DNSConfig"].update(Nameservers=["203.0.113.9"]),
        *(WEB, f"{CONTAINER}.dnsConfig.nameservers", "nothing", '["203.0.113.9"]', WARNING),
    ),
    "a terminal": (
        lambda one: one.container.update(TTY=True),
        *(WEB, f"{CONTAINER}.tty", "nothing", "true", WARNING),
    ),
    "a kernel parameter": (
        lambda one: one.container.update(Sysctls={"net.core.somaxconn": "9"}),
        *(WEB, f'{CONTAINER}.sysctls["net.core.somaxconn"]', "nothing", '"9"', WARNING),
    ),
    "a read-only root": (
        lambda one: one.container.update(ReadOnly=True),
        *(WEB, f"{CONTAINER}.readOnly", "false", "true", WARNING),
    ),
    "a limit that the provider does not know": (
        lambda one: one.container.update(Ulimits=[{"Name": "nofile", "Soft": 9, "Hard": 9}]),
        *(WEB, f"{CONTAINER}.ulimits", "nothing"),
        *('[{"Hard": 9, "Name": "nofile", "Soft": 9}]', WARNING),
    ),
    "a limit of processes": (
        lambda one: task(one)["Resources"]["Limits"].update(Pids=10),
        *(WEB, f"{TASK}.resources.limits.pids", "nothing", "10", WARNING),
    ),
    "a label on its containers": (
        lambda one: one.container.update(Labels={"x": "1"}),
        *(WEB, f"{CONTAINER}.labels.x", "nothing", '"1"', WARNING),
    ),
    "another stop signal": (
        lambda one: one.container.update(StopSignal="SIGKILL"),
        *(WEB, f"{CONTAINER}.stopSignal", '"SIGTERM"', '"SIGKILL"', WARNING),
    ),
    "less time to stop": (
        lambda one: one.container.update(StopGracePeriod=5 * SECOND),
        *(WEB, f"{CONTAINER}.stopGracePeriod", "30s", "5s", WARNING),
    ),
    "an init process": (
        lambda one: one.container.update(Init=True),
        *(WEB, f"{CONTAINER}.init", "false", "true", WARNING),
    ),
    "a volume mounted": (
        lambda one: one.container["Mounts"].append({
            "Type": "volume",
            "Source": "x",
            "Target": "/x",
        }),
        *(WEB, f'{CONTAINER}.mounts["/x"]', "nothing"),
        *('{"source": "x", "target": "/x", "type": "volume"}', CRITICAL),
    ),
    "a volume taken away": (
        lambda one: one.container.update(Mounts=[]),
        *(WEB, f'{CONTAINER}.mounts["/data"]'),
        *('{"source": "sistema_db", "target": "/data", "type": "volume"}', "nothing", CRITICAL),
    ),
    "a volume read-only": (
        lambda one: one.container["Mounts"][0].update(ReadOnly=True),
        *(WEB, f'{CONTAINER}.mounts["/data"].readOnly', "false", "true", CRITICAL),
    ),
    "another volume at the same place": (
        lambda one: one.container["Mounts"][0].update(Source="other"),
        *(WEB, f'{CONTAINER}.mounts["/data"].source', '"sistema_db"', '"other"', CRITICAL),
    ),
    "a secret taken away": (
        lambda one: one.container.update(Secrets=[]),
        *(WEB, f'{CONTAINER}.secrets["/app/.env"]'),
        *(ENV_FILE, "nothing", CRITICAL),
    ),
    "another generation of a secret": (
        lambda one: one.container["Secrets"][0].update(SecretName="sistema_env_0"),
        *(WEB, f'{CONTAINER}.secrets["/app/.env"].secretName'),
        *('"sistema_env_1"', '"sistema_env_0"', CRITICAL),
    ),
    "a health check slowed": (
        lambda one: health(one).update(Interval=45 * SECOND),
        *(WEB, f"{CONTAINER}.healthcheck.interval", "10s", "45s", WARNING),
    ),
    "another health check": (
        lambda one: health(one).update(Test=["NONE"]),
        *(WEB, f"{CONTAINER}.healthcheck.tests", '["CMD", "probe"]', '["NONE"]', WARNING),
    ),
    "fewer retries": (
        lambda one: health(one).update(Retries=1),
        *(WEB, f"{CONTAINER}.healthcheck.retries", "5", "1", WARNING),
    ),
    "more memory": (
        lambda one: task(one)["Resources"]["Limits"].update(MemoryBytes=300 * 2**20),
        *(WEB, f"{TASK}.resources.limits.memoryBytes", "256M", "300M", WARNING),
    ),
    "no reservation": (
        lambda one: task(one)["Resources"].pop("Reservations"),
        *(WEB, f"{TASK}.resources.reservation.memoryBytes", "32M", "nothing", WARNING),
    ),
    "a limit of processors": (
        lambda one: task(one)["Resources"]["Limits"].update(NanoCPUs=5 * 10**8),
        *(WEB, f"{TASK}.resources.limits.nanoCpus", "0", "500000000", WARNING),
    ),
    "no restart": (
        lambda one: task(one)["RestartPolicy"].update(Condition="none"),
        *(WEB, f"{TASK}.restartPolicy.condition", '"any"', '"none"', WARNING),
    ),
    "a slower restart": (
        lambda one: task(one)["RestartPolicy"].update(Delay=60 * SECOND),
        *(WEB, f"{TASK}.restartPolicy.delay", "5s", "1m", WARNING),
    ),
    "a constraint added": (
        lambda one: task(one)["Placement"]["Constraints"].append("node.platform.os==linux"),
        *(WEB, f"{TASK}.placement.constraints", "nothing", '"node.platform.os==linux"', WARNING),
    ),
    "most replicas on a node": (
        lambda one: task(one)["Placement"].update(MaxReplicas=2),
        *(WEB, f"{TASK}.placement.maxReplicas", "0", "2", WARNING),
    ),
    "a network left": (
        lambda one: task(one).update(Networks=[]),
        *(WEB, f"{TASK}.networksAdvanceds.{NET}"),
        *('{"aliases": ["web"], "target": "sistema_internal"}', "nothing", CRITICAL),
    ),
    "an alias taken away": (
        lambda one: task(one)["Networks"][0].update(Aliases=None),
        *(WEB, f"{TASK}.networksAdvanceds.{NET}.aliases", '"web"', "nothing", CRITICAL),
    ),
    "another log driver": (
        lambda one: task(one)["LogDriver"].update(Name="none"),
        *(WEB, f"{TASK}.logDriver.name", '"json-file"', '"none"', WARNING),
    ),
    "no log rotation": (
        lambda one: task(one)["LogDriver"].update(Options={}),
        *(WEB, f"{TASK}.logDriver.options.max-size", '"10m"', "nothing", WARNING),
    ),
    "a forced restart": (
        lambda one: task(one).update(ForceUpdate=1),
        *(WEB, f"{TASK}.forceUpdate", "0", "1", NOTE),
    ),
    "another way of answering": (
        lambda one: one.spec["EndpointSpec"].update(Mode="vip"),
        *(WEB, "endpointSpec.mode", '"dnsrr"', '"vip"', WARNING),
    ),
    "a port published": (
        lambda one: one.spec["EndpointSpec"]["Ports"].append({
            "Protocol": "tcp",
            "TargetPort": 22,
            "PublishedPort": 2222,
            "PublishMode": "host",
        }),
        *(WEB, 'endpointSpec.ports["22/tcp"]', "nothing"),
        '{"protocol": "tcp", "publishMode": "host", "publishedPort": 2222, "targetPort": 22}',
        CRITICAL,
    ),
    "another published port": (
        lambda one: one.spec["EndpointSpec"]["Ports"][0].update(PublishedPort=81),
        *(WEB, 'endpointSpec.ports["80/tcp"].publishedPort', "8080", "81", CRITICAL),
    ),
    "two writers at once": (
        lambda one: one.spec["UpdateConfig"].update(Order="start-first"),
        *(WEB, "updateConfig.order", '"stop-first"', '"start-first"', CRITICAL),
    ),
    "updates that are not undone": (
        lambda one: one.spec["UpdateConfig"].update(FailureAction="continue"),
        *(WEB, "updateConfig.failureAction", '"rollback"', '"continue"', WARNING),
    ),
    "failures that are tolerated": (
        lambda one: one.spec["UpdateConfig"].update(MaxFailureRatio=0.5),
        *(WEB, "updateConfig.maxFailureRatio", "0.0", "0.5", WARNING),
    ),
    "another roll-back": (
        lambda one: one.spec["RollbackConfig"].update(Parallelism=2),
        *(WEB, "rollbackConfig.parallelism", "1", "2", WARNING),
    ),
    "a label changed": (
        lambda one: one.spec["Labels"].update({"traefik.enable": "false"}),
        *(WEB, 'labels["traefik.enable"]', '"true"', '"false"', WARNING),
    ),
    "scaled up": (
        lambda one: one.spec["Mode"]["Replicated"].update(Replicas=2),
        *(WEB, "mode.replicated.replicas", "1", "2", CRITICAL),
    ),
    "scaled to nothing": (
        lambda one: one.spec["Mode"]["Replicated"].update(Replicas=0),
        *(WEB, "mode.replicated.replicas", "1", "0", CRITICAL),
    ),
    "made anew by hand": (
        lambda one: (one.services[0].update(ID="s2"), one.tasks[0].update(ServiceID="s2")),
        *(WEB, "id", "s1", "s2: it was made anew by hand", NOTE),
    ),
    "a service removed": (
        lambda one: one.services.clear(),
        *(WEB, "", "that it exists", GONE, CRITICAL),
    ),
    # Networks, volumes, secrets, configs.
    "a network removed": (
        lambda one: (
            one.networks.pop(0),
            task(one)["Networks"][0].update(Target="n1"),
        ),
        *(NET, "", "that it exists", GONE, CRITICAL),
    ),
    "a network made anew": (
        lambda one: (
            one.networks[0].update(Id="n9"),
            task(one)["Networks"][0].update(Target="n1"),
        ),
        *(NET, "id", "n1", "n9: it was made anew by hand", CRITICAL),
    ),
    "a network opened to the world": (
        lambda one: one.networks[0].update(Internal=True),
        *(NET, "internal", "false", "true", CRITICAL),
    ),
    "a network of another driver": (
        lambda one: one.networks[0].update(Driver="macvlan"),
        *(NET, "driver", '"overlay"', '"macvlan"', CRITICAL),
    ),
    "a network that nothing can join": (
        lambda one: one.networks[0].update(Attachable=False),
        *(NET, "attachable", "true", "false", CRITICAL),
    ),
    "a volume removed": (
        lambda one: one.volumes.clear(),
        *(DB, "", "that it exists", GONE, CRITICAL),
    ),
    "a volume made anew": (
        lambda one: one.volumes[0].update(Labels=None),
        *(DB, 'labels["estate.stack"]', '"prod"', "nothing", CRITICAL),
    ),
    "a volume on another place": (
        lambda one: one.volumes[0].update(Options={"device": "/srv"}),
        *(DB, "driverOpts.device", "nothing", '"/srv"', CRITICAL),
    ),
    "a secret removed": (
        lambda one: one.secrets.clear(),
        *("sistema_env_1", "", "that it exists", GONE, CRITICAL),
    ),
    "a secret made anew": (
        lambda one: one.secrets[0].update(ID="k9"),
        *("sistema_env_1", "id", "k1", "k9: it was made anew by hand", CRITICAL),
    ),
    "a label of a secret": (
        lambda one: one.secrets[0]["Spec"].update(Labels={"estate.stack": "prod", "x": "1"}),
        *("sistema_env_1", "labels.x", "nothing", '"1"', NOTE),
    ),
    "a config of another content": (
        lambda one: one.configs[0]["Spec"].update(Data="eQ=="),
        *("sistema_conf", "data", "what was brought up", "another content", CRITICAL),
    ),
    "a config removed": (
        lambda one: one.configs.clear(),
        *("sistema_conf", "", "that it exists", GONE, CRITICAL),
    ),
    # What really runs.
    "no task runs": (
        lambda one: one.tasks[0]["Status"].update(State="rejected", Err="No such image"),
        *(WEB, "running tasks", "1", "0; the newest is rejected: No such image", CRITICAL),
    ),
    "a task of another image": (
        lambda one: one.tasks[0]["Spec"]["ContainerSpec"].update(Image=OTHER),
        *(WEB, "running image", IMAGE, OTHER, CRITICAL),
    ),
    "a container of another digest": (
        lambda one: one.images[0].update(RepoDigests=[OTHER]),
        *(WEB, "running image", IMAGE.partition("@")[2], OTHER.partition("@")[2], CRITICAL),
    ),
    "an unhealthy container": (
        lambda one: one.containers[0].update(Status="Up 2 hours (unhealthy)"),
        *(WEB, "health", "healthy", "unhealthy", CRITICAL),
    ),
    "a paused container": (
        lambda one: one.containers[0].update(State="paused"),
        *(WEB, "health", "healthy", "paused", CRITICAL),
    ),
    "a task on a node without the label": (
        lambda one: one.nodes[0]["Spec"].update(Labels={}),
        *(WEB, "node", "node.labels.disk==fast", "vps-1", CRITICAL),
    ),
    "an update that was rolled back": (
        lambda one: one.services[0].update(
            UpdateStatus={"State": "rollback_completed", "Message": "rollback completed"}
        ),
        *(WEB, "last update", "went through", "rolled back: rollback completed", WARNING),
    ),
    "an update that was paused": (
        lambda one: one.services[0].update(UpdateStatus={"State": "paused"}),
        *(WEB, "last update", "went through", "stopped half-way", WARNING),
    ),
    # Hosts and nodes.
    "a drained node": (
        lambda one: one.nodes[0]["Spec"].update(Availability="drain"),
        *("node:vps-1", "availability", "active", "drain", CRITICAL),
    ),
    "a node that is down": (
        lambda one: one.nodes[0]["Status"].update(State="down"),
        *("node:vps-1", "state", "ready", "down", CRITICAL),
    ),
    "a label of a node": (
        lambda one: one.nodes[0]["Spec"]["Labels"].update(zone="a"),
        *("node-label:vps-1 zone", "", "nothing: no constraint of the stack names it"),
        *("zone=a", NOTE),
    ),
    "another host behind the address": (
        lambda one: one.info.update(Name="vps-2"),
        *("host:vps", "node", "vps-1", "vps-2", CRITICAL),
    ),
    # What nobody declared.
    "an unknown service": (
        lambda one: one.services.append(stranger("miner")),
        *("service:miner", "", NOBODY, "a service of alpine:3", WARNING),
    ),
    "an unknown container": (
        lambda one: one.containers.append(container("shell")),
        *("container:shell", "", NOBODY, "a container of alpine:3", WARNING),
    ),
    "an unknown network": (
        lambda one: one.networks.append({"Id": "n9", "Name": "side", "Scope": "swarm"}),
        *("network:side", "", NOBODY, "an overlay network", WARNING),
    ),
    "an unknown secret": (
        lambda one: one.secrets.append(file_object("key")),
        *("secret:key", "", NOBODY, "a secret", WARNING),
    ),
    "an unknown config": (
        lambda one: one.configs.append(file_object("conf")),
        *("config:conf", "", NOBODY, "a config", WARNING),
    ),
    "an unknown volume of this stack": (
        lambda one: one.volumes.append({"Name": "data", "Labels": {"estate.stack": "prod"}}),
        *("volume:data", "", NOBODY, "a volume under a name of this stack", WARNING),
    ),
    # DNS.
    "a record that leads elsewhere": (
        lambda one: one.records[0].update(content="203.0.113.66"),
        *("tickets.example.com", "content", '"203.0.113.7"', '"203.0.113.66"', CRITICAL),
    ),
    "a record that is proxied": (
        lambda one: one.records[0].update(proxied=True),
        *("tickets.example.com", "proxied", "false", "true", WARNING),
    ),
    "a record of another lifetime": (
        lambda one: one.records[0].update(ttl=60),
        *("tickets.example.com", "ttl", "300", "60", WARNING),
    ),
    "a comment on a record": (
        lambda one: one.records[0].update(comment="mine"),
        *("tickets.example.com", "comment", "nothing", '"mine"', WARNING),
    ),
    "a record removed": (
        lambda one: one.records.clear(),
        *("tickets.example.com", "", "that it exists", GONE, CRITICAL),
    ),
    "an unknown record": (
        lambda one: one.records.append({
            "id": "r9",
            "type": "CNAME",
            "name": "old.example.com",
            "content": "x.example.net",
        }),
        *("record:CNAME old.example.com", "", NOBODY, '"x.example.net"', WARNING),
    ),
}


def test_an_untouched_estate_has_no_drift_and_all_of_it_was_compared() -> None:
    seen = Reality().look()
    assert seen.found == ()
    assert seen.unknown == ()
    assert seen.compared == 6


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_is_found_and_named_to_the_field(change: Change) -> None:
    act, resource, field, declared, found, severity = change
    (one,) = changed(act).found()
    assert (one.resource, one.field) == (resource, field)
    assert (one.declared, one.found) == (declared, found)
    assert one.severity is severity
    assert one.todo
    assert "{" not in one.todo


def test_a_published_port_of_a_stranger_is_a_finding_of_its_own() -> None:
    def act(one: Reality) -> None:
        one.services.append(stranger("miner"))
        one.services[1]["Endpoint"]["Ports"] = [{"PublishedPort": 9000, "Protocol": "tcp"}]
        ports = [{"PublicPort": 53, "Type": "udp", "IP": "0.0.0.0"}, {"PrivatePort": 80}]  # noqa: S104
        one.containers.append(container("shell", Ports=ports))

    found = {one.resource: one for one in changed(act).found()}
    assert set(found) == {"service:miner", "port:9000/tcp", "container:shell", "port:53/udp"}
    assert found["port:9000/tcp"].found == "published by service miner"
    assert found["port:53/udp"].found == "published by container shell on 0.0.0.0"
    assert found["port:53/udp"].severity is CRITICAL


def test_what_an_update_would_put_back_carries_its_resource_and_nothing_else_does() -> None:
    def act(one: Reality) -> None:
        one.container["Env"].append("DEBUG=1")
        one.containers[0].update(Status="Up (unhealthy)")
        one.services.append(stranger("miner"))

    urns = {(one.resource, one.field): one.urn for one in changed(act).found()}
    assert urns[WEB, f"{CONTAINER}.env.DEBUG"].endswith("Service::sistema_web")
    assert urns[WEB, "health"] == ""
    assert urns["service:miner", ""] == ""


def test_the_last_change_of_a_service_is_told_with_its_drift() -> None:
    (one,) = changed(lambda one: one.container.update(User="root")).found()
    assert one.since == TIME


def test_what_the_provider_chose_is_compared_with_what_it_chose_then() -> None:
    made = Reality()
    service = made.state["deployment"]["resources"][5]
    inputs = deepcopy(SERVICE)
    inputs["taskSpec"].pop("restartPolicy")
    service["inputs"] = inputs
    assert made.found() == ()
    task(made)["RestartPolicy"]["Condition"] = "none"
    (one,) = made.found()
    assert (one.field, one.found) == ("taskSpec.restartPolicy.condition", '"none"')


def test_a_secret_that_was_adopted_keeps_the_labels_it_was_born_with() -> None:
    born = {"com.docker.stack.namespace": "sistema"}
    assert changed(lambda one: one.secrets[0]["Spec"].update(Labels=born)).found() == ()
