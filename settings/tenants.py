"""The customers of the ERP: each has a site, with a database of its own."""

from typing import Annotated, Literal

from .model import Listed, Model
from .needs import whole
from .types import AppName, Domain, StrongSecret

State = Literal["active", "suspended", "archived"]
"""`suspended`: users see that it is closed and nothing runs; `archived`: it is not served at all.
Neither takes data away."""

Count = Annotated[int, whole("a number from 1 to 1000000, for example 10", 1, 1_000_000)]


class Limits(Model):
    """What a customer's plan allows, written into the configuration of the site.

    Attributes:
        users: how many may log in; None sets no limit.
        space_mb: mebibytes of database and files; None sets no limit.
    """

    users: Count | None = None
    space_mb: Count | None = None

    def keys(self) -> dict[str, int]:
        """The limits that there are, by name."""
        return {name: value for name, value in self if value is not None}


class Tenant(Model):
    """One customer; the name is its key.

    Attributes:
        site: the site's directory and first name; None is the tenant's name below `erp.domain`.
            Another one is another, empty site.
        domains: further names, in zones of ours.
        foreign: further names in zones of others, who make the records.
        apps: what is installed, besides the framework.
        state: whether it is served.
        limits: what its plan allows.
    """

    site: Domain | None = None
    domains: Listed[Domain] = ()
    foreign: Listed[Domain] = ()
    apps: Listed[AppName] = ("erpnext",)
    state: State = "active"
    limits: Limits = Limits()

    def own_names(self, key: str) -> dict[str, str]:
        """Each setting below a key with a name in a zone of ours → the name."""
        site = {} if self.site is None else {f"{key}.site": self.site}
        return site | {f"{key}.domains[{i}]": name for i, name in enumerate(self.domains)}

    def foreign_names(self, key: str) -> dict[str, str]:
        """Each setting below a key with a name in a zone of others → the name."""
        return {f"{key}.foreign[{i}]": name for i, name in enumerate(self.foreign)}


class TenantSecrets(Model):
    """Secrets of one customer.

    Attributes:
        ADMIN_PASSWORD: of the site's Administrator; the site is made with it, once.
    """

    ADMIN_PASSWORD: StrongSecret
