"""The estate at a glance: settings in, components out."""

import pulumi

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

    if estate.tickets and estate.tickets_secrets and estate.tools:
        tickets = Tickets(
            estate,
            estate.tickets,
            estate.tickets_secrets,
            tools=estate.tools,
            edge=edge,
            place=place[estate.tickets.host],
        )
        urls |= tickets.urls
        services |= tickets.services

    if estate.crm and estate.crm_secrets and estate.tools:
        crm = Crm(
            estate,
            estate.crm,
            estate.crm_secrets,
            tools=estate.tools,
            edge=edge,
            place=place[estate.crm.host],
        )
        urls |= crm.urls
        services |= crm.services

if estate.dns and estate.dns_secrets:
    Records(estate.dns, estate.dns_secrets, estate.hosts_by_domain())

pulumi.export("urls", urls)
pulumi.export("services", services)
