"""The stand-in's admin API in this process, with a proxy that only remembers."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.images.npm.backend.api import Npm, serve
from steps.scripts.npm_main import answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IDENTITY = "ops@example.com"
PASSWORD = "planted-npm-password"

Bag = dict[str, Any]


@dataclass
class Proxy:
    """Refuses what nginx would: here, a configuration with the word `broken`."""

    served: dict[int, Bag] = field(default_factory=dict)

    def configure(self, host: Bag, certificate: Bag | None, access: Bag | None) -> str | None:
        del certificate, access
        self.served.pop(host["id"], None)
        if "broken" in host["advanced_config"]:
            return 'nginx: [emerg] unknown directive "broken"'
        if host["enabled"]:
            self.served[host["id"]] = host
        return None

    def forget(self, host_id: int) -> None:
        self.served.pop(host_id, None)


@dataclass
class Running:
    """A running API, and the job's program asking it."""

    npm: Npm
    proxy: Proxy
    url: str

    def ask(self, kind: str, action: str, wanted: Bag, *passwords: str, **more: object) -> Bag:
        question = {"kind": kind, "action": action, "wanted": wanted}
        asked = {"facts": {}, "gone": [], "changed": [], **question, **more}
        reached = {"url": self.url, "identity": IDENTITY, "patience_s": 0.0}
        return answer({**reached, **asked}, [*passwords] or [PASSWORD])

    @property
    def changes(self) -> list[str]:
        """What was asked of it besides looking and logging in."""
        return [one for one in self.npm.requests if not one.startswith(("GET", "POST /api/tokens"))]


@contextmanager
def running(folder: Path, **settings: float) -> Iterator[Running]:
    proxy = Proxy()
    (folder / "custom_ssl").mkdir(parents=True)
    npm = Npm(folder, folder, proxy, **settings)
    server = serve(npm, ("127.0.0.1", 0))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield Running(npm, proxy, f"http://127.0.0.1:{server.server_address[1]}")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        npm.store.close()


def host(*domains: str, **more: object) -> Bag:
    """An entry in the words of the job, as the model would give it."""
    from steps.npm.hosts import ProxyHost  # noqa: PLC0415 - beside its only use

    given = {"domain_names": domains, "forward_host": "erp_frontend", "forward_port": 8080, **more}
    dumped: Bag = ProxyHost.model_validate(given).model_dump(mode="json")
    return dumped
