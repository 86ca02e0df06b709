"""What happens on a host beside the engine's own work: room for secrets, reasons for failures."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pulumi

from components.place import docker_target
from ops.tasks import DockerTasks
from ops.watch import Watch
from settings import Host
from steps.context import Context
from steps.docker_host import connect
from steps.generations import make_way
from steps.inputs import DockerTarget
from steps.redact import Redactor

HookArgs = pulumi.ResourceHookArgs | pulumi.ErrorHookArgs


class Reactions:
    """The hooks of one Swarm."""

    def __init__(self, manager: Host, hidden: Iterable[str]) -> None:
        """Nothing is connected before the first hook runs.

        Args:
            manager: the host that manages the Swarm.
            hidden: secret values, taken out of everything that is shown.
        """
        self._target = DockerTarget.model_validate(docker_target(manager), strict=False)
        self._watch = Watch(self._tasks, Redactor(hidden).hide)

    async def begin(self, args: pulumi.ResourceHookArgs) -> None:
        """Watch a service that is about to change."""
        await asyncio.to_thread(self._watch.begin, _docker_name(args))

    def end(self, args: pulumi.ResourceHookArgs) -> None:
        """Stop watching a service that has changed."""
        self._watch.end(_docker_name(args))

    def explain(self, args: pulumi.ErrorHookArgs) -> bool:
        """Say why a service could not be changed; False, because trying again would not help."""
        name = _docker_name(args)
        done, now = ("created", "nothing of it runs")
        if args.old_outputs and self._watch.runs(name):
            done, now = ("updated", "Swarm went back, what ran before runs again")
        elif args.old_outputs:
            done, now = ("updated", "nothing of it runs, Swarm keeps trying")
        pulumi.log.error(
            f"{name} could not be {done}.\n{self._watch.explain(name)}\n"
            f"now: {now}.\nnext: correct the cause and run the same command again."
        )
        return False

    async def make_way(self, args: pulumi.ResourceHookArgs) -> None:
        """Make room for a generation of a secret."""
        await asyncio.to_thread(self._make_way, _docker_name(args))

    def _make_way(self, name: str) -> None:
        with connect(self._target, Context()) as client:
            make_way(client, name, family=name.rpartition("_")[0])

    @contextmanager
    def _tasks(self) -> Iterator[DockerTasks]:
        with connect(self._target, Context()) as client:
            yield DockerTasks(client)


def _docker_name(args: HookArgs) -> str:
    return str((args.new_inputs or args.old_inputs or {})["name"])
