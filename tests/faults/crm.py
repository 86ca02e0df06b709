"""The CRM under faults: released, asked, looked into; and what users had of it meanwhile."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any, Literal

import docker.errors
from docker.models.containers import Container

from ops.workplace import PRIVATE, ROOT
from steps.release.store import Store
from steps.swarm import Swarm
from tests.engine.releases import Fault, release
from tests.engine.stack import LIMIT_S, Run, Stack, crm_config, stack, wait_until
from tests.faults.canaries import Places, Witness, files
from tests.faults.killing import BRING_UP
from tests.faults.scorecard import Row
from tests.faults.traffic import Traffic, Users
from tests.inside import tell

Mode = Literal["online", "offline"]
UP = ("up", "--yes", "--skip-preview")
_USER, _DATABASE = "crm_user", "crm_whatsapp_saas"


_CHECKSUM = """
SELECT md5((SELECT string_agg(one::text, ',' ORDER BY "id") FROM "organizations" AS one)
  || (SELECT string_agg(one::text, ',' ORDER BY "id") FROM "contacts" AS one))
"""

_SLEEPERS = """
SELECT count(*) FROM pg_stat_activity
WHERE query LIKE '%pg_sleep(3600)%' AND state = 'active' AND pid <> pg_backend_pid()
"""
_RESTORE = """
import sys
from pathlib import Path
from secrets import token_hex
from ops import restore
from ops.engine import Engine
restore.made = lambda stack: Engine(stack, config_file=Path(sys.argv[2]))
sys.exit(restore.restore(sys.argv[1], sys.argv[1], source="latest", dry=False, force=True))
"""

GATEWAY = {
    "404 404 page not found",
    "502 Bad Gateway",
    "503 no available server",
    "504 Gateway Timeout",
    "ConnectTimeout",
    "ReadTimeout",
}
"""What the edge says while nobody serves."""


@dataclass
class Failed:
    """A release that failed.

    Attributes:
        old: the build that served before, and has to serve after.
        up: what the engine said.
        report: the last report in it.
    """

    old: str
    up: Run = field(default_factory=lambda: Run(0, ""))
    report: str = ""


@dataclass
class Crm:
    """A stack with the CRM.

    Attributes:
        stack: the stack.
        users: who use it.
        witness: what was seen of processes, containers and the journal, from the first up on.
        secrets: path in the stack file → value, of every secret.
        said: everything that the engine said.
        written: id → text of every message that was ever accepted.
        thorough: whether each fault is followed by a corrected release, as for the scorecard;
            else the next test is.
    """

    stack: Stack
    users: Users
    witness: Witness
    secrets: Mapping[str, str]
    said: list[Run] = field(default_factory=list)
    thorough: bool = True
    written: dict[int, str] = field(default_factory=dict)

    @property
    def places(self) -> Places:
        """Every place where a secret is looked for."""
        yield from ((f"output {n}", one.output.encode()) for n, one in enumerate(self.said))
        yield from self.witness.places
        yield from files(self.stack.folder, PRIVATE)

    def choose(self, image: str, mode: Mode = "online") -> None:
        """Set what is to be released, as a person does."""
        chosen = (f"estate:crm.image={image}", f"estate:crm.migrations={mode}")
        words = [word for one in chosen for word in ("--plaintext", one)]
        self.stack.engine.ask("config", "set-all", "--path", *words)

    def up(self) -> Run:
        """Plain `pulumi up`."""
        done = self.stack.run(*UP)
        self.said.append(done)
        return done

    @contextmanager
    def starting(self, *, made: bool = False) -> Iterator[Callable[[], Run]]:
        """Have an update run beside the block; give what waits for its end.

        Args:
            made: as `make up` does it, instead of plain `pulumi up`.
        """
        log = self.stack.folder / f"beside-{len(list(self.stack.folder.glob('beside-*')))}.log"
        command = self.stack.command(*UP)
        if made:
            command = [sys.executable, "-c", BRING_UP, self.stack.name, str(self.stack.file)]
        with (
            log.open("wb") as output,
            subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.stack.engine.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            ) as process,
        ):

            def ended() -> Run:
                code = process.wait(timeout=LIMIT_S)
                return Run(code, log.read_text(encoding="utf-8"))

            try:
                yield ended
            finally:
                process.kill()

    def migration_sleeps(self) -> bool:
        """Whether a migration hangs in the database."""
        return self.sql(_SLEEPERS) != "0"

    def restore(self) -> None:
        """Do what the report says: `make restore` of the newest copy."""
        done = subprocess.run(
            [sys.executable, "-c", _RESTORE, self.stack.name, str(self.stack.file)],
            cwd=ROOT,
            env=self.stack.engine.environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def must_serve(self, name: str, fault: Fault = "none", mode: Mode = "online") -> None:
        """Release a build, which has to succeed and to answer afterwards."""
        self.choose(release(name, fault=fault, image="crm"), mode)
        done = self.up()
        assert done.code == 0, done.output
        assert self.build() == name

    def build(self) -> str:
        """Return the build that answers through the edge."""
        return str(self.users.get("/api/health").json()["build"])

    @contextmanager
    def under_load(self, label: str) -> Iterator[Traffic]:
        """Have users about while the block runs; they remember what was accepted."""
        with self.users.asking(label) as traffic:
            try:
                yield traffic
            finally:
                self.written |= traffic.written

    def try_out(
        self, row: Row, name: str, fault: Fault = "none", *, image: str | None = None
    ) -> Failed:
        """Release a build that has to fail under load; all must be well with the old one.

        Args:
            row: is filled.
            name: of the build.
            fault: what it does wrong.
            image: another reference than that build's.
        """
        chosen = image or release(name, fault=fault, image="crm")
        with self.failing(row, name) as failed:
            self.choose(chosen, mode_of(row))
            failed.up = self.up()
        return failed

    @contextmanager
    def failing(self, row: Row, label: str) -> Iterator[Failed]:
        """Have a release fail in the block, under load; see that the old one serves as before.

        Args:
            row: is filled.
            label: of what users write meanwhile.
        """
        old, serving, checksum = self.build(), self.serving(), self.checksum()
        failed = Failed(old=old)
        with self.under_load(label) as row.traffic:
            yield failed
            wait_until(lambda: self.serves(old), 180)
        assert failed.up.code not in {0, None}, failed.up.output
        row.rows_lost = len(self.rows_lost())
        assert self.rows_lost() == []
        assert self.checksum() == checksum
        assert self.serving() == serving
        answered = {words for words in row.traffic.answers if "built to be" in words}
        if mode_of(row) == "offline":
            assert not answered, "nobody reaches a release that does not count yet"
            assert set(row.traffic.answers) - {old, "written"} <= GATEWAY
        row.ended = self.journal()["history"][-1]["result"]
        lines = report(failed.up.output)
        assert len(lines) < 20
        for secret in self.secrets.values():
            assert secret not in failed.up.output
        failed.report = "\n".join(lines)

    def must_be_pending(self) -> None:
        """A failed release: nothing has drifted, and the next preview shows it as pending."""
        assert self.stack.drift() == ()
        preview = self.stack.run("preview", "--expect-no-changes")
        assert preview.code == 7, preview.output

    def mend(self, row: Row, name: str) -> None:
        """A corrected digest goes through without work by hand, and leaves nothing to do."""
        if not self.thorough:
            return
        self.must_serve(name, mode=mode_of(row))
        assert self.rows_lost() == []
        again = self.stack.run("preview", "--expect-no-changes")
        assert again.code == 0, again.output
        row.ended += ", then the corrected digest"

    def serves(self, build: str) -> bool:
        """Whether a build answers well through the edge."""
        answer = self.users.get("/api/health")
        return answer.is_success and answer.json()["build"] == build

    def rows_lost(self) -> list[str]:
        """Return each message that was ever accepted and is not there as it was written."""
        lines = self.sql('SELECT "id", "text" FROM "messages"').splitlines()
        there = dict(line.split("|", 1) for line in lines)
        return [text for key, text in self.written.items() if there.get(str(key)) != text]

    def checksum(self) -> str:
        """Return a checksum of what no user writes: organizations and contacts."""
        return self.sql(_CHECKSUM)

    def sql(self, statement: str, *, database: str = _DATABASE) -> str:
        """Run a statement in the database; return rows of columns with `|` between."""
        wait_until(lambda: self.container("postgres") is not None, 180)
        task = self.container("postgres")
        assert task is not None
        argv = ["psql", "-U", _USER, "-d", database, "-XAtq", "-v", "ON_ERROR_STOP=1"]
        return tell(task, *argv, "-c", statement).decode().strip()

    def image(self) -> str:
        """Return the image that Swarm is to run as the backend."""
        found = self.stack.docker.api.inspect_service(f"{self.stack.name}-backend")
        return str(found["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"])

    def container(self, part: str) -> Container | None:
        """Return the running container of a part of the CRM."""
        name = f"{self.stack.name}-{part}.1."
        found = self.stack.docker.containers.list(
            filters={"name": name, "status": "running"}, ignore_removed=True
        )
        return found[0] if found else None

    def running(self) -> dict[str, list[str]]:
        """Service or job → images of its running tasks; a retired job has none."""
        services = self.stack.docker.services.list(filters={"name": self.stack.name})
        found: dict[str, list[str]] = {}
        for service in services:
            with suppress(docker.errors.NotFound):  # a job that has gone since it was listed
                tasks = service.tasks(filters={"desired-state": "running"})
                found[service.name] = [
                    task["Spec"]["ContainerSpec"]["Image"]
                    for task in tasks
                    if task["Status"]["State"] == "running"
                ]
        return found

    def serving(self) -> dict[str, list[str]]:
        """What runs and is no copying service: those follow the stack file, failed release or not.

        Retired jobs stay for their logs, and run nothing.
        """
        return {name: one for name, one in self.running().items() if one and "_copies" not in name}

    def journal(self) -> Any:  # noqa: ANN401 - the journal as plain values
        """Return the journal as it lies in the Swarm."""
        store = Store(Swarm(self.stack.docker), self.stack.name)
        return json.loads(store.journal.model_dump_json())

    def attempt(self) -> Any:  # noqa: ANN401 - a part of the journal as plain values
        """Return the release that has begun and not ended, or None."""
        return self.journal()["attempt"]


@contextmanager
def crm(folder: Path, name: str, *, port: int) -> Iterator[Crm]:
    """Give a CRM on this machine that serves build `demo`, with users who know it.

    Args:
        folder: of its state.
        name: of the stack.
        port: of the edge.
    """
    config = crm_config(name, port=port, by_clock=True)
    config["crm"]["image"] = release("demo", image="crm")
    with (
        stack(folder, name, config) as made,
        used(made, f"http://127.0.0.1:{port}") as served,
        served.witness.watching(),
    ):
        served.said.append(made.must_up())
        yield served


@contextmanager
def used(made: Stack, url: str) -> Iterator[Crm]:
    """Give the CRM of a stack with users; its secrets are from now on as a person gives them.

    Args:
        made: the stack.
        url: of its edge.
    """
    secrets = {
        f"{part}.{name}": value
        for part in ("crmSecrets", "backupSecrets")
        for name, value in made.config.pop(part).items()
    }
    secrets["crmSecrets.env.JWT_SECRET"] = token_hex(32)
    made.write()
    for path, value in secrets.items():
        made.engine.ask("config", "set", "--path", f"estate:{path}", "--secret", stdin=value)
    users = Users(url, f"api.{made.name}.localhost")
    try:
        yield Crm(made, users, Witness(made.name), secrets)
    finally:
        users.close()


def mode_of(row: Row) -> Mode:
    """Return the mode in which a fault's releases run."""
    return "offline" if row.mode == "offline" else "online"


def report(output: str) -> list[str]:
    """Return the lines of the last report in what the engine said."""
    lines = [line.strip() for line in output.partition("\nDiagnostics:\n")[2].splitlines()]
    starts = [number for number, line in enumerate(lines) if line.startswith("FAILED:")]
    assert starts, output
    end = next(n for n, line in enumerate(lines) if n > starts[-1] and re.match("do:", line))
    return lines[starts[-1] : end + 1]
