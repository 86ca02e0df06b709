"""estate:npm: certificates, access lists and proxy hosts of a Nginx Proxy Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from provider.entries import below
from provider.resource import Before, Failure, Given, Resource, Seen
from steps.npm.hosts import ProxyHosts
from steps.npm.inputs import AccessLists, Certificates, NpmTarget, nice_name
from steps.secret_values import revealed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steps.context import Context

CHANGE_LIMIT_S = 600.0
ENTRY_LIMIT_S = 5.0
"""NPM has nginx test and load its whole configuration for each: over 0.7 s at 900 hosts, on a busy
machine with two processors."""
CERTIFICATE_LIMIT_S = 960.0
"""One certificate may take NPM 15 minutes."""

Bag = dict[str, Any]


class _InNpm(Resource[Given]):
    """What the three have in common.

    Attributes:
        kind: what the job calls it.
        entry_limit_s: how many seconds one entry may take.
    """

    kind: str
    entry_limit_s = ENTRY_LIMIT_S
    counted = ("password_secret",)

    def identity(self, given: Given) -> str:
        """Return the name of the service."""
        return _target(given).service

    def look(self, given: Given, facts: Mapping[str, Any], context: Context) -> Seen | None:
        """Return what NPM holds of the entries; None when the Swarm has no such service.

        Raises:
            StepError: it could not be looked at.
        """
        from steps.npm import asking  # noqa: PLC0415 - previews pay for no client of Docker

        question = {"kind": self.kind, "wanted": self.wanted(given), "facts": dict(facts)}
        answer = asking.read(_target(given), question, context)
        return None if answer is None else self._seen(given, answer)

    def bring(self, given: Given, before: Before, context: Context) -> Seen:
        """Bring NPM to the entries.

        Raises:
            StepError: some of them were refused.
        """
        from steps.npm import asking  # noqa: PLC0415 - as above

        wanted = self.wanted(given)
        question = {
            "kind": self.kind,
            "wanted": wanted,
            "facts": dict(before.facts),
            "gone": sorted(before.names - wanted.keys()),
            "changed": sorted(before.changed),
        }
        limit_s = CHANGE_LIMIT_S + self.entry_limit_s * len(wanted)
        answer = asking.apply(_target(given), question, context, limit_s=limit_s)
        return self._seen(given, answer)

    def wanted(self, given: Given) -> Bag:
        """Return the entries in the words of the job."""
        entries: Bag = revealed(given.model_dump()[self.entries])
        return entries

    def seen(self, name: str, declared: Any, found: Any) -> Any:  # noqa: ANN401 - JSON
        """Return an entry as it is, in the form in which it is declared."""
        del name, declared
        return found

    def _seen(self, given: Given, answer: Bag) -> Seen:
        declared = given.model_dump()[self.entries]
        entries = {
            name: self.seen(name, declared[name], found)
            for name, found in answer["entries"].items()
        }
        return Seen(entries=entries, facts=answer["facts"])


class Hosts(_InNpm[ProxyHosts]):
    """Proxy hosts."""

    token = "estate:npm:ProxyHosts"  # noqa: S105 - a type
    entries, kind, model = "hosts", "hosts", ProxyHosts

    def refusals(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Failure]:
        """Refuse to let a host go that is still served."""
        served = [n for n, host in old.items() if n not in new and host.get("enabled", True)]
        return [
            (
                below(self.entries, name),
                (
                    f"leaving it out takes {' '.join(old[name]['domain_names'])} off; "
                    "disable it first (a tenant: state archived), bring that up, then leave it out"
                ),
            )
            for name in sorted(served)
        ]


class CertificateMap(_InNpm[Certificates]):
    """Certificates."""

    token = "estate:npm:Certificates"  # noqa: S105 - a type
    entries, kind, model = "certificates", "certificates", Certificates
    entry_limit_s = CERTIFICATE_LIMIT_S

    def wanted(self, given: Certificates) -> Bag:
        """Return the entries with the names that NPM gives them."""
        entries = super().wanted(given)
        return {n: {**one, "nice_name": nice_name(n, one)} for n, one in entries.items()}

    def seen(self, name: str, declared: Any, found: Any) -> Any:  # noqa: ANN401 - JSON
        """Return it as declared: NPM shows neither its files nor how it was asked for."""
        del name, found
        return declared


class Lists(_InNpm[AccessLists]):
    """Access lists."""

    token = "estate:npm:AccessLists"  # noqa: S105 - a type
    entries, kind, model = "lists", "lists", AccessLists

    def seen(self, name: str, declared: Any, found: Any) -> Any:  # noqa: ANN401 - JSON
        """Return it with the declared passwords, because NPM shows none."""
        del name
        unknown = SecretStr("")
        return {**found, "users": {u: declared["users"].get(u, unknown) for u in found["users"]}}


def _target(given: Any) -> NpmTarget:  # noqa: ANN401 - each model of this module is one
    target: NpmTarget = given
    return target
