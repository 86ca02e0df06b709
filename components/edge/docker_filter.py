"""What the edge may ask of the Docker API: the configuration of the HAProxy before it. Pure.

Ours, and no image's own: the usual images open whole branches of the API, logs of services among
them, and show every service. Traefik asks for the tasks of each service that it sees, and for the
node of each task, every second: one that it shall not route costs as much as one that it shall.
"""

from urllib.parse import quote

FILTER_PORT = 2375
SOCKET = "/var/run/docker.sock"
FILTER_FILE = "/run/secrets/docker_filter.cfg"
FILTER_COMMAND = ("haproxy", "-W", "-db", "-f", FILTER_FILE)
"""With a master (-W): as process 1 alone it would not end on SIGTERM, and each stop would take the
whole grace period."""

_ROUTED = quote('{"label":["traefik.enable=true"]}', safe="").replace("%", "%%")
_VERSION = r"^(/v[0-9.]+)?"
_ASKED = (r"/_ping$", r"/version$", r"/services$", r"/tasks$", r"/networks$", r"/nodes/[a-z0-9]+$")
"""Paths that Traefik 3 asks (pkg/provider/docker/pswarm.go), and no other."""


def filter_config() -> str:
    """Return the configuration: read, of what the edge asks, and nothing else."""
    allowed = "\n".join(
        f"    http-request allow if {{ path_reg {_VERSION}{one} }}" for one in _ASKED
    )
    return f"""\
global
    log stdout format raw daemon notice
    maxconn 200

defaults
    mode http
    log global
    timeout connect 5s
    timeout client 10m
    timeout server 10m
    timeout http-request 10s

frontend docker_api
    bind :{FILTER_PORT}

    # A path is matched as text, so anything that the daemon might read otherwise is refused.
    http-request deny if {{ path_sub -i .. % // }}
    http-request deny unless METH_GET
    # Whatever is asked, of the services only those to be routed.
    http-request set-query filters={_ROUTED} if {{ path_reg {_VERSION}/services$ }}

{allowed}
    http-request deny

    default_backend daemon

backend daemon
    server docker unix@{SOCKET}
"""
