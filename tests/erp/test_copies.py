"""Copies of sites, and the way back from them, with real rows in a real MariaDB."""

from __future__ import annotations

import io
import json
import tarfile
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import docker
import pytest

from local.images.build.__main__ import build_images
from steps.erp.bench import MODULES
from steps.programs import python_program
from steps.scripts.answers import answer_in, packed
from tests.images.bench_demo import ADMIN, ROOT, Bench, serve_bench
from tests.images.conftest import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

ACME, GLOBEX, TRIAL = "acme.localhost", "globex.localhost", "trial.localhost"
KEY = "an-encryption-key-of-this-test"
COUNT = "SELECT COUNT(*) FROM tabToDo"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Two sites with rows, files and an encryption key, and a folder for their copies."""
    images = build_images([], {})
    with ExitStack() as undo:
        client = docker.from_env()
        undo.callback(client.close)
        made = serve_bench(Place(client=client, undo=undo), images, tmp_path_factory.mktemp("erp"))
        secret(made, ROOT)
        made.inside.container.exec_run(["install", "-d", "-o", "frappe", "/backups"], user="root")
        made.well("set-config", "-g", "root_password", ROOT)
        made.well("set-config", "-g", "admin_password", ADMIN)
        for site in (ACME, GLOBEX):
            made.well("new-site", "--install-app", "erpnext", site)
            made.well("--site", site, "set-config", "encryption_key", KEY)
            made.shell(f"echo 'photo of {site}' >{site}/public/files/photo.jpg")
            made.shell(f"echo 'contract of {site}' >{site}/private/files/contract.pdf")
            add(made, site, 3)
        # The programs put the passwords there themselves while a command needs them.
        for name in ("root_password", "admin_password"):
            made.shell(f'python3 -c "{_WITHOUT.format(name=name)}"')
        yield made


_WITHOUT = (
    "import json; f = 'common_site_config.json'; d = json.load(open(f)); d.pop('{name}', None);"
    " json.dump(d, open(f, 'w'))"
)


def secret(bench: Bench, text: str) -> None:
    """Lay the root password where a job has it."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        entry = tarfile.TarInfo("secrets/mariadb_root_password")
        entry.size, entry.mode = len(text), 0o444
        tar.addfile(entry, io.BytesIO(text.encode()))
    bench.inside.container.put_archive("/run", content.getvalue())


def add(bench: Bench, site: str, number: int) -> None:
    for _ in range(number):
        bench.sql("INSERT INTO tabToDo (name, description) VALUES (UUID(), 'work')", site)


def ask(bench: Bench, action: str, **given: object) -> dict[str, Any]:
    """Run the program as a job does, and return its answer."""
    question = packed({"action": action, "limit_s": 300, **given})
    code, said = bench.inside.execute("python3", "-c", python_program(MODULES), question)
    assert ROOT not in said
    assert code == 0, said
    answer = answer_in(said)
    assert answer is not None, said
    return answer


def copied(bench: Bench, *sites: str, keep: int = 5) -> list[dict[str, Any]]:
    answer = ask(bench, "copy", sites=list(sites), release="scheduled", keep=keep)
    assert answer["errors"] == {}
    found: list[dict[str, Any]] = answer["copies"]
    return found


def all_rows(bench: Bench, site: str) -> dict[str, int]:
    name = bench.config(site)["db_name"]
    listed = bench.sql(f"SHOW FULL TABLES FROM `{name}` WHERE Table_type = 'BASE TABLE'")
    return {
        table: int(bench.sql(f"SELECT COUNT(*) FROM `{table}`", site))  # noqa: S608 - its own
        for table in (line.split("\t")[0] for line in listed.splitlines())
    }


def test_a_copy_comes_back_under_another_name_with_every_row_and_file(bench: Bench) -> None:
    before = all_rows(bench, ACME)
    first, other = copied(bench)
    assert (first["source"], other["source"]) == (ACME, GLOBEX)
    assert (first["kind"], first["tables"]) == ("site", before)
    add(bench, ACME, 2)

    (back,) = ask(bench, "restore", site=ACME, file=first["file"], to=TRIAL)["restored"]
    assert back["replaced"] == ""
    assert all_rows(bench, TRIAL) == before
    assert int(bench.sql(COUNT, ACME)) == int(bench.sql(COUNT, TRIAL)) + 2
    assert bench.config(TRIAL)["encryption_key"] == KEY
    assert bench.config(TRIAL)["db_name"] != bench.config(ACME)["db_name"]
    assert "photo of acme" in bench.shell(f"cat {TRIAL}/public/files/photo.jpg")
    assert "contract of acme" in bench.shell(f"cat {TRIAL}/private/files/contract.pdf")
    assert "root_password" not in bench.shell("cat common_site_config.json")


def test_a_site_that_is_replaced_stays_whole_beside_it(bench: Bench) -> None:
    (copy,) = copied(bench, GLOBEX)
    proven = all_rows(bench, GLOBEX)
    add(bench, GLOBEX, 4)
    bench.well("--site", GLOBEX, "set-config", "-p", "estate_limit", "7")
    (back,) = ask(bench, "restore", site=GLOBEX, file="latest", to=GLOBEX)["restored"]
    assert back["file"] == copy["file"]
    assert all_rows(bench, GLOBEX) == proven
    # What the site was told since then holds; its data are those of the copy.
    assert bench.config(GLOBEX)["estate_limit"] == 7
    kept = json.loads(bench.shell(f"cat {back['replaced']}/site_config.json"))
    assert int(bench.sql(f"SELECT COUNT(*) FROM `{kept['db_name']}`.tabToDo")) == (  # noqa: S608
        int(bench.sql(COUNT, GLOBEX)) + 4
    )
    assert bench.shell("ls -d restoring-* 2>/dev/null || true") == ""


def test_a_copy_that_was_changed_comes_back_nowhere(bench: Bench) -> None:
    (copy,) = copied(bench, ACME, keep=1)
    proven = ask(bench, "prove", site=ACME)["proven"][0]
    assert (proven["file"], proven["tables"]) == (copy["file"], copy["tables"])
    path = f"/backups/{ACME}/{copy['file']}"
    assert bench.shell(f"ls /backups/{ACME}/*.site") == path
    bench.shell(f"printf x | dd of={path} bs=1 seek=2000 conv=notrunc 2>/dev/null")
    before = all_rows(bench, ACME)
    for action, given in (
        ("prove", {"site": ACME}),
        ("restore", {"site": ACME, "file": "latest", "to": ACME}),
    ):
        assert "is not the file that was proven" in ask(bench, action, **given)["failed"]
    assert all_rows(bench, ACME) == before
    assert bench.sql("SHOW DATABASES LIKE 'estate_proof_%'") == ""
