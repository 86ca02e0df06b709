"""Start a stand-in plugin: `run.py <name> <engine address>`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Import the provider named on the command line and serve it."""
    sys.path.insert(0, str(ROOT))
    name, engine = sys.argv[1], sys.argv[2]
    from steps.loading import loaded  # noqa: PLC0415 - only now can it be found

    loaded(f"local.plugins.{name}.provider").main(engine)


if __name__ == "__main__":
    main()
