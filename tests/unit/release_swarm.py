"""A Swarm in memory for releases: services, their tasks, and the journal's configs."""

from __future__ import annotations

import base64
import copy
from typing import TYPE_CHECKING, Any

import requests

from steps.job_task import TaskState
from steps.swarm import Swarm

if TYPE_CHECKING:
    from collections.abc import Mapping

SICK = "sick"
"""A part of an image's name whose tasks fail."""


class StillClock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def spec(name: str, image: str, replicas: int = 1) -> dict[str, Any]:
    return {
        "Name": name,
        "Labels": {f"traefik.http.routers.{name}.rule": f"Host(`{name}.localhost`)"},
        "TaskTemplate": {"ContainerSpec": {"Image": image, "StopGracePeriod": 10**10}},
        "Mode": {"Replicated": {"Replicas": replicas}},
        "UpdateConfig": {"FailureAction": "rollback"},
        "EndpointSpec": {"Mode": "dnsrr"},
    }


class MemorySwarm(Swarm):
    """Starts a task at once when its image is well, and fails it twice when it is sick."""

    def __init__(self) -> None:
        self.services: dict[str, dict[str, Any]] = {}
        self.all_tasks: dict[str, list[dict[str, Any]]] = {}
        self.kept: dict[str, dict[str, Any]] = {}
        self.seen: list[tuple[str, str, int]] = []
        self.unreachable = 0
        self.networks = {"net": "n1"}
        self.held = 0
        self._made = 0

    def place(self, name: str, image: str, labels: dict[str, str] | None = None) -> None:
        made = {**spec(name, image), **({"Labels": labels} if labels else {})}
        self.services[name] = {"ID": name, "Version": {"Index": 1}, "Spec": made}
        self._run(name)

    def image(self, name: str) -> str:
        return str(self.services[name]["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"])

    def replicas(self, name: str) -> int:
        return int(self.services[name]["Spec"]["Mode"]["Replicated"]["Replicas"])

    def service(self, name_or_id: str) -> dict[str, Any] | None:
        return copy.deepcopy(self.services.get(name_or_id))

    def create_service(self, spec: Mapping[str, Any]) -> None:
        name = str(spec["Name"])
        assert name not in self.services
        made = copy.deepcopy(dict(spec))
        self.services[name] = {"ID": name, "Version": {"Index": 1}, "Spec": made}
        self.seen.append((name, self.image(name), self.replicas(name)))
        self._run(name)

    def update_service(self, service: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
        name = str(service["ID"])
        old = self.services[name]["Spec"]["TaskTemplate"], self.replicas(name)
        self.services[name]["Spec"] = copy.deepcopy(dict(spec))
        self.services[name].pop("UpdateStatus", None)
        self.seen.append((name, self.image(name), self.replicas(name)))
        if old != (spec["TaskTemplate"], self.replicas(name)):
            self._run(name)

    def tasks(self, service: str) -> list[dict[str, Any]]:
        return copy.deepcopy(self.all_tasks.get(service, []))

    def task_log(self, task: str, *, lines: int) -> str:
        del lines
        return f"log of {task}: it is sick"

    def network_ids(self) -> dict[str, str]:
        return dict(self.networks)

    def create_network(self, name: str, labels: Mapping[str, str]) -> None:
        assert labels
        assert name not in self.networks
        self.networks[name] = f"id of {name}"

    def remove_network(self, network_id: str) -> bool:
        if self.held:
            self.held -= 1
            return False
        self.networks = {name: one for name, one in self.networks.items() if one != network_id}
        return True

    def secret_ids(self, label: str | None = None) -> dict[str, str]:
        return {} if label else {"env": "s1"}

    def configs(self, label: str) -> list[dict[str, Any]]:
        if self.unreachable:
            self.unreachable -= 1
            raise requests.ConnectionError("no daemon")
        key, _, value = label.partition("=")
        return [one for one in self.kept.values() if one["Spec"]["Labels"].get(key) == value]

    def create_config(self, name: str, data: bytes, labels: Mapping[str, str]) -> bool:
        if name in self.kept:
            return False
        text = base64.b64encode(data).decode()
        self.kept[name] = {"ID": name, "Spec": {"Name": name, "Data": text, "Labels": labels}}
        return True

    def remove_config(self, config_id: str) -> None:
        del self.kept[config_id]

    def replace_job(self, service: Mapping[str, Any], template: object, *, mode: object) -> None:
        del template, mode
        for task in self.all_tasks[str(service["ID"])]:
            task["Status"]["State"] = "shutdown"

    def task_state(self, service_id: str) -> TaskState | None:
        tasks = self.all_tasks.get(service_id)
        return TaskState(word=tasks[-1]["Status"]["State"]) if tasks else None

    def remove_service(self, service_id: str) -> None:
        del self.services[service_id]

    def remove_containers(self, service_id: str) -> bool:
        del self.all_tasks[service_id]
        return True

    def _run(self, name: str) -> None:
        for task in self.all_tasks.setdefault(name, []):
            task["DesiredState"] = "shutdown"
            if task["Status"]["State"] == "running":
                task["Status"]["State"] = "shutdown"
        if not self.replicas(name):
            return
        sick = SICK in self.image(name)
        for _ in range(2 if sick else 1):
            self._made += 1
            self.all_tasks[name].append({
                "ID": f"t{self._made}",
                "CreatedAt": f"{self._made:09d}",
                "DesiredState": "shutdown" if sick else "running",
                "Status": {"State": "failed", "Err": "exit 1"} if sick else {"State": "running"},
                "Spec": copy.deepcopy(self.services[name]["Spec"]["TaskTemplate"]),
            })
