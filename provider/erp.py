"""estate:erp: the sites of a bench."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provider.entries import below
from provider.resource import Before, Failure, Resource, Seen
from steps.erp.inputs import Sites

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steps.context import Context


class SiteMap(Resource[Sites]):
    """Sites by customer. One that leaves the map stays in the bench as it is."""

    token = "estate:erp:Sites"  # noqa: S105 - a type
    entries, model = "sites", Sites

    def identity(self, given: Sites) -> str:
        """Return the name of the job that reaches the bench."""
        return given.job.name

    def refusals(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Failure]:
        """Refuse to lose sight of a site that is served."""
        served = [n for n, one in old.items() if n not in new and one.get("state") == "active"]
        return [
            (
                below(self.entries, name),
                (
                    f"{old[name]['site']} is served; first say state: archived for the tenant, "
                    "bring that up, then leave it out (its data stays)"
                ),
            )
            for name in sorted(served)
        ]

    def look(self, given: Sites, facts: Mapping[str, Any], context: Context) -> Seen | None:
        """Return the sites as they are; None when there is no bench.

        Raises:
            StepError: it could not be looked at.
        """
        from steps.erp import sites  # noqa: PLC0415 - previews pay for no client of Docker

        del facts
        answer = sites.read(given, context)
        return None if answer is None else _seen(answer)

    def bring(self, given: Sites, before: Before, context: Context) -> Seen:
        """Bring the bench to the sites.

        Raises:
            StepError: some of them could not be brought about.
        """
        from steps.erp import sites  # noqa: PLC0415 - as above

        del before
        return _seen(sites.bring(given, context))


def _seen(answer: Mapping[str, Any]) -> Seen:
    facts: dict[str, Any] = {"quarantined": dict(answer["quarantined"])}
    if answer["others"]:
        facts["others"] = list(answer["others"])
    return Seen(entries=answer["entries"], facts=facts)
