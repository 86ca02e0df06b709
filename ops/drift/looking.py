"""One look at everything: each API is read once, in bulk, and compared with the state.

Nothing is written: the state is exported, and hosts and APIs are asked by list calls alone.
"""

import json
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import TypeVar

from docker import DockerClient

from ops.drift import by_engine
from ops.drift.by_engine import EngineError, EngineLook
from ops.drift.comparing import compared
from ops.drift.daemon import Daemon, read
from ops.drift.declared import Resource, resources, secrets_in
from ops.drift.finding import Look
from ops.drift.records import Records, ZoneError, read_zone
from ops.drift.world import HOST, PROVIDER, ZONE, World, Zone, zones_of
from ops.engine import Engine
from ops.errors import OpsError
from ops.hosts import estate_of, target_of
from settings import Estate, secret_texts
from steps.context import Context
from steps.docker_host import connect
from steps.errors import StepError
from steps.library_errors import translated
from steps.redact import Redactor

Read = TypeVar("Read")


def look(engine: Engine) -> Look:
    """Compare reality with what a stack has deployed; write nothing.

    Raises:
        OpsError: the state or the stack file could not be read.
    """
    with ThreadPoolExecutor(1) as pool:
        exported = pool.submit(engine.ask, "stack", "export", "--show-secrets")
        estate = estate_of(engine)
        state = json.loads(exported.result())
    declared = resources(state)
    hide = Redactor([*secret_texts(estate), *secrets_in(state)]).hide
    return compared(engine.stack, estate, declared, read_world(engine, estate, declared), hide)


def certain(engine: Engine) -> Look:
    """Return a look at everything, for whoever must not act on half of it.

    What an update may mend, an application's own API that does not answer, may be unknown.

    Raises:
        OpsError: something else could not be looked at.
    """
    seen = look(engine)
    for first in seen.unknown:
        if first.urn:
            continue
        raise OpsError(
            f"reality could not be looked at, so drift is unknown: {first.what}: {first.why}",
            todo="correct the cause named above, then run it again",
        )
    return seen


def read_world(engine: Engine, estate: Estate, declared: list[Resource]) -> World:
    """Read every API once, side by side; what does not answer is unknown."""
    unknown: dict[str, str] = {}
    others = [one for one in declared if one.type.startswith(by_engine.TYPES)]
    with ExitStack() as held, ThreadPoolExecutor() as pool:
        # Before any thread: a tunnel is forked, and ends with the thread that opened it.
        clients = _connected(estate, held, unknown)
        asked = {PROVIDER: pool.submit(by_engine.look, engine, others)}
        zones = {
            ZONE + zone.name: pool.submit(_read_zone, estate, zone)
            for zone in zones_of(estate, declared)
        }
        hosts = {HOST + name: pool.submit(_read_daemon, client) for name, client in clients.items()}
        return World(
            daemons=_answers(hosts, unknown),
            zones=_answers(zones, unknown),
            by_engine=_answers(asked, unknown).get(PROVIDER, EngineLook()),
            unknown=unknown,
        )


def _connected(estate: Estate, held: ExitStack, unknown: dict[str, str]) -> dict[str, DockerClient]:
    """Connect to the hosts, one after the other."""
    clients = {}
    for name, host in estate.hosts.items():
        try:
            clients[name] = held.enter_context(connect(target_of(host), Context()))
        except StepError as error:
            unknown[HOST + name] = f"{host.url}: {error.what} {error.why}"
    return clients


def _read_daemon(client: DockerClient) -> Daemon:
    with translated("The Docker daemon could not be read.", state="Nothing was changed."):
        return read(client)


def _read_zone(estate: Estate, zone: Zone) -> Records:
    if estate.dns_secrets is None:
        raise ZoneError("the stack file has no token for it any more")
    token = estate.dns_secrets.CLOUDFLARE_API_TOKEN.get_secret_value()
    return read_zone(zone.id, token=token, api_url=estate.dns.api_url if estate.dns else None)


def _answers(asked: Mapping[str, Future[Read]], unknown: dict[str, str]) -> dict[str, Read]:
    found = {}
    for what, future in asked.items():
        try:
            found[what] = future.result()
        except StepError as error:
            unknown[what] = f"{error.what} {error.why}"
        except (ZoneError, EngineError) as error:
            unknown[what] = str(error)
    return found
