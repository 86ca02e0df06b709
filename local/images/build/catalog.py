"""The images of the local stack, in the order they are built."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).resolve().parents[1]
CHECKOUT = FOLDER.parents[1]


@dataclass(frozen=True, kw_only=True)
class Image:
    """One folder with a Dockerfile.

    Attributes:
        name: Name of the folder, and of the repository below ``estate/``.
        minutes: How long a first build takes on two cores, as measured; for the progress line.
        parent: The image it starts from; None is the Debian base.
        programs: What the machine fetches or builds for it (a key of ``programs.PROGRAMS``).
        on_request: Built only when named: tests want it, the local stack does not.
        borrowed: Name in its build context -> path below this folder of what another image has too.
    """

    name: str
    minutes: float
    parent: str | None = None
    programs: str | None = None
    on_request: bool = False
    borrowed: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where its Dockerfile is."""
        return FOLDER / self.name

    @property
    def loans(self) -> dict[str, Path]:
        """Name in the build context -> folder of another image that holds it."""
        return {name: FOLDER / path for name, path in self.borrowed.items()}


IMAGES = {
    image.name: image
    for image in (
        Image(name="registry", minutes=0.3),
        Image(name="docker-filter", minutes=0.3),
        Image(name="tools", minutes=0.4),
        Image(name="node22-bun", minutes=1, programs="node22-bun"),
        Image(name="tickets", minutes=0.2, parent="node22-bun"),
        Image(name="postgres", minutes=0.6),
        Image(
            name="crm",
            minutes=0.2,
            parent="node22-bun",
            programs="crm",
            borrowed={
                "app/vendor/demo-parts": "tickets/app/vendor/demo-parts",
                "app/vendor/prisma": "tickets/app/vendor/prisma",
            },
        ),
        Image(name="convex", minutes=0.3, parent="node22-bun"),
        Image(name="convex-dashboard", minutes=0.1, parent="node22-bun"),
        Image(name="mariadb", minutes=0.8),
        Image(name="redis", minutes=0.4),
        Image(name="erpnext", minutes=0.6, parent="node22-bun"),
        Image(name="npm", minutes=0.5),
        Image(name="traefik", minutes=11, programs="traefik"),
        Image(name="pebble", minutes=2, programs="pebble", on_request=True),
        Image(name="s3", minutes=4, programs="s3", on_request=True),
    )
}


def with_parents(names: list[str]) -> list[Image]:
    """The named images and what they start from, in build order."""
    wanted = set(names)
    for image in reversed(IMAGES.values()):
        if image.name in wanted and image.parent is not None:
            wanted.add(image.parent)
    return [image for image in IMAGES.values() if image.name in wanted]
