"""The Debian image that the others start from: pulled, or made from Debian's own packages."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import docker.errors

from local.images.build.errors import BuildError

if TYPE_CHECKING:
    from docker import DockerClient

PUBLIC = "debian:bookworm-slim"
OWN = "estate/debian:bookworm"
_LIMIT_S = 900
# What the public slim image leaves out too.
_LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")


def _bootstrap(client: DockerClient) -> None:
    if shutil.which("mmdebstrap") is None:
        raise BuildError(
            f"{PUBLIC} cannot be pulled and mmdebstrap is not installed, so there is no base image."
            "\nInstall it (apt-get install mmdebstrap) and run this again.",
        )
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "base.tar"
        excludes = [f"--dpkgopt=path-exclude={path}" for path in _LEFT_OUT]
        argv = ["mmdebstrap", "--variant=minbase", "--include=ca-certificates", *excludes]
        done = subprocess.run(  # noqa: S603 - a program of Debian's, arguments of our own
            [*argv, "bookworm", str(archive)],
            capture_output=True, text=True, timeout=_LIMIT_S, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            tail = "\n".join(done.stderr.splitlines()[-10:])
            raise BuildError(f"mmdebstrap could not make the base image (it needs root):\n{tail}")
        name, _, tag = OWN.partition(":")
        client.api.import_image(src=str(archive), repository=name, tag=tag)


def ensure_base(client: DockerClient) -> tuple[str, str]:
    """Makes sure that there is a Debian 12 image.

    Returns:
        Its name, and its identity (the image's id).

    Raises:
        BuildError: It can neither be pulled nor made.
    """
    for name in (OWN, PUBLIC):
        try:
            return name, str(client.images.get(name).id)
        except docker.errors.ImageNotFound:
            continue
    try:
        client.images.pull(PUBLIC)
    except docker.errors.APIError:
        print("  base: no public registry, making it (about 1 minute)", file=sys.stderr)  # noqa: T201
        _bootstrap(client)
    return ensure_base(client)
