"""What the program asks to have run beside a resource.

Components only pass these on; the work is in ops/, which knows how to reach a host.
"""

from dataclasses import dataclass, field

import pulumi


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """Bindings for the resources that need one; by default nothing runs.

    Attributes:
        for_secret: clears the way for a generation of a secret.
        for_service: watches a service while it is created or updated, and explains a failure.
    """

    for_secret: pulumi.ResourceHookBinding = field(default_factory=pulumi.ResourceHookBinding)
    for_service: pulumi.ResourceHookBinding = field(default_factory=pulumi.ResourceHookBinding)
