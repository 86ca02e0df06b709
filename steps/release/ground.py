"""What everything that works on one release is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steps.context import Context
    from steps.release.plan import Plan
    from steps.release.store import Store
    from steps.swarm import Swarm


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What the phases of one release work on.

    Attributes:
        plan: the release.
        swarm: the manager.
        store: the journal.
        context: secrets, and where to say things.
    """

    plan: Plan
    swarm: Swarm
    store: Store
    context: Context
