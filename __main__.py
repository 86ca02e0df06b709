"""The estate at a glance: settings in, components out."""

from typing import Any

import pulumi

from components.apps.app import App, Foundation
from components.apps.crm import Crm
from components.apps.tickets import Tickets
from components.dns import Records
from components.edge.traefik import Traefik
from components.place import places
from ops.hooks import hooks_for
from ops.stack_file import read

stack = pulumi.get_stack()
estate = read(stack)
place = places(estate, stack=stack, hooks=hooks_for(estate))
urls: dict[str, str] = {}
services: dict[str, str] = {}

if estate.edge:
    edge = Traefik(estate.edge, estate.dns_secrets, place[estate.edge.host])
    services["edge"] = estate.edge.name

    if estate.tools:
        base = Foundation(
            edge=edge, tools=estate.tools, backup_secrets=estate.backup_secrets, places=place
        )
        applications: list[App[Any]] = []
        if estate.tickets and estate.tickets_secrets:
            applications.append(Tickets(estate.tickets, estate.tickets_secrets, base))
        if estate.crm and estate.crm_secrets:
            applications.append(Crm(estate.crm, estate.crm_secrets, base))
        for one in applications:
            urls |= one.urls
            services |= one.services

if estate.dns and estate.dns_secrets:
    Records(estate.dns, estate.dns_secrets, estate.hosts_by_domain())

pulumi.export("urls", urls)
pulumi.export("services", services)
