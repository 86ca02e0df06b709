"""The edge: what Traefik is told, what a route is, and what stands before the dashboard."""

from collections.abc import Mapping

import pytest

from tests.unit.declared import Registered, declared
from tests.unit.stack_files import IMAGE

ACME = {"email": "certificates@example.com"}
DASHBOARD = {"domain": "admin.example.com", "image": IMAGE, "allow": ["203.0.113.0/24"]}
LOGIN = "team:$2y$05$abcdefghijklmnopqrstuuKkV5nJ0bG9S5oX0Q6t1m2n3o4p5q6r7"

DOCKER_WAITS_S = 2
"""Between taking a task out of its service and SIGTERM: defaultGossipConvergeDelay of moby."""


def arguments(changes: Mapping[str, object] | None = None) -> list[str]:
    found: list[str] = declared(changes)["Service:traefik"].container["args"]
    return found


def routing(estate: Registered, service: str) -> dict[str, str]:
    """The Traefik labels of a service, the common part of their names left out."""
    labels = estate[f"Service:{service}"].labels
    return {
        name.removeprefix("traefik.http."): value
        for name, value in labels.items()
        if name.startswith("traefik.")
    }


def test_traefik_has_no_dashboard_and_no_api() -> None:
    for changes in ({}, {"edge.acme": ACME}):
        assert not [one for one in arguments(changes) if one.startswith(("--api", "--dashboard"))]


def test_traefik_serves_the_routes_of_its_own_edge_only() -> None:
    given = arguments()
    assert "--providers.swarm.constraints=Label(`estate.edge`, `traefik`)" in given
    assert "--providers.swarm.exposedbydefault=false" in given
    assert "--providers.swarm.network=traefik_public" in given


def test_traefik_reaches_docker_through_the_filter_only() -> None:
    estate = declared()
    (endpoint,) = [one for one in arguments() if ".endpoint=" in one]
    assert endpoint == "--providers.swarm.endpoint=tcp://traefik_docker:2375"
    assert estate["Service:traefik"].container["mounts"] == []
    assert "Service:traefik_docker" in estate["Service:traefik"].after


def test_the_edge_has_looked_twice_before_an_ending_task_is_told() -> None:
    given = dict(one.split("=", 1) for one in arguments())
    assert float(given["--providers.swarm.refreshseconds"]) <= DOCKER_WAITS_S / 2
    assert given["--providers.providersthrottleduration"] == "0s"


def test_plain_http_has_neither_certificates_nor_port_443() -> None:
    estate = declared()
    assert not [one for one in arguments() if "acme" in one]
    ports = estate["Service:traefik"].inputs["endpointSpec"]["ports"]
    assert [port["publishedPort"] for port in ports] == [80]
    assert routing(estate, "sistema_web")["routers.sistema_web.entrypoints"] == "web"


def test_https_gets_certificates_keeps_them_and_redirects() -> None:
    estate = declared({"edge.acme": ACME})
    given = arguments({"edge.acme": ACME})
    assert "--entrypoints.web.http.redirections.entrypoint.to=:443" in given
    assert "--certificatesresolvers.letsencrypt.acme.httpchallenge.entrypoint=web" in given
    assert "--certificatesresolvers.letsencrypt.acme.storage=/letsencrypt/acme.json" in given
    (mount,) = estate["Service:traefik"].container["mounts"]
    assert (mount["source"], mount["target"]) == ("traefik_letsencrypt", "/letsencrypt")
    labels = routing(estate, "sistema_web")
    assert labels["routers.sistema_web.entrypoints"] == "websecure"
    assert labels["routers.sistema_web.tls.certresolver"] == "letsencrypt"


def test_the_dns_challenge_has_its_token_as_a_file() -> None:
    changes: dict[str, object] = {
        "edge.acme": {**ACME, "challenge": "dns"},
        "dnsSecrets.CLOUDFLARE_API_TOKEN": "canary",
    }
    traefik = declared(changes)["Service:traefik"]
    assert (
        "--certificatesresolvers.letsencrypt.acme.dnschallenge.provider=cloudflare"
        in (traefik.container["args"])
    )
    assert traefik.container["env"] == {"CF_DNS_API_TOKEN_FILE": "/run/secrets/cloudflare_token"}
    assert [one["fileName"] for one in traefik.container["secrets"]] == [
        "/run/secrets/cloudflare_token"
    ]
    assert "canary" not in str(traefik.inputs)


def test_forwarded_addresses_are_believed_from_named_proxies_only() -> None:
    assert not [one for one in arguments() if "forwardedheaders" in one]
    given = arguments({"edge.trusted_proxies": ["198.51.100.0/24", "203.0.113.0/24"]})
    assert [one for one in given if "forwardedheaders" in one] == [
        f"--entrypoints.{entry}.forwardedheaders.trustedips=198.51.100.0/24,203.0.113.0/24"
        for entry in ("web", "websecure")
    ]


def test_a_route_leads_its_names_to_its_port() -> None:
    estate = declared({"tickets.web.extra_domains": ["old.example.com"]})
    assert routing(estate, "sistema_web") == {
        "traefik.enable": "true",
        "routers.sistema_web.rule": "Host(`tickets.example.com`) || Host(`old.example.com`)",
        "routers.sistema_web.entrypoints": "web",
        "routers.sistema_web.service": "sistema_web",
        "services.sistema_web.loadbalancer.server.port": "3000",
    }
    convex = routing(estate, "sistema_convex_backend")
    assert convex["services.sistema_convex_backend.loadbalancer.server.port"] == "3210"


@pytest.mark.parametrize("service", ["sistema_web", "sistema_convex_backend"])
def test_nothing_between_device_and_application_touches_cookies_or_cors(service: str) -> None:
    labels = routing(declared({"edge.acme": ACME}), service)
    assert not [name for name in labels if "middlewares" in name]


def test_only_what_the_edge_serves_names_it() -> None:
    estate = declared({"tickets.dashboard": DASHBOARD})
    routed = {name for name, one in estate.of("Service").items() if "estate.edge" in one.labels}
    assert routed == {"sistema_web", "sistema_convex_backend", "sistema_convex_dashboard"}


@pytest.mark.parametrize(
    ("given", "guards"),
    [
        ({"allow": ["203.0.113.0/24"]}, "sistema_convex_dashboard-allow"),
        ({"allow": (), "users": [LOGIN]}, "sistema_convex_dashboard-login"),
        (
            {"users": [LOGIN]},
            "sistema_convex_dashboard-allow,sistema_convex_dashboard-login",
        ),
    ],
)
def test_the_dashboard_is_always_behind_a_guard(given: dict[str, object], guards: str) -> None:
    estate = declared({"tickets.dashboard": {**DASHBOARD, **given}})
    labels = routing(estate, "sistema_convex_dashboard")
    assert labels["routers.sistema_convex_dashboard.middlewares"] == guards
    for guard in guards.split(","):
        assert [name for name in labels if name.startswith(f"middlewares.{guard}.")]


def test_the_application_behind_a_login_never_sees_the_password() -> None:
    estate = declared({"tickets.dashboard": {**DASHBOARD, "users": [LOGIN]}})
    labels = routing(estate, "sistema_convex_dashboard")
    assert labels["middlewares.sistema_convex_dashboard-login.basicauth.removeheader"] == "true"


def test_no_dashboard_means_no_route_to_one() -> None:
    assert "sistema_convex_dashboard" not in declared().of("Service")
