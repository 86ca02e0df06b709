"""Which stacks a change could touch, from the files that it changes."""

import json
import subprocess
import sys
from collections.abc import Collection, Iterable

from ops.errors import OpsError
from ops.workplace import ROOT

_PROGRAM = (
    *("__main__.py", "Pulumi.yaml", "pyproject.toml", "uv.lock"),
    *("settings/", "components/", "steps/", "provider/", "policy/", "swarm_spec/"),
    *("ops/stack_file.py", "ops/hooks.py", "ops/reactions.py"),
)
"""Every stack is made by these."""
_LIMIT_S = 60


def touched(base: str) -> int:
    """Print `stacks=[…]` for the pull request that HEAD is, as a workflow's output; return 0.

    Args:
        base: commit with which HEAD is compared.

    Raises:
        OpsError: git does not know the commit.
    """
    # Names end with zero bytes, so that one with a line break in it cannot pass for two.
    command = ["git", "diff", "--name-only", "-z", "--end-of-options", f"{base}...HEAD"]
    done = subprocess.run(  # noqa: S603 - an argument list, no shell
        command, cwd=ROOT, capture_output=True, text=True, timeout=_LIMIT_S, check=False
    )
    if done.returncode:
        raise OpsError(
            f"the changed files cannot be told: {done.stderr.strip()[-300:]}",
            todo="check out the whole history (fetch-depth: 0) and name a commit of it",
        )
    there = {one.name.split(".")[1] for one in ROOT.glob("Pulumi.*.yaml")} - {"local"}
    stacks = stacks_of(done.stdout.split("\0"), there)
    sys.stdout.write(f"stacks={json.dumps(stacks)}\n")
    return 0


def stacks_of(files: Iterable[str], there: Collection[str]) -> list[str]:
    """Return the stacks that changed files belong to, in order; pure.

    Args:
        files: paths in the repository.
        there: stacks that have a file.
    """
    changed = [file for file in files if file]
    if any(file.startswith(_PROGRAM) for file in changed):
        return sorted(there)
    return sorted(stack for stack in there if f"Pulumi.{stack}.yaml" in changed)
