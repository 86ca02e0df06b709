"""A stack's double with a state of its own: what is tried there changes neither state nor host."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from ops.engine import Engine
from ops.stacks import stack_file
from ops.workplace import ROOT
from settings import DockerStack

_ADOPTED = "estate:adopted"
_PROVIDER = "secretsprovider"


@contextmanager
def rehearsal(engine: Engine, stacks: Mapping[str, DockerStack]) -> Iterator[Engine]:
    """Give an engine on a double of a stack, which goes with the block.

    Args:
        engine: on the stack itself; its state and its file are copied.
        stacks: service → what the double's file is to say of it in `estate:adopted`.
    """
    file = engine.config_file or stack_file(engine.stack)
    with TemporaryDirectory(prefix="estate-rehearsal-") as folder:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        config = content.setdefault("config", {})
        said = {name: one.model_dump(mode="json") for name, one in stacks.items()}
        config[_ADOPTED] = {**said, **(config.get(_ADOPTED) or {})}
        copy = Path(folder) / file.name
        copy.write_text(yaml.safe_dump(content), encoding="utf-8")
        shutil.copy(ROOT / "Pulumi.yaml", folder)
        environment = {**engine.environment, "PULUMI_BACKEND_URL": f"file://{folder}"}
        double = Engine(engine.stack, config_file=copy, environment=environment)
        chosen = ["--secrets-provider", content[_PROVIDER]] if _PROVIDER in content else []
        init = ["stack", "init", engine.stack, "--non-interactive", "--cwd", folder, *chosen]
        double.run_bare(*init)
        double.ask("stack", "import", stdin=engine.ask("stack", "export"))
        yield double
