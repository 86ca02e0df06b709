"""The PostgreSQL image keeps the parts of the official one that the estate relies on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.images.crm_demo import DATABASE, PASSWORD, USER, Server, start_postgres, wait_until_ready

if TYPE_CHECKING:
    from pathlib import Path

    from tests.images.conftest import Place, Running, Start

DATA = "/var/lib/postgresql/data"


@pytest.fixture
def server(
    place: Place, images: dict[str, str], volume: str, network: str, tmp_path: Path
) -> Server:
    running = start_postgres(place, images["postgres"], tmp_path, volume=volume, network=network)
    wait_until_ready(running)
    return Server(place=place, image=images["postgres"], network=network, running=running)


def ask_over_network(server: Server, *, password: str) -> tuple[int, str]:
    client = server.place.start(
        server.image,
        *("psql", server.url(password=password).partition("?")[0], "-Atc"),
        "SELECT current_user, current_database(), current_setting('shared_buffers')",
        network=server.network,
    )
    return client.wait(), client.logs()


def test_the_first_start_makes_what_the_variables_name(server: Server) -> None:
    assert ask_over_network(server, password=PASSWORD) == (0, f"{USER}|{DATABASE}|32MB\n")
    code, said = ask_over_network(server, password="wrong")
    assert code != 0
    assert "password authentication failed" in said
    assert server.ask("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == "t"
    assert PASSWORD not in server.running.logs()
    processes = server.running.container.top()["Processes"]
    assert {row[0] for row in processes} == {"999"}, "nothing runs as root"


def test_a_stop_is_fast_with_clients_and_keeps_the_rows(
    server: Server, images: dict[str, str], volume: str, network: str, tmp_path: Path
) -> None:
    server.ask("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS id")
    server.running.container.exec_run(
        ["psql", "-U", USER, "-d", DATABASE, "-c", "SELECT pg_sleep(300)"], detach=True
    )
    began = time.monotonic()
    server.running.container.stop(timeout=30)
    assert time.monotonic() - began < 15
    assert server.running.wait() == 0
    again = start_postgres(
        server.place, images["postgres"], tmp_path, volume=volume, network=network
    )
    wait_until_ready(again)
    after = Server(place=server.place, image=server.image, network=network, running=again)
    assert after.ask("SELECT count(*), sum(id) FROM kept") == "1000|500500"
    assert "was shut down at" in again.logs()
    assert "not properly shut down" not in again.logs()


@pytest.mark.parametrize("moment", ["creating subdirectories", "performing post-bootstrap"])
def test_killed_during_its_first_start_it_starts_over(
    place: Place,
    images: dict[str, str],
    volume: str,
    network: str,
    tmp_path: Path,
    moment: str,
) -> None:
    first = start_postgres(place, images["postgres"], tmp_path, volume=volume, network=network)
    first.wait_for_log(moment)
    first.container.kill()
    second = start_postgres(place, images["postgres"], tmp_path, volume=volume, network=network)
    wait_until_ready(second)
    assert "a first start did not finish; starting over" in second.logs()
    server = Server(place=place, image=images["postgres"], network=network, running=second)
    assert ask_over_network(server, password=PASSWORD)[0] == 0
    assert second.execute("ls", "-A", DATA)[1].count("initialising") == 0


def test_killed_while_the_first_cluster_is_put_in_its_place_it_starts_over(
    place: Place, images: dict[str, str], volume: str, network: str, tmp_path: Path
) -> None:
    half = f"mkdir {DATA}/.initialising {DATA}/base && echo 15 >{DATA}/.initialising/PG_VERSION"
    made = place.start(images["postgres"], "bash", "-c", half, volumes={volume: {"bind": DATA}})
    assert made.wait() == 0
    running = start_postgres(place, images["postgres"], tmp_path, volume=volume, network=network)
    wait_until_ready(running)
    assert "starting over" in running.logs()


def test_a_second_server_on_the_same_volume_is_refused(
    server: Server, images: dict[str, str], volume: str, network: str, tmp_path: Path
) -> None:
    server.ask("CREATE TABLE kept AS SELECT 1 AS id")
    second = start_postgres(
        server.place, images["postgres"], tmp_path, volume=volume, network=network
    )
    assert second.wait() == 1
    assert f"another server uses {DATA}" in second.logs()
    assert server.ask("SELECT count(*) FROM kept") == "1"


def refusal(running: Running) -> str:
    assert running.wait() == 1
    return running.logs()


def test_it_does_not_start_without_a_password_or_over_foreign_files(
    start: Start, images: dict[str, str], volume: str
) -> None:
    mounts = {volume: {"bind": DATA}}
    said = refusal(start(images["postgres"], volumes=mounts))
    assert "POSTGRES_PASSWORD_FILE (or POSTGRES_PASSWORD) is missing" in said
    both = {"POSTGRES_PASSWORD": PASSWORD, "POSTGRES_PASSWORD_FILE": "/etc/hostname"}
    said = refusal(start(images["postgres"], volumes=mounts, environment=both))
    assert "both POSTGRES_PASSWORD and POSTGRES_PASSWORD_FILE are set" in said
    assert PASSWORD not in said
    made = start(images["postgres"], "touch", f"{DATA}/precious", volumes=mounts)
    assert made.wait() == 0
    alone = {"POSTGRES_PASSWORD": PASSWORD}
    said = refusal(start(images["postgres"], volumes=mounts, environment=alone))
    assert "holds files and no database" in said
    kept = start(images["postgres"], "ls", "-A", DATA, volumes=mounts)
    assert kept.wait() == 0
    assert kept.logs().strip() == "precious"


def test_the_programs_of_backups_are_on_the_path(start: Start, images: dict[str, str]) -> None:
    names = ("pg_dump", "pg_restore", "psql", "initdb", "pg_ctl", "pg_isready")
    script = " && ".join(f"{name} --version" for name in names)
    running = start(images["postgres"], "bash", "-c", script)
    assert running.wait() == 0
    versions = running.logs().splitlines()
    assert len(versions) == len(names)
    assert all(" 15." in line for line in versions)
