"""The few calls to a Swarm manager that jobs need, with types; tests put faults in here."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import docker.errors

from steps.job_spec import JOB_LABEL
from steps.job_task import TaskState, latest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from docker import DockerClient
    from docker.types import TaskTemplate

ENDED = frozenset({"created", "dead", "exited"})
"""When a container can be removed; one that is `created` when its task ends never began."""
HELD = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT})
"""What the daemon answers for a volume (409) or a network (400, 403) that a task still holds."""


class Swarm:
    """A Swarm, through the daemon of its manager.

    The SDK's low-level calls carry no types; they meet ours here and nowhere else.
    """

    def __init__(self, client: DockerClient) -> None:
        """Use a client that is connected already."""
        self._api: Any = client.api

    def service(self, name_or_id: str) -> dict[str, Any] | None:
        """Return a service, or None when there is none of that name."""
        try:
            found: dict[str, Any] = self._api.inspect_service(name_or_id)
        except docker.errors.NotFound:
            return None
        return found

    def jobs(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Return name → id of the services that our steps made as jobs, with all these labels."""
        wanted = [JOB_LABEL, *(f"{name}={value}" for name, value in labels.items())]
        found = self._api.services(filters={"label": wanted})
        return {str(one["Spec"]["Name"]): str(one["ID"]) for one in found}

    def create_job(
        self, name: str, template: TaskTemplate, *, labels: Mapping[str, str], mode: object
    ) -> str:
        """Create a service and return its id."""
        created = self._api.create_service(template, name=name, labels=dict(labels), mode=mode)
        return str(created["ID"])

    def replace_job(self, service: Mapping[str, Any], template: object, *, mode: object) -> None:
        """Give a service another task template and mode; its name and labels stay."""
        spec = service["Spec"]
        self._api.update_service(
            service["ID"],
            service["Version"]["Index"],
            task_template=template,
            name=spec["Name"],
            labels=spec.get("Labels"),
            mode=mode,
        )

    def create_service(self, spec: Mapping[str, Any]) -> None:
        """Create a service from a whole specification, as the Docker API has it."""
        self._api.create_service(
            dict(spec["TaskTemplate"]),
            name=spec["Name"],
            labels=spec.get("Labels"),
            mode=spec["Mode"],
            update_config=spec.get("UpdateConfig"),
            rollback_config=spec.get("RollbackConfig"),
            endpoint_spec=spec.get("EndpointSpec"),
        )

    def update_service(self, service: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
        """Give a service a whole new specification, as the Docker API has it."""
        self._api.update_service(
            service["ID"],
            service["Version"]["Index"],
            task_template=dict(spec["TaskTemplate"]),
            name=spec["Name"],
            labels=spec.get("Labels"),
            mode=spec["Mode"],
            update_config=spec.get("UpdateConfig"),
            rollback_config=spec.get("RollbackConfig"),
            endpoint_spec=spec.get("EndpointSpec"),
        )

    def tasks(self, service: str) -> list[dict[str, Any]]:
        """Return the tasks of a service, in any order; none when there is no such service."""
        try:
            found: list[dict[str, Any]] = self._api.tasks(filters={"service": service})
        except docker.errors.NotFound:
            return []
        return found

    def task_log(self, task: str, *, lines: int) -> str:
        """Return the end of a task's log; empty when the task is gone already."""
        url = self._api._url("/tasks/{0}/logs", task)  # noqa: SLF001 - the SDK has no call for it
        given = {"stdout": 1, "stderr": 1, "tail": lines}
        try:
            answer = self._api._get(url, params=given, stream=False)  # noqa: SLF001
            text: bytes = self._api._get_result_tty(False, answer, False)  # noqa: SLF001, FBT003
        except docker.errors.APIError:
            return ""
        return text.decode(errors="replace").strip()

    def remove_service(self, service_id: str) -> None:
        """Remove a service; one that is gone already is fine."""
        try:
            self._api.remove_service(service_id)
        except docker.errors.NotFound:
            return

    def remove_containers(self, service_id: str) -> bool:
        """Remove the ended containers of a service from this daemon; on other nodes they stay.

        Returns:
            False while one is left, because it is ending or being removed.

        Raises:
            APIError: The daemon refuses, other than because a removal is under way.
        """
        label = f"com.docker.swarm.service.id={service_id}"
        all_gone = True
        for one in self._api.containers(all=True, filters={"label": label}):
            if one["State"] not in ENDED:
                all_gone = False
                continue
            try:
                # With its nameless volumes, which its image asks for and a job leaves empty.
                self._api.remove_container(one["Id"], v=True)
            except docker.errors.NotFound:
                continue
            except docker.errors.APIError as error:
                if error.status_code != HTTPStatus.CONFLICT:  # the Swarm is removing it already
                    raise
                all_gone = False
        return all_gone

    def task_state(self, service_id: str) -> TaskState | None:
        """Return where a job's newest task stands, or None when it has no task."""
        try:
            tasks = self._api.tasks(filters={"service": service_id})
        except docker.errors.NotFound:
            # The filter refuses a service that was removed, though its tasks may still be ending.
            tasks = [task for task in self._api.tasks() if task["ServiceID"] == service_id]
        return latest(tasks) if tasks else None

    def log(self, service_id: str, *, lines: int) -> str:
        """Return the end of what a service's containers printed."""
        chunks: Iterable[bytes] = self._api.service_logs(
            service_id, stdout=True, stderr=True, tail=str(lines), is_tty=False
        )
        return b"".join(chunks).decode(errors="replace").strip()

    def network_ids(self) -> dict[str, str]:
        """Return name → id of every network."""
        return {str(one["Name"]): str(one["Id"]) for one in self._api.networks()}

    def create_network(self, name: str, labels: Mapping[str, str]) -> None:
        """Create a network that only the services of the Swarm can join, without a way out."""
        self._api.create_network(name, driver="overlay", internal=True, labels=dict(labels))

    def remove_network(self, network_id: str) -> bool:
        """Remove a network, also one that is gone already; False while a task still holds it.

        Raises:
            APIError: The daemon refuses for another reason.
        """
        try:
            self._api.remove_network(network_id)
        except docker.errors.NotFound:
            return True
        except docker.errors.APIError as error:
            if error.status_code not in HELD:
                raise
            return False
        return True

    def secret_ids(self, label: str | None = None) -> dict[str, str]:
        """Return name → id of the secrets, all or those with a label `key=value`."""
        filters = {"label": label} if label else None
        found = self._api.secrets(filters=filters)
        return {str(one["Spec"]["Name"]): str(one["ID"]) for one in found}

    def create_secret(self, name: str, value: str, labels: Mapping[str, str]) -> str:
        """Create a secret and return its id."""
        return str(self._api.create_secret(name, value.encode(), labels=dict(labels))["ID"])

    def configs(self, label: str) -> list[dict[str, Any]]:
        """Return the configs with a label `key=value`, their data in base64."""
        found: list[dict[str, Any]] = self._api.configs(filters={"label": label})
        return found

    def create_config(self, name: str, data: bytes, labels: Mapping[str, str]) -> bool:
        """Create a config; False when its name is taken.

        Raises:
            APIError: The daemon refuses for another reason.
        """
        try:
            self._api.create_config(name, data, labels=dict(labels))
        except docker.errors.APIError as error:
            if error.status_code != HTTPStatus.CONFLICT:
                raise
            return False
        return True

    def remove_config(self, config_id: str) -> None:
        """Remove a config; one that is gone already is fine."""
        try:
            self._api.remove_config(config_id)
        except docker.errors.NotFound:
            return

    def remove_secret(self, secret_id: str) -> None:
        """Remove a secret; one that is gone already is fine."""
        try:
            self._api.remove_secret(secret_id)
        except docker.errors.NotFound:
            return
