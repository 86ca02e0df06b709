"""The image and the commit of an application in the stack file, and the file as it was before."""

import json
from dataclasses import dataclass
from pathlib import Path

from ops.applications import Application
from ops.engine import Engine
from ops.stacks import stack_file
from settings import digits
from steps.release.journal import Version


@dataclass(frozen=True)
class ReleaseSetting:
    """Which release the stack file names.

    Attributes:
        engine: on the stack.
        application: whose release.
        file: the stack file.
        before: its text.
    """

    engine: Engine
    application: Application
    file: Path
    before: str

    @classmethod
    def of(cls, engine: Engine, application: Application) -> "ReleaseSetting":
        """Remember the stack file as it is now."""
        file = engine.config_file or stack_file(engine.stack)
        return cls(engine, application, file, file.read_text(encoding="utf-8"))

    def name(self, version: Version) -> None:
        """Have the stack file name a release."""
        # A commit of digits only would otherwise become a number.
        self._ask("set", f"{self._key}.image", "--type", "string", version.image)
        if not self.application.has_commit:
            return
        commit = f"{self._key}.release_sha"
        if version.release != digits(version.image):
            self._ask("set", commit, "--type", "string", version.release)
        elif "release_sha" in self._settings():
            self._ask("rm", commit)

    def put_back(self) -> None:
        """Have the stack file be what it was, to the letter."""
        self.file.write_text(self.before, encoding="utf-8")

    @property
    def _key(self) -> str:
        return f"estate:{self.application.key}"

    def _ask(self, verb: str, path: str, *rest: str) -> None:
        self.engine.ask("config", verb, "--path", path, *rest)

    def _settings(self) -> dict[str, object]:
        shown = json.loads(self.engine.ask("config", "--json"))
        entry = shown.get(self._key) or {}
        found: dict[str, object] = entry.get("objectValue") or {}
        return found
