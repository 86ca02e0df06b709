"""`python -m ops <operation> [stack]`: what the Makefile calls, with exact exit codes."""

import argparse
import sys
from collections.abc import Callable

from ops.errors import OpsError
from ops.options import add_options
from steps.errors import StepError


def _up(given: argparse.Namespace) -> int:
    from ops.up import up  # noqa: PLC0415 - each operation imports what it alone needs

    return up(given.stack)


def _down(given: argparse.Namespace) -> int:
    from ops.down import down  # noqa: PLC0415

    return down(given.stack, force=given.force)


def _preview(given: argparse.Namespace) -> int:
    from ops.preview.command import preview  # noqa: PLC0415

    return preview(given.stack, given.form, secrets=given.secrets)


def _comment(given: argparse.Namespace) -> int:
    from ops.comment import comment  # noqa: PLC0415

    body = given.report.read_text(encoding="utf-8") if given.report else sys.stdin.read()
    return comment(given.stack, given.pull, body)


def _adopt(given: argparse.Namespace) -> int:
    from ops.adopt import adopt  # noqa: PLC0415

    return adopt(given.stack, dry=given.dry, force=given.force)


def _state_recover(given: argparse.Namespace) -> int:
    from ops.state_recover import recover  # noqa: PLC0415

    return recover(given.stack, given.source, force=given.force)


def _pin(given: argparse.Namespace) -> int:
    from ops.pin import pin  # noqa: PLC0415

    return pin(given.stack, given.app, given.image)


def _touched(given: argparse.Namespace) -> int:
    from ops.touched import touched  # noqa: PLC0415

    return touched(given.base)


def _drift(given: argparse.Namespace) -> int:
    from ops.drift import drift  # noqa: PLC0415

    return drift(given.stack, json=given.json, announce=given.announce)


def _health(given: argparse.Namespace) -> int:
    from ops.health import health  # noqa: PLC0415

    return health(given.stack)


def _releases(given: argparse.Namespace) -> int:
    from ops.releases import releases  # noqa: PLC0415

    return releases(given.stack, given.app, as_json=given.json)


def _offsite(given: argparse.Namespace) -> int:
    from ops.offsite import offsite_copies  # noqa: PLC0415

    return offsite_copies(given.stack, given.app, only_list=given.list, force=given.force)


def _drill(given: argparse.Namespace) -> int:
    from ops.drill import drill  # noqa: PLC0415

    return drill(given.stack, given.app)


def _backups(given: argparse.Namespace) -> int:
    if str(given.load) == "s3":
        from ops.offsite import load as load_from_store  # noqa: PLC0415

        return load_from_store(given.stack, given.app, snapshot=given.snapshot, force=given.force)
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


def _site_backup(given: argparse.Namespace) -> int:
    from ops.site_copy import site_backup  # noqa: PLC0415

    return site_backup(given.stack, given.tenant)


def _site_restore(given: argparse.Namespace) -> int:
    from ops.site_restore import site_restore  # noqa: PLC0415

    return site_restore(
        given.stack,
        given.tenant,
        source=given.source,
        to=given.to,
        dry=given.dry,
        force=given.force,
    )


def _tenant_new(given: argparse.Namespace) -> int:
    from ops.tenant_new import tenant_new  # noqa: PLC0415

    return tenant_new(given.stack, given.name, dry=given.dry)


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
    "adopt": (
        _adopt,
        "take what runs already into a stack; --dry: exit 0 nothing differs, 7 it does",
    ),
    "state-recover": (
        _state_recover,
        "make a broken or lost state anew: from a copy, else from what runs",
    ),
    "comment": (_comment, "write a report of `preview --markdown` below a pull request"),
    "pin": (_pin, "write a new image of an application into a stack file"),
    "touched": (_touched, "print which stacks a pull request could touch"),
    "drift": (_drift, "compare reality with a stack: exit 0 none, 7 drift, 3 something is unknown"),
    "health": (_health, "look at the thresholds: exit 0 healthy, 8 one is passed"),
    "releases": (_releases, "what was released, when, by whom, and what became of it"),
    "backups": (_backups, "the proven copies; --save and --load move them to another Swarm"),
    "offsite": (_offsite, "bring the backups off the machine now, and list what is there"),
    "drill": (_drill, "restore the newest copies aside and compare: exit 0 whole, 10 not"),
    "rollback": (_rollback, "go back to an earlier release; exit 9: there is none"),
    "restore": (_restore, "put an older copy of the data under the release that serves"),
    "site-backup": (_site_backup, "copy the site of a customer of the ERP now, or all"),
    "site-restore": (_site_restore, "put a copy into the place of a customer's site"),
    "tenant-new": (_tenant_new, "write a new customer of the ERP into the stack file, and preview"),
    "env": (_env, "print export lines for plain pulumi"),
    "test": (_test, "run every test"),
}


def arguments() -> argparse.ArgumentParser:
    """Return what understands every operation and its options."""
    parser = argparse.ArgumentParser(prog="ops", description=__doc__)
    operations = parser.add_subparsers(required=True, metavar="operation")
    for name, (run, what) in _OPERATIONS.items():
        operation = operations.add_parser(name, help=what, description=what)
        operation.set_defaults(run=run)
        if name == "test":
            operation.add_argument("arguments", nargs="*", help="passed to pytest")
        elif name not in {"env", "touched"}:
            operation.add_argument("stack", nargs="?", default="local")
        add_options(operation, name)
    return parser


def main(argv: list[str]) -> int:
    """Run the operation that the arguments name; return the exit code."""
    given = arguments().parse_args(argv)
    try:
        return int(given.run(given))
    except (OpsError, StepError) as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
