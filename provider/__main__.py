"""Serves the provider: `python provider <engine address>`."""

import gc
import sys
from pathlib import Path

# The folder itself would offer its modules under names that are others'.
_HERE = str(Path(__file__).resolve().parent)
sys.path[:] = [str(Path(_HERE).parent), *(one for one in sys.path if one != _HERE)]

if __name__ == "__main__":
    # What modules make stays: to look for garbage in it takes a fifth of the start.
    gc.disable()
    from provider.estate import main

    gc.freeze()
    gc.enable()
    main(next((one for one in sys.argv[1:] if not one.startswith("-")), ""))
