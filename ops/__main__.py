"""`python -m ops <operation> [stack]`: what the Makefile calls, with exact exit codes."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from ops.errors import OpsError
from steps.errors import StepError


def _up(given: argparse.Namespace) -> int:
    from ops.up import up  # noqa: PLC0415 - each operation imports what it alone needs

    return up(given.stack)


def _down(given: argparse.Namespace) -> int:
    from ops.down import down  # noqa: PLC0415

    return down(given.stack, force=given.force)


def _preview(given: argparse.Namespace) -> int:
    from ops.stacks import to_look_at  # noqa: PLC0415

    return to_look_at(given.stack).show("preview", "--diff")


def _drift(given: argparse.Namespace) -> int:
    from ops.drift import drift  # noqa: PLC0415

    return drift(given.stack)


def _health(given: argparse.Namespace) -> int:
    from ops.health import health  # noqa: PLC0415

    return health(given.stack)


def _releases(given: argparse.Namespace) -> int:
    from ops.releases import releases  # noqa: PLC0415

    return releases(given.stack, given.app, as_json=given.json)


def _backups(given: argparse.Namespace) -> int:
    if given.save or given.load:
        from ops.backup_files import load, save  # noqa: PLC0415

        if given.save:
            return save(given.stack, given.app, given.save)
        return load(given.stack, given.app, given.load, force=given.force)
    from ops.backups import backups  # noqa: PLC0415

    return backups(given.stack, given.app, as_json=given.json)


def _rollback(given: argparse.Namespace) -> int:
    from ops.rollback import Wish, rollback  # noqa: PLC0415

    wish = Wish(to=given.to, with_data=given.data)
    return rollback(given.stack, given.app, wish, dry=given.dry, force=given.force)


def _restore(given: argparse.Namespace) -> int:
    from ops.restore import restore  # noqa: PLC0415

    return restore(given.stack, given.app, source=given.source, dry=given.dry, force=given.force)


def _env(_given: argparse.Namespace) -> int:
    from ops.workplace import export_lines  # noqa: PLC0415

    print(export_lines())  # noqa: T201 - the result
    return 0


def _test(given: argparse.Namespace) -> int:
    from ops.testing import test  # noqa: PLC0415

    return test(given.arguments)


_OPERATIONS: dict[str, tuple[Callable[[argparse.Namespace], int], str]] = {
    "up": (_up, "bring a stack to what its file says"),
    "down": (_down, "take a stack away; asks before data goes"),
    "preview": (_preview, "show what `up` would do"),
    "drift": (_drift, "compare reality with a stack: exit 0 none, 7 drift, other: could not look"),
    "health": (_health, "look at the thresholds: exit 0 healthy, 8 one is passed"),
    "releases": (_releases, "what was released, when, by whom, and what became of it"),
    "backups": (_backups, "the proven copies; --save and --load move them to another Swarm"),
    "rollback": (_rollback, "go back to an earlier release; exit 9: there is none"),
    "restore": (_restore, "put an older copy of the data under the release that serves"),
    "env": (_env, "print export lines for plain pulumi"),
    "test": (_test, "run every test"),
}


def _add_options(operation: argparse.ArgumentParser, name: str) -> None:
    """Add what this operation takes besides a stack."""
    if name in {"releases", "backups", "rollback", "restore"}:
        operation.add_argument("--app", help="one application")
    if name in {"releases", "backups"}:
        operation.add_argument("--json", action="store_true", help="whole records")
    if name == "backups":
        one = operation.add_mutually_exclusive_group()
        one.add_argument("--save", type=Path, help="write the whole volume into this new file")
        one.add_argument("--load", type=Path, help="bring what was saved into this stack's volume")
    if name == "rollback":
        operation.add_argument("--to", help="the release, if not the one before")
        operation.add_argument("--data", action="store_true", help="with the data of before")
    if name == "restore":
        operation.add_argument("--from", dest="source", help="latest, or a file of `backups`")
    if name in {"rollback", "restore"}:
        operation.add_argument("--dry", action="store_true", help="only show")
    if name in {"down", "backups", "rollback", "restore"}:
        operation.add_argument("--force", action="store_true", help="do not ask")


def main(argv: list[str]) -> int:
    """Run the operation that the arguments name; return the exit code."""
    parser = argparse.ArgumentParser(prog="ops", description=__doc__)
    operations = parser.add_subparsers(required=True, metavar="operation")
    for name, (run, what) in _OPERATIONS.items():
        operation = operations.add_parser(name, help=what, description=what)
        operation.set_defaults(run=run)
        if name == "test":
            operation.add_argument("arguments", nargs="*", help="passed to pytest")
        elif name != "env":
            operation.add_argument("stack", nargs="?", default="local")
        _add_options(operation, name)
    given = parser.parse_args(argv)
    try:
        return int(given.run(given))
    except (OpsError, StepError) as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
