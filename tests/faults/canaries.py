"""Searches every place where a secret could show, while a stack is worked on and afterwards."""

import base64
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import docker
import docker.errors
import requests
import urllib3.exceptions

Places = Iterable[tuple[str, bytes]]

_MIDDLE = slice(4, -4)
"""What is left of a base64 text when its ends mix with the neighbours inside a longer one."""
_GIVEN_IT = (b"pulumi-language-python-exec", b"policy-estate", b"pulumi-resource-estate")
"""Whose processes are handed the whole configuration."""

_WHOLE = 10
"""Each look of this number sees also what has not changed: its log may have grown."""


def forms(secret: str) -> set[bytes]:
    """Every spelling of a secret that is looked for."""
    raw = secret.encode()
    spelt = {raw, quote(secret, safe="").encode(), raw.hex().encode()}
    spelt.add(json.dumps(secret)[1:-1].encode())
    for shift in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            spelt.add(encode(b"x" * shift + raw)[_MIDDLE])
    return spelt


def search(places: Places, secrets: Mapping[str, str]) -> list[str]:
    """Say which secret shows where, one line each; never the secret itself."""
    wanted = {name: forms(secret) for name, secret in secrets.items()}
    return sorted({
        f"{name} in {place}"
        for place, content in places
        for name, spelt in wanted.items()
        if any(one in content for one in spelt)
    })


def files(*folders: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below some folders."""
    for folder in folders:
        for file in folder.rglob("*"):
            if file.is_file() and not file.is_symlink():
                yield f"file {file.relative_to(folder.parent)}", file.read_bytes()


class Witness:
    """Keeps what was seen of processes and of a stack's containers; each text only once."""

    def __init__(self, stack: str) -> None:
        """Start with nothing seen.

        Args:
            stack: prefix of the names of its services and containers.
        """
        self._stack = stack
        self._seen: dict[tuple[str, bytes], None] = {}
        self._known: set[tuple[str, bytes]] = set()
        self._looks = 0
        self._stop = threading.Event()

    @property
    def places(self) -> list[tuple[str, bytes]]:
        """Everything that was seen."""
        return list(self._seen)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look again and again, in threads, until the block ends."""
        threads = [
            threading.Thread(target=self._again, args=(look, pause_s))
            for look, pause_s in ((self.see_processes, 0.2), (self._see_swarm, 1.0))
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()
            self._see_swarm()

    def see_processes(self) -> None:
        """Keep the arguments of every process, and the environment where it is the host's.

        A container's own processes have their secrets in files or in their environment. The
        program has the whole configuration in its own: so Pulumi hands it over, and to the rules of
        policy/ and to provider/ as well, whose first line takes it away.
        """
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                arguments = (folder / "cmdline").read_bytes()
                if (folder.name, arguments) in self._known:
                    continue  # reading it all again five times a second costs the tests a lane
                self._known.add((folder.name, arguments))
                name = arguments.replace(b"\0", b" ")[:60].decode(errors="replace")
                self._keep(f"arguments of {name}", arguments)
                inside = (folder / "ns/pid").readlink() != Path("/proc/self/ns/pid").readlink()
                if not inside and not any(one in arguments for one in _GIVEN_IT):
                    self._keep(f"environment of {name}", (folder / "environ").read_bytes())
            except OSError:
                continue  # it has ended

    def see_swarm(self, client: docker.DockerClient, *, again: bool = True) -> None:
        """Keep definitions, tasks and logs of the stack's services, jobs and containers.

        Args:
            client: of the Swarm.
            again: also of what was seen before and has not changed since; jobs, which are soon
                gone with their logs, always.
        """
        api = client.api
        for service in api.services(filters={"name": self._stack}):
            name = service["Spec"]["Name"]
            there = json.dumps(service).encode()
            is_known = (name, there) in self._known
            if is_known and not again and "Replicated" in service["Spec"]["Mode"]:
                continue
            self._known.add((name, there))
            self._keep(f"service {name}", there)
            with suppress(docker.errors.NotFound):  # it has gone since it was listed
                self._keep(f"tasks of {name}", json.dumps(api.tasks({"service": name})).encode())
                log = api.service_logs(name, stdout=True, stderr=True, is_tty=False)
                self._keep(f"log of {name}", b"".join(log))
        for one in api.configs(filters={"name": self._stack}):
            content = base64.b64decode(one["Spec"]["Data"])
            self._keep(f"journal {one['Spec']['Name']}", content)
        for one in api.containers(all=True, filters={"name": self._stack}):
            state = (one["Id"], str(one["State"]).encode())
            if state in self._known and not again:
                continue
            self._known.add(state)
            with suppress(docker.errors.NotFound):
                container = api.inspect_container(one["Id"])
                self._keep(f"container {container['Name']}", json.dumps(container).encode())

    def _see_swarm(self) -> None:
        client = docker.from_env()
        self._looks += 1
        try:
            self.see_swarm(client, again=self._stop.is_set() or self._looks % _WHOLE == 0)
        except (docker.errors.APIError, requests.RequestException, urllib3.exceptions.HTTPError):
            return  # the daemon is busy, or something went while it was answering
        finally:
            client.close()

    def _again(self, look: Callable[[], None], pause_s: float) -> None:
        while not self._stop.wait(pause_s):
            look()

    def _keep(self, place: str, content: bytes) -> None:
        self._seen[place, content] = None
