"""The ERP, declared."""

import pulumi

from components.apps.app import System
from components.apps.copies import declare_plan
from components.apps.copy_services import Copying
from components.apps.erp import services, stores, tenants
from components.apps.erp.layout import (
    REDIS,
    ROOT_PASSWORD_FILE,
    Names,
    addresses,
    bench_mounts,
    service_names,
)
from components.apps.erp.release import Releases, bench_job
from components.edge.npm import Npm
from components.native.entries import reached
from components.native.erp import Sites
from components.native.npm import Certificates, ProxyHosts
from components.place import Place
from components.swarm.service import Attachment
from settings import Erp as ErpSettings
from settings import ErpSecrets


class Erp(System):
    """All services of one stack's ERP, its release, and its customers.

    Owns: eleven services, the private network, five protected volumes, the secrets, the release of
    the image, and for each customer the certificate, the proxy host and the site.
    Does not own: the proxy and its network, DNS records.
    Why a customer is an entry of three resources and not three resources of its own: the state is
    written anew with each resource, which a thousand customers would pay for a thousand times.
    """

    def __init__(
        self,
        settings: ErpSettings,
        secrets: ErpSecrets,
        npm: Npm,
        place: Place,
        copying: Copying,
    ) -> None:
        """Declare the system.

        Args:
            settings: `estate:erp`.
            secrets: `estate:erpSecrets`.
            npm: the proxy in front.
            place: the host.
            copying: what copies by the clock share.
        """
        super().__init__("Erp", settings.name, place)
        self._settings, self._secrets, self._npm = settings, secrets, npm
        names = Names(settings.name)
        public = Attachment(network=npm.network, name=npm.settings.network)
        self._at = self.parts.ground(settings, public)
        self.parts.volumes(names.volumes)
        text = secrets.MARIADB_ROOT_PASSWORD.get_secret_value()
        self._root = self.parts.file(names.root_secret, text, ROOT_PASSWORD_FILE)
        self._declare()
        declare_plan(self.parts, self._at, self._copied(), copying, held=[self._root])
        self.urls = addresses(settings, npm.settings)
        self.services = service_names(settings)
        self.register_outputs({})

    def _declare(self) -> None:
        releases = Releases(
            at=self._at, npm=self._npm.settings, secrets=self._secrets, root_password=self._root
        )
        transaction = releases.transaction()
        release = self.release(transaction)
        ready = [*self.parts.ready, self._root.resource]
        stored = [self.parts.service(stores.database(self._at, self._root), ready)]
        stored += [self.parts.service(stores.redis(self._at, kind), ready) for kind in REDIS]
        release.add(releases.configure(), stored)
        served = self._bench(release.add(releases.wave()))
        release.add(transaction.commit(), [self._customers(served)])

    def _bench(self, after: pulumi.Resource) -> list[pulumi.Resource]:
        """Declare the services of the image."""
        *behind, frontend = services.answering(self._at)
        made = [
            self.parts.service(spec, [after]) for spec in [*behind, *services.working(self._at)]
        ]
        # It looks up those behind it at its own start alone.
        return [*made, self.parts.service(frontend, [after, *made[: len(behind)]])]

    def _customers(self, after: list[pulumi.Resource]) -> pulumi.Resource:
        """Declare sites, certificates and proxy hosts: each needs the one before."""
        erp, npm, name = self._settings, self._npm, self._settings.name
        sites = Sites(
            f"{name}-sites",
            self._reach(),
            tenants.sites(erp, npm.settings),
            tenants.passwords(erp, self._secrets),
            self._after([*after, self._root.resource]),
        )
        before: list[pulumi.Resource] = [sites, *npm.ready()]
        certificates = tenants.certificates(erp, npm.settings)
        if certificates:
            reach = npm.reach("certificates")
            options = self._after(before)
            before = [Certificates(f"{name}-certificates", reach, certificates, options)]
        hosts = tenants.proxy_hosts(erp, npm.settings)
        return ProxyHosts(f"{name}-hosts", npm.reach("hosts"), hosts, self._after(before))

    def _reach(self) -> dict[str, object]:
        """Return how the bench is reached: by a job beside its sites."""
        return {
            **reached(self.place),
            "job": bench_job(self._at, "sites"),
            "root_password_secret": self._root.name,
        }

    def _copied(self) -> dict[str, object]:
        """Return what is copied by the clock: every site of the bench, each for itself."""
        source = {
            "kind": "site",
            "name": "sites",
            "image": self._settings.image,
            "mounts": bench_mounts(self._settings),
            "password_secret": self._root.name,
        }
        volume, keep = Names(self._settings.name).backup_volume, self._settings.backup.keep
        return {"volume": volume, "keep": keep, "sources": [source]}

    def _after(self, before: list[pulumi.Resource]) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=before)
