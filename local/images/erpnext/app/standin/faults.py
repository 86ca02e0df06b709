"""What a build can be asked to be, for rehearsals of releases; DEMO_FAULT in the build.

none             answers as it should
crash            the backend ends with 1 as soon as it starts
unhealthy        the backend starts and answers 500 to everything
and by a further patch of `bench migrate` (patches.py):
new-column       works, and moves every row of a site
marked-site      works, except at a site with a ToDo of description `fault`: it deletes rows and
                 fails, after statements that MariaDB does not take back
bad-migration    as above, at every site
hanging-site     hangs for an hour at a site with the marking ToDo
slow-migration   works, and takes a second more at every site
"""

from __future__ import annotations

import os

MARK = "fault"
PATCHING = frozenset({
    "new-column",
    "marked-site",
    "bad-migration",
    "hanging-site",
    "slow-migration",
})
KNOWN = frozenset({"none", "crash", "unhealthy"}) | PATCHING


def fault() -> str:
    """Return what this build was asked to be.

    Raises:
        SystemExit: there is no such fault.
    """
    name = os.environ.get("DEMO_FAULT", "none")
    if name not in KNOWN:
        raise SystemExit(f"DEMO_FAULT has to be one of {', '.join(sorted(KNOWN))}, not {name}")
    return name


def release() -> str:
    """Return what the service or the build calls this release."""
    return os.environ.get("RELEASE_SHA") or os.environ.get("DEMO_RELEASE", "demo")
