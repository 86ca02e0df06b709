"""What is declared of a bench and of its sites."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from steps.inputs import Input, JobMount, Name, PlainJob, Reached

SiteName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length=253)]
AppName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]


def whole(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return JSON values whose whole numbers are integers: the engine knows only floats."""
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class BenchJob(PlainJob):
    """A job beside the sites, on the bench's own image."""

    mounts: tuple[JobMount, ...]
    network: Name


class BenchTarget(Reached):
    """How a bench is reached: by jobs beside its sites.

    Attributes:
        job: the job.
        root_password_secret: name of the Swarm secret with the database's root password.
    """

    job: BenchJob
    root_password_secret: Name


class Site(Input):
    """One site.

    Attributes:
        site: its directory, and the name it answers to.
        apps: what has to be installed; others that are stay.
        state: `active`, `suspended` (closed, its scheduler off), `archived` (out of the bench).
        config: the keys of its configuration that are ours.
        maintenance: whether its users are kept out; follows from the state.
        scheduler: whether its scheduler is on; follows from the state.
    """

    site: SiteName
    # Not strict: what fills in the state hands on a list.
    apps: Annotated[tuple[AppName, ...], Field(strict=False)] = ()
    state: Literal["active", "suspended", "archived"] = "active"
    config: Annotated[dict[str, Any], AfterValidator(whole)] = Field(default_factory=dict)
    maintenance: bool = False
    scheduler: bool = True

    @model_validator(mode="before")
    @classmethod
    def _follows(cls, values: Any) -> Any:  # noqa: ANN401 - JSON
        """Fill in what follows from the state."""
        if not isinstance(values, dict):
            return values
        active = values.get("state", "active") == "active"
        return {"maintenance": not active, "scheduler": active, **values}


class Sites(BenchTarget):
    """The sites of a bench by customer.

    Attributes:
        sites: what is declared of them.
        passwords: of their administrators; each site is made with its own, once. Apart from the
            sites: a secret in these would hide in a report of drift all that was found.
    """

    sites: dict[str, Site]
    passwords: dict[str, SecretStr] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_customer_a_site(self) -> Sites:
        """Refuse a site that two customers want.

        Raises:
            ValueError: there is one.
        """
        owners: dict[str, list[str]] = {}
        for name, one in self.sites.items():
            owners.setdefault(one.site, []).append(name)
        twice = [f"{site}: {' and '.join(who)}" for site, who in owners.items() if len(who) > 1]
        if twice:
            raise ValueError(f"a site has one customer: {'; '.join(twice)}")
        return self
