"""A self-hosted Convex backend: its admin key, and its environment over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import tenacity

from steps.errors import ConvexError
from steps.library_errors import translated
from steps.limits import within
from steps.web import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker import DockerClient
    from docker.models.containers import Container

    from steps.context import Context

EXEC_LIMIT_S = 30.0
SERVICE_LABEL = "com.docker.swarm.service.name"
DEFAULT_INSTANCE = "convex-self-hosted"

GENERATE_KEY = """
for name in INSTANCE_NAME INSTANCE_SECRET; do
  value="$(tr '\\0' '\\n' </proc/1/environ 2>/dev/null | sed -n "s/^$name=//p")"
  if [ -n "$value" ]; then export "$name=$value"; fi
done
exec ./generate_admin_key.sh
"""
"""An exec does not see what the entrypoint exported, and without the backend's own secret the
image's script would invent one; so both values are read from the backend process itself."""

TRIES = 10
PAUSE_S = 3.0
NOT_READY = frozenset({404, 502, 503, 504})
"""What an edge answers while it does not know the backend yet."""

UNTOUCHED = "Convex was not changed."


def admin_key(client: DockerClient, service: str, instance_name: str, context: Context) -> str:
    """Return a new admin key, made inside the running backend; it is hidden from then on.

    Args:
        client: The daemon of the host on which the backend runs.
        service: The Swarm service of the backend.
        instance_name: What the key starts with.
        context: Gets the key as one more secret.

    Raises:
        ConvexError: No backend runs, or it gives no key.
    """
    what = f"No admin key from {service}."
    with translated(what, state=UNTOUCHED):
        running = client.containers.list(
            filters={"label": f"{SERVICE_LABEL}={service}", "status": "running"},
            ignore_removed=True,
        )
        if not running:
            raise ConvexError(
                what,
                why="no container of that service runs on this host",
                state=UNTOUCHED,
                todo=f"Look at: docker service ps --no-trunc {service}",
            )
        newest = max(running, key=lambda container: str(container.attrs["Created"]))
        try:
            code, output = _generated(newest)
        except TimeoutError as error:
            raise ConvexError(
                what,
                why=str(error),
                state=UNTOUCHED,
                todo=f"Look at: docker service logs {service}",
            ) from error
    key = key_in(output, instance_name)
    if key is None:
        # The output is not shown: a key under another name would be a secret all the same.
        raise ConvexError(
            what,
            why=f"generate_admin_key.sh ended with code {code} and printed no line that starts "
            f"with {instance_name}|",
            state=UNTOUCHED,
            todo=f"Check instance_name against INSTANCE_NAME of {service}, and its log.",
        )
    context.redactor.add(key)
    return key


def _generated(container: Container) -> tuple[int | None, str]:
    """Return exit code and output of the backend's program that makes a key.

    Docker can lose what a program says that ends before its stream is read (moby/moby#27289). Then
    it is asked again: every key holds, and none is stored.

    Raises:
        TimeoutError: it does not end.
    """
    command = ["/bin/sh", "-c", GENERATE_KEY]
    code, text = None, ""
    for _ in range(TRIES):
        code, output = within(EXEC_LIMIT_S, lambda: container.exec_run(command))
        text = (output if isinstance(output, bytes) else b"".join(output)).decode(errors="replace")
        if text or code:
            break
    return code, text


def key_in(output: str, instance_name: str) -> str | None:
    """Return the last line that is an admin key of this instance, or None; pure."""
    starts = (f"{instance_name}|", f"{DEFAULT_INSTANCE}|")
    keys = [line.strip() for line in output.splitlines() if line.strip().startswith(starts)]
    return keys[-1] if keys else None


class ConvexApi:
    """The backend's HTTP interface, as an administrator."""

    def __init__(self, http: httpx.Client, url: str, key: str, context: Context) -> None:
        """Prepare; nothing is sent yet."""
        self._http = http
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Convex {key}"}
        self._context = context

    def environment(self) -> dict[str, str]:
        """Return the variables that functions see.

        Raises:
            ConvexError: The backend refuses.
        """
        answer = self._ask("GET", "/api/list_environment_variables")
        variables = _json(answer).get("environmentVariables")
        if not isinstance(variables, dict):
            raise ConvexError(
                "Convex did not list its environment.",
                why="its answer has no object environmentVariables",
                state=UNTOUCHED,
                todo="Check that url is the address of the backend, not of a page.",
            )
        return {str(name): str(value) for name, value in variables.items()}

    def update_environment(self, changes: Mapping[str, str | None]) -> None:
        """Set variables, or delete those whose value is None, all in one transaction.

        Raises:
            ConvexError: The backend refuses.
        """
        body = [{"name": name, "value": value} for name, value in sorted(changes.items())]
        self._ask("POST", "/api/update_environment_variables", {"changes": body})

    def _ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        """Send one request, again while the backend is not reachable yet.

        Raises:
            ConvexError: The backend refuses.
        """
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(TRIES),
            wait=tenacity.wait_fixed(PAUSE_S),
            sleep=self._context.clock.sleep,
            retry=tenacity.retry_if_exception_type(httpx.TransportError)
            | tenacity.retry_if_result(lambda answer: answer.status_code in NOT_READY),
            before_sleep=lambda _state: self._context.say(f"convex: {path} not reachable yet"),
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )
        with translated(f"Convex does not answer at {self._url}.", state=UNTOUCHED):
            answer: httpx.Response = retrying(
                self._http.request, method, self._url + path, json=body, headers=self._headers
            )
        if answer.status_code != httpx.codes.OK:
            refused = answer.status_code in {401, 403}
            raise ConvexError(
                f"Convex refused {path}.",
                why=shown(answer, self._context.redactor.hide),
                state=UNTOUCHED,
                todo="The backend at url is another one than the service whose key was used."
                if refused
                else "Correct what the answer names, then run the update again.",
            )
        return answer


def _json(answer: httpx.Response) -> dict[str, Any]:
    """Return an answer's JSON object, or an empty one."""
    try:
        value = answer.json()
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
