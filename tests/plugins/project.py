"""A throw-away Pulumi project, run by the real engine with the plugins of PULUMI_HOME."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PASSPHRASE = "plugin-conformance"
TIMEOUT_S = 240


@dataclass(frozen=True)
class Run:
    """How one call of the engine ended."""

    code: int
    output: str


class Project:
    """One project in a folder of its own, with a stack `test`, once that has been made."""

    def __init__(self, folder: Path) -> None:
        state = folder / "state"
        state.mkdir(exist_ok=True)
        self.folder = folder
        self.limit_s = TIMEOUT_S
        self.env = {
            **os.environ,
            # Old language hosts know an active environment only, new ones both.
            "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}",
            "VIRTUAL_ENV": sys.prefix,
            "PULUMI_BACKEND_URL": f"file://{state}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_STACK": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        # A JSON document is YAML, too.
        runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
        (folder / "Pulumi.yaml").write_text(json.dumps({"name": "conform", "runtime": runtime}))
        self.write("")

    def init(self) -> None:
        """Make the stack."""
        self.must("stack", "init", "test")

    def write(self, program: str) -> None:
        (self.folder / "__main__.py").write_text(
            "import pulumi\n" + textwrap.dedent(program), encoding="utf-8"
        )

    def run(self, *command: str) -> Run:
        done = subprocess.run(
            ["pulumi", *command, "--non-interactive"],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=self.limit_s,
            check=False,
        )
        return Run(done.returncode, done.stdout + done.stderr)

    def must(self, *command: str) -> str:
        run = self.run(*command)
        assert run.code == 0, run.output
        return run.output

    def up(self, program: str | None = None, *extra: str) -> Run:
        if program is not None:
            self.write(program)
        return self.run("up", "--yes", "--skip-preview", *extra)

    def must_up(self, program: str | None = None) -> str:
        run = self.up(program)
        assert run.code == 0, run.output
        return run.output

    def must_be_settled(self) -> None:
        """Demand that neither the program nor the world asks for a change."""
        preview = self.run("preview", "--diff", "--expect-no-changes")
        assert preview.code == 0, preview.output
        refresh = self.run("refresh", "--preview-only", "--diff", "--expect-no-changes")
        assert refresh.code == 0, refresh.output

    def plan(self, program: str | None = None) -> dict[str, Any]:
        """Return what the engine would do: by resource name, the step with its detailed diff."""
        if program is not None:
            self.write(program)
        report = json.loads(self.must("preview", "--json"))
        return {step["urn"].rpartition("::")[2]: step for step in report["steps"]}

    def drift(self) -> str:
        """Return the report of a refresh that has to find differences."""
        run = self.run("refresh", "--preview-only", "--diff", "--expect-no-changes")
        assert run.code != 0, run.output
        return run.output

    def export(self) -> str:
        return self.must("stack", "export")

    def state(self, name: str) -> dict[str, Any]:
        exported = self.must("stack", "export", "--show-secrets")
        resources = json.loads(exported)["deployment"]["resources"]
        found = [one for one in resources if one["urn"].endswith(f"::{name}")]
        assert len(found) == 1, [one["urn"] for one in resources]
        state: dict[str, Any] = found[0]
        return state

    @property
    def has_made_something(self) -> bool:
        """Whether the state knows more than its stack, providers, and commands without an end."""
        (file,) = self.folder.glob("state/.pulumi/stacks/*/test.json")
        latest = json.loads(file.read_text(encoding="utf-8"))["checkpoint"]["latest"] or {}
        return any(
            one["type"] != "command:local:Command" or "delete" in one["inputs"]
            for one in latest.get("resources") or ()
            if not one["type"].startswith("pulumi:")
        )

    def destroy(self) -> Run:
        return self.run("destroy", "--yes", "--skip-preview")
