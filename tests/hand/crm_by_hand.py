"""A CRM on which somebody works by hand."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.engine.operations import Operations, Visitor
from tests.faults.crm import Crm

NAME, PORT = "hand1", 8186
APP = ("--app", NAME)


@dataclass
class Hand:
    """A CRM on which somebody works by hand.

    Attributes:
        crm: the CRM.
        ops: the operations.
        visitor: who uses it.
        first: image of its first release.
        second: image of the one after that.
        under_first: messages of before the second release.
        under_second: messages of before the way back from it.
        after: messages of after the way back.
        early: a file sent before the second release, with its content.
        late: one sent after the way back.
    """

    crm: Crm
    ops: Operations
    visitor: Visitor
    first: str
    second: str
    under_first: list[str] = field(default_factory=list)
    under_second: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    early: tuple[str, bytes] = ("", b"")
    late: tuple[str, bytes] = ("", b"")

    @property
    def text(self) -> str:
        """The stack file."""
        return self.crm.stack.file.read_text(encoding="utf-8")

    @property
    def messages(self) -> list[str]:
        """Every message in the database."""
        return self.messages_in("crm_whatsapp_saas")

    def messages_in(self, database: str) -> list[str]:
        """Every message in one of the server's databases."""
        statement = 'SELECT "text" FROM "messages" ORDER BY "id"'
        return self.crm.sql(statement, database=database).splitlines()

    @property
    def replaced(self) -> list[str]:
        """Databases that were replaced and are kept, oldest first."""
        statement = "SELECT datname FROM pg_database WHERE datname ~ '_replaced_' ORDER BY 1"
        return self.crm.sql(statement, database="postgres").splitlines()

    @property
    def history(self) -> list[dict[str, Any]]:
        """The ended releases in the journal."""
        found: list[dict[str, Any]] = self.crm.journal()["history"]
        return found

    def copies(self, source: str) -> list[dict[str, Any]]:
        """The copies of a source as `backups` lists them, oldest first."""
        shown = json.loads(self.ops.must("backups", *APP, "--json").out)
        return [one for one in shown[NAME] if one["source"] == source]

    def seen(self) -> dict[str, object]:
        """Everything that an operation which does nothing leaves as it was."""
        return {
            "file": self.text,
            "journal": self.crm.journal(),
            "tasks": self.crm.stack.tasks(),
            "messages": self.messages,
            "build": self.crm.build(),
            "replaced": self.replaced,
        }

    def must_be_settled(self) -> None:
        """Nothing is left to do, and nothing differs from what is declared."""
        assert self.crm.attempt() is None
        preview = self.crm.stack.run("preview", "--expect-no-changes")
        assert preview.code == 0, preview.output
        assert self.crm.stack.drift() == ()
