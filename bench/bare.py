"""As many bare resources as the local stack has, one after the other and nothing around them."""

import json
import os

import pulumi
import pulumi_command as command
import pulumi_docker as docker

counts = json.loads(os.environ["BENCH_COUNTS"])
networks = [
    docker.Network(f"network-{n}", name=f"bench-{n}", driver="overlay", attachable=True)
    for n in range(counts["Network"])
]
for n in range(counts["Volume"]):
    docker.Volume(f"volume-{n}", name=f"bench-{n}")
for n in range(counts["Secret"]):
    docker.Secret(f"secret-{n}", name=f"bench-{n}", data=pulumi.Output.secret("eA=="))
for n in range(counts["Command"]):
    command.local.Command(f"command-{n}", create="true", update=":")
for n in range(counts["Service"]):
    docker.Service(
        f"service-{n}",
        name=f"bench-{n}",
        task_spec=docker.ServiceTaskSpecArgs(
            container_spec=docker.ServiceTaskSpecContainerSpecArgs(
                image=os.environ["BENCH_IMAGE"],
                commands=["sleep"],
                args=["infinity"],
                stop_grace_period="1s",
            ),
            networks_advanceds=[
                docker.ServiceTaskSpecNetworksAdvancedArgs(id=one.id) for one in networks[:1]
            ],
        ),
        endpoint_spec=docker.ServiceEndpointSpecArgs(mode="dnsrr"),
        opts=pulumi.ResourceOptions(ignore_changes=["taskSpec.placement.platforms"]),
    )
