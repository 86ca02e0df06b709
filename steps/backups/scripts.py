"""The programs that run inside the jobs, as one argument each; pure but for reading our files."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parents[1] / "scripts"

MODULES = (
    "records",
    "restic",
    "folder_files",
    "folder_copy",
    "folder_restore",
    "sqlite_copy",
    "sqlite_restore",
    "backup_main",
)
"""In the order in which they need each other."""

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
sys.exit(sys.modules["steps.scripts.backup_main"].main(sys.argv))
"""
"""Gives the modules in a container, where the checkout is not, the names they have here."""


def python_program() -> str:
    """Return what `python3 -c` runs on the tools image."""
    sources = {name: (FOLDER / f"{name}.py").read_text() for name in MODULES}
    return _BOOTSTRAP.format(sources=sources)


def shell_program(name: str) -> str:
    """Return what `bash -c` runs on a Postgres image."""
    parts = ("postgres_common.sh", f"{name}.sh")
    return "\n".join((FOLDER / part).read_text() for part in parts)
