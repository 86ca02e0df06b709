"""``python -m local.images.build``: builds what changed, pushes it, writes .estate/images.json.

Without arguments, the images of the local stack. With names, those; ``NAME=VALUE`` after them
are build arguments, which make a variant (`tickets DEMO_FAULT=crash`) that is not recorded.
References with digest of named images go to stdout, progress to stderr.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import sys
import tempfile
import time
from collections import deque
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

import docker
import docker.errors

from local.images.build import programs, registry
from local.images.build.base import ensure_base
from local.images.build.catalog import CHECKOUT, IMAGES, Image, with_parents
from local.images.build.errors import BuildError
from local.images.build.source import hash_source, write_context

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from docker import DockerClient

_DOCKER_LIMIT_S = 600
_TAIL = 12  # lines of a failed build that are shown
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - progress


def _tail(log: Iterable[str]) -> str:
    rows = _COLOUR.sub("", "".join(log)).splitlines()
    return "\n".join([row for row in rows if row.strip()][-_TAIL:])


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    folder = CHECKOUT / ".estate"
    folder.mkdir(exist_ok=True)
    with (folder / "images.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("images: another build is running, waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Builder:
    """Builds images that neither the daemon nor the registry has for their sources."""

    def __init__(self, client: DockerClient) -> None:
        """Ensures the Debian base.

        Raises:
            BuildError: There is no base image and none can be made.
        """
        self._client = client
        self._base, self._base_id = ensure_base(client)
        self.built = 0

    def source(self, image: Image, arguments: Mapping[str, str]) -> str:
        """Hash of what the image is made of, parents included."""
        parent = self.source(IMAGES[image.parent], {}) if image.parent else self._base_id
        return hash_source(image.folder, parent=parent, arguments=arguments, borrowed=image.loans)

    def build(self, image: Image, arguments: Mapping[str, str]) -> str:
        """Name of the image in this daemon, built if it is not there.

        Raises:
            BuildError: The build failed; the text ends with its last lines.
        """
        tag = f"estate/{image.name}:{self.source(image, arguments)}"
        try:
            self._client.images.get(tag)
        except docker.errors.ImageNotFound:
            pass
        else:
            return tag
        parent = self.build(IMAGES[image.parent], {}) if image.parent else self._base
        _say(f"  {image.name}: building (about {image.minutes:g} min when nothing is cached)")
        began = time.monotonic()
        brought = programs.bring(image.programs) if image.programs else {}
        proxies = {name: os.environ[name] for name in _PROXIES if name in os.environ}
        log: deque[str] = deque(maxlen=50)
        with tempfile.TemporaryFile() as context:
            write_context(context, image.folder, {**image.loans, **brought})
            for line in self._client.api.build(
                fileobj=context,
                custom_context=True,
                buildargs={**proxies, **arguments, "BASE": parent},
                tag=tag,
                rm=True,
                forcerm=True,
                decode=True,
            ):
                log.append(str(line.get("stream", "")))
                if "error" in line:
                    raise BuildError(f"image {image.name}: {line['error']}\n{_tail(log)}")
        self.built += 1
        _say(f"  {image.name}: built in {time.monotonic() - began:.0f} s")
        return tag

    def publish(self, image: Image, arguments: Mapping[str, str]) -> tuple[str, str]:
        """Source hash and reference with digest of the image, built and pushed if it is new.

        Raises:
            BuildError: It could not be built or pushed.
        """
        source = self.source(image, arguments)
        reference = registry.find_digest(image.name, source)
        if reference is None:
            made = self._client.images.get(self.build(image, arguments))
            reference = registry.push(self._client, made, name=image.name, tag=source)
        return source, reference


def _record(published: Mapping[str, tuple[str, str]]) -> None:
    path = CHECKOUT / ".estate" / "images.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    for name, (source, reference) in published.items():
        known[name] = {"source": source, "ref": reference}
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
    partial.replace(path)


def build_images(names: list[str], arguments: Mapping[str, str]) -> dict[str, str]:
    """Builds and pushes the named images (none: all of the local stack).

    Args:
        names: Names of folders beside this package.
        arguments: Build arguments of the named images; with any, nothing is recorded.

    Returns:
        Name -> reference with digest.

    Raises:
        BuildError: A name is not known, or an image could not be built or pushed.
    """
    unknown = sorted(set(names) - set(IMAGES))
    if unknown:
        raise BuildError(f"no such image: {', '.join(unknown)}; there are {', '.join(IMAGES)}")
    wanted = names or [image.name for image in IMAGES.values() if not image.on_request]
    began = time.monotonic()
    with ExitStack() as stack:
        stack.enter_context(_one_at_a_time())
        client = stack.enter_context(closing(docker.from_env(timeout=_DOCKER_LIMIT_S)))
        builder = Builder(client)
        home = builder.build(IMAGES["registry"], {})
        registry.ensure_registry(client, home)
        published = {
            image.name: builder.publish(image, arguments if image.name in names else {})
            for image in with_parents(wanted)
        }
        if not arguments:
            _record(published)
    _say(
        f"images: {len(published)} ready, {builder.built} built"
        f" ({time.monotonic() - began:.1f} s), in {registry.address()}",
    )
    return {name: published[name][1] for name in wanted}


def main(argv: list[str]) -> int:
    """Reads the arguments, builds, and tells what went wrong; the exit code."""
    names = [word for word in argv if "=" not in word]
    arguments = dict(word.split("=", 1) for word in argv if "=" in word)
    try:
        references = build_images(names, arguments)
    except (BuildError, docker.errors.DockerException) as error:
        _say(f"images: {error}")
        return 1
    for name in names:
        print(references[name])  # noqa: T201 - the result
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
