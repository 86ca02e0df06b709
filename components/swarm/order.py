"""The order of an update, from what a task holds. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A volume or folder inside a task.

    Attributes:
        kind: `volume` for a named volume, `bind` for a folder or socket of the host.
        source: the volume's Docker name, or an absolute path.
        target: absolute path inside the task.
        read_only: whether the task may only read it.
        shared: whether tasks may write it side by side: each its own files, or appending to one.
        labels: on a volume that the task would find missing.
    """

    kind: Literal["volume", "bind"]
    source: str
    target: str
    read_only: bool = False
    shared: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class HostPort:
    """A port of the node itself, so that the client's address reaches the task.

    Attributes:
        target: port inside the task.
        published: port of the node.
    """

    target: int
    published: int


@dataclass(frozen=True, kw_only=True)
class UpdateOrder:
    """What an update does first, and why.

    Attributes:
        order: Swarm's word for it.
        reason: the one thing that decided it, for the preview.
    """

    order: Literal["stop-first", "start-first"]
    reason: str


def update_order(mounts: Sequence[Mount], ports: Sequence[HostPort]) -> UpdateOrder:
    """Return the only safe order: two tasks may never hold what has room for one.

    That is a volume with one writer, or a port of the host.
    """
    for mount in mounts:
        if not mount.read_only and not mount.shared:
            return UpdateOrder(order="stop-first", reason=f"one writer of {mount.source}")
    for port in ports:
        return UpdateOrder(order="stop-first", reason=f"holds port {port.published} of the host")
    shared = [mount.source for mount in mounts if not mount.read_only]
    if shared:
        return UpdateOrder(order="start-first", reason=f"two may write {' and '.join(shared)}")
    return UpdateOrder(order="start-first", reason="holds nothing that two tasks cannot share")
