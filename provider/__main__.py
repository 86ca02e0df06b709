"""Serves the provider: `python provider <engine address>`."""

import sys
from pathlib import Path

# The folder itself would offer its modules under names that are others'.
_HERE = str(Path(__file__).resolve().parent)
sys.path[:] = [str(Path(_HERE).parent), *(one for one in sys.path if one != _HERE)]

if __name__ == "__main__":
    from steps.loading import loaded

    main = loaded("provider.estate").main
    main(next((one for one in sys.argv[1:] if not one.startswith("-")), ""))
