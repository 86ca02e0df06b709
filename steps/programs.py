"""Programs that run inside a job on an image where the checkout is not; pure but for our files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = Path(__file__).parent / "scripts"

_BOOTSTRAP = """\
import sys, types
for name in ("steps", "steps.scripts"):
    sys.modules[name] = package = types.ModuleType(name)
    package.__path__ = []
for name, source in {sources!r}.items():
    full = "steps.scripts." + name
    sys.modules[full] = module = types.ModuleType(full)
    setattr(sys.modules["steps.scripts"], name, module)
    exec(compile(source, name + ".py", "exec"), module.__dict__)
sys.exit(sys.modules["steps.scripts.{main}"].main(sys.argv))
"""
"""Gives the modules in a container, where the checkout is not, the names they have here."""


def python_program(modules: Sequence[str], *, main: str | None = None) -> str:
    """Return what `python3 -c` runs.

    Args:
        modules: of steps/scripts, in the order in which they need each other.
        main: the one whose `main(argv)` returns the exit code; the last one, if none is named.
    """
    sources = {name: (FOLDER / f"{name}.py").read_text() for name in modules}
    return _BOOTSTRAP.format(sources=sources, main=main or modules[-1])
