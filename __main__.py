"""The estate at a glance: settings in, components out."""

import pulumi

from components.apps.app import Foundation, System
from components.apps.crm import Crm
from components.apps.erp import Erp
from components.apps.tickets import Tickets
from components.dns import Records
from components.edge.npm import Npm
from components.edge.traefik import Traefik
from components.place import places
from ops.copying import copying
from ops.hooks import hooks_for
from ops.stack_file import read

stack = pulumi.get_stack()
estate = read(stack)
place = places(estate, stack=stack, hooks=hooks_for(estate))
applications: list[System] = []
services: dict[str, str] = {}
records = None

if estate.dns and estate.dns_secrets:
    records = Records(estate.dns, estate.dns_secrets, estate.hosts_by_domain())

if estate.edge:
    edge = Traefik(estate.edge, estate.dns_secrets, place[estate.edge.host])
    services["edge"] = estate.edge.name

    if estate.tools:
        base = Foundation(
            edge=edge,
            tools=estate.tools,
            backup_secrets=estate.backup_secrets,
            places=place,
            copying=copying(estate, estate.tools),
        )
        if estate.tickets and estate.tickets_secrets:
            applications.append(Tickets(estate.tickets, estate.tickets_secrets, base))
        if estate.crm and estate.crm_secrets:
            applications.append(Crm(estate.crm, estate.crm_secrets, base))

if estate.npm and estate.npm_secrets and estate.tools:
    npm = Npm(
        estate.npm,
        estate.npm_secrets,
        place[estate.npm.host],
        tools=estate.tools,
        records=records,
    )
    services["npm"] = estate.npm.name
    if estate.erp and estate.erp_secrets:
        applications.append(
            Erp(
                estate.erp,
                estate.erp_secrets,
                npm,
                place[estate.erp.host],
                copying(estate, estate.tools),
            )
        )

urls = {name: url for one in applications for name, url in one.urls.items()}
for one in applications:
    services |= one.services
pulumi.export("urls", urls)
pulumi.export("services", services)
