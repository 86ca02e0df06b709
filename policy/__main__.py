"""What the engine starts: the pack, every rule of it mandatory."""

from pulumi_policy import EnforcementLevel, PolicyPack

from policy.pack import policies

PolicyPack(
    name="estate",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=policies(),
)
