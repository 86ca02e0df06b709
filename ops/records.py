"""DNS records as Cloudflare has them, asked for beside the engine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from ops.errors import OpsError
from settings import Dns, DnsSecrets, Estate

RECORD = "cloudflare:index/dnsRecord:DnsRecord"
_API = "https://api.cloudflare.com/client/v4"
_LIMIT_S = 30.0
_PAGE = 100


@contextmanager
def zones_api(dns: Dns, secrets: DnsSecrets) -> Iterator[tuple[httpx.Client, str]]:
    """Give a client that has the token, and the address of the API."""
    headers = {"Authorization": f"Bearer {secrets.CLOUDFLARE_API_TOKEN.get_secret_value()}"}
    with httpx.Client(headers=headers, timeout=_LIMIT_S) as http:
        yield http, (dns.api_url or _API).rstrip("/")


def found_records(estate: Estate) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the id of a zone and a record of it, for all that the zones of a stack hold.

    Raises:
        OpsError: the API cannot be asked.
    """
    if estate.dns is None or estate.dns_secrets is None:
        return
    with zones_api(estate.dns, estate.dns_secrets) as (http, base):
        for zone in estate.dns.zones.values():
            url, page, pages = f"{base}/zones/{zone}/dns_records", 1, 1
            while page <= pages:
                answer = ask(http, "GET", url, params={"page": page, "per_page": _PAGE})
                yield from ((zone, record) for record in answer["result"])
                pages, page = int((answer.get("result_info") or {}).get("total_pages", 1)), page + 1


def ask(http: httpx.Client, method: str, url: str, **given: Any) -> Any:  # noqa: ANN401 - JSON
    """Ask the API once; return its whole answer.

    Raises:
        OpsError: it does not answer, or refuses.
    """
    try:
        answer = http.request(method, url, **given)
        answer.raise_for_status()
        whole = answer.json()
        whole["result"]
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise OpsError(
            f"the DNS records could not be looked at: {method} {url}: {error}",
            todo="see that the API of the zone answers and that its token is valid; run it again",
        ) from error
    return whole
