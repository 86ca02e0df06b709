"""A new customer of the ERP: its lines, its password, and what an update would do."""

import secrets
import sys

from ops.preview.command import preview
from ops.stacks import made, stack_file
from ops.tenant_lines import check, lines, with_tenant

_BYTES = 16


def tenant_new(stack: str, name: str, *, dry: bool) -> int:
    """Write a customer into the stack file and preview it; return the preview's exit code.

    When the preview finds a mistake, the file is again what it was, to the letter.

    Args:
        stack: name of the stack.
        name: the customer's short name.
        dry: only show the lines.

    Raises:
        OpsError: there cannot be such a customer, or the engine refused.
    """
    file = stack_file(stack)
    before = file.read_text(encoding="utf-8")
    site = check(before, name)
    after = with_tenant(before, name)
    sys.stdout.write(f"{file.name}, under estate:erp.tenants:\n{lines(name)}")
    if dry:
        sys.stdout.write("only shown: nothing was changed\n")
        return 0
    engine = made(stack)
    # The engine may just have written its salt.
    salted = file.read_text(encoding="utf-8")
    path = f"estate:erpSecrets.tenants.{name}.ADMIN_PASSWORD"
    try:
        file.write_text(with_tenant(salted, name) if salted != before else after, encoding="utf-8")
        # By standard input: an argument would show in the list of processes.
        engine.ask("config", "set", "--path", path, "--secret", stdin=secrets.token_hex(_BYTES))
        code = preview(stack, "text")
    except BaseException:
        file.write_text(salted, encoding="utf-8")
        raise
    if code:
        file.write_text(salted, encoding="utf-8")
        sys.stderr.write(f"{file.name} is as it was: the preview found what is named above\n")
        return code
    sys.stdout.write(
        f"\n{name} is in {file.name}; its site will be {site}\n"
        f"its Administrator's password: pulumi config get --path {path} --stack {stack}\n"
        f"next: commit the file, then make up STACK={stack}\n"
    )
    return 0
