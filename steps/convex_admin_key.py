"""Step `convex-admin-key`: shows that the backend gives a key and accepts it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from steps.convex import ConvexApi, admin_key
from steps.docker_host import connect
from steps.web import open_client

if TYPE_CHECKING:
    from steps.context import Context
    from steps.inputs import ConvexTarget


def run(given: ConvexTarget, context: Context) -> dict[str, object]:
    """Return the fingerprint of a new key; the key itself is shown to nobody.

    Each key has its own nonce, so two fingerprints of one backend differ.

    Raises:
        ConvexError: No key, or the backend at the address refuses it.
    """
    start = context.clock.now()
    with connect(given.docker, context) as client:
        key = admin_key(client, given.service, given.instance_name, context)
    with open_client(given.ca_certificate) as http:
        ConvexApi(http, given.url, key, context).environment()
    return {
        "fingerprint": hashlib.sha256(key.encode()).hexdigest()[:12],
        "seconds": round(context.clock.now() - start, 1),
    }
