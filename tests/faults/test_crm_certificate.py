"""A certificate that ran out: no release is begun that could be seen neither way."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.edge.route import RESOLVER
from tests.engine.releases import release
from tests.engine.stack import Stack, crm_config, stack, wait_until
from tests.faults.authority import Authority, authority
from tests.faults.crm import Crm, report, used
from tests.faults.scorecard import Row

pytestmark = pytest.mark.engine

NAME, PORT = "fault9", 8392
DOMAIN = f"api.{NAME}.localhost"


@dataclass(frozen=True)
class Certified:
    """A CRM behind HTTPS, and the authority of its certificate."""

    crm: Crm
    authority: Authority

    def show(self, *, ended: bool) -> None:
        """Have the edge show another certificate."""
        put(self.crm.stack, self.authority.store(DOMAIN, ended=ended, resolver=RESOLVER))


def put(made: Stack, content: bytes) -> None:
    """Give the edge its file of certificates, and have it read that."""
    volume = made.docker.volumes.get(f"{NAME}_edge_letsencrypt").attrs["Mountpoint"]
    file = Path(volume) / "acme.json"
    edge: dict[str, str | list[str] | bool] = {"name": f"{NAME}_edge.1.", "status": "running"}
    (before,) = made.docker.containers.list(filters=edge, ignore_removed=True)
    before.kill()
    file.write_bytes(content)
    file.chmod(0o600)

    def again() -> bool:
        healthy = made.docker.containers.list(
            filters={**edge, "health": "healthy"}, ignore_removed=True
        )
        return bool(healthy) and healthy[0].id != before.id

    wait_until(again, 180)


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certified]:
    folder = tmp_path_factory.mktemp("certified")
    issuer, config = authority(folder / "authority"), crm_config(NAME, port=PORT)
    config["edge"]["acme"] = {
        "email": "ops@example.com",
        "challenge": "http",
        # Nobody is there, so nothing is renewed.
        "directory": "https://127.0.0.1:1/dir",
        "ca_certificate": issuer.certificate,
    }
    config["crm"]["image"] = release("demo", image="crm")
    later = {key: config.pop(key) for key in ("crm", "crmSecrets", "backupSecrets")}
    with stack(folder / "stack", NAME, config) as made:
        made.must_up()
        put(made, issuer.store(DOMAIN, ended=False, resolver=RESOLVER))
        made.config |= later
        made.write()
        made.must_up()
        with used(made, f"https://127.0.0.1:{PORT + 1}") as crm:
            yield Certified(crm, issuer)


@pytest.mark.fault("certificate expired (users who go on all the same)", "online")
def test_a_release_behind_an_expired_certificate_is_not_begun(
    certified: Certified, row: Row
) -> None:
    crm = certified.crm
    crm.must_serve("certified")
    certified.show(ended=True)
    crm.choose(release("expired", image="crm"))
    with crm.under_load("expired") as row.traffic:
        done = crm.up()
        assert crm.build() == "certified"
    assert done.code not in {0, None}
    said = "\n".join(report(done.output))
    assert "certificate has expired" in said
    assert "failed at backup: refused" in said
    assert "Nothing was changed" in said
    assert len(said.splitlines()) < 20
    assert row.traffic.lost == []
    ended = crm.journal()["history"][-1]["result"]
    assert ended == "refused"
    crm.must_be_pending()
    certified.show(ended=False)
    done = crm.up()
    assert done.code == 0, done.output
    assert crm.build() == "expired"
    row.rows_lost = len(crm.rows_lost())
    assert row.rows_lost == 0
    row.ended = f"{ended}, then the same digest with a new certificate"
