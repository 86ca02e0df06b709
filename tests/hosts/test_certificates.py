"""Certificates from a real ACME server, asked for by the edge and checked by whoever connects."""

import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from steps.web import open_client
from tests.engine.stack import Stack, stack, tickets_config, wait_until
from tests.hosts.acme_server import AcmeServer, acme_server

pytestmark = pytest.mark.engine

NAME, PORT = "far6", 8386
DOMAINS = [f"{part}.{NAME}.localhost" for part in ("tickets", "convex", "admin")]


@dataclass
class Served:
    """A stack whose edge gets certificates."""

    stack: Stack
    authority: AcmeServer

    def certificate(self, domain: str) -> bytes:
        """Connect as somebody who trusts the authority alone; return what was shown, as DER."""
        trusted = ssl.create_default_context(cadata=self.authority.issuing_root)
        port = self.stack.config["edge"]["https_port"]
        with (
            socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
            trusted.wrap_socket(plain, server_hostname=domain) as secure,
        ):
            return secure.getpeercert(binary_form=True) or b""

    def shows_one(self, domain: str) -> bool:
        try:
            return bool(self.certificate(domain))
        except OSError:  # nobody listens yet, or what is shown is not the authority's
            return False


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with acme_server(NAME, http_port=PORT) as authority:
        config = tickets_config(NAME, port=PORT)
        config["edge"]["acme"] = {
            "email": "certificates@estate.example",
            "challenge": "http",
            "directory": authority.directory,
            "ca_certificate": authority.own_root + authority.issuing_root,
        }
        with stack(tmp_path_factory.mktemp("served"), NAME, config) as made:
            made.must_up()
            yield Served(made, authority)


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_edge_shows_a_certificate_of_the_authority_for(served: Served, domain: str) -> None:
    # The name is checked by the connection itself. A route may be newer than the update's end.
    wait_until(lambda: served.shows_one(domain), 180)


def test_every_address_of_the_stack_is_https_and_answers(served: Served) -> None:
    urls = served.stack.output("urls")
    assert len(urls) == 3
    with open_client(served.authority.issuing_root) as browser:
        for url in urls.values():
            assert url.startswith("https://")
            assert browser.get(url).status_code == 200, url


def test_plain_http_is_sent_to_https(served: Served) -> None:
    for domain in DOMAINS:
        answer = served.stack.get(domain, "/somewhere?a=1")
        assert answer.status_code in {301, 302, 307, 308}
        assert answer.headers["location"] == f"https://{domain}:{PORT + 1}/somewhere?a=1"


def test_the_steps_of_the_release_asked_over_https(served: Served) -> None:
    resources = served.stack.state()["deployment"]["resources"]
    asked = {
        one["urn"].rpartition("::")[2]: json.loads(one["inputs"]["environment"]["STEP_INPUT"])
        for one in resources
        if one["type"] == "command:local:Command"
    }
    verify = asked[f"{NAME}-verify"]["verify"]
    page = f"https://{DOMAINS[0]}:{PORT + 1}"
    assert [one["url"] for one in verify["questions"]] == [page, f"{page}/api/health"]
    (variables,) = [one for one in resources if one["type"] == "estate:convex:Environment"]
    for given in (verify, verify["smoke"], variables["inputs"]):
        assert served.authority.issuing_root in given["ca_certificate"]


def test_a_second_up_with_certificates_changes_nothing(served: Served) -> None:
    before = served.stack.tasks()
    assert all(before.values())
    done = served.stack.run("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert done.code == 0, done.output
    assert served.stack.tasks() == before
    assert served.stack.drift() == ()


def test_certificates_survive_an_update_of_the_edge(served: Served) -> None:
    edge = f"{NAME}_edge"
    task = served.stack.tasks()[edge]
    before = [served.certificate(domain) for domain in DOMAINS]
    served.stack.set("edge.trusted_proxies", ["203.0.113.0/24"])
    served.stack.must_up()
    assert served.stack.tasks()[edge] != task
    wait_until(lambda: all(served.shows_one(domain) for domain in DOMAINS), 180)
    assert [served.certificate(domain) for domain in DOMAINS] == before
