"""`python -m ops <operation> [stack]`: what the Makefile calls, with exact exit codes."""

import argparse
import sys
from collections.abc import Callable

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
    "env": (_env, "print export lines for plain pulumi"),
    "test": (_test, "run every test"),
}


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
        if name == "down":
            operation.add_argument("--force", action="store_true", help="do not ask")
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
