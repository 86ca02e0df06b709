"""The rules of policy/ as the engine is given them."""

import os
from collections.abc import Mapping

from ops.errors import OpsError
from ops.preview.events import Look
from ops.workplace import ROOT

POLICIES = ROOT / "policy"
_SHOWN = 14
"""Broken rules that a message names; `make preview` names all."""


def with_policies(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which the engine finds what runs the rules.

    A host that cannot run a pack from its folder starts the program that the pack's `runtime`
    names, and looks for it on PATH.
    """
    path = os.pathsep.join([str(POLICIES), environment.get("PATH", "")])
    return {**environment, "PATH": path}


def refuse(look: Look, stack: str) -> None:
    """Refuse an update that breaks a mandatory rule.

    What else a preview may have to say against it, the update says itself.

    Raises:
        OpsError: names each broken rule with what to do.
    """
    broken = [one for one in look.violations if one.mandatory]
    if not broken:
        return
    lines = [f"  {one.rule}: {one.resource}: {' '.join(one.text.split())}" for one in broken]
    more = [f"  … {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    listed = "\n".join([*lines[:_SHOWN], *more])
    raise OpsError(
        f"stack {stack} breaks rules that every stack has to keep; nothing was changed:\n{listed}",
        todo=f"do what each line says; make preview STACK={stack} shows all of it",
    )
