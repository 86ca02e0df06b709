"""A step as a resource: a command of steps/ that runs when one of its triggers changes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_command as command

# Relative, so that the state does not name a folder of the machine that deployed.
_RUN = ".venv/bin/python -m steps"


@dataclass(frozen=True, kw_only=True)
class StepSpec:
    """One step.

    Attributes:
        run: its name in steps/.
        inputs: what it is given in the open; a change alone does not run it again.
        triggers: what runs it again; never a secret itself and never a connection.
        secrets: what it is given on standard input.
        limit_s: seconds after which the engine gives up on it.
        words: what a preview shows of it to a person.
    """

    run: str
    inputs: Mapping[str, object]
    triggers: Sequence[str]
    secrets: Mapping[str, object] = field(default_factory=dict)
    limit_s: int = 1800
    words: str = ""


def step(name: str, spec: StepSpec, opts: pulumi.ResourceOptions) -> command.local.Command:
    """Declare a step.

    `update` does nothing: the provider would otherwise run `create` again for any changed input,
    and a rotated key would run a migration. A trigger replaces the resource, which runs `create`
    with the inputs of the day.

    Args:
        name: what the preview calls it.
        spec: the step.
        opts: parent and what has to happen first.
    """
    limits = pulumi.ResourceOptions(
        custom_timeouts=pulumi.CustomTimeouts(create=f"{spec.limit_s}s"),
        additional_secret_outputs=["stdin"],
    )
    return command.local.Command(
        name,
        create=f"{_RUN} {spec.run}",
        update=":",
        environment={
            "STEP_INPUT": json.dumps(spec.inputs, sort_keys=True),
            **({"IN_WORDS": spec.words} if spec.words else {}),
        },
        stdin=pulumi.Output.secret(json.dumps(spec.secrets, sort_keys=True)),
        triggers=list(spec.triggers),
        logging=command.local.Logging.STDERR,
        add_previous_output_in_env=False,
        opts=pulumi.ResourceOptions.merge(opts, limits),
    )
