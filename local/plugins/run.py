"""Start a stand-in plugin: `run.py <name> <engine address>`."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Import the provider named on the command line and serve it."""
    sys.path.insert(0, str(ROOT))
    name, engine = sys.argv[1], sys.argv[2]
    # What modules make stays: to look for garbage in it takes a fifth of the start.
    gc.disable()
    provider = import_module(f"local.plugins.{name}.provider")
    gc.freeze()
    gc.enable()
    provider.main(engine)


if __name__ == "__main__":
    main()
