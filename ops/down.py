"""Takes a stack away. Data goes with the local stack only; elsewhere it stays on its host."""

import json
import sys
from typing import Any

import docker.errors
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from ops import local_stack, recovery
from ops.engine import Engine
from ops.errors import OpsError
from ops.hosts import targets
from ops.stacks import made
from steps.context import Context
from steps.docker_host import connect

_CONFLICT = 409


def down(stack: str, *, force: bool) -> int:
    """Take a stack away after a confirmation; return the engine's exit code.

    Args:
        stack: its name.
        force: do not ask.

    Raises:
        OpsError: the person did not confirm, or could not be asked.
    """
    engine = made(stack)
    recovery.release_dead_lock(engine)
    volumes = _volumes(engine)
    if not force:
        _confirm(stack, volumes)
    hosts = targets(engine)
    engine.ask("state", "unprotect", "--all", "--yes")
    code = engine.show("destroy", "--yes", "--skip-preview", "--suppress-outputs")
    if code or stack != local_stack.STACK:
        return code
    for target in hosts:
        with connect(target, Context()) as client:
            chosen = {"label": f"estate.stack={stack}"}
            for service in client.services.list(filters=chosen):
                service.remove()  # jobs, which the engine does not know
            for secret in client.secrets.list(filters=chosen):
                secret.remove()
            _remove_volumes(client.api, volumes)
    return 0


def _confirm(stack: str, volumes: list[str]) -> None:
    data = "and its data" if stack == local_stack.STACK else "; its data stays on the hosts"
    if not sys.stdin.isatty():
        raise OpsError(
            f"taking stack {stack} away needs a confirmation",
            todo="answer at a terminal, or run: make down FORCE=1",
        )
    listed = ", ".join(volumes) or "none"
    sys.stdout.write(f"This takes stack {stack} away {data}. Volumes: {listed}\n")
    if input(f"Type {stack} to go on: ").strip() != stack:
        raise OpsError("nothing was changed: the answer was another", todo="run it again to retry")


def _volumes(engine: Engine) -> list[str]:
    state = json.loads(engine.ask("stack", "export"))
    resources = (state.get("deployment") or {}).get("resources") or []
    return [one["id"] for one in resources if one["type"] == "docker:index/volume:Volume"]


def _remove_volumes(api: Any, volumes: list[str]) -> None:  # noqa: ANN401 - the SDK
    # A task that was just removed holds its volume for as long as it takes to end.
    retries = Retrying(
        retry=retry_if_exception(_is_in_use),
        stop=stop_after_delay(90),
        wait=wait_fixed(1),
        reraise=True,
    )
    for volume in volumes:
        try:
            retries(api.remove_volume, volume)
        except docker.errors.NotFound:
            continue


def _is_in_use(error: BaseException) -> bool:
    return isinstance(error, docker.errors.APIError) and error.status_code == _CONFLICT
